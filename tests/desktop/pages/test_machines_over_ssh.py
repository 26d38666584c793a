"""The Machines part of the settings with the real engine and a real SSH server: nothing stands in for anything."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from desktop.bridge.actions import Told
from desktop.context import Context
from desktop.pages import settings_machines
from desktop.pages.settings_machines import MachinesSection
from desktop.pages.settings_machines_sheet import MachineSheet
from engine.executors.ssh.credentials import Secrets
from engine.protocol.hosts import HostBook
from tests.desktop.pages.machines_stage import act, no_sheet, open_section, open_sheet
from tests.engine.executors.ssh.wheel_maker import add_stub
from tests.engine.executors.ssh.wheel_maker import fill as fill_wheels
from tests.fixtures.ssh_host import SshHost, make_key

pytestmark = pytest.mark.slow
WAIT_MS = 240_000
SECRET = "canary-of-a-passphrase"


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    """Packages that are sent along, so that the test of the machine looks for no network."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    add_stub(folder, "torch", "2.14.1")
    return folder


def fill(sheet: MachineSheet, host: SshHost, wheels: Path) -> None:
    """Type in what a person knows of the machine."""
    record = host.record()
    form = sheet.form
    form.name.setText("box")
    form.host.setText(f"{record.user}@{record.host}:{record.port}")
    form.key_file.setText(record.key_file)
    form.folder.setText(record.folder)
    form.python.setText(sys.executable)
    form.wheels.setText(str(wheels))


def add_box(section: MachinesSection, host: SshHost, wheels: Path, qtbot: QtBot) -> None:
    section.add_machine()
    sheet = open_sheet(section)
    fill(sheet, host, wheels)
    sheet.save.click()
    qtbot.waitUntil(lambda: sheet.step == "fingerprint", timeout=WAIT_MS)
    assert sheet.fingerprint.fingerprint.text() == host.fingerprint()
    sheet.accept_button.click()
    qtbot.waitUntil(lambda: no_sheet(section), timeout=WAIT_MS)


def wait_until_free(section: MachinesSection, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: section.context.hosts.work("box") is None, timeout=WAIT_MS)


def test_that_a_machine_is_added_tested_and_removed(
    context: Context,
    qtbot: QtBot,
    ssh_host: SshHost,
    wheels: Path,
    monkeypatch: pytest.MonkeyPatch,
    told: list[Told],
) -> None:
    section = open_section(context, qtbot)
    section.add_machine()
    sheet = open_sheet(section)
    fill(sheet, ssh_host, wheels)
    sheet.save.click()
    qtbot.waitUntil(lambda: sheet.step == "fingerprint", timeout=WAIT_MS)
    qtbot.keyClick(sheet, Qt.Key.Key_Return)  # the default is no
    assert sheet.step == "form"
    assert HostBook(context.home).list() == []
    sheet.reject()

    add_box(section, ssh_host, wheels, qtbot)
    qtbot.waitUntil(lambda: "box" in section.cards, timeout=WAIT_MS)
    wait_until_free(section, qtbot)
    card = section.cards["box"]
    assert card.pill.text() == "To be prepared"
    facts = HostBook(context.home).facts("box")
    assert facts is not None
    assert facts.cpus > 0

    card.test_button.click()
    wait_until_free(section, qtbot)
    shown_checks = [row.accessibleName() for row in card.checks.rows]
    assert shown_checks[:2] == ["Key of the machine: fine", "Login: fine"]

    monkeypatch.setattr(settings_machines, "ask", lambda *_arguments: "clean")
    act(card, "Remove…")
    qtbot.waitUntil(lambda: section.cards == {}, timeout=WAIT_MS)
    assert HostBook(context.home).list() == []
    assert [one.title for one in told] == ["box is on the list", "box is off the list"]


def test_that_a_machine_is_prepared_with_progress_and_a_log_and_is_ready_then(
    context: Context, qtbot: QtBot, ssh_host: SshHost, tmp_path: Path, told: list[Told]
) -> None:
    wheels = fill_wheels(tmp_path / "all wheels")
    section = open_section(context, qtbot)
    add_box(section, ssh_host, wheels, qtbot)
    qtbot.waitUntil(lambda: "box" in section.cards, timeout=WAIT_MS)
    wait_until_free(section, qtbot)
    card = section.cards["box"]
    phases: list[str] = []
    context.hosts.progress.connect(lambda _name, _done, _total, phase: phases.append(phase))

    card.prepare_button.click()
    qtbot.waitUntil(lambda: len(context.hosts.log("box").lines) > 1, timeout=WAIT_MS)
    card.work.cancel.click()
    wait_until_free(section, qtbot)
    assert card.pill.text() == "To be prepared"
    assert not card.banner.isVisible()

    card.prepare_button.click()
    wait_until_free(section, qtbot)
    qtbot.waitUntil(lambda: card.pill.text() == "Ready", timeout=WAIT_MS)
    assert "box can train now with torch 2.14.1" in [one.title.partition("+")[0] for one in told]
    assert len(set(phases)) > 2
    assert "torch" in card.log.toPlainText()


