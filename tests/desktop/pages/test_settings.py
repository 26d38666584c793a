from __future__ import annotations

import json
import logging
import sys
import zipfile
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QLineEdit, QPlainTextEdit, QWidget
from pytestqt.qtbot import QtBot

from desktop.bridge.machine import Gpu, Machine
from desktop.context import Context
from desktop.pages import settings_folders
from desktop.pages.settings import SECTIONS, SettingsPage
from desktop.pages.settings_about import AboutSection, LicenceSheet
from desktop.pages.settings_appearance import AppearanceSection
from desktop.pages.settings_devices import DevicesSection
from desktop.pages.settings_diagnostics import DiagnosticsSection
from desktop.pages.settings_engine import EngineSection
from desktop.pages.settings_folders import FoldersSection
from desktop.pages.settings_logs import LogsSection
from desktop.pages.settings_notifications import NotificationsSection
from desktop.pages.settings_tracking import TrackingSection
from desktop.theme.theme import theme
from engine.runner.tracking_settings import read_tracking_settings

WAIT_MS = 60_000
SECRET = "hunter22-secret"


@pytest.fixture(autouse=True)
def dark(qtbot: QtBot) -> None:
    theme.choose("dark")


def stored(context: Context) -> dict[str, dict[str, object]]:
    return json.loads(context.home.settings_path.read_text(encoding="utf-8"))


def type_into(line: QLineEdit, text: str) -> None:
    """Enter a text as a person does: in the place of the old one, then Enter."""
    line.setText(text)
    line.editingFinished.emit()


def shown_texts(widget: QWidget) -> str:
    labels = [label.text() for label in widget.findChildren(QLabel) if label.isVisibleTo(widget)]
    return "\n".join([*labels, *(line.text() for line in widget.findChildren(QLineEdit))])


def test_that_every_part_can_be_chosen_and_is_made_only_then(context: Context, qtbot: QtBot) -> None:
    page = SettingsPage(context)
    qtbot.addWidget(page)
    assert list(page.sections) == ["appearance"]

    for kind in SECTIONS:
        page.open(section=kind.key)
        assert page.crumb == kind.title
        shown = page.stack.currentWidget()
        assert shown is not None
        assert shown.isAncestorOf(page.sections[kind.key])
    assert len(page.sections) == len(SECTIONS)


def test_that_every_control_of_every_part_has_a_name(context: Context, qtbot: QtBot) -> None:
    page = SettingsPage(context)
    qtbot.addWidget(page)
    for kind in SECTIONS:
        page.open(section=kind.key)

    controls = [
        widget
        for widget in page.findChildren(QWidget)
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        and not widget.objectName().startswith("qt_")
        and widget.window() is page
    ]
    nameless = [
        type(one).__name__
        for one in controls
        if not (one.accessibleName() or getattr(one, "text", str)()) and type(one).__name__ != "QScrollArea"
    ]
    assert len(controls) > 20
    assert nameless == []


def test_that_a_theme_is_kept_and_holds_at_once(context: Context, qtbot: QtBot) -> None:
    section = AppearanceSection(context)
    qtbot.addWidget(section)

    section.themes.changed.emit("light")
    assert not theme.is_dark
    assert stored(context)["appearance"]["theme"] == "light"

    context.settings.set("appearance.theme", "dark")
    assert section.themes.current() == "dark"
    section.first_page.setCurrentIndex(section.first_page.findData("jobs"))
    assert stored(context)["window"]["first_page"] == "jobs"


