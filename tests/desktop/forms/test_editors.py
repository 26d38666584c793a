from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from desktop.forms.choice_editors import BoolEditor, CheckListEditor, ChipsEditor, SelectEditor
from desktop.forms.editors import make_editor
from desktop.forms.field_editor import FieldEditor
from desktop.forms.number_editors import FloatEditor, IntEditor, NumberOrWordEditor
from desktop.forms.text_editor import TextEditor
from engine.config.field import ConfigField
from tests.desktop.forms.exotic import MANY, exotic_schema

FIELDS = {field.name: field for field in exotic_schema().fields}


class Heard:
    """What an editor has told."""

    def __init__(self, editor: FieldEditor) -> None:
        self.values: list[object] = []
        editor.changed.connect(self.hear)

    def hear(self, _name: str, value: object) -> None:
        self.values.append(value)


@pytest.fixture
def edit(qtbot: QtBot) -> object:
    def make(field: ConfigField | str, value: object = None) -> tuple[FieldEditor, Heard]:
        found = FIELDS[field] if isinstance(field, str) else field
        editor = make_editor(found)
        qtbot.addWidget(editor)
        editor.show_value(found.default if value is None else value)
        editor.resize(160, 40)
        editor.show()
        qtbot.waitExposed(editor)
        editor.activateWindow()
        return editor, Heard(editor)

    return make


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("count", IntEditor), ("huge", IntEditor), ("rate", FloatEditor), ("limit", NumberOrWordEditor),
        ("workers", NumberOrWordEditor), ("title", TextEditor), ("mean", TextEditor), ("on", BoolEditor),
        ("maybe", SelectEditor), ("kind", SelectEditor), ("backbone", SelectEditor), ("policy", SelectEditor),
        ("layers", ChipsEditor), ("labels", CheckListEditor),
    ],
)  # fmt: skip
def test_that_a_field_gets_the_editor_of_its_type(edit, name: str, kind: type[FieldEditor]) -> None:
    editor, _ = edit(name)
    assert type(editor) is kind


@pytest.mark.parametrize("name", list(FIELDS))
def test_that_showing_a_value_tells_of_no_change(edit, name: str) -> None:
    editor, heard = edit(name)
    editor.show_value(FIELDS[name].default)
    editor.show_value(None)
    assert heard.values == []


@pytest.mark.parametrize("name", list(FIELDS))
def test_that_every_editor_can_show_values_of_any_type(edit, name: str) -> None:
    editor, _ = edit(name)
    for value in (None, True, 3, 2.5, float("nan"), "text", "", ["a", "b"], {"a": 1}, 10**30):
        editor.show_value(value)


@pytest.mark.parametrize("name", list(FIELDS))
def test_that_everything_the_keyboard_reaches_has_a_name(edit, name: str) -> None:
    editor, _ = edit(name)
    assert editor.focus_chain()
    for stop in editor.focus_chain():
        assert FIELDS[name].title in stop.accessibleName()
        assert stop.focusPolicy() & Qt.FocusPolicy.TabFocus


@pytest.mark.parametrize("name", list(FIELDS))
def test_that_the_wheel_over_an_editor_without_the_keyboard_changes_nothing(edit, name: str) -> None:
    editor, heard = edit(name)
    editor.clearFocus()
    for stop in editor.focus_chain():
        for target in (stop, *stop.findChildren(QWidget)):
            event = QWheelEvent(
                QPointF(5, 5), target.mapToGlobal(QPointF(5, 5)), QPoint(), QPoint(0, -120),
                Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
            )  # fmt: skip
            QApplication.sendEvent(target, event)
    assert heard.values == []


def test_that_a_spin_box_keeps_a_number_out_of_its_bounds(qtbot: QtBot, edit) -> None:
    editor, heard = edit("count")
    line = editor.spin.lineEdit()
    line.setFocus()
    line.selectAll()
    qtbot.keyClicks(line, "5000")
    qtbot.keyClick(line, Qt.Key.Key_Return)
    assert heard.values[-1] == 5000
    assert line.text() == "5000"


def test_that_arrows_move_a_spin_box_inside_its_bounds(qtbot: QtBot, edit) -> None:
    editor, heard = edit("count", 8)
    for _ in range(4):
        qtbot.keyClick(editor.spin, Qt.Key.Key_Up)
    assert heard.values == [9]
    qtbot.keyClick(editor.spin, Qt.Key.Key_Down)
    assert heard.values == [9, 8]


