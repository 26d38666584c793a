"""What leaves a chart: its data as CSV, and its picture."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from PySide6.QtCore import QPoint
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QWidget

from desktop.charts.points import Floats
from desktop.theme.theme import theme

PICTURE_SCALE = 2
"""Pixels a point, so that the picture is sharp in a report."""


def as_csv(curves: Iterable[tuple[str, Floats, Floats, Floats]]) -> str:
    """Write curves as CSV, one line a point.

    Args:
        curves: name, and x, y and smoothed y, (N,) each.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("series", "epoch", "value", "smoothed"))
    for name, xs, ys, smoothed in curves:
        shown = (
            name if not name.startswith(("=", "+", "-", "@")) else f"'{name}"
        )  # no formula for a spreadsheet
        writer.writerows(
            (shown, f"{x:.10g}", f"{y:.10g}", f"{mean:.10g}")
            for x, y, mean in zip(xs.tolist(), ys.tolist(), smoothed.tolist(), strict=True)
        )
    return text.getvalue()


def picture_of(widget: QWidget) -> QImage:
    """Give a picture of a widget at twice its size in pixels."""
    picture = QImage(widget.size() * PICTURE_SCALE, QImage.Format.Format_ARGB32_Premultiplied)
    picture.setDevicePixelRatio(PICTURE_SCALE)
    picture.fill(theme.color("bg"))
    widget.render(picture, QPoint())
    return picture
