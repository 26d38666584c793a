"""Ways to begin: the cards of the home page, the demo, and the welcome of the very first start."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPainterPath, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from desktop.theme.theme import theme
from desktop.theme.tokens import RADIUS, SERIES, SIZE, SPACE
from desktop.widgets.buttons import Button, on_click
from desktop.widgets.card import Card, column, row
from desktop.widgets.labels import IconLabel, IconTile, text_label

STARTS: Final = (
    ("train", "ph.chart-line-up", "Train a model", "Choose data and a model, press Start"),
    ("predict", "ph.magic-wand", "Try an image", "See what a trained model says"),
    ("open", "ph.folder-open", "Open a dataset…", "A folder of images; or drop it here"),
)
"""Key, icon, title and sentence of each card."""


class StartCards(QWidget):
    """The three ways to begin, side by side."""

    chosen = Signal(str)
    """The key of the card: train, predict or open."""

    def __init__(self, starts: Sequence[tuple[str, str, str, str]] = STARTS) -> None:
        super().__init__()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE.m)
        self.cards: dict[str, Card] = {}
        for key, icon, title, sentence in starts:
            card = Card("row", SPACE.m, (SPACE.l, SPACE.l, SPACE.l, SPACE.l))
            card.make_clickable(title)
            card.setAccessibleDescription(sentence)
            card.setProperty("key", key)
            card.clicked.connect(self._clicked)
            card.body.addWidget(IconTile(icon), alignment=Qt.AlignmentFlag.AlignTop)
            words = column(SPACE.xxs)
            words.addWidget(text_label(title, "section"))
            words.addWidget(text_label(sentence, "caption", wrap=True))
            words.addStretch(1)
            card.body.addLayout(words, 1)
            self.cards[key] = card
            layout.addWidget(card, 1)

    def _clicked(self) -> None:
        sender = self.sender()
        if sender is not None:
            self.chosen.emit(str(sender.property("key")))


class DemoCard(Card):
    """Offers the generated dataset, ready to train on."""

    wanted = Signal()
    """The demo shall be trained."""

    def __init__(self) -> None:
        super().__init__("row", SPACE.xl, (SPACE.xl, SPACE.xl, SPACE.xl, SPACE.xl))
        self.setProperty("tone", "accent")
        words = column(SPACE.s)
        words.addStretch(1)
        words.addWidget(text_label("START HERE", "overline"))
        words.addWidget(text_label("Shapes, 8 classes, ready", "page"))
        words.addWidget(
            text_label(
                "A small dataset that Lensmith draws itself. A model learns it in about a minute on any computer, "
                "while you watch its curves.",
                "muted",
                wrap=True,
            )
        )
        words.addSpacing(SPACE.s)
        self.button = Button("Train the demo", "ph.play", "primary")
        on_click(self.button, self.wanted.emit)
        line = row()
        line.addWidget(self.button)
        line.addStretch(1)
        words.addLayout(line)
        words.addStretch(1)
        self.body.addLayout(words, 1)
        self.body.addWidget(ShapesPicture(), alignment=Qt.AlignmentFlag.AlignVCenter)


class ShapesPicture(QWidget):
    """The eight shapes of the demo, painted; for show."""

    _TILE = 64
    _COLUMNS = 4

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Eight shapes: circle, square, triangle, cross, star, ring, moon, heart")
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        step = self._TILE + SPACE.s
        return QSize(self._COLUMNS * step - SPACE.s, 2 * step - SPACE.s)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for number, shape in enumerate(_SHAPES):
            down, across = divmod(number, self._COLUMNS)
            step = self._TILE + SPACE.s
            tile = QRectF(across * step, down * step, self._TILE, self._TILE)
            painter.setPen(Qt.PenStyle.NoPen)
            role = SERIES[number % len(SERIES)]
            painter.setBrush(theme.color(role, 0.16))
            painter.drawRoundedRect(tile, SPACE.m, SPACE.m)
            painter.setBrush(theme.color(role))
            painter.drawPath(shape(tile.adjusted(SPACE.l, SPACE.l, -SPACE.l, -SPACE.l)))


def _circle(box: QRectF) -> QPainterPath:
    path = QPainterPath()
    path.addEllipse(box)
    return path


def _square(box: QRectF) -> QPainterPath:
    path = QPainterPath()
    inset = box.width() * 0.06
    path.addRect(box.adjusted(inset, inset, -inset, -inset))
    return path


def _triangle(box: QRectF) -> QPainterPath:
    return _polygon(box, ((0.5, 0.04), (1.0, 0.94), (0.0, 0.94)))


def _cross(box: QRectF) -> QPainterPath:
    a, b = 0.34, 0.66
    corners = (
        (a, 0), (b, 0), (b, a), (1, a), (1, b), (b, b), (b, 1), (a, 1), (a, b), (0, b), (0, a), (a, a),
    )  # fmt: skip
    return _polygon(box, corners)


def _star(box: QRectF) -> QPainterPath:
    corners = (
        (0.5, 0.0), (0.62, 0.36), (1.0, 0.38), (0.7, 0.61), (0.81, 0.98),
        (0.5, 0.77), (0.19, 0.98), (0.3, 0.61), (0.0, 0.38), (0.38, 0.36),
    )  # fmt: skip
    return _polygon(box, corners)


def _ring(box: QRectF) -> QPainterPath:
    inner = box.width() * 0.26
    return _circle(box) - _circle(box.adjusted(inner, inner, -inner, -inner))


def _moon(box: QRectF) -> QPainterPath:
    return _circle(box) - _circle(box.translated(box.width() * 0.34, -box.height() * 0.1))


def _heart(box: QRectF) -> QPainterPath:
    def at(x: float, y: float) -> QPointF:
        return QPointF(box.x() + x * box.width(), box.y() + y * box.height())

    path = QPainterPath(at(0.5, 0.96))
    path.cubicTo(at(-0.24, 0.48), at(0.08, -0.18), at(0.5, 0.22))
    path.cubicTo(at(0.92, -0.18), at(1.24, 0.48), at(0.5, 0.96))
    return path


def _polygon(box: QRectF, corners: Sequence[tuple[float, float]]) -> QPainterPath:
    path = QPainterPath()
    points = [QPointF(box.x() + x * box.width(), box.y() + y * box.height()) for x, y in corners]
    path.addPolygon(QPolygonF(points))
    path.closeSubpath()
    return path


_SHAPES: Final = (_circle, _square, _triangle, _cross, _star, _ring, _moon, _heart)


class DropInvitation(QWidget):
    """A dashed field that says what dropping does; the whole page takes the drop."""

    _HEIGHT = 176

    def __init__(self) -> None:
        super().__init__()
        self.setFixedHeight(self._HEIGHT)
        layout = QVBoxLayout(self)
        layout.setSpacing(SPACE.xs)
        layout.addStretch(1)
        center = Qt.AlignmentFlag.AlignHCenter
        layout.addWidget(IconLabel("ph.image", "text3", SIZE.icon_hero), alignment=center)
        layout.addWidget(
            text_label("Drop a folder of images anywhere on this page", "strong"), alignment=center
        )
        sentence = (
            "One folder for each class, a zip of that, or a CSV table. Pictures alone are tried on a model."
        )
        layout.addWidget(text_label(sentence, "caption"), alignment=center)
        layout.addStretch(1)
        theme.changed.connect(self.update)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(theme.color("line_strong"), 1.5)
        pen.setDashPattern([4, 4])
        painter.setPen(pen)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), RADIUS.card, RADIUS.card)


class QuietNote(QWidget):
    """One line that is good to know, and can be dismissed for ever."""

    dismissed = Signal()
    """It was read and shall not come again."""

    def __init__(self, text: str) -> None:
        super().__init__()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE.s)
        layout.addWidget(IconLabel("ph.info", "text3"))
        layout.addWidget(text_label(text, "caption", wrap=True), 1)
        self.button = Button("Dismiss", kind="link")
        self.button.setAccessibleName(f"Dismiss: {text}")
        on_click(self.button, self.dismissed.emit)
        layout.addWidget(self.button)


class Welcome(QWidget):
    """What the very first start says."""

    def __init__(self) -> None:
        super().__init__()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, SPACE.xl, 0, SPACE.s)
        layout.setSpacing(SPACE.s)
        layout.addWidget(text_label("Welcome to Lensmith", "metric"))
        layout.addWidget(
            text_label(
                "Teach a model to see: drop a folder of your images, press Start, and watch it learn. "
                "Everything stays on this computer.",
                "muted",
                wrap=True,
            )
        )
