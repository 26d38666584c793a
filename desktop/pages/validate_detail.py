"""One image of a result in full size: truth and prediction, confidence and loss, the likeliest classes."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QSizePolicy, QStackedWidget, QWidget

from desktop.grids.file_actions import copy_paths, show_in_folder
from desktop.tasks.task import ImageDetail, Score
from desktop.theme.fonts import font
from desktop.theme.tokens import SPACE, TYPE
from desktop.viewers.image_view import ImageView
from desktop.viewers.score_bars import ScoreBar, ScoreBars
from desktop.widgets.buttons import button, icon_button, on_click
from desktop.widgets.card import Card, column, row
from desktop.widgets.empty_state import EmptyState
from desktop.widgets.labels import ElidedLabel, text_label
from desktop.widgets.pill import Pill

SIDE_WIDTH = 320


class DetailView(QWidget):
    """Shows an image; tells when the user wants the next one, or back."""

    closed = Signal()
    stepped = Signal(int)
    """+1 for the next image, -1 for the one before."""

    def __init__(self) -> None:
        super().__init__()
        self.image = -1
        """The number of the image shown; -1 before the first."""
        self._path: Path | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("One image of the result")
        outer = column(SPACE.m)
        self.setLayout(outer)
        outer.addLayout(self._build_head())
        middle = row(SPACE.m)
        outer.addLayout(middle, 1)
        frame = Card(margins=(1, 1, 1, 1))
        self._pictures = QStackedWidget()
        self.picture = ImageView("Image in full size")
        self._absent = EmptyState(
            "ph.hard-drive",
            "The images are not on this machine",
            "Connect the dataset's drive, or import it again. What was measured stays true.",
        )
        self._pictures.addWidget(self.picture)
        self._pictures.addWidget(self._absent)
        frame.body.addWidget(self._pictures)
        middle.addWidget(frame, 1)
        middle.addWidget(self._build_side())

    def _build_head(self) -> QHBoxLayout:
        head = row()
        back = button("Back", "ph.arrow-left", "ghost", "Back to all images  (Esc)")
        on_click(back, self.closed.emit)
        head.addWidget(back)
        self._name = ElidedLabel("", "strong", middle=True)
        head.addWidget(self._name, 1)
        self._place = text_label("", "caption")
        self._place.setFont(font(TYPE.caption, tabular=True))
        head.addWidget(self._place)
        self._previous = icon_button("ph.caret-left", "Previous image", "Previous image  (←)")
        self._next = icon_button("ph.caret-right", "Next image", "Next image  (→)")
        on_click(self._previous, self._go_back)
        on_click(self._next, self._go_on)
        head.addWidget(self._previous)
        head.addWidget(self._next)
        return head

    def _build_side(self) -> Card:
        side = Card(spacing=SPACE.s)
        side.setFixedWidth(SIDE_WIDTH)
        verdict = row()
        self._verdict = Pill()
        verdict.addWidget(self._verdict)
        verdict.addStretch(1)
        side.body.addLayout(verdict)
        self._facts = QGridLayout()
        self._facts.setHorizontalSpacing(SPACE.l)
        self._facts.setVerticalSpacing(SPACE.s)
        self._facts.setColumnStretch(1, 1)
        self._rows: list[tuple[ElidedLabel, ElidedLabel]] = []
        side.body.addLayout(self._facts)
        side.body.addSpacing(SPACE.s)
        side.body.addWidget(text_label("Likeliest classes", "section"))
        self.scores = ScoreBars("Likeliest classes")
        side.body.addWidget(self.scores)
        side.body.addStretch(1)
        actions = row()
        for text, icon, act in (
            ("Show in folder", "ph.folder-open", self._show_in_folder),
            ("Copy path", "ph.copy", self._copy_path),
        ):
            made = button(text, icon)
            on_click(made, act)
            actions.addWidget(made)
        actions.addStretch(1)
        side.body.addLayout(actions)
        return side

    def show_image(self, image: int, path: Path | None, detail: ImageDetail, place: tuple[int, int]) -> None:
        """Show another image.

        Args:
            image: its number.
            path: of its file; None when the dataset is not on this machine.
            detail: what is told beside it.
            place: which of how many in the order of the grid, from 1.
        """
        self.image = image
        self._name.setText(detail.name)
        self._place.setText(f"{place[0]:,} of {place[1]:,}")
        self._previous.setEnabled(place[0] > 1)
        self._next.setEnabled(place[0] < place[1])
        self._verdict.say(*(("✓ Correct", "ok") if detail.is_correct else ("✕ Incorrect", "bad")))
        self._show_facts((("Truth", detail.truth), ("Prediction", detail.prediction), *detail.facts))
        self.scores.show_bars([_bar(score, detail) for score in detail.scores])
        self.setAccessibleDescription(f"{detail.name}: true {detail.truth}, predicted {detail.prediction}")
        self._pictures.setCurrentWidget(self._absent if path is None else self.picture)
        if path != self._path:
            self._path = path
            self.picture.show_file(path)

    def _show_facts(self, facts: tuple[tuple[str, str], ...]) -> None:
        while len(self._rows) < len(facts):
            name, value = ElidedLabel("", "muted"), ElidedLabel("", "strong")
            name.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
            value.setFont(font(TYPE.body, 600, tabular=True))
            self._facts.addWidget(name, len(self._rows), 0)
            self._facts.addWidget(value, len(self._rows), 1)
            self._rows.append((name, value))
        for place, (name, value) in enumerate(self._rows):
            is_used = place < len(facts)
            name.setVisible(is_used)
            value.setVisible(is_used)
            if is_used:
                name.setText(facts[place][0])
                value.setText(facts[place][1])

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
        else:
            self.stepped.emit(step)

    def _go_on(self) -> None:
        self.stepped.emit(1)

    def _go_back(self) -> None:
        self.stepped.emit(-1)

    def _show_in_folder(self) -> None:
        if self._path is not None:
            show_in_folder(self._path)

    def _copy_path(self) -> None:
        if self._path is not None:
            copy_paths([self._path])


def _bar(score: Score, detail: ImageDetail) -> ScoreBar:
    told = f"{score.confidence:.1%}"
    if score.is_true:
        return ScoreBar(f"✓ {score.label}", score.confidence, told, "ok", True, "the true class")
    if score.label == detail.prediction:
        return ScoreBar(f"✕ {score.label}", score.confidence, told, "bad", True, "wrongly predicted")
    return ScoreBar(score.label, score.confidence, told)
