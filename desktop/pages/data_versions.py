"""The versions of a dataset: since when, who used them, and what changed between two."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QFrame, QHeaderView, QTableView, QVBoxLayout, QWidget

from desktop.models.dataset_change_table import ChangeTable
from desktop.models.dataset_versions import KINDS, ChangeLine, VersionLine
from desktop.theme.tokens import RADIUS, SIZE, SPACE
from desktop.widgets.buttons import Button, on_click
from desktop.widgets.card import Card, column, row
from desktop.widgets.choice_box import ChoiceBox
from desktop.widgets.flow_layout import FlowLayout
from desktop.widgets.labels import ElidedLabel, text_label
from desktop.widgets.pill import Pill
from desktop.widgets.scrolled import plain_area

_LIST_WIDTH = 300
_RUNS_SHOWN = 4


class Versions(QWidget):
    """Versions at the left, the changes between the chosen two at the right."""

    difference_wanted = Signal(str, str)
    """Old and new version, whose changes are to be read and given to `show_difference`."""
    run_wanted = Signal(str)
    """The id of a run that the user wants to see."""
    image_wanted = Signal(str)
    """The path of an image that the user wants to see."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: Sequence[VersionLine] = ()
        self._asked: tuple[str, str] = ("", "")
        layout = row(SPACE.m)
        self.setLayout(layout)
        layout.addWidget(self._build_list())
        layout.addWidget(self._build_changes(), 1)

    def _build_list(self) -> Card:
        card = Card(margins=(SPACE.l, SPACE.m, SPACE.s, SPACE.s))
        card.setFixedWidth(_LIST_WIDTH)
        card.body.addWidget(text_label("Versions", "section"))
        inner = QWidget()
        self._list = QVBoxLayout(inner)
        self._list.setContentsMargins(0, 0, SPACE.s, 0)
        self._list.setSpacing(SPACE.m)
        area = plain_area()
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(inner)
        card.body.addWidget(area, 1)
        return card

    def _build_changes(self) -> Card:
        card = Card(margins=(SPACE.l, SPACE.m, SPACE.l, SPACE.m))
        head = row()
        head.addWidget(text_label("Changes", "section"))
        head.addStretch(1)
        self.old, self.new = ChoiceBox("From this version", 180, 124), ChoiceBox("To this version", 180, 124)
        for words, box in (("from", self.old), ("to", self.new)):
            head.addWidget(text_label(words, "muted"))
            box.currentIndexChanged.connect(self._choose)
            head.addWidget(box)
        card.body.addLayout(head)
        self.summary = text_label("", "muted", wrap=True)
        card.body.addWidget(self.summary)
        kinds = QWidget()
        self._kinds = FlowLayout(SPACE.xs)
        kinds.setLayout(self._kinds)
        card.body.addWidget(kinds)
        self._buttons: dict[str, Button] = {}
        self.table = ChangeTable(self)
        self.view = QTableView()
        self.view.setModel(self.table)
        self.view.setAccessibleName("Images that changed")
        self.view.setShowGrid(False)
        self.view.setWordWrap(False)
        self.view.setTextElideMode(Qt.TextElideMode.ElideMiddle)  # the ends of paths differ
        self.view.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        self.view.setSelectionMode(QTableView.SelectionMode.SingleSelection)
        self.view.verticalHeader().hide()
        self.view.verticalHeader().setDefaultSectionSize(SIZE.control - SPACE.xs)
        head_view = self.view.horizontalHeader()
        head_view.setSectionResizeMode(0, QHeaderView.ResizeMode.Fixed)
        head_view.resizeSection(0, SIZE.icon_hero * 3)
        head_view.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        head_view.setSectionResizeMode(2, QHeaderView.ResizeMode.Stretch)
        self.view.activated.connect(self._open)
        self.view.setToolTip("Enter or a double click shows the image")
        card.body.addWidget(self.view, 1)
        self._rest = QWidget()
        card.body.addWidget(self._rest, 1)
        self.view.hide()
        return card

    def show_versions(self, lines: Sequence[VersionLine]) -> None:
        """Show other versions, the newest first; the last step is compared unless the user chose others."""
        is_same = [line.version for line in lines] == [line.version for line in self._lines]
        self._lines = lines
        _clear(self._list)
        for line in lines:
            self._list.addWidget(self._block(line))
        self._list.addStretch(1)
        if is_same and lines:
            return
        with QSignalBlocker(self.old), QSignalBlocker(self.new):
            for box in (self.old, self.new):
                box.clear()
                for line in lines:
                    box.addItem(f"{line.title}{'  (now)' if line.is_present else ''}", line.version)
            self.new.setCurrentIndex(0)
            self.old.setCurrentIndex(min(1, len(lines) - 1))
        has_more = len(lines) > 1
        self.old.setEnabled(has_more)
        self.new.setEnabled(has_more)
        self._choose()

    def show_difference(
        self, pair: tuple[str, str], sentences: Sequence[str], lines: Sequence[ChangeLine]
    ) -> None:
        """Show what changed; the answer to another question than the last is dropped."""
        if pair != self._asked:
            return
        self.summary.setText(_spoken(sentences))
        self.table.show_lines(lines)
        self.view.setVisible(bool(lines))
        self._rest.setVisible(not lines)
        self._offer_kinds()

    def say(self, pair: tuple[str, str], sentence: str) -> None:
        """Say why two versions cannot be compared."""
        if pair == self._asked:
            self.summary.setText(sentence)

    def _block(self, line: VersionLine) -> QWidget:
        made = QFrame()
        block = column(SPACE.xxs)
        made.setLayout(block)
        head = row(SPACE.s)
        title = text_label(line.title, "mono")
        title.setToolTip(line.version)
        title.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        head.addWidget(title)
        if line.is_present:
            head.addWidget(Pill("now", "info"))
        head.addStretch(1)
        block.addLayout(head)
        block.addWidget(ElidedLabel(line.facts, "caption"))
        if not line.runs:
            block.addWidget(text_label(line.used(), "caption"))
        for run, name in line.runs[:_RUNS_SHOWN]:
            link = Button(name, "ph.chart-line-up", "link")
            link.explain(f"Show the run {name}")
            link.setMaximumWidth(_LIST_WIDTH - SPACE.xxl)
            on_click(link, partial(self.run_wanted.emit, run))
            block.addWidget(link, alignment=Qt.AlignmentFlag.AlignLeft)
        if len(line.runs) > _RUNS_SHOWN:
            more = text_label(f"and {len(line.runs) - _RUNS_SHOWN:,} more runs", "caption")
            more.setToolTip(line.used())
            block.addWidget(more)
        block.setContentsMargins(0, 0, 0, RADIUS.inner)
        return made

    def _choose(self) -> None:
        old, new = str(self.old.currentData() or ""), str(self.new.currentData() or "")
        self._asked = (old, new)
        self.table.show_lines(())
        self.view.hide()
        self._rest.show()
        self._offer_kinds()
        if not old or not new:
            self.summary.setText("")
        elif len(self._lines) < 2:
            self.summary.setText(
                "There is one version so far. Import its source again after a change there, or divide it: "
                "the versions are kept apart, and each run says which it used."
            )
        elif old == new:
            self.summary.setText("Choose two different versions.")
        else:
            self.summary.setText("Comparing…")
            self.difference_wanted.emit(old, new)

    def _offer_kinds(self) -> None:
        self._kinds.clear()
        self._buttons.clear()
        counts = self.table.counts()
        if len(counts) < 2:
            return
        for kind, text in (("", f"All {sum(counts.values()):,}"), *_named(counts)):
            made = Button(text)
            made.setProperty("chip", True)
            made.setCheckable(True)
            made.setChecked(kind == "")
            on_click(made, partial(self._pick, kind))
            self._buttons[kind] = made
            self._kinds.addWidget(made)

    def _pick(self, kind: str) -> None:
        self.table.choose(kind)
        for key, made in self._buttons.items():
            made.setChecked(key == kind)

    def _open(self, index: object) -> None:
        number = getattr(index, "row", lambda: -1)()
        if number >= 0:
            line = self.table.line(number)
            if line.kind != "removed":
                self.image_wanted.emit(line.path)


def _named(counts: dict[str, int]) -> list[tuple[str, str]]:
    return [(kind, f"{KINDS[kind]} {count:,}") for kind, count in counts.items()]


def _spoken(sentences: Sequence[str]) -> str:
    if not sentences:
        return "Nothing changed between these two."
    words = "; ".join(sentences)
    return f"{words[0].upper()}{words[1:]}."


def _clear(layout: QVBoxLayout) -> None:
    while (item := layout.takeAt(0)) is not None:
        if (widget := item.widget()) is not None:
            widget.hide()
            widget.deleteLater()
