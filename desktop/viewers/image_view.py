"""One image, large: fitted, zoomed at the pointer, dragged; two of them can be linked to show the same part."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, QPointF, QRectF, QRunnable, QSize, Qt, QThreadPool, Signal
from PySide6.QtGui import (
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from desktop.grids.picture import read_picture
from desktop.theme.fonts import font
from desktop.theme.theme import theme
from desktop.theme.tokens import SIZE, SPACE, TYPE
from engine.errors import UserError

NEAREST_ABOVE = 4.0
"""Screen pixels per image pixel above which the pixels themselves are shown."""
LARGEST_ZOOM = 64.0
STEP = 1.25
_MOST_SIDE = 8_192
"""Longer images are read in this size: more would take a gigabyte, and no screen shows it."""
_SMALLEST_LEVEL = 512
_NOTCH = 120.0


@dataclass(frozen=True, slots=True)
class Part:
    """Which part of an image is shown, without its pixels: fits any image.

    Attributes:
        x: centre of the view in the image, 0 to 1 from the left.
        y: the same from the top.
        zoom: 1 fits the whole image into the view.
    """

    x: float = 0.5
    y: float = 0.5
    zoom: float = 1.0


@dataclass(frozen=True, slots=True)
class _Picture:
    """An image and its halves, quarters …, so that it can be drawn small without flicker."""

    levels: tuple[QImage, ...] = ()
    reason: str = ""

    def level_for(self, scale: float) -> QImage:
        """Give the smallest that need not be enlarged."""
        number = 0
        while number + 1 < len(self.levels) and scale <= 0.5 ** (number + 1):
            number += 1
        return self.levels[number]


class ImageView(QWidget):
    """Shows a file, read in a thread of its own.

    Keys: + and - zoom, 0 fits, 1 shows pixel for pixel. The wheel zooms at the pointer, a double click changes
    between fitted and pixel for pixel.

    Args:
        name: what is shown, read aloud.
        parent: as in Qt.
    """

    loaded = Signal(QSize)
    """The image is there; its size."""
    failed = Signal(str)
    """It cannot be read; the sentence that is shown."""
    part_changed = Signal(object)
    """A `Part`: the user moved or zoomed. Not sent by `show_part`."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(SIZE.icon_hero * 2, SIZE.icon_hero * 2)
        self._name = name
        self._path: Path | None = None
        self._picture = _Picture()
        self._part = Part()
        self._drawn: tuple[object, QPixmap] | None = None
        """What was seen last, with what it was drawn from."""
        self._dragged_from: QPointF | None = None
        self._reading = 0
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)
        self._post = _Post()
        self._post.arrived.connect(self._take)
        theme.changed.connect(self.update)

    @property
    def path(self) -> Path | None:
        return self._path

    @property
    def part(self) -> Part:
        return self._part

    @property
    def image_size(self) -> QSize:
        """Of the image, pixels; empty while there is none."""
        return self._picture.levels[0].size() if self._picture.levels else QSize()

    def show_file(self, path: Path | None, *, keep_part: bool = False) -> None:
        """Show another file, fitted or, with `keep_part`, the same part of it; None shows nothing."""
        self._path = path
        self._reading += 1
        self._picture, self._drawn = _Picture(), None
        if not keep_part:
            self._part = Part()
        self.setAccessibleDescription(path.name if path is not None else "")
        self._pool.clear()
        if path is not None:
            self._pool.start(_Reading(path, self._reading, self._post))
        self.update()

    def show_picture(self, picture: QImage) -> None:
        """Show a picture that is there already, such as a frame of a video; the part that is seen stays."""
        self._path = None
        self._reading += 1
        had = self.image_size
        self._picture = _Picture((picture,))
        if had != self.image_size:
            self._part = Part()
        self.update()

    def link(self, other: ImageView) -> None:
        """Let both show the same part from now on, whichever is moved."""
        self.part_changed.connect(other.show_part)
        other.part_changed.connect(self.show_part)

    def show_part(self, part: Part) -> None:
        """Show a part, without telling."""
        self._part = self._within(part)
        self.update()

    def fit(self) -> None:
        """Show the whole image."""
        self._move(Part())

    def zoom_by(self, factor: float, at: QPointF | None = None) -> None:
        """Zoom; the image stays in place at a point of the view (its middle by default)."""
        fitted = self._fitted_scale()
        if not fitted:
            return
        smallest = min(fitted, 1.0)
        scale = min(LARGEST_ZOOM, max(smallest, self.scale() * factor))
        middle = QPointF(self.width() / 2, self.height() / 2)
        offset = (at or middle) - middle
        size = self.image_size
        gained = 1 / self.scale() - 1 / scale
        x = self._part.x + offset.x() * gained / size.width()
        y = self._part.y + offset.y() * gained / size.height()
        self._move(Part(x, y, scale / fitted))

    def show_pixels(self, at: QPointF | None = None) -> None:
        """Show one image pixel as one pixel."""
        if self.scale():
            self.zoom_by(1 / self.scale(), at)

    def scale(self) -> float:
        """Give pixels of the view per pixel of the image; 0 while there is no image."""
        return self._fitted_scale() * self._part.zoom

    def target(self) -> QRectF:
        """Where the whole image lies in the view."""
        size, scale = self.image_size, self.scale()
        width, height = size.width() * scale, size.height() * scale
        return QRectF(
            self.width() / 2 - self._part.x * width, self.height() / 2 - self._part.y * height, width, height
        )

    def paint_over(self, painter: QPainter, target: QRectF) -> None:
        """Draw on the image; `target` is where it lies in the view."""

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        if not self._picture.levels:
            self._paint_words(painter)
            return
        scale, target = self.scale(), self.target()
        level = self._picture.level_for(scale * self.devicePixelRatioF())
        seen = target.intersected(QRectF(self.rect()))
        down = level.width() / max(target.width(), 1e-9)
        source = QRectF(
            (seen.left() - target.left()) * down,
            (seen.top() - target.top()) * down,
            seen.width() * down,
            seen.height() * down,
        )
        is_smooth = scale <= NEAREST_ABOVE
        if self._path is not None and self._dragged_from is None and is_smooth:
            painter.drawPixmap(seen.toAlignedRect().topLeft(), self._drawn_once(level, source, seen))
        else:  # it moves
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, is_smooth)
            painter.drawImage(seen, level, source)
        self.paint_over(painter, target)

    def _drawn_once(self, level: QImage, source: QRectF, seen: QRectF) -> QPixmap:
        """Give what is seen in the pixels of the screen: what lies on it changes more often than it does."""
        key = (level.cacheKey(), *_corners(source), *_corners(seen), self.devicePixelRatioF())
        if self._drawn is None or self._drawn[0] != key:
            ratio, place = self.devicePixelRatioF(), seen.toAlignedRect()
            drawn = QPixmap((place.size() * ratio).expandedTo(QSize(1, 1)))
            drawn.setDevicePixelRatio(ratio)
            drawn.fill(Qt.GlobalColor.transparent)
            with QPainter(drawn) as painter:
                painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
                painter.drawImage(seen.translated(-QPointF(place.topLeft())), level, source)
            self._drawn = (key, drawn)
        return self._drawn[1]

    def wheelEvent(self, event: QWheelEvent) -> None:
        self.zoom_by(STEP ** (event.angleDelta().y() / _NOTCH), event.position())
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        match event.key():
            case Qt.Key.Key_Plus | Qt.Key.Key_Equal:
                self.zoom_by(STEP)
            case Qt.Key.Key_Minus:
                self.zoom_by(1 / STEP)
            case Qt.Key.Key_0:
                self.fit()
            case Qt.Key.Key_1:
                self.show_pixels()
            case _:
                super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self._picture.levels:
            self._dragged_from = event.position()
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
        super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._dragged_from is None:
            return
        moved = event.position() - self._dragged_from
        self._dragged_from = event.position()
        target = self.target()
        x = self._part.x - moved.x() / max(1.0, target.width())
        y = self._part.y - moved.y() / max(1.0, target.height())
        self._move(Part(x, y, self._part.zoom))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._dragged_from = None
        self.unsetCursor()
        super().mouseReleaseEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self._part.zoom == 1.0:
            self.show_pixels(event.position())
        else:
            self.fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._part = self._within(self._part)

    def _move(self, part: Part) -> None:
        part = self._within(part)
        if part != self._part:
            self._part = part
            self.update()
            self.part_changed.emit(part)

    def _within(self, part: Part) -> Part:
        """Keep the image in the view: in the middle where it is smaller, at the edges where it is larger."""
        size, scale = self.image_size, self._fitted_scale() * part.zoom
        if not scale:
            return part
        return Part(
            _kept_inside(part.x, self.width() / (size.width() * scale)),
            _kept_inside(part.y, self.height() / (size.height() * scale)),
            part.zoom,
        )

    def _fitted_scale(self) -> float:
        size = self.image_size
        if size.isEmpty():
            return 0.0
        return min(LARGEST_ZOOM, self.width() / size.width(), self.height() / size.height())

    def _paint_words(self, painter: QPainter) -> None:
        if self._path is None:
            return
        place = QRectF(self.rect()).adjusted(SPACE.xl, 0, -SPACE.xl, 0)
        if self._picture.reason:
            side = SIZE.icon_hero
            icon = QRectF(place.center().x() - side / 2, place.center().y() - side - SPACE.l, side, side)
            theme.icon("ph.file-x", "bad").paint(painter, icon.toRect())
            place.setTop(icon.bottom() + SPACE.m)
        words = self._picture.reason or "Reading…"
        flags = Qt.AlignmentFlag.AlignHCenter
        flags |= Qt.AlignmentFlag.AlignTop if self._picture.reason else Qt.AlignmentFlag.AlignVCenter
        painter.setFont(font(TYPE.body))
        painter.setPen(theme.color("text2"))
        painter.drawText(place, int(flags | Qt.TextFlag.TextWrapAnywhere), words)

    def _take(self, reading: int, picture: object) -> None:
        if reading != self._reading or not isinstance(picture, _Picture):
            return  # another file is shown by now
        self._picture = picture
        self._part = self._within(self._part)
        self.update()
        if picture.reason:
            self.setAccessibleDescription(picture.reason)
            self.failed.emit(picture.reason)
        else:
            self.loaded.emit(self.image_size)


