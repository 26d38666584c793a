"""The drop-down list of the pages."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QLineEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from desktop.widgets.choice_box import ChoiceBox


def turn_wheel(box: ChoiceBox) -> None:
    event = QWheelEvent(
        QPointF(5, 5),
        QPointF(5, 5),
        QPoint(),
        QPoint(0, -120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(box, event)


def test_that_the_wheel_changes_a_choice_only_while_it_has_the_keyboard(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    box, line = ChoiceBox("Fruit"), QLineEdit()
    box.addItems(["apple", "pear", "plum"])
    layout = QVBoxLayout(window)
    layout.addWidget(box)
    layout.addWidget(line)
    with qtbot.waitActive(window):
        window.show()
        window.activateWindow()

    line.setFocus()
    turn_wheel(box)
    assert box.currentText() == "apple"

    box.setFocus()
    turn_wheel(box)
    assert box.currentText() == "pear"
