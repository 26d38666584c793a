"""Another machine: added, tested, prepared and out of reach, on an SSH server of the recorder's own."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from PySide6.QtWidgets import QApplication

from desktop.pages.settings import SettingsPage
from desktop.pages.settings_machines import MachinesSection
from desktop.pages.settings_machines_sheet import MachineSheet
from engine.protocol.hosts import HostBook
from tests.engine.executors.ssh.wheel_maker import fill
from tests.fixtures.ssh_host import SshHost, missing_programs
from tests.recorder.play import Pause, Script, Until, later
from tests.recorder.stage import LONG_S, Stage

NAME = "workstation"


def machines(stage: Stage) -> Script:
    """The list from empty to a machine that is ready, and then away."""
    missing = missing_programs()
    if missing:
        stage.camera.miss("settings", "machines", f"{', '.join(missing)} is not installed")
        return
    with tempfile.TemporaryDirectory() as folder:
        host = SshHost.make(Path(folder) / "sshd")
        host.root = Path(folder) / "lensmith there"
        try:
            yield from _play(stage, host, fill(Path(folder) / "packages"))
        finally:
            host.stop()
            host.end_processes()
            if any(record.name == NAME for record in HostBook(stage.context.home).list()):
                HostBook(stage.context.home).remove(NAME)
            stage.context.hosts.refresh()


def _play(stage: Stage, host: SshHost, packages: Path) -> Script:
    desk = stage.context.hosts
    yield from stage.go("settings", section="machines")
    yield Until(lambda: desk.is_loaded, "the list of machines")
    yield from stage.camera.take("settings", "machines_empty")
    yield from _add(stage, host, packages)
    card = _section(stage).cards[NAME]
    yield from stage.camera.take("settings", "machines_tested")
    yield from stage.small("settings", "machines_tested_minimum")
    later(card.prepare_button.click)
    yield Until(lambda: len(desk.log(NAME).lines) > 1, "the preparation", LONG_S)
    yield from stage.camera.take("settings", "machines_preparing")
    yield Until(lambda: desk.work(NAME) is None, "the end of the preparation", LONG_S)
    yield from stage.camera.take("settings", "machines_ready")
    host.change_key()
    yield from _test(stage)
    yield from stage.camera.take("settings", "machines_other_key")
    host.stop()
    yield from _test(stage)
    yield from stage.camera.take("settings", "machines_away")
    yield from stage.tidy()


def _add(stage: Stage, host: SshHost, packages: Path) -> Script:
    later(_section(stage).add_machine)
    yield Until(_sheets, "the sheet for a machine")
    sheet = _sheets()[0]
    later(sheet.save.click)
    yield Pause()
    yield from stage.camera.take("settings", "machines_to_fix")
    record = host.record()
    sheet.form.name.setText(NAME)
    sheet.form.host.setText(f"{record.user}@{record.host}:{record.port}")
    sheet.form.key_file.setText(record.key_file)
    sheet.form.folder.setText(record.folder)
    sheet.form.python.setText(sys.executable)
    sheet.form.wheels.setText(str(packages))
    sheet.form.complain({})
    sheet.form.open_advanced(True)
    yield from stage.camera.take("settings", "machines_add")
    later(sheet.save.click)
    yield Until(lambda: sheet.step == "fingerprint", "the question about the key")
    yield from stage.camera.take("settings", "machines_fingerprint")
    later(sheet.accept_button.click)
    yield Until(lambda: NAME in _section(stage).cards, "the machine on the list", LONG_S)
    yield from _free(stage)


def _test(stage: Stage) -> Script:
    later(_section(stage).cards[NAME].test_button.click)
    yield Until(lambda: stage.context.hosts.work(NAME) is not None, "the test of the machine")
    yield from _free(stage)


def _free(stage: Stage) -> Script:
    yield Until(lambda: stage.context.hosts.work(NAME) is None, "the end of the work on the machine", LONG_S)


def _section(stage: Stage) -> MachinesSection:
    page = stage.page("settings")
    assert isinstance(page, SettingsPage)
    section = page.sections["machines"]
    assert isinstance(section, MachinesSection)
    return section


def _sheets() -> list[MachineSheet]:
    return [
        sheet
        for sheet in QApplication.topLevelWidgets()
        if isinstance(sheet, MachineSheet) and sheet.isVisible()
    ]
