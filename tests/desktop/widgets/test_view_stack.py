"""A stack of views: it tells whether the keyboard was in the one that went, and gives it to the one that came."""

from __future__ import annotations

from PySide6.QtWidgets import QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from desktop.widgets.view_stack import ViewStack


def shown(qtbot: QtBot) -> tuple[QWidget, ViewStack, QLineEdit, QLineEdit]:
    window = QWidget()
    qtbot.addWidget(window)
    stack = ViewStack(window)
    first, second = QWidget(), QLineEdit()
    inner = QLineEdit(first)
    stack.addWidget(first)
    stack.addWidget(second)
    with qtbot.waitActive(window):
        window.show()
        window.activateWindow()
    return window, stack, inner, second


def test_that_the_keyboard_is_handed_to_the_view_that_comes(qtbot: QtBot) -> None:
    _window, stack, inner, second = shown(qtbot)
    inner.setFocus()

    assert stack.turn_to(1)
    stack.focus_current()

    assert stack.currentIndex() == 1
    assert second.hasFocus()


def test_that_the_keyboard_elsewhere_or_in_the_view_that_stays_is_left_there(qtbot: QtBot) -> None:
    window, stack, inner, _second = shown(qtbot)
    inner.setFocus()
    assert not stack.turn_to(0), "it is shown already"
    elsewhere = QLineEdit(window)
    elsewhere.show()
    elsewhere.setFocus()

    assert not stack.turn_to(1)

    assert elsewhere.hasFocus()
