"""The form that a schema alone makes: groups, search, presets, marks of changes, problems under their fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QApplication, QScrollArea, QVBoxLayout, QWidget

from desktop.forms.field_row import FieldRow, RowContext
from desktop.forms.form_header import FormHeader, preset_title
from desktop.forms.form_menu import FormMenu
from desktop.forms.form_search import nothing_found, shown_names
from desktop.forms.form_state import FormState
from desktop.forms.group_section import GroupSection
from desktop.forms.groups import group_title
from desktop.forms.help_strip import HelpStrip
from desktop.forms.scroll_keeper import ScrollKeeper
from desktop.theme.tokens import SPACE
from desktop.widgets.labels import text_label

FIRST_ROWS = 24
"""Rows made at once; the others follow in pauses, so that the window never waits for a long form."""
ROWS_A_PAUSE = 4
_OPEN_KEY = "form.open_groups"
_ALL_KEY = "form.show_all"
_EXPLAIN_KEY = "form.explain"


class Memory(Protocol):
    """What the form remembers between starts: the window's settings."""

    def get(self, name: str, default: object) -> object: ...
    def set(self, name: str, value: object) -> None: ...


class SchemaForm(QWidget):
    """Shows a state and gives the user's changes to it.

    Args:
        state: schema and values.
        memory: keeps which groups are open; None forgets.
        plugin: name for copied commands.
        dataset: gives the dataset's name for copied commands.
    """

    changed = Signal()
    """The state's values or problems are others now."""

    def __init__(
        self,
        state: FormState,
        memory: Memory | None = None,
        plugin: str = "",
        dataset: Callable[[], str] | None = None,
    ) -> None:
        super().__init__()
        self.state = state
        self._memory = memory
        self._shared = RowContext(state, bool(self._recall(_EXPLAIN_KEY, False)))
        self._open: dict[str, bool] = _switches(self._recall(_OPEN_KEY, {}))
        self._waiting: list[tuple[GroupSection, str]] = []
        self._builder = QTimer(self)
        self._builder.setInterval(0)
        self._builder.timeout.connect(self._build_some)
        self.header = FormHeader(list(state.schema.presets))
        self.header.all.setChecked(bool(self._recall(_ALL_KEY, False)))
        self.menu = FormMenu(self, plugin, dataset)
        self.help = HelpStrip()
        self.sections: dict[str, GroupSection] = {}
        self._nothing = text_label("", "muted", wrap=True)
        self._compose()
        self._connect()
        self._follow()

    @property
    def explains(self) -> bool:
        """Whether help stands under every setting."""
        return self._shared.explains

    def group_slot(self, title: str, widget: QWidget) -> bool:
        """Put a widget above the settings of a group. Gives whether there is such a group."""
        section = self.sections.get(title)
        if section is None:
            return False
        section.put_above(widget)
        self._chain_tabs()
        return True

    def row(self, name: str) -> FieldRow:
        """Give the row of a setting, made if need be."""
        return self.sections[group_title(self.state.fields[name])].build_row(name)

    def shown(self) -> list[str]:
        """Give the names of the settings that stand in the form now, in its order; closed groups count."""
        return shown_names(self.state, self._search_text(), shows_all=self.header.all.isChecked())

    def finish(self) -> None:
        """Make all rows now that would follow in pauses."""
        while self._waiting:
            self._build_some()

    def go_to(self, name: str) -> None:
        """Open the group of a setting, bring it into view and give it the keyboard."""
        if not self.state.is_visible(name):
            return
        if name not in self.shown():
            self.header.search.clear()
            self.header.all.setChecked(self.header.all.isChecked() or self.state.fields[name].advanced)
        row = self.row(name)
        title = group_title(row.field)
        if not self.sections[title].is_open:
            self._group_toggled(title, True)
        self.finish()
        self._keeper.settle()
        self._area.ensureWidgetVisible(row, SPACE.s, SPACE.xl)
        row.editor.setFocus(Qt.FocusReason.OtherFocusReason)

    def first_problem(self) -> str | None:
        """Give the setting that must be mended first, in the form's order."""
        problems = self.state.problems()
        names = (field.name for group in self.state.groups for field in group.fields)
        return next((name for name in names if name in problems and self.state.is_visible(name)), None)

    def show_explanations(self, explains: bool) -> None:
        """Write the help under every setting, or only in the strip below."""
        self._shared.explains = explains
        self._keep(_EXPLAIN_KEY, explains)
        self._follow()

    def open_groups(self, is_open: bool) -> None:
        """Open or close all groups."""
        self._open = dict.fromkeys(self.sections, is_open)
        self._keep(_OPEN_KEY, dict(self._open))
        self._arrange()

    def commit_typing(self) -> None:
        """Take over what was typed and not told yet: before a run starts, by a key that leaves no field."""
        for row in self._rows():
            row.editor.commit()

    def apply(self, values: Mapping[str, object], sentence: str) -> None:
        """Write several values into the form at once, and offer to take them back.

        Args:
            values: by dotted name; those that the schema does not have are left out.
            sentence: what happened, said above the settings.
        """
        self.discard_typing()
        self.state.apply({name: value for name, value in values.items() if name in self.state.fields})
        self.header.say(sentence, can_undo=True)

    def discard_typing(self) -> None:
        """Let go of what was typed and not told yet, before the whole list changes."""
        for row in self._rows():
            row.editor.discard()

    def _compose(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE.s)
        for part in (self.header, self.help):
            part.setContentsMargins(SPACE.l, 0, SPACE.l, 0)
        content = QWidget()
        column = QVBoxLayout(content)
        column.setSpacing(0)
        for group in self.state.groups:
            section = GroupSection(group, self._shared)
            section.open(self._open.get(group.title, group.begins_open))
            self.sections[group.title] = section
            column.addWidget(section)
        column.addWidget(self._nothing)
        slack = QWidget()
        column.addWidget(slack)
        column.addStretch(1)
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setWidget(content)
        self._area.verticalScrollBar().rangeChanged.connect(self._make_room_for_bar)
        self._make_room_for_bar(0, 0)
        self._keeper = ScrollKeeper(self._area, content, slack)
        for part, stretch in ((self.header, 0), (self._area, 1), (self.help, 0)):
            layout.addWidget(part, stretch)

    def _make_room_for_bar(self, _low: int, high: int) -> None:
        """Let the scroll bar stand in the margin, so that the fields end where the cards above them do."""
        content = self._area.widget()
        column = content.layout() if content is not None else None
        if column is not None:
            bar = self._area.verticalScrollBar().sizeHint().width() if high > 0 else 0
            column.setContentsMargins(SPACE.l, 0, max(0, SPACE.l - bar), 0)

    def _connect(self) -> None:
        self.header.presets.chosen.connect(self._choose_preset)
        self.header.search.textChanged.connect(self._searched)
        self.header.all.toggled.connect(self._all_toggled)
        self.header.undo_wanted.connect(self._undo)
        for section in self.sections.values():
            section.toggled.connect(self._group_toggled)
            section.pointed.connect(self._pointed)
        find = QShortcut(QKeySequence.StandardKey.Find, self)
        find.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        find.activated.connect(self._find)
        self.state.changed.connect(self._state_changed)

    def _state_changed(self) -> None:
        if not self.state.can_undo:
            self.header.say("")
        self._follow()
        self.changed.emit()

    def _follow(self) -> None:
        """Show the whole state."""
        with self._keeper.keeping(self._anchors()):
            self.header.presets.show_preset(self.state.preset)
            self.header.show_problems(self.state.unplaced_problems())
            for row in self._rows():
                row.refresh()
            self._arrange()

    def _arrange(self) -> None:
        """Show the rows and groups that there shall be; what is not made yet is queued."""
        shown = set(self.shown())
        is_search = bool(self._search_text())
        counts = self.state.counts()
        self._waiting = []
        is_first = True
        for title, section in self.sections.items():
            names = [field.name for field in section.group.fields if field.name in shown]
            section.setVisible(bool(names))
            section.line.setVisible(not is_first)
            is_first = is_first and not names
            section.header.show_count(counts[title])
            section.open(is_search or self._open.get(title, section.group.begins_open))
            for name, row in section.rows.items():
                row.setVisible(name in shown)
            if section.is_open:
                self._waiting += [(section, name) for name in names if not section.has_row(name)]
        self._nothing.setText("" if shown else nothing_found(self.state, self._search_text()))
        self._nothing.setVisible(not shown)
        self._build_some(FIRST_ROWS)

    def _build_some(self, count: int = ROWS_A_PAUSE) -> None:
        for section, name in self._waiting[:count]:
            section.build_row(name).show()
        built = bool(self._waiting)
        self._waiting = self._waiting[count:]
        if self._waiting:
            self._builder.start()
            return
        self._builder.stop()
        if built:
            self._chain_tabs()

    def _chain_tabs(self) -> None:
        """Let Tab go through the rows as they stand, whenever they were made."""
        before: QWidget = self.header.menu_button
        for section in self.sections.values():
            stops = [section.header]
            stops += [stop for row in section.rows_in_order() for stop in row.focus_chain()]
            for stop in stops:
                QWidget.setTabOrder(before, stop)
                before = stop
        QWidget.setTabOrder(before, self.help.copy)

    def _anchors(self) -> list[QWidget]:
        return [*self._rows(), *(section.header for section in self.sections.values())]

    def _rows(self) -> list[FieldRow]:
        """The rows made so far, in the form's order."""
        return [row for section in self.sections.values() for row in section.rows_in_order()]

    def _choose_preset(self, preset: str) -> None:
        if preset == self.state.preset and not self.state.changed_values():
            return
        self.discard_typing()
        replaced = self.state.apply_preset(preset)
        if replaced:
            some = "1 change of yours was" if replaced == 1 else f"{replaced} changes of yours were"
            self.header.say(f"{some} replaced by {preset_title(preset)}.", can_undo=True)
        else:
            self.state.forget_undo()
            self.header.say("")

    def _undo(self) -> None:
        self.discard_typing()
        self.state.undo()
        self.state.forget_undo()
        self.header.say("")

    def _searched(self, _text: str) -> None:
        self._arrange()
        self._area.verticalScrollBar().setValue(0)

    def _all_toggled(self, is_on: bool) -> None:
        self._keep(_ALL_KEY, is_on)
        with self._keeper.keeping(self._anchors()):
            self._arrange()

    def _group_toggled(self, title: str, is_open: bool) -> None:
        self._open[title] = is_open
        self._keep(_OPEN_KEY, dict(self._open))
        with self._keeper.keeping([self.sections[title].header]):
            self._arrange()

    def _pointed(self, name: str) -> None:
        if not name:  # the pointer left: what has the keyboard matters again
            focused = QApplication.focusWidget()
            here = (row.field.name for row in self._rows() if focused and row.isAncestorOf(focused))
            name = next(here, "")
        if name:
            self.help.explain(self.row(name))

    def _find(self) -> None:
        self.header.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.header.search.selectAll()

    def _search_text(self) -> str:
        return self.header.search.text().strip()

    def _recall(self, key: str, default: object) -> object:
        return default if self._memory is None else self._memory.get(key, default)

    def _keep(self, key: str, value: object) -> None:
        if self._memory is not None:
            self._memory.set(key, value)


def _switches(found: object) -> dict[str, bool]:
    if not isinstance(found, dict):
        return {}
    return {str(title): bool(is_open) for title, is_open in found.items()}
