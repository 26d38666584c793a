"""Choices side by side fold into one that opens a menu where there is no room for the words of all."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QMenu, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from desktop.widgets.segmented import Segmented

CHOICES = [("all", "All images"), ("wrong", "Wrong ones"), ("right", "Right ones")]
ROOM, LITTLE = 600, 150


@pytest.fixture
def choice(qtbot: QtBot) -> Iterator[Segmented]:
    page = QWidget()
    qtbot.addWidget(page)
    layout = QHBoxLayout(page)
    layout.setContentsMargins(0, 0, 0, 0)
    made = Segmented(CHOICES, name="Images shown")
    layout.addWidget(made)
    page.resize(ROOM, 40)
    page.show()
    qtbot.waitUntil(made.isVisible)
    yield made  # the page is kept until then
    page.close()


def words(choice: Segmented) -> list[str]:
    return [made.text() for made in choice.findChildren(QPushButton) if made.isVisible()]


def make_room(choice: Segmented, width: int, qtbot: QtBot) -> None:
    choice.window().resize(width, 40)
    qtbot.waitUntil(lambda: choice.width() == width)


def test_that_all_words_are_shown_where_there_is_room(choice: Segmented) -> None:
    assert not choice.is_folded
    assert words(choice) == ["All images", "Wrong ones", "Right ones"]


def test_that_the_one_that_holds_is_left_where_there_is_little_room(choice: Segmented, qtbot: QtBot) -> None:
    choice.choose("wrong")
    make_room(choice, LITTLE, qtbot)

    assert choice.is_folded
    assert words(choice) == ["Wrong ones"]
    (shown,) = [made for made in choice.findChildren(QPushButton) if made.isVisible()]
    assert shown.accessibleName() == "Images shown: Wrong ones"
    assert shown.sizeHint().width() <= shown.width()

    make_room(choice, ROOM, qtbot)
    assert words(choice) == ["All images", "Wrong ones", "Right ones"]


def test_that_its_menu_chooses_and_tells(choice: Segmented, qtbot: QtBot) -> None:
    make_room(choice, LITTLE, qtbot)
    choice.offer("wrong", False)
    (opener,) = [made for made in choice.findChildren(QPushButton) if made.isVisible()]
    opener.click()
    qtbot.waitUntil(lambda: bool(choice.findChildren(QMenu)))
    (menu,) = choice.findChildren(QMenu)
    acts = menu.actions()
    assert [(act.text(), act.isChecked()) for act in acts] == [("All images", True), ("Right ones", False)]

    with qtbot.waitSignal(choice.changed) as told:
        acts[1].trigger()
    menu.close()

    assert told.args == ["right"]
    assert choice.current() == "right"
    assert words(choice) == ["Right ones"]


def test_that_arrows_choose_in_both_forms(choice: Segmented, qtbot: QtBot) -> None:
    qtbot.keyClick(choice, Qt.Key.Key_Right)
    assert choice.current() == "wrong"
    make_room(choice, LITTLE, qtbot)
    qtbot.keyClick(choice, Qt.Key.Key_Right)

    assert choice.current() == "right"
    assert words(choice) == ["Right ones"]


def test_that_what_is_not_offered_takes_no_room(choice: Segmented) -> None:
    before = choice.sizeHint().width()
    choice.offer("right", False)

    assert choice.sizeHint().width() < before
    assert not choice.is_offered("right")
    assert words(choice) == ["All images", "Wrong ones"]


def test_that_the_one_that_is_left_is_no_wider_than_its_word(choice: Segmented, qtbot: QtBot) -> None:
    make_room(choice, choice.sizeHint().width() - 1, qtbot)
    (shown,) = [made for made in choice.findChildren(QPushButton) if made.isVisible()]

    qtbot.waitUntil(lambda: shown.width() == shown.sizeHint().width())
    frame = shown.parentWidget()
    assert frame is not None
    assert frame.x() == 0
    assert frame.width() < choice.width() // 2


def test_that_a_choice_alone_looks_like_no_choice(choice: Segmented) -> None:
    for key in ("wrong", "right"):
        choice.offer(key, False)
    (alone,) = [made for made in choice.findChildren(QPushButton) if made.isVisible()]
    assert alone.property("alone") is True

    choice.offer("right", True)

    assert not any(made.property("alone") for made in choice.findChildren(QPushButton))
