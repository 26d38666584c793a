"""What the Predict page shows before it was given images: a field to drop them on."""

from __future__ import annotations

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter, QPaintEvent, QPen

from desktop.theme.theme import theme
from desktop.theme.tokens import RADIUS, SPACE
from desktop.widgets.empty_state import EmptyState

_PEN_PX = 1.5


class DropInvitation(EmptyState):
    """Says what can be dropped, in a dashed frame; the whole page takes the drop."""

    def __init__(self) -> None:
        super().__init__(
            "ph.image-square",
            "Drop images, folders or a video here",
            "Or paste with Ctrl+V, or open them. The model answers for each; nothing leaves this machine.",
            "Open images…",
        )
        self.offer("Open a folder…")
        theme.changed.connect(self.update)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(theme.color("line_strong"), _PEN_PX)
        pen.setDashPattern([4, 4])
        painter.setPen(pen)
        inner = QRectF(self.rect()).adjusted(SPACE.xxs, SPACE.xxs, -SPACE.xxs, -SPACE.xxs)
        painter.drawRoundedRect(inner, RADIUS.card, RADIUS.card)
