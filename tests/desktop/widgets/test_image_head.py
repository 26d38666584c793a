"""The line above a large image says which one it is, and leads on, back and out."""

from __future__ import annotations

from PySide6.QtWidgets import QPushButton, QToolButton
from pytestqt.qtbot import QtBot

from desktop.widgets.image_head import ImageHead


def arrows(head: ImageHead) -> list[tuple[str, bool]]:
    """Name and whether it can be pressed."""
    found = head.findChildren(QToolButton)
    return [(each.accessibleName(), each.isEnabled()) for each in found]


def test_that_there_is_no_way_beyond_the_first_and_the_last_image(qtbot: QtBot) -> None:
    head = ImageHead("Back")
    qtbot.addWidget(head)
    ways: list[list[bool]] = []
    for place in ((1, 3), (2, 3), (3, 3), (1, 1)):
        head.show_place("val/cat.png", place)
        ways.append([can for _, can in arrows(head)])

    assert [name for name, _ in arrows(head)] == ["Previous image", "Next image"]
    assert ways == [[False, True], [True, True], [True, False], [False, False]]
    assert head.name.whole_text() == "val/cat.png"


def test_that_the_arrows_say_what_they_lead_to(qtbot: QtBot) -> None:
    head = ImageHead("Back")
    qtbot.addWidget(head)

    head.show_place("val/cat.png", (2, 3), "object")

    assert [name for name, _ in arrows(head)] == ["Previous object", "Next object"]
    assert head.place_text() == "Object 2 of 3"
    head.show_place("val/cat.png", (1, 3))
    assert [name for name, _ in arrows(head)] == ["Previous image", "Next image"]


def test_that_it_tells_where_the_user_wants_to_go(qtbot: QtBot) -> None:
    head = ImageHead("All images")
    qtbot.addWidget(head)
    head.show_place("a.png", (2_000, 30_000))
    steps: list[int] = []
    head.stepped.connect(steps.append)

    for button in head.findChildren(QToolButton):
        button.click()
    (back,) = head.findChildren(QPushButton)
    with qtbot.waitSignal(head.closed):
        back.click()

    assert steps == [-1, 1]
    assert back.text() == "All images"
