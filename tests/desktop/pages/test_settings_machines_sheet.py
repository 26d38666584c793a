from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from desktop.context import Context
from desktop.pages.settings_machines import MachinesSection
from desktop.pages.settings_machines_sheet import MachineSheet
from tests.desktop.host_stand_in import (
    FINGERPRINT,
    StandIn,
    Turn,
    added,
    box,
    box_facts,
    looked_at,
    put_box,
    refusal,
)
from tests.desktop.pages.machines_stage import WAIT_MS, act, no_sheet, open_section, open_sheet

UNKNOWN = refusal(
    "host_key_unknown", "Not known yet.", fingerprint=FINGERPRINT, key_type="ssh-ed25519", host="box"
)
SECRET = "correct horse"


@pytest.fixture
def engine(context: Context, tmp_path: Path) -> StandIn:
    return StandIn(context.home, tmp_path / "stand-in")


@pytest.fixture
def section(context: Context, engine: StandIn, qtbot: QtBot) -> MachinesSection:
    return open_section(context, qtbot)


@pytest.fixture
def sheet(section: MachinesSection) -> MachineSheet:
    section.add_machine()
    return open_sheet(section)


def fill(sheet: MachineSheet, **texts: str) -> None:
    for name, text in {"name": "box", "host": "ada@box.local", **texts}.items():
        line = getattr(sheet.form, name)
        assert isinstance(line, QLineEdit)
        line.setText(text)


def takes_the_keyboard(widget: QWidget) -> bool:
    is_reached = bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus)
    return is_reached and widget.isVisible() and widget.isEnabled()


def test_that_what_is_wrong_is_said_at_its_field_before_anybody_is_asked(
    sheet: MachineSheet, engine: StandIn
) -> None:
    fill(sheet, name="two words", host="", port="99999", key_file="id.pub", environment="venv")
    assert not sheet.form.is_advanced_open

    sheet.save.click()

    fields = sheet.form.fields
    assert [name for name, field in fields.items() if field.complaint] == [
        "name", "host", "port", "key_file", "environment",
    ]  # fmt: skip
    assert sheet.form.is_advanced_open
    assert "1 to fix" in sheet.form.header.accessibleName()
    assert fields["host"].control.accessibleDescription() == fields["host"].complaint
    assert engine.heard() == []

    sheet.form.name.textEdited.emit("box")
    assert not any(field.complaint for field in fields.values())


def test_that_adding_asks_for_the_fingerprint_with_cancel_as_the_default(
    section: MachinesSection, sheet: MachineSheet, engine: StandIn, qtbot: QtBot
) -> None:
    engine.plays({"add": [UNKNOWN, added(box())], "test": [looked_at(box_facts())]})
    fill(sheet)
    sheet.save.click()
    assert not sheet.stack.isEnabled()
    assert sheet.bar.isVisible()
    assert sheet.waiting.text() == "Connecting to ada@box.local …"
    qtbot.waitUntil(lambda: sheet.step == "fingerprint", timeout=WAIT_MS)

    assert sheet.fingerprint.question.text() == "Is this box.local?"
    assert sheet.fingerprint.fingerprint.text() == FINGERPRINT
    assert sheet.fingerprint.fingerprint.property("role") == "mono"
    assert sheet.fingerprint.command.text() == "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub"
    assert sheet.cancel.isDefault()
    assert not sheet.accept_button.isDefault()

    # Enter says no, and the form is as it was.
    qtbot.keyClick(sheet, Qt.Key.Key_Return)
    assert sheet.step == "form"
    assert sheet.form.host.text() == "box.local"
    assert len(engine.heard()) == 1

    engine.plays({"add": [UNKNOWN, added(box())], "test": [looked_at(box_facts())]})
    sheet.save.click()
    qtbot.waitUntil(lambda: sheet.step == "fingerprint", timeout=WAIT_MS)
    sheet.accept_button.click()
    qtbot.waitUntil(lambda: no_sheet(section), timeout=WAIT_MS)
    assert len(engine.heard()) == 3
    assert engine.heard()[2].arguments[-3:] == ["--accept-fingerprint", FINGERPRINT, "--json"]


def test_that_a_passphrase_is_asked_after_the_fingerprint_and_both_go_along(
    section: MachinesSection, sheet: MachineSheet, engine: StandIn, qtbot: QtBot
) -> None:
    locked = refusal("host_passphrase_needed", "The key is locked.", key="~/.ssh/id")
    engine.plays({"add": [UNKNOWN, locked, added(box())], "test": [looked_at(box_facts())]})
    fill(sheet)
    sheet.save.click()
    qtbot.waitUntil(lambda: sheet.step == "fingerprint", timeout=WAIT_MS)
    sheet.accept_button.click()
    qtbot.waitUntil(lambda: sheet.step == "passphrase", timeout=WAIT_MS)
    assert sheet.passphrase.question.text() == "The key ~/.ssh/id is locked"
    assert sheet.passphrase.line.echoMode() is QLineEdit.EchoMode.Password

    sheet.unlock_button.click()
    assert sheet.passphrase.field.complaint == "Type the passphrase of the key."
    sheet.passphrase.line.setText(SECRET)
    sheet.unlock_button.click()
    qtbot.waitUntil(lambda: no_sheet(section), timeout=WAIT_MS)

    last = [call for call in engine.heard() if call.verb == "add"][-1]
    assert last.arguments[-4:] == ["--accept-fingerprint", FINGERPRINT, "--passphrase-stdin", "--json"]
    assert last.input == f"{SECRET}\n"


