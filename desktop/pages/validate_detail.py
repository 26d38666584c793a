"""One image of a result in full size: truth and prediction drawn on it or beside each other, and what is told of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QGridLayout,
    QLabel,
    QSizePolicy,
    QStackedWidget,
    QWidget,
)

from desktop.grids.file_actions import copy_paths, show_in_folder
from desktop.models.drawn_labels import DrawnLabels, only_errors
from desktop.tasks.task import ImageDetail, Score
from desktop.theme.fonts import font
from desktop.theme.tokens import SPACE, TYPE
from desktop.viewers.label_controls import LabelControls, layer_chip
from desktop.viewers.label_view import LabelView
from desktop.viewers.score_bars import ScoreBar, ScoreBars
from desktop.widgets.buttons import Button, button, on_click
from desktop.widgets.card import Card, column, row
from desktop.widgets.empty_state import EmptyState
from desktop.widgets.flow_layout import FlowLayout
from desktop.widgets.image_head import ImageHead
from desktop.widgets.labels import ElidedLabel, text_label
from desktop.widgets.pill import Pill
from desktop.widgets.scrolled import scrolled
from desktop.widgets.segmented import Segmented

SIDE_WIDTH = 320
TOGETHER, BESIDE = "together", "beside"
_ARRANGEMENTS = ((TOGETHER, "Together"), (BESIDE, "Side by side"))
_PAIR = 2
"""Truth and prediction."""
_VERDICTS = {True: ("✓", "ok"), False: ("✕", "bad"), None: ("?", "warn")}
_LAYER_KEYS: Sequence[str] = ("T", "P")
"""Show and hide the first and the second layer."""


class DetailView(QWidget):
    """Shows an image; tells when the user wants the next one, or back."""

    closed = Signal()
    shown = Signal(int)
    """Another image is shown, or the same one of another result."""
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
        self.head = ImageHead("Back")
        self.head.closed.connect(self.closed)
        self.head.stepped.connect(self.stepped)
        outer.addWidget(self.head)
        middle = row(SPACE.m)
        outer.addLayout(middle, 1)
        self._frames: list[Card] = []
        self._headings: list[QLabel] = []
        self._pictures = QStackedWidget()
        self.views = (LabelView("Image in full size"), LabelView("The same image, with what the model says"))
        self.views[0].link(self.views[1])
        both = QWidget()
        beside = row(SPACE.m)
        both.setLayout(beside)
        for view in self.views:
            frame = Card(margins=(1, 1, 1, 1))
            heading = text_label("", "caption")
            heading.setContentsMargins(SPACE.m, SPACE.s, SPACE.m, 0)
            self._headings.append(heading)
            frame.body.addWidget(heading)
            frame.body.addWidget(view, 1)
            beside.addWidget(frame, 1)
            self._frames.append(frame)
        self._absent = EmptyState(
            "ph.hard-drive",
            "The images are not on this machine",
            "Connect the dataset's drive, or import it again. What was measured stays true.",
        )
        self._pictures.addWidget(both)
        self._pictures.addWidget(self._absent)
        pictures = column(SPACE.s)
        self.bar = QWidget()
        self.bar.setLayout(self._build_bar())
        pictures.addWidget(self.bar)
        pictures.addWidget(self._pictures, 1)
        middle.addLayout(pictures, 1)
        middle.addWidget(self._build_side())
        self._layers: Mapping[str, DrawnLabels] = {}
        self._marked: tuple[str, int] = ("", -1)
        self._names: tuple[str, ...] = ()
        self._is_beside = False
        self._arrange()

    def _build_bar(self) -> FlowLayout:
        """What is drawn on the picture, and how; in two lines where there is little room."""
        bar = FlowLayout(SPACE.s)
        drawn, tools = QWidget(), QWidget()
        left, right = row(SPACE.s), row(SPACE.s)
        drawn.setLayout(left)
        tools.setLayout(right)
        self.arrangement = Segmented(_ARRANGEMENTS, TOGETHER, "Truth and prediction")
        self.arrangement.changed.connect(self._arrange)
        left.addWidget(self.arrangement)
        self._toggles = row(SPACE.xs)
        self.toggles: dict[str, Button] = {}
        left.addLayout(self._toggles)
        self.errors = Button("Only errors")
        self.errors.setProperty("chip", True)
        self.errors.setCheckable(True)
        self.errors.explain("Draw only where truth and prediction differ  (E)")
        self.errors.toggled.connect(self._draw)
        left.addWidget(self.errors)
        self._tools = row(SPACE.s)
        right.addLayout(self._tools)
        self.controls = LabelControls(self.views)
        right.addWidget(self.controls)
        bar.addWidget(drawn)
        bar.addWidget(tools)
        return bar

    def add_tool(self, tool: QWidget) -> None:
        """Put something above the picture that does not depend on what is drawn."""
        self._tools.addWidget(tool)

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
        self._heading = text_label("", "section")
        side.body.addWidget(self._heading)
        self.scores = ScoreBars("")
        side.body.addWidget(scrolled(self.scores, "What is told of the image"), 1)
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

    def show_image(
        self,
        image: int,
        path: Path | None,
        detail: ImageDetail,
        place: tuple[int, int],
        what: str = "image",
    ) -> None:
        """Show another image.

        Args:
            image: its number.
            path: of its file; None when the dataset is not on this machine.
            detail: what is told beside it.
            place: which of how many in the order of the grid, from 1.
            what: these are: images, or objects on them.
        """
        self.image = image
        self._marked = ("", -1)
        self.head.show_place(detail.name, place, what)
        sign, tone = _VERDICTS[detail.is_correct]
        self._verdict.setVisible(bool(detail.verdict))
        self._verdict.say(f"{sign} {detail.verdict}", tone)
        self._show_facts(detail.facts)
        self._heading.setText(detail.heading)
        self._heading.setVisible(bool(detail.scores))
        self.scores.setAccessibleName(detail.heading)
        self.scores.show_bars([_bar(score) for score in detail.scores])
        told = ", ".join(f"{name} {value}" for name, value in detail.facts)
        self.setAccessibleDescription(f"{detail.name}: {detail.verdict}. {told}")
        self._pictures.setCurrentIndex(1 if path is None else 0)
        if path != self._path:
            self._path = path
            self._layers = {}
            for view in self.views:
                view.show_file(path)
        self.shown.emit(image)

    def offer_layers(self, names: Sequence[str], classes: Sequence[str], *, beside: bool) -> None:
        """Say which layers images have from now on.

        Args:
            names: the lowest first; none where nothing is drawn.
            classes: names by number.
            beside: truth and prediction stand beside each other at first: one would hide the other.
        """
        self.errors.setVisible(len(names) == _PAIR)
        self.bar.setVisible(bool(names) or self._tools.count() > 0)
        self.arrangement.setVisible(len(names) == _PAIR)
        self.controls.setVisible(bool(names))
        for view in self.views:
            view.set_classes(classes)
        if (tuple(names), beside) == (self._names, self._is_beside):
            return
        self._names, self._is_beside = tuple(names), beside
        self.arrangement.choose(BESIDE if beside else TOGETHER)
        for made in self.toggles.values():
            self._toggles.removeWidget(made)
            made.deleteLater()
        self.toggles = {}
        for place, name in enumerate(names):
            made = layer_chip(name, _LAYER_KEYS[place])
            made.toggled.connect(self._draw)
            self._toggles.addWidget(made)
            self.toggles[name] = made
        self._arrange()

    def show_layers(self, image: int, layers: Mapping[str, DrawnLabels]) -> None:
        """Draw what was read for an image; another may be shown by now."""
        if image == self.image:
            self._layers = layers
            has_pixels = any(labels.has_masks for labels in layers.values())
            self.controls.offer(boxes=any(len(labels) for labels in layers.values()), masks=has_pixels)
            self._draw()

    def mark(self, layer: str, number: int) -> None:
        """Let an object stand out, until another image is shown."""
        self.errors.setChecked(False)  # it is numbered among all
        self._marked = (layer, number)
        self._draw_mark()

    def _draw_mark(self) -> None:
        layer, number = ("", -1) if self.errors.isChecked() else self._marked
        for view in self.views:
            view.mark(*((layer, number) if layer in view.layers else ("", -1)))

    @property
    def picture(self) -> LabelView:
        """The view that is always there."""
        return self.views[0]

    def _arrange(self, _key: str = "") -> None:
        """Show one view, or two."""
        is_beside = bool(self._names) and self.arrangement.current() == BESIDE
        self._frames[1].setVisible(is_beside)
        for heading, name in zip(self._headings, self._names, strict=False):
            heading.setText(name.capitalize())
        for heading in self._headings:
            heading.setVisible(is_beside)
        self._draw()

    def _draw(self, _on: bool = True) -> None:
        """Put the layers on the views: all on one, or each on its own."""
        is_beside = bool(self._names) and self.arrangement.current() == BESIDE
        shown = self._shown_layers()
        for place, name in enumerate(self._names):
            labels = shown.get(name) if self.toggles[name].isChecked() else None
            own = place if is_beside and place < len(self.views) else 0
            for number, view in enumerate(self.views):
                view.set_layer(name, labels if number == own else None)
        self._draw_mark()

    def _shown_layers(self) -> Mapping[str, DrawnLabels]:
        """What is drawn of truth and prediction: all of it, or where they differ."""
        layers = [self._layers.get(name) for name in self._names]
        if not self.errors.isChecked() or len(layers) != _PAIR or None in layers:
            return self._layers
        truth, prediction = (labels for labels in layers if labels is not None)
        return dict(zip(self._names, only_errors(truth, prediction), strict=True))

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
        if event.text().upper() == "E" and self.errors.isVisible():
            self.errors.toggle()
            return
        layer = dict(zip(_LAYER_KEYS, self.toggles.values(), strict=False)).get(event.text().upper())
        if layer is not None:
            layer.toggle()
            return
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if step is not None:
            self.stepped.emit(step)
            return
        for view in self._views_of(event):
            view.keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        for view in self._views_of(event):
            view.keyReleaseEvent(event)

    def _views_of(self, event: QKeyEvent) -> tuple[LabelView, ...]:
        """Keys of the picture hold as long as the whole has the focus; a view that is linked follows the first."""
        return self.views if event.key() == Qt.Key.Key_Space else self.views[:1]

    def _show_in_folder(self) -> None:
        if self._path is not None:
            show_in_folder(self._path)

    def _copy_path(self) -> None:
        if self._path is not None:
            copy_paths([self._path])


def _bar(score: Score) -> ScoreBar:
    told = score.note or f"{score.confidence:.1%}"
    if score.is_true:
        return ScoreBar(f"✓ {score.label}", score.confidence, told, "ok", True, "right", score.number)
    if score.is_wrong:
        wrong = "wrongly predicted"
        return ScoreBar(f"✕ {score.label}", score.confidence, told, "bad", True, wrong, score.number)
    return ScoreBar(score.label, score.confidence, told, number=score.number)
