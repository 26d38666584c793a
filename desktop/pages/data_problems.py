"""What is wrong with a dataset, by kind: how bad, how many, what to do, and the images that it is about."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from desktop.models.dataset_problems import ProblemGroup, as_text, place_of
from desktop.theme.tokens import SIZE, SPACE
from desktop.widgets.buttons import Button, IconButton, on_click
from desktop.widgets.card import Card, column, row
from desktop.widgets.labels import ElidedLabel, IconLabel, text_label
from desktop.widgets.pill import Pill
from engine.protocol.results import Problem

_LOOKS = {
    "error": ("ph.warning-circle", "bad", "Error"),
    "warning": ("ph.warning", "warn", "Warning"),
    "info": ("ph.info", "accent", "Note"),
}
_TONES = {"error": "bad", "warning": "warn", "info": "muted"}
_WORDS_SHOWN = 2


class ProblemsCard(Card):
    """Groups of problems, the worst first."""

    show_wanted = Signal(str)
    """The code of the group whose images the user wants to see; empty for all images again."""
    check_wanted = Signal()

    def __init__(self) -> None:
        super().__init__(margins=(SPACE.l, SPACE.m, SPACE.s, SPACE.s))
        self._groups: Sequence[ProblemGroup] = ()
        self._shown = ""
        self._buttons: dict[str, Button] = {}
        head = row()
        head.addWidget(text_label("Problems", "section"))
        self._summary = text_label("", "caption")
        head.addWidget(self._summary, 1)
        self.copy = Button("Copy list", "ph.copy", "ghost")
        self.copy.explain("Copy all problems as text, one a line")
        on_click(self.copy, self._copy)
        head.addWidget(self.copy)
        self.body.addLayout(head)
        self._list = QWidget()
        self._lines = QVBoxLayout(self._list)
        self._lines.setContentsMargins(0, 0, SPACE.s, 0)
        self._lines.setSpacing(SPACE.m)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(self._list)
        self.body.addWidget(area, 1)
        self.check = Button("Check every image", "ph.check-circle", "ghost")
        self.check.setToolTip("Open each image as a training does, and look for problems")
        self.check.clicked.connect(self.check_wanted)
        self.body.addWidget(self.check, alignment=Qt.AlignmentFlag.AlignLeft)

    def show_groups(self, groups: Sequence[ProblemGroup], is_checked: bool) -> None:
        """Show other problems.

        Args:
            groups: the worst first.
            is_checked: every image was opened to find them, not only its header.
        """
        self._groups = groups
        self._shown = ""
        self._buttons.clear()
        while (item := self._lines.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()  # at once: it is deleted later
                widget.deleteLater()
        count = sum(group.count for group in groups)
        self._summary.setText(f"{count:,}" if groups else "")
        self.copy.setText("Copy list")
        self.copy.setVisible(bool(groups))
        self.check.setText("Check again" if is_checked else "Check every image")
        for group in groups:
            self._lines.addWidget(self._group(group))
        if not groups:
            self._lines.addWidget(self._nothing_found(is_checked))
        self._lines.addStretch(1)

    def mark_shown(self, code: str) -> None:
        """Say which group's images are shown; empty for none. Does not tell."""
        self._shown = code
        for known, made in self._buttons.items():
            made.setText("Show all" if known == code else "Show")
            made.setAccessibleName(f"{made.text()}: {known.replace('_', ' ')}")

    def _group(self, group: ProblemGroup) -> QWidget:
        icon, role, word = _LOOKS[group.severity]
        made = QWidget()
        made.setAccessibleName(f"{word}: {group.title}, {group.count}")
        outer = QVBoxLayout(made)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(SPACE.xxs)
        head = row(SPACE.xs)
        mark = IconLabel(icon, role, SIZE.icon)
        mark.setToolTip(word)
        mark.setAccessibleName(word)
        head.addWidget(mark)
        head.addWidget(ElidedLabel(group.title, "strong"), 1)
        head.addWidget(Pill(f"{group.count:,}", _TONES[group.severity]))
        if group.files:
            show = Button("Show", kind="link")
            show.setToolTip("Show only these images")
            show.setAccessibleName(f"Show: {group.code.replace('_', ' ')}")
            on_click(show, partial(self._toggle, group.code))
            self._buttons[group.code] = show
            head.addWidget(show)
        outer.addLayout(head)
        words = column(SPACE.xxs)
        words.setContentsMargins(SIZE.icon + SPACE.xs, 0, 0, 0)
        for problem in group.problems[:_WORDS_SHOWN]:
            words.addWidget(text_label(problem.message, "caption", wrap=True))
            if problem.line is not None:
                words.addWidget(self._place(problem))
        if (more := len(group.problems) - _WORDS_SHOWN) > 0:
            words.addWidget(text_label(f"and {more:,} more", "caption"))
        remedies = dict.fromkeys(problem.remedy for problem in group.problems if problem.remedy)
        for remedy in list(remedies)[:_WORDS_SHOWN]:
            line = row(SPACE.xs)
            line.addWidget(IconLabel("ph.wrench", "text3", SIZE.icon), alignment=Qt.AlignmentFlag.AlignTop)
            line.addWidget(text_label(remedy, "caption", wrap=True), 1)
            words.addLayout(line)
        outer.addLayout(words)
        return made

    def _place(self, problem: Problem) -> QWidget:
        """File and line, which a click copies in the way that editors take them."""
        made = QWidget()
        line = row(SPACE.xs)
        made.setLayout(line)
        line.addWidget(ElidedLabel(place_of(problem), "caption", middle=True), 1)
        copy = IconButton("ph.copy", f"Copy {place_of(problem)}", "Copy file and line")
        on_click(copy, partial(QGuiApplication.clipboard().setText, place_of(problem)))
        line.addWidget(copy)
        return made

    def _nothing_found(self, is_checked: bool) -> QWidget:
        made = QWidget()
        outer = QVBoxLayout(made)
        outer.setContentsMargins(0, 0, 0, 0)
        line = row()
        line.addWidget(IconLabel("ph.check-circle", "ok", SIZE.icon_large))
        what = "All images can be read." if is_checked else "No problem found while importing."
        line.addWidget(text_label(what, "muted", wrap=True), 1)
        outer.addLayout(line)
        return made

    def _toggle(self, code: str) -> None:
        self.show_wanted.emit("" if code == self._shown else code)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(as_text(self._groups))
        self.copy.setText("Copied")
