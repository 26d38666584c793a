"""The form of a schema: how it is read, by eye, by ear and with the keyboard."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QAccessible, QEnterEvent, QTextDocument
from PySide6.QtGui import Qt as QtGuiQt
from PySide6.QtWidgets import QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from desktop.forms.form_state import FormState
from desktop.forms.schema_form import FIRST_ROWS, SchemaForm
from desktop.theme.theme import theme
from engine.config.field import ConfigField
from engine.config.schema import ConfigSchema
from engine.protocol.catalog import PluginEntry
from tests.desktop.forms.conftest import MakeForm
from tests.desktop.forms.exotic import LONG_HELP, exotic_schema
from tests.desktop.forms.shown_rows import clipped, outer_name, top_of, visible_rows


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
        assert spoken.text(QAccessible.Text.Name) or outer_name(stop), stop


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
