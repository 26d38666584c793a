"""One image with what two models say of it, side by side: zoom and pan are linked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QGridLayout, QWidget

from desktop.models.drawn_labels import DrawnLabels
from desktop.tasks.task import ImageDetail
from desktop.theme.fonts import font
from desktop.theme.tokens import SPACE, TYPE
from desktop.viewers.label_controls import LabelControls, layer_chip
from desktop.viewers.label_view import PREDICTION, TRUTH, LabelView
from desktop.widgets.buttons import Button
from desktop.widgets.card import Card, column, row
from desktop.widgets.image_head import ImageHead
from desktop.widgets.labels import ElidedLabel
from desktop.widgets.pill import Pill

_KEYS = {"T": TRUTH, "P": PREDICTION}


class PairPicture(Card):
    """What one model says of an image."""

    def __init__(self, name: str) -> None:
        super().__init__(spacing=SPACE.xs, margins=(1, SPACE.s, 1, SPACE.s))
        head = row()
        head.setContentsMargins(SPACE.m, 0, SPACE.m, 0)
        self._letter = Pill("", "info")
        self.title = ElidedLabel("", "strong")
        self.verdict = Pill()
        head.addWidget(self._letter)
        head.addWidget(self.title, 1)
        head.addWidget(self.verdict)
        self.body.addLayout(head)
        self.view = LabelView(name)
        self.body.addWidget(self.view, 1)
        self._facts = QGridLayout()
        self._facts.setContentsMargins(SPACE.m, 0, SPACE.m, 0)
        self._facts.setHorizontalSpacing(SPACE.m)
        self._facts.setVerticalSpacing(SPACE.xxs)
        self._cells: list[tuple[ElidedLabel, ElidedLabel]] = []
        self.body.addLayout(self._facts)
        self._path: Path | None = None

    def name_side(self, letter: str, title: str) -> None:
        """Say which result it is."""
        self._letter.setText(letter)
        self.title.setText(title)

    def show_detail(self, path: Path | None, detail: ImageDetail) -> None:
        """Show another image; None where the file is not on this machine."""
        sign, tone = ("✓", "ok") if detail.is_correct else ("✕", "bad")
        self.verdict.say(f"{sign} {detail.verdict}", tone)
        told = list(detail.facts)
        self._show_facts(told)
        self.view.setAccessibleDescription(f"{detail.verdict}. {', '.join(f'{n} {v}' for n, v in told)}")
        if path != self._path or path is None:
            self._path = path
            self.view.show_file(path)

    def facts(self) -> dict[str, str]:
        """What is told under the picture."""
        return {name.whole_text(): value.whole_text() for name, value in self._cells if name.whole_text()}

    def _show_facts(self, told: list[tuple[str, str]]) -> None:
        """Two facts a line."""
        while len(self._cells) < len(told):
            name, value = ElidedLabel("", "muted"), ElidedLabel("", "strong")
            value.setFont(font(TYPE.body, 600, tabular=True))
            line, half = divmod(len(self._cells), 2)
            for place, label in enumerate((name, value)):
                self._facts.addWidget(label, line, 2 * half + place)
                self._facts.setColumnStretch(2 * half + place, 1)
            self._cells.append((name, value))
        for place, (name, value) in enumerate(self._cells):
            shown = told[place] if place < len(told) else ("", "")
            name.setText(shown[0])
            value.setText(shown[1])
            name.setVisible(bool(shown[0]))
            value.setVisible(bool(shown[0]))


class PairView(QWidget):
    """Shows an image twice; tells when the user wants the next one, or back."""

    closed = Signal()
    stepped = Signal(int)
    """+1 for the next image, -1 for the one before."""

    def __init__(self) -> None:
        super().__init__()
        self.place = -1
        """Of the image among the common ones; -1 before the first."""
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("One image, as two models see it")
        outer = column(SPACE.m)
        self.setLayout(outer)
        self.head = ImageHead("All images")
        self.head.closed.connect(self.closed)
        self.head.stepped.connect(self.stepped)
        outer.addWidget(self.head)
        self.pictures = (
            PairPicture("As the first model sees it"),
            PairPicture("As the second model sees it"),
        )
        self.pictures[0].view.link(self.pictures[1].view)
        self.bar = QWidget()
        bar = row(SPACE.xs)
        self.bar.setLayout(bar)
        self.toggles: dict[str, Button] = {}
        for key, name in _KEYS.items():
            made = layer_chip(name, key)
            made.toggled.connect(self._draw)
            bar.addWidget(made)
            self.toggles[name] = made
        bar.addStretch(1)
        self.controls = LabelControls([picture.view for picture in self.pictures])
        bar.addWidget(self.controls)
        outer.addWidget(self.bar)
        both = row(SPACE.m)
        for picture in self.pictures:
            both.addWidget(picture, 1)
        outer.addLayout(both, 1)
        self._layers: list[Mapping[str, DrawnLabels]] = [{}, {}]
        self._is_one_at_a_time = False

    def offer(self, classes: tuple[str, ...], draws: bool, *, one_at_a_time: bool) -> None:
        """Say what lies on pictures from now on.

        Args:
            classes: names by number.
            draws: whether anything does.
            one_at_a_time: truth and prediction tell of every pixel, so that one hides the other.
        """
        self.bar.setVisible(draws)
        for picture in self.pictures:
            picture.view.set_classes(classes)
        if one_at_a_time != self._is_one_at_a_time:
            self._is_one_at_a_time = one_at_a_time
            self.toggles[TRUTH].setChecked(not one_at_a_time)

    def show_image(self, place: int, name: str, where: tuple[int, int]) -> None:
        """Say which image is shown, and which of how many it is."""
        self.place = place
        self._layers = [{}, {}]
        self.head.show_place(name, where)
        self._draw()

    def show_layers(self, place: int, side: int, layers: Mapping[str, DrawnLabels]) -> None:
        """Draw what was read for an image; another may be shown by now."""
        if place == self.place:
            self._layers[side] = layers
            every = [labels for known in self._layers for labels in known.values()]
            self.controls.offer(
                boxes=any(len(labels) for labels in every), masks=any(labels.has_masks for labels in every)
            )
            self._draw()

    def _draw(self, _on: bool = True) -> None:
        for picture, layers in zip(self.pictures, self._layers, strict=True):
            for name, toggle in self.toggles.items():
                picture.view.set_layer(name, layers.get(name) if toggle.isChecked() else None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        layer = self.toggles.get(_KEYS.get(event.text().upper(), ""))
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if layer is not None and self.bar.isVisible():
            layer.toggle()
        elif step is not None:
            self.stepped.emit(step)
        else:
            for picture in self._pictures_of(event):
                picture.view.keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        for picture in self._pictures_of(event):
            picture.view.keyReleaseEvent(event)

    def _pictures_of(self, event: QKeyEvent) -> tuple[PairPicture, ...]:
        """A view that is linked follows the first; Space holds for both."""
        return self.pictures if event.key() == Qt.Key.Key_Space else self.pictures[:1]
