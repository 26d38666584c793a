from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QAccessible, QEnterEvent, QGuiApplication, QTextDocument
from PySide6.QtGui import Qt as QtGuiQt
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from desktop.forms.form_state import FormState
from desktop.forms.schema_form import FIRST_ROWS, SchemaForm
from desktop.theme.theme import theme
from engine.config.field import ConfigField
from engine.config.schema import ConfigSchema
from engine.protocol.catalog import PluginEntry
from tests.desktop.forms.conftest import MakeForm
from tests.desktop.forms.exotic import LONG_HELP, exotic_schema


class Memory:
    """Settings that live as long as the test."""

    def __init__(self) -> None:
        self.kept: dict[str, object] = {}

    def get(self, name: str, default: object) -> object:
        return self.kept.get(name, default)

    def set(self, name: str, value: object) -> None:
        self.kept[name] = value


@pytest.fixture
def form(make_form: MakeForm, engine_schema: ConfigSchema) -> SchemaForm:
    return make_form(state=FormState(engine_schema))


def visible_rows(form: SchemaForm) -> list[str]:
    rows = [row for section in form.sections.values() for row in section.rows_in_order()]
    return [row.field.name for row in rows if row.isVisibleTo(form)]


def top_of(form: SchemaForm, widget: QWidget) -> int:
    return widget.mapTo(form, QPoint(0, 0)).y()


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


def test_that_the_help_of_what_has_the_keyboard_stands_below(qtbot: QtBot, form: SchemaForm) -> None:
    form.activateWindow()
    form.row("optimizer.lr").editor.setFocus()
    qtbot.waitUntil(lambda: form.help.title.whole_text() == "optimizer.lr")
    assert "Size of a step, at its peak." in form.help.text.text()
    assert "Above 0, at most 10 · Default 0.001" in form.help.text.text()


def test_that_a_row_that_scrolls_under_a_resting_pointer_does_not_take_the_help(
    qtbot: QtBot, form: SchemaForm
) -> None:
    def point(name: str, at: QPointF) -> None:
        QApplication.sendEvent(form.row(name), QEnterEvent(QPointF(3, 3), at, at))

    form.activateWindow()
    point("seed", QPointF(50, 50))
    assert form.help.title.whole_text() == "seed"
    form.row("epochs").editor.setFocus()
    qtbot.waitUntil(lambda: form.help.title.whole_text() == "epochs")
    point("batch_size", QPointF(50, 50))
    assert form.help.title.whole_text() == "epochs"
    point("batch_size", QPointF(50, 53))
    assert form.help.title.whole_text() == "batch_size"
    QApplication.sendEvent(form.row("batch_size"), QEvent(QEvent.Type.Leave))
    assert form.help.title.whole_text() == "epochs"


def test_that_all_that_the_keyboard_reaches_says_what_it_is(make_form: MakeForm) -> None:
    form = make_form(state=FormState(exotic_schema()))
    form.header.all.click()
    form.state.set("count", 5)
    form.finish()
    stops = [
        widget
        for widget in form.findChildren(QWidget)
        if widget.isVisibleTo(form) and widget.focusPolicy() & Qt.FocusPolicy.TabFocus
    ]
    assert len(stops) > len(form.state.fields)
    for stop in stops:
        spoken = QAccessible.queryAccessibleInterface(stop)
        assert spoken.text(QAccessible.Text.Name) or _outer_name(stop), stop


def test_that_every_row_carries_its_help_as_tooltip(form: SchemaForm) -> None:
    tip = form.row("optimizer.lr").label.toolTip()
    assert "Size of a step, at its peak." in tip
    assert "optimizer.lr" in tip


def test_that_every_setting_can_be_explained_in_its_place(form: SchemaForm) -> None:
    form.menu.explain.trigger()
    assert form.row("epochs").note_texts()["caption"] == "Passes over the training images."
    form.menu.explain.trigger()
    assert form.row("epochs").note_texts() == {}


def test_that_long_help_can_be_read_without_a_mouse(qtbot: QtBot, make_form: MakeForm) -> None:
    form = make_form(state=FormState(exotic_schema()))
    form.activateWindow()
    form.go_to("notes")
    qtbot.waitUntil(lambda: form.help.title.whole_text() == "notes")
    scroll = form.help._scroll
    assert scroll.focusPolicy() & Qt.FocusPolicy.TabFocus
    assert scroll.accessibleDescription().startswith(LONG_HELP[:40])


