"""One image with the labels of people and of models drawn on it, in layers that are shown and hidden by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPainterPath
from PySide6.QtWidgets import QWidget

from desktop.models.drawn_labels import DrawnLabels, LabelLook
from desktop.models.heat_maps import Heat
from desktop.theme.label_colors import label_shade
from desktop.viewers.image_view import ImageView
from desktop.viewers.label_drawing import LabelDrawing, LineStyle

TRUTH, PREDICTION = "truth", "prediction"
"""Names of the usual layers."""
_AROUND = 6.0
"""Pixels around a marked object that its shade leaves out."""
_SHADE = 0.55


class LabelView(ImageView):
    """An `ImageView` with layers of labels.

    Keys: B boxes, M masks, N names, H the heat map; Space held hides all of them. The object under the pointer stands
    out.

    Args:
        name: what is shown, read aloud.
        parent: as in Qt.
    """

    look_changed = Signal(object)
    """A `LabelLook`: the user chose another by a key. Not sent by `set_look`."""
    heat_wished = Signal()
    """The user wants the heat map, or wants it no more, by a key."""
    pointed = Signal(str, int)
    """The layer and the number of the object under the pointer; "" and -1 for none."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(name, parent)
        self.setMouseTracking(True)
        self._classes: Sequence[str] = ()
        self._layers: dict[str, LabelDrawing] = {}
        self._look = LabelLook()
        self._is_held = False
        self._heat: Heat | None = None
        self._heat_opacity = 1.0
        self._pointed: tuple[str, int] = ("", -1)
        self._stands_out: tuple[str, int] = ("", -1)
        self._spot: LabelDrawing | None = None
        """What is marked, alone."""

    @property
    def look(self) -> LabelLook:
        return self._look

    @property
    def layers(self) -> tuple[str, ...]:
        """The names of the layers there are, the lowest first."""
        return tuple(self._layers)

    def set_classes(self, names: Sequence[str]) -> None:
        """Name the classes of layers that are set from now on."""
        self._classes = names

    def show_file(self, path: Path | None, *, keep_part: bool = False) -> None:
        """Show another file, without labels until they are set."""
        self._layers.clear()
        self._heat = None
        self.mark("", -1)
        self._point_at("", -1)
        super().show_file(path, keep_part=keep_part)

    def set_layer(self, name: str, labels: DrawnLabels | None, style: LineStyle | None = None) -> None:
        """Put labels on the image, or take them away with None. Later layers lie on earlier ones.

        Args:
            name: of the layer.
            labels: what to draw.
            style: of its lines; a prediction's are dashed unless said otherwise.
        """
        if labels is None and name not in self._layers:
            return
        if labels is None:
            self._layers.pop(name, None)
        else:
            style = style or LineStyle(is_dashed=name == PREDICTION)
            self._layers[name] = LabelDrawing(labels, self._classes, style)
        if self._pointed[0] == name:
            self._point_at("", -1)
        if self._stands_out[0] == name:
            self.mark("", -1)
        self.setAccessibleDescription(self._described())
        self.update()

    def labels(self, name: str) -> DrawnLabels | None:
        """Give what a layer draws; None when there is none."""
        layer = self._layers.get(name)
        return layer.labels if layer is not None else None

    @property
    def heat(self) -> Heat | None:
        """The heat map that lies on the image."""
        return self._heat

    def set_heat(self, heat: Heat | None) -> None:
        """Lay a heat map on the image, below the labels; None takes it away."""
        self._heat = heat
        self.setAccessibleDescription(self._described())
        self.update()

    def set_heat_opacity(self, opacity: float) -> None:
        """Let more or less of the image through the heat map, 0 to 1."""
        self._heat_opacity = opacity
        self.update()

    def set_look(self, look: LabelLook) -> None:
        """Show more or less of the labels, without telling."""
        self._look = look
        self.update()

    @property
    def pointed_object(self) -> tuple[str, int]:
        """The layer and number of the object that stands out; "" and -1 for none."""
        return self._pointed if self._pointed[1] >= 0 else self._stands_out

    def mark(self, name: str, number: int) -> None:
        """Let an object stand out, and all around it stand back, while none is pointed at; "" and -1 for none."""
        layer = self._layers.get(name)
        is_there = layer is not None and 0 <= number < len(layer.labels)
        self._stands_out, self._spot = (name, number) if is_there else ("", -1), None
        if layer is not None and is_there:
            kept = np.arange(len(layer.labels)) == number
            self._spot = LabelDrawing(layer.labels.part(kept), self._classes, layer.style)
        self.update()

    def paint_over(self, painter: QPainter, target: QRectF) -> None:
        if self._is_held:
            return
        if self._heat is not None:
            _paint_heat(painter, target, self._heat, self._heat_opacity)
        pointed, number = self.pointed_object
        shown = [
            (name, layer) for name, layer in self._layers.items() if name not in self._look.hidden_layers
        ]
        for name, layer in shown:
            layer.paint(painter, target, self._look, number if name == pointed else -1)
        if self._pointed[1] < 0 and self._stands_out[0] not in self._look.hidden_layers:
            self._paint_spot(painter, target)
        taken: list[QRectF] = []
        for name, layer in reversed(shown):
            layer.paint_names(painter, target, self._look, number if name == pointed else -1, taken)

    def _paint_spot(self, painter: QPainter, target: QRectF) -> None:
        """Lay a shade on all but what is marked, and draw that again."""
        spot = self._spot
        if spot is None or not len(spot.labels.boxes):
            return
        around = QPainterPath()
        around.addRect(target)
        left_out = QPainterPath()
        left_out.addRect(spot.box(0, target).adjusted(-_AROUND, -_AROUND, _AROUND, _AROUND))
        painter.fillPath(around.subtracted(left_out), label_shade(_SHADE))
        spot.paint(painter, target, replace(self._look, masks=False), 0)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        look = self._look
        match event.key():
            case Qt.Key.Key_Space:
                self._hold(True)
            case Qt.Key.Key_B:
                self._choose(replace(look, boxes=not look.boxes))
            case Qt.Key.Key_M:
                self._choose(replace(look, masks=not look.masks))
            case Qt.Key.Key_N:
                self._choose(replace(look, names=not look.names))
            case Qt.Key.Key_H:
                self.heat_wished.emit()
            case _:
                super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self._hold(False)
            return
        super().keyReleaseEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._hold(False)
        super().focusOutEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        if not event.buttons():
            self._point_at(*self._object_at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        self._point_at("", -1)
        super().leaveEvent(event)

    def _object_at(self, place: QPointF) -> tuple[str, int]:
        target = self.target()
        if target.isEmpty():
            return "", -1
        for name, layer in reversed(self._layers.items()):
            labels = layer.labels
            x = (place.x() - target.left()) / target.width() * labels.width
            y = (place.y() - target.top()) / target.height() * labels.height
            number = -1 if name in self._look.hidden_layers else labels.at(x, y, self._look.shown(labels))
            if number >= 0:
                return name, number
        return "", -1

    def _point_at(self, name: str, number: int) -> None:
        if (name, number) != self._pointed:
            self._pointed = (name, number)
            self.pointed.emit(name, number)
            self.update()

    def _hold(self, is_held: bool) -> None:
        if is_held != self._is_held:
            self._is_held = is_held
            self.update()

    def _choose(self, look: LabelLook) -> None:
        self.set_look(look)
        self.look_changed.emit(look)

    def _described(self) -> str:
        """Say what is drawn, for those who do not see it."""
        parts = [self.path.name] if self.path is not None else []
        if self._heat is not None:
            parts.append(f"heat map of {self._heat.label}")
        for name, layer in self._layers.items():
            named = [layer.name(number) for number in range(len(layer.labels))]
            counted = {word: named.count(word) for word in dict.fromkeys(named)} if len(named) < 500 else {}
            words = ", ".join(f"{count} {word}" for word, count in counted.items())
            if named:
                parts.append(f"{name}: {words or f'{len(named):,} objects'}")
        return "; ".join(parts)


def _paint_heat(painter: QPainter, target: QRectF, heat: Heat, opacity: float) -> None:
    left, top, right, bottom = heat.area
    across, down = target.width() / max(1, heat.size[0]), target.height() / max(1, heat.size[1])
    place = QRectF(
        target.left() + left * across,
        target.top() + top * down,
        (right - left) * across,
        (bottom - top) * down,
    )
    painter.save()
    painter.setOpacity(opacity)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.drawImage(place, heat.picture)
    painter.restore()
