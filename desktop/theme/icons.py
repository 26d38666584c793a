"""Icons of one pack, Phosphor (MIT) through qtawesome; a plain dot where the pack cannot be loaded."""

from __future__ import annotations

import functools
import logging

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap

from desktop.theme.tokens import Tokens

PREFIX = "ph."
_LOG = logging.getLogger(__name__)
_SIDE = 32


def draw_icon(name: str, tokens: Tokens, role: str) -> QIcon:
    """Give an icon in a theme's colours.

    Args:
        name: with its pack, `ph.play`.
        tokens: of the theme.
        role: name of the colour.
    """
    return QIcon(_drawn(name, tokens, role))


@functools.lru_cache(maxsize=1024)
def _drawn(name: str, tokens: Tokens, role: str) -> QIcon:
    color = getattr(tokens, role)
    try:
        import qtawesome  # here: it reads its tables when it is imported

        return qtawesome.icon(name, color=color, color_disabled=tokens.text3)
    except Exception:  # noqa: BLE001  # a missing or broken icon font raises many things; no icon is worth a crash
        _LOG.warning("The icon %s cannot be drawn.", name)
        return _dot(color)


def _dot(color: str) -> QIcon:
    picture = QPixmap(_SIDE, _SIDE)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(color))
    painter.drawEllipse(QRectF(_SIDE / 4, _SIDE / 4, _SIDE / 2, _SIDE / 2))
    painter.end()
    return QIcon(picture)
