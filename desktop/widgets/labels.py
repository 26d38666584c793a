"""Text on the window, and the dynamic properties by which the style sheet tells widgets apart."""

from __future__ import annotations

import html

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtGui import Qt as QtText
from PySide6.QtWidgets import QFrame, QLabel, QSizePolicy, QWidget

from desktop.theme.fonts import weigh
from desktop.theme.theme import theme
from desktop.theme.tokens import SIZE

HEAVY_ROLES = ("page", "section", "strong", "overline", "metric")


def text_label(text: str = "", role: str | None = None, *, wrap: bool = False) -> QLabel:
    """Make a label for plain text: nothing in it is taken for markup.

    Args:
        text: what it says.
        role: page, section, strong, muted, caption, overline, error, warning, good, metric or mono.
        wrap: break long text into lines.
    """
    label = QLabel()
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setText(text)
    label.setWordWrap(wrap)
    if role is not None:
        set_role(label, "role", role)
    return label


def set_role(widget: QWidget, name: str, value: object) -> None:
    """Change a dynamic property and let the style sheet see it."""
    if widget.property(name) == value:
        return
    widget.setProperty(name, value)
    if name == "role":
        weigh(widget, 600 if value in HEAVY_ROLES else 400)
    widget.style().unpolish(widget)
    widget.style().polish(widget)
    widget.update()


def plain_tip(text: str) -> str:
    """Give a text for a tooltip in which nothing is taken for markup: Qt would, where it looks like some."""
    return f"<qt>{html.escape(text)}</qt>" if QtText.mightBeRichText(text) else text


def divider() -> QFrame:
    """Make a thin horizontal line."""
    line = QFrame()
    line.setProperty("divider", True)
    line.setFixedHeight(1)
    return line


class ElidedLabel(QLabel):
    """One line of plain text that ends in … where there is no room; the whole of it is the tooltip."""

    def __init__(self, text: str = "", role: str | None = None, *, middle: bool = False) -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.PlainText)
        self._mode = Qt.TextElideMode.ElideMiddle if middle else Qt.TextElideMode.ElideRight
        self._whole = ""
        if role is not None:
            set_role(self, "role", role)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.setText(text)

    def setText(self, text: str) -> None:
        self._whole = text
        self.setAccessibleName(text)
        self._elide()

    def whole_text(self) -> str:
        return self._whole

    def sizeHint(self) -> QSize:
        hint = super().sizeHint()
        return QSize(self.fontMetrics().horizontalAdvance(self._whole) + 2, hint.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._elide()

    def _elide(self) -> None:
        shown = self.fontMetrics().elidedText(self._whole, self._mode, max(0, self.width()))
        super().setText(shown)
        self.setToolTip(plain_tip(self._whole) if shown != self._whole else "")


class IconTile(QLabel):
    """An icon on a soft square, in front of a name."""

    def __init__(self, icon: str, role: str = "accent") -> None:
        super().__init__()
        self.setObjectName("icon_tile")
        self._icon, self._role = icon, role
        self.setFixedSize(SIZE.primary, SIZE.primary)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._draw()
        theme.changed.connect(self._draw)

    def _draw(self) -> None:
        self.setPixmap(theme.icon(self._icon, self._role).pixmap(SIZE.icon_large, SIZE.icon_large))


class IconLabel(QLabel):
    """An icon alone, for show."""

    def __init__(self, icon: str, role: str = "text3", side: int = SIZE.icon) -> None:
        super().__init__()
        self._icon, self._role, self._side = icon, role, side
        self.setFixedSize(side, side)
        self._draw()
        theme.changed.connect(self._draw)

    def show_icon(self, icon: str, role: str) -> None:
        self._icon, self._role = icon, role
        self._draw()

    def _draw(self) -> None:
        self.setPixmap(theme.icon(self._icon, self._role).pixmap(self._side, self._side))
