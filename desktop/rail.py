"""The rail at the left: the pages, and below them plugins, theme and settings."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QVBoxLayout, QWidget

from desktop.theme.fonts import font
from desktop.theme.theme import theme
from desktop.theme.tokens import RADIUS, SIZE, SPACE, TYPE
from desktop.widgets.buttons import IconButton

PAGES = (
    ("home", "Home", "ph.house", "Ctrl+1"),
    ("data", "Data", "ph.image-square", "Ctrl+2"),
    ("train", "Train", "ph.chart-line-up", "Ctrl+3"),
    ("validate", "Validate", "ph.target", "Ctrl+4"),
    ("predict", "Predict", "ph.magic-wand", "Ctrl+5"),
    ("export", "Export", "ph.package", "Ctrl+6"),
    ("jobs", "Jobs", "ph.stack", "Ctrl+7"),
)
"""Name, title, icon, key."""
BELONGS_TO = {"compare": "validate", "insight": "validate"}
"""Pages without a button of their own: the button that stands for each."""
LOWER = (("plugins", "Plugins", "ph.puzzle-piece", ""), ("settings", "Settings", "ph.gear-six", "Ctrl+,"))
_HEIGHT = 54
_BADGE = 16


class RailButton(QAbstractButton):
    """A page's icon over its name, with a bar at the left when it is open and a count when something waits."""

    def __init__(self, name: str, title: str, icon: str, key: str) -> None:
        super().__init__()
        self.page = name
        self._icon_name = icon
        self.badge = 0
        self.setText(title)
        self.setAccessibleName(title)
        self.setToolTip(f"{title}  ({key})" if key else title)
        self.setCheckable(True)
        self.setAutoExclusive(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFixedSize(SIZE.rail, _HEIGHT + SPACE.xs)
        self.setMouseTracking(True)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(SIZE.rail, _HEIGHT + SPACE.xs)

    def show_badge(self, count: int) -> None:
        if count != self.badge:
            self.badge = count
            title = self.text()
            self.setAccessibleName(f"{title}, {count} waiting or running" if count else title)
            self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(6, 2, self.width() - 13, _HEIGHT)
        role = "accent" if self.isChecked() else "text" if self.underMouse() else "text2"
        if self.isChecked() or self.underMouse():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("accent_soft" if self.isChecked() else "hover"))
            painter.drawRoundedRect(box, RADIUS.control, RADIUS.control)
        if self.isChecked():
            painter.setBrush(theme.color("accent"))
            painter.drawRoundedRect(QRectF(-3, box.center().y() - 11, 6, 22), 3, 3)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.color("accent"), 2))
            painter.drawRoundedRect(box.adjusted(1, 1, -1, -1), RADIUS.control, RADIUS.control)
        side = SIZE.icon_large
        at = QPointF(box.center().x() - side / 2, box.top() + 8)
        picture = theme.icon(self._icon_name, role).pixmap(QSize(side, side), self.devicePixelRatioF())
        painter.drawPixmap(at, picture)
        painter.setPen(theme.color(role))
        painter.setFont(font(TYPE.overline, 600 if self.isChecked() else 500))
        words = QRectF(box.left(), box.top() + 30, box.width(), 18)
        painter.drawText(words, Qt.AlignmentFlag.AlignCenter, self.text())
        if self.badge:
            self._paint_badge(painter, box)

    def _paint_badge(self, painter: QPainter, box: QRectF) -> None:
        text = str(self.badge) if self.badge < 100 else "99+"
        painter.setFont(font(TYPE.overline - 1, 600, tabular=True))
        width = max(_BADGE, painter.fontMetrics().horizontalAdvance(text) + 8)
        place = QRectF(box.center().x() + 4, box.top() + 2, width, _BADGE)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("accent_fill"))
        painter.drawRoundedRect(place, _BADGE / 2, _BADGE / 2)
        painter.setPen(theme.color("on_accent"))
        painter.drawText(place, Qt.AlignmentFlag.AlignCenter, text)


class Rail(QWidget):
    """All pages, one of them open."""

    chosen = Signal(str)
    theme_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("rail")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedWidth(SIZE.rail + 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, SPACE.m, 0, SPACE.m)
        layout.setSpacing(0)
        self.buttons: dict[str, RailButton] = {}
        for name, title, icon, key in PAGES:
            self._add(layout, RailButton(name, title, icon, key))
        layout.addStretch(1)
        for name, title, icon, key in LOWER[:1]:
            self._add(layout, RailButton(name, title, icon, key))
        self._theme = IconButton("ph.sun", "Switch between dark and light", "Dark or light  (Ctrl+Shift+L)")
        self._theme.setIconSize(QSize(SIZE.icon_large, SIZE.icon_large))
        self._theme.clicked.connect(self.theme_wanted)
        layout.addWidget(self._theme, alignment=Qt.AlignmentFlag.AlignHCenter)
        layout.addSpacing(SPACE.xs)
        for name, title, icon, key in LOWER[1:]:
            self._add(layout, RailButton(name, title, icon, key))
        theme.changed.connect(self._show_theme)
        self._show_theme()

    def choose(self, name: str) -> None:
        """Show which page is open."""
        shown = BELONGS_TO.get(name, name)
        if shown in self.buttons:
            self.buttons[shown].setChecked(True)

    def _add(self, layout: QVBoxLayout, made: RailButton) -> None:
        made.clicked.connect(self._clicked)
        self.buttons[made.page] = made
        layout.addWidget(made)

    def _clicked(self) -> None:
        sender = self.sender()
        if isinstance(sender, RailButton):
            self.chosen.emit(sender.page)

    def _show_theme(self) -> None:
        self._theme.set_icon("ph.sun" if theme.is_dark else "ph.moon")