class _Post(QObject):
    """Carries pictures from the thread that reads to the GUI's."""

    arrived = Signal(int, object)


class _Reading(QRunnable):
    """One file being read."""

    def __init__(self, path: Path, number: int, post: _Post) -> None:
        super().__init__()
        self._path = path
        self._number = number
        self._post = post

    def run(self) -> None:
        try:
            picture = _Picture(_levels(read_picture(self._path, _MOST_SIDE)))
        except UserError as error:
            picture = _Picture(reason=str(error))
        self._post.arrived.emit(self._number, picture)


def _levels(image: QImage) -> tuple[QImage, ...]:
    levels = [image.convertToFormat(QImage.Format.Format_RGB32)]
    while max(levels[-1].width(), levels[-1].height()) > _SMALLEST_LEVEL:
        half = QSize(max(1, levels[-1].width() // 2), max(1, levels[-1].height() // 2))
        smooth = Qt.TransformationMode.SmoothTransformation
        levels.append(levels[-1].scaled(half, Qt.AspectRatioMode.IgnoreAspectRatio, smooth))
    return tuple(levels)


def _corners(rect: QRectF) -> tuple[float, float, float, float]:
    return rect.left(), rect.top(), rect.right(), rect.bottom()


def _kept_inside(centre: float, share_seen: float) -> float:
    if share_seen >= 1:
        return 0.5
    return min(1 - share_seen / 2, max(share_seen / 2, centre))
