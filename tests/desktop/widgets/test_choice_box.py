"""The drop-down list of the pages."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QLineEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from desktop.theme.theme import theme
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


def test_that_words_that_do_not_fit_end_in_an_ellipsis(qtbot: QtBot) -> None:
    box = ChoiceBox("Result", 260, 90)
    qtbot.addWidget(box)
    box.addItem("Newest: Epoch 15 · test · best")
    box.show()

    box.resize(260, box.height())
    assert box.shown_text() == "Newest: Epoch 15 · test · best"

    box.resize(90, box.height())
    assert box.shown_text().endswith("…")
    assert box.fontMetrics().horizontalAdvance(box.shown_text()) < 90
    assert not box.grab().isNull()


def test_that_a_long_list_is_short_and_has_room_for_long_words(qtbot: QtBot) -> None:
    theme.choose("dark")  # the style sheet is part of it
    box = ChoiceBox("Result", 250, 130)
    qtbot.addWidget(box)
    box.addItem("photographed signs (test) · best · epoch 39 · of 24 images")
    box.addItems([f"Epoch {number} · val" for number in range(60, 0, -1)])
    with qtbot.waitExposed(box):
        box.show()

    box.showPopup()
    opened = box.view().window()
    a_line = box.view().sizeHintForRow(0)

    assert opened.height() < 18 * a_line
    assert box.view().viewport().width() >= box.view().sizeHintForColumn(0)
    box.hidePopup()


def test_that_an_opened_list_stays_narrower_than_a_window(qtbot: QtBot) -> None:
    box = ChoiceBox("Run")
    qtbot.addWidget(box)
    box.addItem("a very long name of a run " * 20)
    box.setFixedWidth(200)
    box.show()

    box.showPopup()

    assert box.view().window().width() < 600
    box.hidePopup()
