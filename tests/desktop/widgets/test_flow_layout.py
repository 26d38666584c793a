"""Widgets that flow in rows."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from desktop.widgets.flow_layout import FlowLayout


def box(width: int, height: int) -> QWidget:
    made = QWidget()
    made.setFixedSize(width, height)
    return made


def test_that_lower_ones_stand_in_the_middle_of_their_row(qtbot: QtBot) -> None:
    holder = QWidget()
    qtbot.addWidget(holder)
    flow = FlowLayout(10)
    holder.setLayout(flow)
    boxes = [box(60, 30), box(60, 20), box(60, 40)]
    for made in boxes:
        flow.addWidget(made)

    holder.resize(140, 200)
    holder.show()

    assert [(made.x(), made.y()) for made in boxes] == [(0, 0), (70, 5), (0, 40)]
    assert flow.heightForWidth(140) == 80
