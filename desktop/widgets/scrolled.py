"""A list that may be longer than the room it has."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

from desktop.widgets.card import column


def plain_area() -> QScrollArea:
    """Make an area without a frame, whose content is as wide as itself and scrolls up and down only."""
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    return area


def scrolled(listed: QWidget, name: str) -> QScrollArea:
    """Let a widget be as tall as it wants, and scroll it.

    Args:
        listed: stands at the top.
        name: what is listed, read aloud.
    """
    area = plain_area()
    area.setAccessibleName(name)
    held = QWidget()
    body = column(0)
    held.setLayout(body)
    body.addWidget(listed)
    body.addStretch(1)
    area.setWidget(held)
    return area
