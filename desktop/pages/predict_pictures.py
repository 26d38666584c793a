"""One image large on the Predict page, or twice beside each other with what two models find in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QWidget

from desktop.models.drawn_labels import DrawnLabels
from desktop.theme.tokens import SPACE
from desktop.viewers.label_controls import LabelControls
from desktop.viewers.label_drawing import LineStyle
from desktop.viewers.label_view import PREDICTION
from desktop.viewers.region_view import RegionView
from desktop.widgets.buttons import button
from desktop.widgets.card import Card, column, row
from desktop.widgets.labels import ElidedLabel, text_label


class PicturePair(QWidget):
    """Two views that show the same part; the second one while two models are compared."""

    region_chosen = Signal(QRect)
    """A rectangle that shall be looked at by itself, pixels of the picture."""
    stepped = Signal(int)
    """+1 for the next image, -1 for the one before."""
    closed = Signal()
    """Back to the grid."""

    def __init__(self) -> None:
        super().__init__()
        self.views = (RegionView("Chosen image"), RegionView("The same image, by the other model"))
        self.views[0].link(self.views[1])
        body = column(SPACE.s)
        self.setLayout(body)
        bar = row(SPACE.s)
        self.region = button(
            "Region", "ph.crop", tip="Mark a part of the image and look at it by itself  (R, Esc)"
        )
        self.region.setCheckable(True)
        bar.addWidget(self.region)
        self.hint = text_label("", "caption")
        bar.addWidget(self.hint, 1)
        self._tools = row(SPACE.s)
        bar.addLayout(self._tools)
        self.controls = LabelControls(self.views)
        self.controls.hide()
        bar.addWidget(self.controls)
        body.addLayout(bar)
        beside = row(SPACE.m)
        self._frames: list[Card] = []
        self._headings: list[ElidedLabel] = []
        for view in self.views:
            frame = Card(margins=(1, 1, 1, 1))
            heading = ElidedLabel("", "caption")
            heading.setContentsMargins(SPACE.m, SPACE.s, SPACE.m, 0)
            heading.hide()
            frame.body.addWidget(heading)
            frame.body.addWidget(view, 1)
            beside.addWidget(frame, 1)
            self._frames.append(frame)
            self._headings.append(heading)
            view.region_chosen.connect(self.region_chosen)
            view.marking_changed.connect(self._show_marking)
        self._frames[1].hide()
        body.addLayout(beside, 1)
        self.region.clicked.connect(self._mark)
        self.views[0].loaded.connect(lambda _size: self._show_marking())
        self._show_marking()

    @property
    def picture(self) -> RegionView:
        """The view that is always there."""
        return self.views[0]

    def add_tool(self, tool: QWidget) -> None:
        """Put something above the picture."""
        self._tools.addWidget(tool)

    def compare(self, titles: tuple[str, str] | None) -> None:
        """Show two views with these titles; None shows one."""
        self._frames[1].setVisible(titles is not None)
        for place, heading in enumerate(self._headings):
            heading.setVisible(titles is not None)
            heading.setText("" if titles is None else titles[place])

    def show_file(self, path: Path | None, part: QRect) -> None:
        """Show another file, with a frame around a part of it where that is not empty."""
        for view in self.views:
            if view.path != path:
                view.mark_region(False)
                view.show_file(path)
            view.set_frame(part)

    def show_labels(self, place: int, labels: DrawnLabels | None, classes: Sequence[str]) -> None:
        """Draw what the first (0) or the second model (1) finds; None takes it away."""
        view = self.views[place]
        view.set_classes(classes)
        view.set_layer(PREDICTION, labels, LineStyle())
        drawn = [found for one in self.views if (found := one.labels(PREDICTION)) is not None]
        self.controls.offer(
            boxes=any(len(found) > 0 for found in drawn), masks=any(found.has_masks for found in drawn)
        )

    def set_threshold(self, threshold: float) -> None:
        """Draw only what is as sure as this, 0 to 1."""
        self.controls.set_look(replace(self.controls.look, floor=threshold))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if step is not None:
            self.stepped.emit(step)
        elif event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        else:
            super().keyPressEvent(event)

    def _mark(self, on: bool) -> None:
        self.picture.mark_region(on)
        self._show_marking()

    def _show_marking(self, _on: bool = False) -> None:
        is_marking = any(view.is_marking for view in self.views)
        self.region.setChecked(is_marking)
        self.region.setEnabled(not self.picture.image_size.isEmpty())
        self.hint.setText("Drag a rectangle, or use the arrows and Enter. Esc ends it." if is_marking else "")
