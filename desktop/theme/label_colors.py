"""Colours of classes on pictures: the same in both themes, since no theme changes a photograph."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from PySide6.QtGui import QColor

_FIRST: Final = (
    "#4c9bff", "#ffb057", "#3ddc97", "#ff6bcb", "#f5e04c", "#5fe3f2",
    "#ff6b5e", "#a98bff", "#b6e35a", "#d39a6a", "#dfe4ec", "#2bb3a3",
)  # fmt: skip
"""Far apart from each other, and light enough for dark letters."""
_DARK, _LIGHT = "#050608", "#ffffff"
_TURN = 0.618034
"""Of the colour circle, from one class to the next: any number of them stay apart."""
_SEEN = 3.0
"""Contrast at which a point is seen."""
_STEP, _MOST_STEPS = 108, 40
"""Per cent a step, until the contrast is reached."""


@lru_cache(maxsize=4_096)
def label_color(label: int) -> QColor:
    """Give the colour of a class by its number. Not to be changed: copy it first."""
    if label < len(_FIRST):
        return QColor(_FIRST[max(0, label)])
    place = label - len(_FIRST)
    return QColor.fromHsvF(
        (0.08 + place * _TURN) % 1.0, 0.75 - 0.25 * (place % 2), 0.95 - 0.2 * (place // 2 % 2)
    )


@lru_cache(maxsize=4_096)
def label_ink(label: int) -> QColor:
    """Give the colour of letters on a class's colour, whichever of dark and light is read better."""
    ground = luminance(label_color(label))
    on_dark = (ground + 0.05) / (luminance(QColor(_DARK)) + 0.05)
    on_light = (luminance(QColor(_LIGHT)) + 0.05) / (ground + 0.05)
    return QColor(_DARK if on_dark >= on_light else _LIGHT)


@lru_cache(maxsize=4_096)
def point_color(label: int, ground: str) -> QColor:
    """Give the colour of a class for points on a surface of this colour (#rrggbb): it stands out from it.

    Not to be changed: copy it first.
    """
    color = QColor(label_color(label))
    below = luminance(QColor(ground))
    for _ in range(_MOST_STEPS):
        light, dark = max(luminance(color), below), min(luminance(color), below)
        if (light + 0.05) / (dark + 0.05) >= _SEEN:
            break
        color = color.darker(_STEP) if below > 0.5 else color.lighter(_STEP)
    return color


def label_shade(alpha: float) -> QColor:
    """Give the dark that lies around lines, so that they show on any picture."""
    shade = QColor(_DARK)
    shade.setAlphaF(alpha)
    return shade


def luminance(color: QColor) -> float:
    """Give the relative luminance of WCAG, 0 to 1."""
    red, green, blue = _linear(color.redF()), _linear(color.greenF()), _linear(color.blueF())
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
