"""The binding of Qt must not lose references to None: on Python 3.11 a version that does aborts after some minutes."""

from __future__ import annotations

import sys

from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

CALLS = 2000
OTHERS = 200
"""What Qt and Python may themselves gain or lose in the meantime."""


def test_that_calls_that_return_nothing_lose_no_reference_to_none(qtbot: QtBot) -> None:
    """PySide6 6.12.0 loses one a call; 6.10.2 to 6.11.3 lose none."""
    label = QLabel()
    qtbot.addWidget(label)
    before = sys.getrefcount(None)

    for number in range(CALLS):
        label.setText(str(number))

    assert before - sys.getrefcount(None) < OTHERS
