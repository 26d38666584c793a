"""A rectangle is marked on a picture by dragging or by keys, in the picture's own pixels."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import QPoint, QRect, Qt
from pytestqt.qtbot import QtBot

from desktop.viewers.region_view import RegionView

LEFT = Qt.MouseButton.LeftButton
SHIFT = Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def view(qtbot: QtBot, tmp_path: Path) -> RegionView:
    """A picture of 200 × 150, shown twice as large."""
    made = RegionView("Image")
    qtbot.addWidget(made)
    made.resize(400, 300)
    made.show()
    Image.new("RGB", (200, 150)).save(tmp_path / "x.png")
    with qtbot.waitSignal(made.loaded):
        made.show_file(tmp_path / "x.png")
    return made


@pytest.fixture
def chosen(view: RegionView) -> list[QRect]:
    found: list[QRect] = []
    view.region_chosen.connect(found.append)
    return found


def drag(qtbot: QtBot, view: RegionView, begin: QPoint, end: QPoint) -> None:
    qtbot.mousePress(view, LEFT, pos=begin)
    qtbot.mouseMove(view, end)
    qtbot.mouseRelease(view, LEFT, pos=end)


def test_that_a_dragged_rectangle_is_told_in_pixels_of_the_picture(
    qtbot: QtBot, view: RegionView, chosen: list[QRect]
) -> None:
    view.mark_region(True)

    drag(qtbot, view, QPoint(200, 120), QPoint(40, 20))  # from the lower right to the upper left

    assert chosen == [QRect(20, 10, 80, 50)]
    assert not view.is_marking


def test_that_a_rectangle_ends_at_the_edge_of_the_picture(
    qtbot: QtBot, view: RegionView, chosen: list[QRect]
) -> None:
    view.zoom_by(0.5)  # as large as its pixels: 100 pixels of the view are left around it
    view.mark_region(True)

    drag(qtbot, view, QPoint(150, 100), QPoint(399, 299))

    assert chosen == [QRect(50, 25, 150, 125)]


def test_that_a_click_marks_nothing_and_a_drag_without_marking_moves_the_picture(
    qtbot: QtBot, view: RegionView, chosen: list[QRect]
) -> None:
    view.mark_region(True)
    drag(qtbot, view, QPoint(100, 100), QPoint(101, 101))
    assert view.is_marking

    qtbot.keyClick(view, Qt.Key.Key_Escape)
    assert not view.is_marking
    view.zoom_by(2.0)
    before = view.part
    drag(qtbot, view, QPoint(100, 100), QPoint(160, 140))
    assert view.part != before
    assert chosen == []


def test_that_keys_alone_mark_a_rectangle(qtbot: QtBot, view: RegionView, chosen: list[QRect]) -> None:
    told: list[bool] = []
    view.marking_changed.connect(told.append)

    qtbot.keyClick(view, Qt.Key.Key_R)
    assert view.marked() == QRect(50, 38, 100, 74)  # the middle; rows are rounded
    for _ in range(5):
        qtbot.keyClick(view, Qt.Key.Key_Left)
        qtbot.keyClick(view, Qt.Key.Key_Right, SHIFT)
    qtbot.keyClick(view, Qt.Key.Key_Return)

    # Five steps of a fiftieth of the width, 4 pixels each.
    assert chosen == [QRect(30, 38, 120, 74)]
    assert told == [True, False]


def test_that_a_rectangle_moved_by_keys_stays_in_the_picture(qtbot: QtBot, view: RegionView) -> None:
    view.mark_region(True)

    for _ in range(40):
        qtbot.keyClick(view, Qt.Key.Key_Up)
    assert view.marked().top() == 0
    for _ in range(60):
        qtbot.keyClick(view, Qt.Key.Key_Down, SHIFT)
    assert (view.marked().top(), view.marked().height()) == (0, 150)


def test_that_nothing_can_be_marked_while_there_is_no_picture(qtbot: QtBot) -> None:
    view = RegionView("Image")
    qtbot.addWidget(view)

    view.mark_region(True)

    assert not view.is_marking


def test_that_what_lies_around_a_framed_part_is_dimmed(view: RegionView) -> None:
    plain = view.grab().toImage()
    view.set_frame(QRect(50, 50, 100, 50))
    framed = view.grab().toImage()

    assert framed.pixelColor(200, 150) == plain.pixelColor(200, 150)
    assert framed.pixelColor(20, 20) != plain.pixelColor(20, 20)
    assert framed.pixelColor(100, 150) != plain.pixelColor(100, 150)