def test_that_a_changed_key_can_not_be_accepted_while_adding(
    sheet: MachineSheet, engine: StandIn, qtbot: QtBot
) -> None:
    engine.plays({"add": [refusal("host_key_changed", "Stop!", fingerprint="SHA256:a", expected="SHA256:b")]})
    fill(sheet)
    sheet.save.click()
    qtbot.waitUntil(lambda: sheet.step == "changed", timeout=WAIT_MS)

    shown = [one.text() for one in (sheet.save, sheet.accept_button, sheet.unlock_button, sheet.forget_button)
             if one.isVisible()]  # fmt: skip
    assert shown == []
    assert sheet.changed_key.shown.text() == "SHA256:a"
    assert sheet.changed_key.expected.text() == "SHA256:b"
    assert "ssh-keygen -R 'box.local' -f '" in sheet.changed_key.commands.text()
    sheet.cancel.click()
    assert sheet.step == "form"


@pytest.mark.parametrize(
    ("code", "field"),
    [
        ("host_unreachable", "host"),
        ("host_login_refused", "user"),
        ("host_key_file_missing", "key_file"),
        ("host_key_file_invalid", "key_file"),
    ],
)
def test_that_what_the_engine_refuses_is_said_at_its_field(
    code: str, field: str, sheet: MachineSheet, engine: StandIn, qtbot: QtBot
) -> None:
    engine.plays({"add": [refusal(code, "It did not work.")]})
    fill(sheet)
    sheet.save.click()
    qtbot.waitUntil(lambda: bool(sheet.form.fields[field].complaint), timeout=WAIT_MS)

    assert sheet.form.fields[field].complaint.startswith("It did not work.")
    assert not sheet.banner.isVisible()
    assert sheet.stack.isEnabled()


def test_that_any_other_fault_stands_above_the_form(
    sheet: MachineSheet, engine: StandIn, qtbot: QtBot
) -> None:
    engine.plays({"add": [refusal("host_odd", "Odd.", "Do this: `lensmith hosts edit box`.")]})
    fill(sheet)
    sheet.save.click()
    qtbot.waitUntil(lambda: sheet.banner.isVisible(), timeout=WAIT_MS)

    assert sheet.banner.accessibleName() == "Odd."
    assert sheet.banner.accessibleDescription() == "Do this."


def test_that_esc_ends_what_is_under_way_and_forgets_the_passphrase(
    section: MachinesSection, sheet: MachineSheet, engine: StandIn, context: Context, qtbot: QtBot
) -> None:
    engine.plays({"add": [Turn(waits=True)]})
    fill(sheet)
    sheet.passphrase.line.setText(SECRET)
    sheet.save.click()
    qtbot.waitUntil(lambda: engine.is_waiting, timeout=WAIT_MS)

    qtbot.keyClick(sheet, Qt.Key.Key_Escape)
    assert no_sheet(section)
    qtbot.waitUntil(lambda: context.hosts.work("box") is None, timeout=WAIT_MS)
    assert section.cards == {}


def test_that_an_edit_begins_with_the_record_and_sends_what_changed(
    context: Context, section: MachinesSection, engine: StandIn, qtbot: QtBot
) -> None:
    put_box(context.home)
    context.hosts.refresh()
    qtbot.waitUntil(lambda: "box" in section.cards, timeout=WAIT_MS)
    engine.plays({"edit": [added(box(port=2222))], "test": [looked_at(box_facts())]})
    act(section.cards["box"], "Change…")
    sheet = open_sheet(section)
    assert not sheet.form.name.isEnabled()
    assert sheet.form.host.text() == "box.local"

    sheet.form.port.setText("2222")
    sheet.save.click()
    qtbot.waitUntil(lambda: no_sheet(section), timeout=WAIT_MS)

    assert engine.heard()[0].arguments == ["--port", "2222", "--json"]


def test_that_files_are_chosen_in_a_dialog(sheet: MachineSheet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_a: ("/home/ada/.ssh/id", ""))
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_a: "")
    sheet.form.choose_key()
    sheet.form.choose_wheels()

    assert sheet.form.key_file.text() == "/home/ada/.ssh/id"
    assert sheet.form.wheels.text() == ""


@pytest.mark.parametrize("size", [(1440, 900), (1100, 700)])
def test_that_no_step_is_higher_than_the_window(
    size: tuple[int, int], context: Context, engine: StandIn, qtbot: QtBot
) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(*size)
    sheet = MachineSheet(window, context.hosts)
    sheet.show()
    sheet.form.open_advanced(True)
    heights = [sheet.height()]
    sheet.connect_machine()
    heights.append(sheet.height())
    for step in ("fingerprint", "passphrase", "changed"):
        sheet.show_step(step)
        heights.append(sheet.height())

    assert max(heights) < size[1]
    sheet.move(0, size[1] // 2)
    sheet.show_step("form")
    assert 0 <= sheet.y() <= size[1] - sheet.height()
    assert heights[0] > 2 * heights[3]


def test_that_every_control_of_the_sheet_has_a_name_and_can_be_reached(sheet: MachineSheet) -> None:
    sheet.form.open_advanced(True)
    seen: list[QWidget] = []
    widget: QWidget | None = sheet.form.name
    while widget is not None and (not seen or widget is not seen[0]):
        if takes_the_keyboard(widget):
            seen.append(widget)
        widget = widget.nextInFocusChain()

    names = [one.accessibleName() or getattr(one, "text", str)() for one in seen]
    assert "" not in names
    assert {
        "Name",
        "Address",
        "Port",
        "Choose a key file",
        "Build of torch",
        "Connect and add",
        "Cancel",
    } <= set(names)