def test_that_foreign_text_is_never_taken_for_markup(make_form: MakeForm) -> None:
    form = make_form(state=FormState(exotic_schema()))
    form.header.all.click()
    form.finish()
    for label in form.findChildren(QLabel):
        assert label.textFormat() == Qt.TextFormat.PlainText or not label.text()


@pytest.mark.parametrize("text", ["<b>bold</b> & more", "<img src=x> & more", "a <i>word</i>", "1 < 2"])
def test_that_a_tooltip_shows_foreign_markup_as_it_is(make_form: MakeForm, text: str) -> None:
    field = ConfigField(name="a", type="str", default="", description=text)
    tip = make_form(field).row("a").label.toolTip()
    document = QTextDocument()
    if QtGuiQt.mightBeRichText(tip):  # how Qt decides
        document.setHtml(tip)
    else:
        document.setPlainText(tip)
    assert document.toPlainText().startswith(text)


def test_that_a_widget_of_the_page_stands_above_a_groups_settings(qtbot: QtBot, form: SchemaForm) -> None:
    plot = QLabel("plot")
    plot.setFixedHeight(60)
    assert form.group_slot("Scheduler", plot)
    qtbot.waitUntil(lambda: plot.isVisibleTo(form))
    assert top_of(form, plot) < top_of(form, form.row("scheduler.type"))
    assert not form.group_slot("No such group", QLabel())


def test_that_what_has_the_keyboard_stays_where_it_is_while_rows_come_and_go(
    qtbot: QtBot, make_form: MakeForm, engine_schema: ConfigSchema
) -> None:
    form = make_form(state=FormState(engine_schema), height=420)
    form.header.all.click()
    form.open_groups(True)
    form.finish()
    form.activateWindow()
    form.go_to("scheduler.type")
    QApplication.processEvents()
    editor = form.row("scheduler.type").editor
    before = top_of(form, editor)
    for name, value in [("optimizer.type", "sgd"), ("optimizer.lr", 99), ("optimizer.type", "rmsprop")]:
        form.state.set(name, value)
        form.finish()
        QApplication.processEvents()
        assert top_of(form, editor) == before


def test_that_a_switch_at_the_end_stays_when_everything_below_it_goes(
    qtbot: QtBot, make_form: MakeForm
) -> None:
    fields = [ConfigField(name=f"f{number}", type="int", default=0, group="g") for number in range(20)]
    fields.append(ConfigField(name="more", type="bool", default=True, group="g"))
    fields += [
        ConfigField(name=f"m{number}", type="int", default=0, group="g", visible_when={"more": [True]})
        for number in range(12)
    ]
    form = make_form(*fields, height=420)
    form.activateWindow()
    form.go_to("m11")
    form.go_to("more")
    QApplication.processEvents()
    editor = form.row("more").editor
    before = top_of(form, editor)
    qtbot.keyClick(editor.switch, Qt.Key.Key_Space)  # type: ignore[attr-defined]  # a switch's editor
    QApplication.processEvents()
    assert top_of(form, editor) == before
    assert "m3" not in visible_rows(form)


def test_that_hundreds_of_settings_do_not_make_the_window_wait(qtbot: QtBot, make_form: MakeForm) -> None:
    fields = [
        ConfigField(
            name=f"field_{number}", type="float", default=0.5, min=0, max=1, group="many", description="Help."
        )
        for number in range(400)
    ]
    form = SchemaForm(FormState(ConfigSchema(fields=fields)))
    qtbot.addWidget(form)
    assert len(form.sections["Many"].rows) == FIRST_ROWS
    form.resize(348, 700)
    form.show()
    qtbot.waitUntil(lambda: len(form.sections["Many"].rows) == 400, timeout=30_000)
    assert [row.field.name for row in form.sections["Many"].rows_in_order()] == form.shown()
    form.header.search.setText("field_399")
    assert visible_rows(form) == ["field_399"]


def test_that_closed_groups_make_no_rows(form: SchemaForm) -> None:
    assert form.sections["Augmentation"].rows == {}


def test_that_tab_visits_every_setting_in_order_and_comes_to_the_next_group(
    qtbot: QtBot, form: SchemaForm
) -> None:
    form.state.set("optimizer.type", "sgd")  # makes a row late, in the middle
    form.finish()
    form.activateWindow()
    form.header.search.setFocus()
    qtbot.waitUntil(form.header.search.hasFocus)
    visited: list[str] = []
    for _ in range(60):
        focused = QApplication.focusWidget()
        assert focused is not None
        qtbot.keyClick(focused, Qt.Key.Key_Tab)
        now = QApplication.focusWidget()
        row = next(
            (r for s in form.sections.values() for r in s.rows.values() if now and r.isAncestorOf(now)), None
        )
        if row is not None and row.field.name not in visited:
            visited.append(row.field.name)
    assert visited == visible_rows(form)