def test_that_a_preparation_goes_on_when_the_window_closes(
    context: Context, qtbot: QtBot, ssh_host: SshHost, tmp_path: Path
) -> None:
    section = open_section(context, qtbot)
    add_box(section, ssh_host, fill_wheels(tmp_path / "all wheels"), qtbot)
    qtbot.waitUntil(lambda: "box" in section.cards, timeout=WAIT_MS)
    wait_until_free(section, qtbot)
    section.cards["box"].prepare_button.click()
    log = context.hosts.log
    qtbot.waitUntil(lambda: "Making the environment" in log("box").lines, timeout=WAIT_MS)

    context.hosts.close()
    assert context.hosts.work("box") is None
    assert not list(ssh_host.root.glob("environments/*/ready.json"))
    qtbot.waitUntil(lambda: bool(list(ssh_host.root.glob("environments/*/ready.json"))), timeout=WAIT_MS)

    section.act("box", "prepare")
    wait_until_free(section, qtbot)
    assert "Making the environment" not in log("box").lines  # it was there
    qtbot.waitUntil(lambda: section.cards["box"].pill.text() == "Ready", timeout=WAIT_MS)


def test_that_a_machine_with_another_key_is_an_alarm_until_the_old_one_is_forgotten(
    context: Context, qtbot: QtBot, own_ssh_host: SshHost, wheels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    section = open_section(context, qtbot)
    add_box(section, own_ssh_host, wheels, qtbot)
    qtbot.waitUntil(lambda: "box" in section.cards, timeout=WAIT_MS)
    wait_until_free(section, qtbot)
    card = section.cards["box"]
    old = own_ssh_host.fingerprint()
    own_ssh_host.change_key()

    card.test_button.click()
    wait_until_free(section, qtbot)
    assert card.banner.accessibleName() == "Stop: 127.0.0.1 shows another key than before"
    assert [made.text() for made in card.banner_buttons()] == ["Forget the old key…"]

    def yes(_parent: QWidget, _title: str, _text: str, _action: str) -> bool:
        return True

    monkeypatch.setattr(settings_machines, "confirm", yes)
    card.banner_buttons()[0].click()
    qtbot.waitUntil(
        lambda: [made.text() for made in card.banner_buttons()] == ["Compare its key…"], timeout=WAIT_MS
    )
    card.banner_buttons()[0].click()
    sheet = open_sheet(section)
    assert sheet.fingerprint.fingerprint.text() == own_ssh_host.fingerprint() != old
    sheet.accept_button.click()
    qtbot.waitUntil(lambda: no_sheet(section), timeout=WAIT_MS)
    qtbot.waitUntil(lambda: card.pill.text() == "To be prepared", timeout=WAIT_MS)

    # And one that is away is said to be away.
    own_ssh_host.stop()
    wait_until_free(section, qtbot)
    card.test_button.click()
    wait_until_free(section, qtbot)
    assert card.pill.text() == "Not answering"


def test_that_a_passphrase_is_asked_for_and_kept_in_memory_alone(
    context: Context, qtbot: QtBot, own_ssh_host: SshHost, wheels: Path, told: list[Told], tmp_path: Path
) -> None:
    key = tmp_path / "locked"
    make_key(key, SECRET)
    with (own_ssh_host.folder / "authorized_keys").open("a", encoding="utf-8") as keys:
        keys.write((tmp_path / "locked.pub").read_text(encoding="utf-8"))
    section = open_section(context, qtbot)
    section.add_machine()
    sheet = open_sheet(section)
    fill(sheet, own_ssh_host, wheels)
    sheet.form.key_file.setText(str(key))
    try:
        sheet.save.click()
        qtbot.waitUntil(lambda: sheet.step == "passphrase", timeout=WAIT_MS)
        sheet.passphrase.line.setText("wrong")
        sheet.unlock_button.click()
        qtbot.waitUntil(lambda: bool(sheet.passphrase.field.complaint), timeout=WAIT_MS)
        sheet.passphrase.line.setText(SECRET)
        sheet.unlock_button.click()
        qtbot.waitUntil(lambda: sheet.step == "fingerprint", timeout=WAIT_MS)
        sheet.accept_button.click()
        qtbot.waitUntil(lambda: no_sheet(section), timeout=WAIT_MS)

        assert "passphrase is kept in" in told[0].text
        qtbot.waitUntil(lambda: "box" in section.cards, timeout=WAIT_MS)
        wait_until_free(section, qtbot)
        assert section.cards["box"].pill.text() == "To be prepared"
        written = [path for path in context.home.path.rglob("*") if path.is_file()]
        assert [path for path in written if SECRET.encode() in path.read_bytes()] == []
    finally:
        Secrets(context.home).forget("box")