def test_that_a_wheel_over_a_spin_box_with_the_keyboard_moves_it(qtbot: QtBot, edit) -> None:
    editor, heard = edit("count")
    editor.spin.setFocus()
    qtbot.waitUntil(editor.spin.hasFocus)
    event = QWheelEvent(
        QPointF(5, 5), editor.spin.mapToGlobal(QPointF(5, 5)), QPoint(), QPoint(0, 120),
        Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(editor.spin, event)
    assert heard.values == [4]


def test_that_half_a_number_is_told_only_when_the_user_leaves_or_rests(qtbot: QtBot, edit) -> None:
    editor, heard = edit("rate")
    editor.line.setFocus()
    editor.line.selectAll()
    qtbot.keyClicks(editor.line, "1e-")
    assert heard.values == [1.0]  # the 1 at its beginning is a rate
    qtbot.keyClicks(editor.line, "4")
    assert heard.values == [1.0, 1e-4]
    assert editor.line.text() == "1e-4"
    qtbot.keyClicks(editor.line, "x")
    qtbot.keyClick(editor.line, Qt.Key.Key_Return)
    assert heard.values[-1] == "1e-4x"


def test_that_what_is_typed_is_not_rewritten_while_it_is_typed(qtbot: QtBot, edit) -> None:
    editor, heard = edit("rate")
    editor.changed.connect(lambda _name, value: editor.show_value(value))
    editor.line.setFocus()
    editor.line.selectAll()
    qtbot.keyClicks(editor.line, "0.50")
    assert editor.line.text() == "0.50"
    assert heard.values[-1] == 0.5


def test_that_arrow_keys_multiply_and_divide_a_logarithmic_number(qtbot: QtBot, edit) -> None:
    editor, heard = edit("rate")
    qtbot.keyClick(editor.line, Qt.Key.Key_Up)
    qtbot.keyClick(editor.line, Qt.Key.Key_Down)
    qtbot.keyClick(editor.line, Qt.Key.Key_Down)
    assert heard.values == pytest.approx([2e-3, 1e-3, 5e-4])


def test_that_discarding_gives_the_shown_value_back(qtbot: QtBot, edit) -> None:
    editor, heard = edit("rate")
    editor.line.setFocus()
    editor.line.selectAll()
    qtbot.keyClicks(editor.line, "abc")
    editor.discard()
    assert editor.line.text() == "0.001"
    editor.commit()
    assert heard.values == []


def test_that_a_number_may_be_a_word_beside_it(qtbot: QtBot, edit) -> None:
    editor, heard = edit("workers")
    assert editor.combo.currentText() == "auto"
    editor.line.setFocus()
    editor.line.selectAll()
    qtbot.keyClicks(editor.line, "8")
    assert heard.values == [8]
    editor.line.selectAll()
    qtbot.keyClicks(editor.line, "auto")
    qtbot.keyClick(editor.line, Qt.Key.Key_Return)
    assert heard.values[-1] == "auto"


def test_that_a_nullable_number_says_none_and_takes_it_back(qtbot: QtBot, edit) -> None:
    editor, heard = edit("limit")
    assert editor.combo.currentText() == "none"
    editor.line.setFocus()
    editor.line.selectAll()
    qtbot.keyClicks(editor.line, "2.5")
    assert heard.values[-1] == 2.5
    editor.line.selectAll()
    qtbot.keyClick(editor.line, Qt.Key.Key_Backspace)
    assert heard.values[-1] is None


def test_that_image_sizes_are_offered_and_others_may_be_typed(qtbot: QtBot) -> None:
    editor = make_editor(ConfigField(name="image_size", type="int", default=224), (128, 224))
    qtbot.addWidget(editor)
    heard = Heard(editor)
    assert isinstance(editor, NumberOrWordEditor)
    editor.show_value(224)
    assert [editor.combo.itemText(at) for at in range(editor.combo.count())] == ["128", "224"]
    editor.combo.setCurrentIndex(0)
    editor.combo.activated.emit(0)
    assert heard.values == [128]


def test_that_a_switch_tells_true_and_false(qtbot: QtBot, edit) -> None:
    editor, heard = edit("on")
    qtbot.keyClick(editor.switch, Qt.Key.Key_Space)
    qtbot.keyClick(editor.switch, Qt.Key.Key_Space)
    assert heard.values == [False, True]


def test_that_a_nullable_switch_has_three_states(edit) -> None:
    editor, heard = edit("maybe")
    combo = editor.combo
    assert [combo.itemText(at) for at in range(combo.count())] == ["on", "off", "none"]
    for at in range(3):
        combo.setCurrentIndex(at)
        combo.activated.emit(at)
    assert heard.values == [True, False, None]


def test_that_an_option_that_there_is_not_stays_visible(edit) -> None:
    editor, _ = edit("kind", "zz")
    assert editor.combo.currentIndex() == -1
    assert editor.combo.placeholderText() == "zz"


def test_that_many_options_are_searched_by_typing(qtbot: QtBot, edit) -> None:
    editor, heard = edit("backbone")
    combo = editor.combo
    qtbot.keyClick(combo, Qt.Key.Key_3)
    assert combo.popup.isVisible()
    qtbot.keyClicks(combo.popup.search, "3")
    assert [combo.popup.model.option(row) for row in range(combo.popup.model.rowCount())] == ["option_33"]
    qtbot.keyClick(combo.popup.search, Qt.Key.Key_Return)
    assert heard.values == ["option_33"]
    assert combo.currentText() == "option_33"
    assert not combo.popup.isVisible()


def test_that_escape_leaves_a_search_without_a_change(qtbot: QtBot, edit) -> None:
    editor, heard = edit("backbone")
    qtbot.keyClick(editor.combo, Qt.Key.Key_Return)
    qtbot.keyClick(editor.combo.popup.search, Qt.Key.Key_Down)
    qtbot.keyClick(editor.combo.popup.search, Qt.Key.Key_Escape)
    assert heard.values == []
    assert editor.combo.currentText() == "option_7"


def test_that_a_search_that_finds_nothing_says_so_and_chooses_nothing(qtbot: QtBot, edit) -> None:
    editor, heard = edit("backbone")
    qtbot.keyClick(editor.combo, Qt.Key.Key_Return)
    qtbot.keyClicks(editor.combo.popup.search, "cow")
    qtbot.keyClick(editor.combo.popup.search, Qt.Key.Key_Return)
    assert heard.values == []


def test_that_chips_tell_their_options_in_order(qtbot: QtBot, edit) -> None:
    editor, heard = edit("layers", ["l2"])
    qtbot.keyClick(editor.chips["l3"], Qt.Key.Key_Space)
    qtbot.keyClick(editor.chips["l1"], Qt.Key.Key_Space)
    qtbot.keyClick(editor.chips["l2"], Qt.Key.Key_Space)
    assert heard.values == [["l2", "l3"], ["l1", "l2", "l3"], ["l1", "l3"]]


def test_that_many_options_are_checked_in_a_list(qtbot: QtBot, edit) -> None:
    editor, heard = edit("labels", ["option_5"])
    assert editor.combo.placeholderText() == "option_5"
    qtbot.keyClick(editor.combo, Qt.Key.Key_Down)
    search = editor.popup.search
    qtbot.keyClicks(search, "option_59")
    qtbot.keyClick(search, Qt.Key.Key_Return)
    assert heard.values == [["option_5", "option_59"]]
    assert editor.popup.isVisible()
    editor.show_value(heard.values[-1])
    assert editor.combo.placeholderText() == f"2 of {len(MANY)}"


def test_that_text_is_told_on_leaving_and_empty_means_none_where_it_may(qtbot: QtBot, edit) -> None:
    editor, heard = edit("notes")
    editor.line.setFocus()
    qtbot.keyClicks(editor.line, "hello")
    qtbot.keyClick(editor.line, Qt.Key.Key_Return)
    editor.line.clear()
    editor.commit()
    assert heard.values == ["hello", None]


def test_that_typing_is_told_after_a_rest_without_leaving(qtbot: QtBot, edit) -> None:
    editor, heard = edit("title")
    editor.line.setFocus()
    qtbot.keyClicks(editor.line, "abc")
    qtbot.waitUntil(lambda: heard.values == ["abc"])


def test_that_an_editor_that_goes_while_it_is_typed_in_goes_quietly(qtbot: QtBot) -> None:
    editor = FloatEditor(FIELDS["rate"])
    editor.show()
    editor.line.setFocus()
    qtbot.keyClicks(editor.line, "1e-")
    with qtbot.captureExceptions() as raised:
        editor.deleteLater()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert raised == []