def test_that_the_trash_is_emptied_only_after_a_yes(
    context: Context, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    (context.home.trash / "run").mkdir()
    (context.home.trash / "run" / "weights").write_bytes(b"x" * 2_000)
    section = FoldersSection(context)
    qtbot.addWidget(section)
    section.come_into_view()
    qtbot.waitUntil(lambda: "1 deleted run, 2.0 kB" in section.trash.help.text(), timeout=WAIT_MS)
    answers = [False, True]
    asked: list[str] = []

    def answer(_parent: QWidget, title: str, _text: str, _action: str) -> bool:
        asked.append(title)
        return answers.pop(0)

    monkeypatch.setattr(settings_folders, "confirm", answer)
    section.empty_button.click()
    assert (context.home.trash / "run").is_dir()
    section.empty_button.click()
    qtbot.waitUntil(lambda: section.trash.help.text() == "It is empty.", timeout=WAIT_MS)

    assert asked == ["Delete the 1 run in the trash?"] * 2
    assert not (context.home.trash / "run").exists()
    assert not section.empty_button.isEnabled()


def test_that_the_cache_is_cleared_in_the_background(context: Context, qtbot: QtBot) -> None:
    (context.home.cache / "images").write_bytes(b"x" * 5_000)
    section = FoldersSection(context)
    qtbot.addWidget(section)
    told: list[str] = []
    context.told.connect(lambda one: told.append(one.text))

    section.clear_button.click()
    qtbot.waitUntil(lambda: bool(told), timeout=WAIT_MS)

    assert told == ["5.0 kB are free again."]
    assert not (context.home.cache / "images").exists()


def test_that_an_interpreter_that_is_not_there_is_refused_beside_its_field(
    context: Context, qtbot: QtBot
) -> None:
    section = EngineSection(context)
    qtbot.addWidget(section)

    type_into(section.path, "/no/such/python")

    assert "There is no program /no/such/python" in section.answer.text()
    assert context.settings.get("engine.interpreter", "") == ""


def test_that_an_interpreter_is_kept_tested_and_given_back(context: Context, qtbot: QtBot) -> None:
    section = EngineSection(context)
    qtbot.addWidget(section)
    type_into(section.path, sys.executable)
    assert stored(context)["engine"]["interpreter"] == sys.executable

    section.test_button.click()
    assert not section.test_button.isEnabled()
    qtbot.waitUntil(section.test_button.isEnabled, timeout=WAIT_MS)
    assert "torch" in section.answer.text()

    type_into(section.path, "")
    assert context.settings.get("engine.interpreter", "") == ""


def test_that_devices_name_every_gpu_or_say_that_there_is_none(context: Context, qtbot: QtBot) -> None:
    section = DevicesSection(context)
    qtbot.addWidget(section)
    none = Machine(
        cores=8, cpu_percent=25, memory_bytes=16 * 2**30, used_bytes=4 * 2**30, disk_free_bytes=10**9
    )

    section.show_machine(none)
    assert "No NVIDIA GPU" in shown_texts(section)
    assert section.processor.words.text() == "25% of 8 cores"
    assert section.memory.bar.value() == 25

    section.show()
    gpu = Gpu("RTX 4090", memory_bytes=24 * 2**30, used_bytes=6 * 2**30, percent=94, celsius=71)
    section.show_machine(Machine(8, 25, 16 * 2**30, 4 * 2**30, 10**9, [gpu]))
    text = shown_texts(section)
    assert "GPU 0: RTX 4090" in text
    assert "94% busy, 71 °C." in text
    assert "6.0 GB of 24.0 GB used" in text
    assert "No NVIDIA GPU" not in text


def test_that_a_tracking_password_is_kept_for_the_engine_and_never_shown(
    context: Context, qtbot: QtBot
) -> None:
    section = TrackingSection(context)
    qtbot.addWidget(section)
    section.place.choose("server")
    section.place.changed.emit("server")

    type_into(section.address, f"https://ada:{SECRET}@mlflow.example.org")

    settings = read_tracking_settings(context.home)
    assert settings is not None
    assert settings.password == SECRET
    assert SECRET not in shown_texts(section)
    assert section.address.text() == "https://ada:•••@mlflow.example.org"
    type_into(section.address, "https://ada:•••@elsewhere.example.org")
    assert "write the whole address again" in section.address_row.help.text()
    again = read_tracking_settings(context.home)
    assert again is not None
    assert again.password == SECRET


def test_that_tracking_can_be_local_again_and_off(context: Context, qtbot: QtBot) -> None:
    context.settings.set("tracking.uri", "https://mlflow.example.org")
    section = TrackingSection(context)
    qtbot.addWidget(section)
    assert not section.address_row.isHidden()

    section.place.choose("local")
    section.place.changed.emit("local")
    local = read_tracking_settings(context.home)
    assert local is not None
    assert local.local == context.home.mlflow
    assert section.address_row.isHidden()

    section.switch.click()
    assert read_tracking_settings(context.home) is None
    assert section.place_row.isHidden()
    assert section.open_row.isHidden()


def test_that_a_webhook_is_checked_kept_and_hidden(context: Context, qtbot: QtBot) -> None:
    section = NotificationsSection(context)
    qtbot.addWidget(section)
    assert section.test_button.isHidden()

    type_into(section.webhook, "hooks.example.org/x")
    assert "begins with https://" in section.row.help.text()

    type_into(section.webhook, f"https://hooks.example.org/services/{SECRET}")
    assert stored(context)["notifications"]["webhook"] == f"https://hooks.example.org/services/{SECRET}"
    assert SECRET not in shown_texts(section)
    assert not section.test_button.isHidden()

    section.switch.click()
    assert stored(context)["notifications"]["desktop"] is False


def test_that_a_webhook_that_cannot_be_reached_is_told(context: Context, qtbot: QtBot) -> None:
    context.settings.set("notifications.webhook", "http://127.0.0.1:9/none")
    section = NotificationsSection(context)
    qtbot.addWidget(section)

    section.test_button.click()
    qtbot.waitUntil(section.test_button.isEnabled, timeout=WAIT_MS)

    assert section.row.help.text() == "The webhook cannot be reached."


def test_that_the_level_of_the_log_holds_at_once(context: Context, qtbot: QtBot) -> None:
    before = logging.getLogger().level
    try:
        section = LogsSection(context)
        qtbot.addWidget(section)
        section.level.setCurrentIndex(section.level.findData("debug"))
        assert stored(context)["logs"]["level"] == "debug"
        assert logging.getLogger().level == logging.DEBUG
    finally:
        logging.getLogger().setLevel(before)


def test_that_diagnostics_are_seen_before_they_are_saved(
    context: Context, qtbot: QtBot, tmp_path: Path
) -> None:
    context.settings.set("tracking.uri", f"https://ada:{SECRET}@host")
    section = DiagnosticsSection(context)
    qtbot.addWidget(section)

    section.collect_button.click()
    qtbot.waitUntil(lambda: section.sheet is not None, timeout=WAIT_MS)
    sheet = section.sheet
    assert sheet is not None
    names = [file.name for file in sheet.files]
    sheet.names.setCurrentIndex(sheet.names.model().index(names.index("settings.json"), 0))
    assert '"tracking"' in sheet.text.toPlainText()
    assert SECRET not in sheet.text.toPlainText()

    path = tmp_path / "out.zip"
    section.save_to(path)
    qtbot.waitUntil(lambda: section.sheet is None, timeout=WAIT_MS)
    with zipfile.ZipFile(path) as archive:
        assert [name.removeprefix("lensmith-diagnostics/") for name in archive.namelist()] == names


def test_that_a_zip_that_cannot_be_saved_is_told_in_the_sheet(
    context: Context, qtbot: QtBot, tmp_path: Path
) -> None:
    section = DiagnosticsSection(context)
    qtbot.addWidget(section)
    section.collect_files()
    qtbot.waitUntil(lambda: section.sheet is not None, timeout=WAIT_MS)
    sheet = section.sheet
    assert sheet is not None

    section.save_to(tmp_path / "missing" / "out.zip")
    qtbot.waitUntil(lambda: "out.zip" in sheet.summary.text(), timeout=WAIT_MS)
    sheet.reject()


def test_that_the_whole_licence_of_a_font_can_be_read(context: Context, qtbot: QtBot) -> None:
    section = AboutSection(context)
    qtbot.addWidget(section)
    assert "Phosphor Icons" in shown_texts(section)

    sheet = LicenceSheet(section, "Inter", "SIL <b>OPEN</b>")
    qtbot.addWidget(sheet)
    text = sheet.findChild(QPlainTextEdit)
    assert text is not None
    assert text.toPlainText() == "SIL <b>OPEN</b>"
