"""Buttons and a slider for how much of the labels a `LabelView` shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QSlider, QWidget

from desktop.models.drawn_labels import LabelLook
from desktop.theme.tokens import SPACE
from desktop.viewers.label_view import LabelView
from desktop.widgets.buttons import Button

_SLIDER_WIDTH = 84
_WHOLE = 100


class LabelControls(QWidget):
    """Stands beside one or more views and agrees with them, whoever changes what is shown."""

    look_changed = Signal(object)
    """A `LabelLook`: the user chose another, here or by a key in a view."""

    def __init__(self, views: Sequence[LabelView]) -> None:
        super().__init__()
        self._views = tuple(views)
        self._look = LabelLook()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE.xs)
        self.boxes = self._toggle("Boxes", "Show the boxes of objects  (B)")
        self.masks = self._toggle("Masks", "Show masks  (M)")
        self.names = self._toggle("Names", "Write the classes beside objects  (N)")
        self.opacity = QSlider(Qt.Orientation.Horizontal)
        self.opacity.setRange(0, _WHOLE)
        self.opacity.setFixedWidth(_SLIDER_WIDTH)
        self.opacity.setAccessibleName("Opacity of masks")
        self.opacity.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.opacity.valueChanged.connect(self._choose)
        for part in (self.boxes, self.masks, self.opacity, self.names):
            layout.addWidget(part)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        for view in self._views:
            view.look_changed.connect(self._take)
        self.set_look(self._look)

    @property
    def look(self) -> LabelLook:
        return self._look

    def offer(self, *, boxes: bool, masks: bool) -> None:
        """Show the controls that have something to show or hide."""
        self.boxes.setVisible(boxes)
        self.names.setVisible(boxes)
        self.masks.setVisible(masks)
        self.opacity.setVisible(masks)
        self.setVisible(boxes or masks)

    def set_look(self, look: LabelLook) -> None:
        """Show a look here and in the views, without telling."""
        self._look = look
        with QSignalBlocker(self.boxes), QSignalBlocker(self.masks), QSignalBlocker(self.names):
            self.boxes.setChecked(look.boxes)
            self.masks.setChecked(look.masks)
            self.names.setChecked(look.names)
        with QSignalBlocker(self.opacity):
            self.opacity.setValue(round(look.opacity * _WHOLE))
        self.opacity.setEnabled(look.masks)
        self.opacity.setToolTip(f"Opacity of masks: {look.opacity:.0%}")
        for view in self._views:
            view.set_look(look)

    def _toggle(self, text: str, tip: str) -> Button:
        made = Button(text)
        made.setProperty("chip", True)
        made.setCheckable(True)
        made.setToolTip(tip)
        made.toggled.connect(self._choose)
        return made

    def _choose(self) -> None:
        self._take(
            replace(
                self._look,
                boxes=self.boxes.isChecked(),
                masks=self.masks.isChecked(),
                names=self.names.isChecked(),
                opacity=self.opacity.value() / _WHOLE,
            )
        )

    def _take(self, look: LabelLook) -> None:
        self.set_look(look)
        self.look_changed.emit(look)


def layer_chip(layer: str, key: str) -> Button:
    """Make the button that shows and hides a layer; what it does is its owner's."""
    made = Button(layer.capitalize())
    made.setProperty("chip", True)
    made.setCheckable(True)
    made.setChecked(True)
    made.setToolTip(f"Draw the {layer}  ({key}). Hold Space to hide all")
    return made
