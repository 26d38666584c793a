"""The form of a schema: values, problems, search, presets, and what is copied from it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from desktop.forms.form_state import FormState
from desktop.forms.schema_form import SchemaForm
from engine.config.field import ConfigField
from engine.config.schema import ConfigSchema
from tests.desktop.forms.conftest import MakeForm
from tests.desktop.forms.shown_rows import top_of, visible_rows


class Memory:
    """Settings that live as long as the test."""

    def __init__(self) -> None:
        self.kept: dict[str, object] = {}

    def get(self, name: str, default: object) -> object:
        return self.kept.get(name, default)

    def set(self, name: str, value: object) -> None:
        self.kept[name] = value


def type_into(qtbot: QtBot, form: SchemaForm, name: str, text: str) -> None:
    line = form.row(name).editor.line  # type: ignore[attr-defined]  # a number's or a text's editor
    line.setFocus()
    line.selectAll()
    qtbot.keyClicks(line, text)
    qtbot.keyClick(line, Qt.Key.Key_Return)


def test_that_a_typed_value_reaches_the_state_and_marks_its_row_and_group(
    qtbot: QtBot, form: SchemaForm
) -> None:
    with qtbot.waitSignal(form.changed):
        type_into(qtbot, form, "epochs", "7")
    assert form.state.changed_values() == {"epochs": 7}
    assert form.row("epochs").dot.isVisible()
    assert form.sections["Basic"].header.changed_label.text() == "1 changed"
    assert not form.row("batch_size").dot.isVisible()


def test_that_the_dot_gives_a_setting_back(qtbot: QtBot, form: SchemaForm) -> None:
    type_into(qtbot, form, "epochs", "7")
    dot = form.row("epochs").dot
    assert dot.accessibleName() == "Reset Epochs to 10 epochs"
    qtbot.mouseClick(dot, Qt.MouseButton.LeftButton)
    assert form.state.changed_values() == {}
    assert form.row("epochs").editor.line.text() == "10"  # type: ignore[attr-defined]  # a number's editor


def test_that_a_problem_stands_under_its_field_and_in_its_group(qtbot: QtBot, form: SchemaForm) -> None:
    type_into(qtbot, form, "optimizer.lr", "50")
    row = form.row("optimizer.lr")
    assert row.note_texts()["error"] == "Must be at most 10."
    assert form.sections["Optimizer"].header.fix_label.text() == "1 to fix"
    assert "1 to fix" in form.sections["Optimizer"].header.accessibleName()
    assert "Must be at most 10." in row.editor.focus_chain()[0].accessibleDescription()
    assert form.first_problem() == "optimizer.lr"
    type_into(qtbot, form, "optimizer.lr", "0.5")
    assert row.note_texts() == {}


def test_that_an_advanced_setting_is_shown_with_all_when_changed_and_when_wrong(form: SchemaForm) -> None:
    assert "optimizer.beta1" not in form.shown()
    form.state.set("optimizer.beta1", 7)
    assert "optimizer.beta1" in form.shown()
    form.state.reset("optimizer.beta1")
    assert "optimizer.beta1" not in form.shown()
    form.header.all.click()
    assert "optimizer.beta1" in form.shown()


def test_that_settings_come_and_go_with_the_choice_they_belong_to(form: SchemaForm) -> None:
    assert "optimizer.momentum" not in visible_rows(form)
    form.state.set("optimizer.type", "sgd")
    form.finish()
    assert "optimizer.momentum" in visible_rows(form)
    form.state.set("optimizer.type", "adam")
    assert "optimizer.momentum" not in visible_rows(form)


def test_that_rows_stand_in_the_order_of_the_schema_whenever_they_were_made(form: SchemaForm) -> None:
    form.header.search.setText("seed")
    form.finish()
    form.header.search.clear()
    form.header.all.click()
    form.open_groups(True)
    form.finish()
    shown = visible_rows(form)
    tops = [top_of(form, form.row(name)) for name in shown]
    assert tops == sorted(tops)
    assert shown == form.shown()


def test_that_a_search_hides_the_rest_and_opens_groups(form: SchemaForm) -> None:
    form.header.search.setText("rotation")
    form.finish()
    assert visible_rows(form) == ["augmentation.random_rotation"]
    form.header.search.clear()
    form.finish()
    assert not form.sections["Augmentation"].is_open


def test_that_a_search_looks_into_advanced_settings_too(form: SchemaForm) -> None:
    form.header.search.setText("beta2")
    form.finish()
    assert visible_rows(form) == ["optimizer.beta2"]


def test_that_a_search_without_a_find_says_so(form: SchemaForm) -> None:
    form.header.search.setText("cow")
    texts = [label.text() for label in form.findChildren(QLabel) if label.isVisibleTo(form)]
    assert "Nothing matches “cow”." in texts


def test_that_a_search_tells_which_choice_a_hidden_setting_needs(form: SchemaForm) -> None:
    form.header.search.setText("momentum")
    texts = " ".join(label.text() for label in form.findChildren(QLabel) if label.isVisibleTo(form))
    assert "Momentum needs Optimizer: sgd or rmsprop." in texts


def test_that_ctrl_f_goes_to_the_search_and_escape_empties_it(qtbot: QtBot, form: SchemaForm) -> None:
    form.activateWindow()
    form.row("epochs").editor.setFocus()
    qtbot.keyClick(form.row("epochs").editor, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(form.header.search.hasFocus)
    qtbot.keyClicks(form.header.search, "seed")
    assert form.shown() == ["seed"]
    qtbot.keyClick(form.header.search, Qt.Key.Key_Escape)
    assert len(form.shown()) > 1


def test_that_a_preset_replaces_changes_and_undo_brings_them_back(form: SchemaForm) -> None:
    form.state.set("epochs", 77)
    assert form.header.presets.segments is not None
    form.header.presets.chosen.emit("medium")
    assert form.state.values()["epochs"] == 30
    assert form.header.notice.text() == "1 change of yours was replaced by Medium."
    form.header.undo.click()
    assert form.state.preset == "easy"
    assert form.state.values()["epochs"] == 77
    assert form.header.presets.segments.current() == "easy"
    assert form.header.notice_line.isHidden()


def test_that_many_or_long_presets_are_a_list(make_form: MakeForm) -> None:
    schema = ConfigSchema(
        fields=[ConfigField(name="epochs", type="int", default=1)],
        presets={f"a preset with a long name {number}": {"epochs": number} for number in range(1, 8)},
    )
    form = make_form(state=FormState(schema))
    combo = form.header.presets.combo
    assert combo is not None
    combo.setCurrentIndex(3)
    combo.activated.emit(3)
    assert form.state.values() == {"epochs": 4}
    assert form.header.sizeHint().width() <= form.width()


def test_that_a_schema_without_presets_offers_none(make_form: MakeForm) -> None:
    form = make_form(ConfigField(name="epochs", type="int", default=1))
    assert not form.header.presets.isVisibleTo(form)
    assert form.header.menu_button.isVisibleTo(form)


def test_that_open_groups_and_all_are_remembered(
    qtbot: QtBot, make_form: MakeForm, engine_schema: ConfigSchema
) -> None:
    memory = Memory()
    form = make_form(state=FormState(engine_schema), memory=memory)
    form.sections["Optimizer"].header.click()
    form.sections["Validation"].header.click()
    form.header.all.click()
    again = make_form(state=FormState(engine_schema), memory=memory)
    assert not again.sections["Optimizer"].is_open
    assert again.sections["Validation"].is_open
    assert again.sections["Basic"].is_open
    assert again.header.all.isChecked()


def test_that_a_broken_memory_does_no_harm(make_form: MakeForm, engine_schema: ConfigSchema) -> None:
    memory = Memory()
    memory.kept = {"form.open_groups": [1, 2], "form.show_all": "yes"}
    form = make_form(state=FormState(engine_schema), memory=memory)
    assert form.sections["Basic"].is_open


def test_that_the_menu_of_a_row_resets_and_copies(form: SchemaForm) -> None:
    form.state.set("optimizer.lr", 0.5)
    row = form.row("optimizer.lr")
    actions = {action.text(): action for action in row.menu().actions()}
    assert list(actions) == ["Reset to 0.001", "Copy name for --set", "Copy as --set"]
    actions["Copy name for --set"].trigger()
    assert QGuiApplication.clipboard().text() == "optimizer.lr"
    actions["Copy as --set"].trigger()
    assert QGuiApplication.clipboard().text() == "--set optimizer.lr=0.5"
    actions["Reset to 0.001"].trigger()
    assert form.state.changed_values() == {}


def test_that_copied_settings_can_be_pasted_into_another_form(
    make_form: MakeForm, engine_schema: ConfigSchema
) -> None:
    one = make_form(state=FormState(engine_schema), plugin="p", dataset=lambda: "my data")
    other = make_form(state=FormState(engine_schema), plugin="p")
    one.header.presets.chosen.emit("medium")
    one.state.set("epochs", 3)
    for copy in (one.menu.copy_json, one.menu.copy_command):
        copy()
        other.menu.paste()
        assert other.state.values() == one.state.values()
        assert other.state.preset == "medium"
        assert other.state.changed_values() == {"epochs": 3}
        other.header.undo.click()
        assert other.state.changed_values() == {}
        other.header.presets.chosen.emit("easy")


def test_that_pasting_tells_what_it_left_out_and_whose_settings_they_were(form: SchemaForm) -> None:
    form.menu._plugin = "mine"
    QGuiApplication.clipboard().setText('{"plugin": "theirs", "settings": {"epochs": 4, "wings": 2}}')
    form.menu.paste()
    assert form.header.notice.text() == (
        "1 setting pasted. They were made for theirs. Left out, since this model has no such setting: wings."
    )
    assert form.state.values()["epochs"] == 4


def test_that_pasting_something_else_changes_nothing_and_says_so(form: SchemaForm) -> None:
    QGuiApplication.clipboard().setText("a poem")
    form.menu.paste()
    assert form.state.changed_values() == {}
    assert "holds neither JSON nor" in form.header.notice.text()


def test_that_all_settings_can_be_reset_and_that_undone(form: SchemaForm) -> None:
    form.state.set("epochs", 3)
    form.state.set("seed", 3)
    form.menu.reset_all()
    assert form.state.changed_values() == {}
    assert form.header.notice.text() == "2 settings reset."
    form.header.undo.click()
    assert form.state.changed_values() == {"epochs": 3, "seed": 3}


def test_that_a_wrong_preset_is_told_above_the_form(make_form: MakeForm) -> None:
    schema = ConfigSchema(fields=[ConfigField(name="epochs", type="int")], presets={"easy": {"epoch": 3}})
    form = make_form(state=FormState(schema))
    assert form.header.problems.isVisibleTo(form)
    assert "did you mean 'epochs'?" in form.header.problems.text()


def test_that_a_schema_without_settings_says_so(make_form: MakeForm) -> None:
    form = make_form()
    texts = [label.text() for label in form.findChildren(QLabel) if label.isVisibleTo(form)]
    assert "This model has no settings." in texts
