"""The colours of a confusion matrix's cells, all at once: blue where the model is right, red where it is wrong."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor, QImage

from desktop.theme.theme import theme

_CURVE = 0.6
"""Below 1 lifts small shares: few mistakes must be seen beside many hits."""
_WRONG_GAIN = 1.5
_OPAQUE = 0xFF000000
_LEAST = 0.14
"""A cell with any image in it is told from an empty one."""


def strengths(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """(C, C) from 0, empty, to 1: how strongly a cell is coloured."""
    curved = np.power(shares, _CURVE)
    strong = np.minimum(1.0, curved * _WRONG_GAIN)
    diagonal = np.arange(len(shares))
    strong[diagonal, diagonal] = curved[diagonal, diagonal]
    return np.where(shares > 0, np.maximum(strong, _LEAST), 0.0)


def cell_colors(
    strong: NDArray[np.float64], is_right: NDArray[np.bool_], wrong_role: str = "bad"
) -> NDArray[np.uint32]:
    """Mix the colours of cells.

    Args:
        strong: (M, N), 0 to 1.
        is_right: (M, N), whether a cell counts hits.
        wrong_role: the theme's colour of those that do not.

    Returns:
        (M, N) as QImage.Format_RGB32 takes them.
    """
    ground, right, wrong = (_rgb(theme.color(role)) for role in ("hover", "accent_fill", wrong_role))
    full = np.where(is_right[..., None], right, wrong)
    mixed = ground + (full - ground) * strong[..., None]
    red, green, blue = (np.rint(mixed[..., part]).astype(np.uint32) for part in range(3))
    return (_OPAQUE | (red << 16) | (green << 8) | blue).astype(np.uint32)


def image_of(colors: NDArray[np.uint32]) -> QImage:
    """An image with one pixel a cell."""
    height, width = colors.shape
    pixels = np.ascontiguousarray(colors)
    return QImage(pixels.tobytes(), width, height, 4 * width, QImage.Format.Format_RGB32).copy()


def readable_on(color: QColor) -> QColor:
    """Of the theme's light and dark inks the one that is read better on a colour."""
    candidates = (theme.color("on_accent"), theme.color("text"), theme.color("bg"))
    return max(candidates, key=lambda candidate: _contrast(candidate, color))


def shrink(values: NDArray[np.float64], side: int) -> NDArray[np.float64]:
    """Reduce (C, C) to (side, side): of each block the largest value, so that no mistake gets lost."""
    count = len(values)
    if side >= count:
        return values
    starts = (np.arange(side) * count) // side
    return np.maximum.reduceat(np.maximum.reduceat(values, starts, axis=0), starts, axis=1)


def _rgb(color: QColor) -> NDArray[np.float64]:
    return np.array([color.red(), color.green(), color.blue()], dtype=np.float64)


def _contrast(first: QColor, second: QColor) -> float:
    light, dark = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: QColor) -> float:
    """Relative luminance, WCAG 2.2."""
    parts = [color.redF(), color.greenF(), color.blueF()]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