def test_that_everything_can_be_done_with_the_keyboard_alone(qtbot: QtBot, form: SchemaForm) -> None:
    form.activateWindow()
    form.go_to("epochs")
    line = QApplication.focusWidget()
    qtbot.keyClick(line, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClicks(line, "25")
    qtbot.keyClick(line, Qt.Key.Key_Return)
    assert form.state.values()["epochs"] == 25
    header = form.sections["Augmentation"].header
    header.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.keyClick(header, Qt.Key.Key_Space)
    form.finish()
    assert form.sections["Augmentation"].is_open
    switch = form.row("augmentation.random_flip").editor.switch  # type: ignore[attr-defined]  # a switch's editor
    switch.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.keyClick(switch, Qt.Key.Key_Space)
    assert form.state.values()["augmentation.random_flip"] is False


def test_that_a_start_by_a_key_takes_what_is_half_typed(qtbot: QtBot, make_form: MakeForm) -> None:
    form = make_form(state=FormState(exotic_schema()))
    for name, text in [("title", "My run"), ("count", "77")]:
        line = form.row(name).editor.line  # type: ignore[attr-defined]  # a text's and a number's editor
        line.setFocus()
        line.selectAll()
        qtbot.keyClicks(line, text)
    form.commit_typing()
    assert form.state.values()["title"] == "My run"
    assert form.state.problems() == {"count": "Must be at most 9 things."}


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


def _outer_name(widget: QWidget) -> str:
    parent = widget.parentWidget()
    return parent.accessibleName() if parent is not None else ""


def clipped(form: SchemaForm) -> list[str]:
    """Name the labels and buttons whose text does not fit into them."""
    found: list[str] = []
    for label in form.findChildren(QLabel):
        if not label.isVisibleTo(form) or not label.text() or type(label) is not QLabel:
            continue
        wrapped = label.wordWrap()
        needed = label.heightForWidth(label.width()) if wrapped else label.sizeHint().height()
        too_wide = not wrapped and label.sizeHint().width() > label.width()
        if needed > label.height() + 1 or too_wide:
            found.append(label.text())
    for button in form.findChildren(QAbstractButton):
        too_wide = button.sizeHint().width() > button.width() + 1
        if button.isVisibleTo(form) and button.text() and too_wide:
            found.append(button.text())
    return found


@pytest.mark.parametrize("look", ["dark", "light"])
def test_that_no_text_of_a_strange_schema_is_clipped(qtbot: QtBot, make_form: MakeForm, look: str) -> None:
    theme.choose("dark" if look == "dark" else "light")
    form = make_form(state=FormState(exotic_schema()), height=2400)
    form.header.all.click()
    form.menu.explain.trigger()
    form.finish()
    form.resize(348, 6000)
    QApplication.processEvents()
    assert clipped(form) == []


@pytest.mark.slow
@pytest.mark.parametrize("look", ["dark", "light"])
def test_that_every_built_in_plugins_form_renders_without_clipped_text(
    make_form: MakeForm, built_in: list[PluginEntry], look: str
) -> None:
    theme.choose("dark" if look == "dark" else "light")
    assert len(built_in) >= 4
    for entry in built_in:
        assert entry.config_schema is not None
        state = FormState(entry.config_schema, entry.metadata)
        form = make_form(state=state, height=4000, plugin=entry.id)
        form.header.all.click()
        form.open_groups(True)
        form.finish()
        QApplication.processEvents()
        assert visible_rows(form) == form.shown(), entry.id
        assert clipped(form) == [], entry.id
        assert state.is_valid, state.problems()


@pytest.mark.slow
def test_that_a_full_control_plugins_own_settings_appear(
    make_form: MakeForm, built_in: list[PluginEntry]
) -> None:
    entry = next(entry for entry in built_in if entry.full_control)
    assert entry.config_schema is not None
    form = make_form(state=FormState(entry.config_schema, entry.metadata), height=3000)
    form.header.all.click()
    form.finish()
    assert {"optimizer_type", "learning_rate", "attention_layers", "dropout_rate"} <= set(visible_rows(form))
    assert form.state.warnings() == {} or "image_size" in form.state.warnings()
    form.row("attention_layers").editor.chips["layer4"].click()  # type: ignore[attr-defined]  # chips
    assert form.state.changed_values() == {"attention_layers": ["layer1", "layer2", "layer4"]}
