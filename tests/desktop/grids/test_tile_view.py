from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QItemSelectionModel, QPoint, QRect, QSize, Qt
from PySide6.QtGui import QAccessible
from pytestqt.qtbot import QtBot

from desktop.grids.image_grid import ImageGrid
from desktop.grids.image_model import ImageModel, Images
from desktop.grids.tile import Tile
from desktop.grids.tile_view import TileView

LAST = 22


@pytest.fixture
def view(qtbot: QtBot, tmp_path: Path) -> TileView:
    """Give 23 tiles in lines of five, three lines of which can be seen."""
    grid = ImageGrid("Images")
    qtbot.addWidget(grid)
    grid.images.set_images(
        Images(tmp_path, [f"{n}.png" for n in range(LAST + 1)], lambda n: Tile(f"tile {n}"))
    )
    grid.resize(600, 400)
    grid.show()
    grid.set_tile(QSize(grid.viewport().width() // 5, grid.viewport().height() // 3))
    return grid


def rows(view: TileView) -> list[int]:
    return sorted(index.row() for index in view.selectionModel().selectedIndexes())


def test_that_every_tile_is_found_where_it_is_said_to_be(view: TileView) -> None:
    view.verticalScrollBar().setValue(view.tile.height() // 2)
    for row in range(15):
        assert view.indexAt(view.row_rect(row).center()).row() == row
    assert not view.indexAt(QPoint(view.columns * view.tile.width() + 1, 10)).isValid()
    view.verticalScrollBar().setValue(view.verticalScrollBar().maximum())
    assert not view.indexAt(view.row_rect(LAST).center() + QPoint(view.tile.width(), 0)).isValid()


def test_that_the_rows_of_an_area_are_those_of_the_lines_it_touches(view: TileView) -> None:
    height = view.tile.height()
    assert view.rows_in(QRect(0, 0, 10, height)) == range(5)
    assert view.rows_in(QRect(0, height - 1, 10, 2)) == range(10)
    assert view.rows_in(QRect(0, 4 * height, 10, 9 * height)) == range(20, 23)


def test_that_the_bar_has_a_handle_only_where_there_is_something_to_scroll(view: TileView) -> None:
    bar, width = view.verticalScrollBar(), view.viewport().width()
    assert bar.property("idle") is False
    view.set_tile(QSize(width // 10, view.viewport().height() // 4))
    assert bar.property("idle") is True
    assert view.viewport().width() == width


@pytest.mark.parametrize(
    ("start", "key", "end"),
    [
        (7, Qt.Key.Key_Left, 6),
        (5, Qt.Key.Key_Left, 4),
        (0, Qt.Key.Key_Left, 0),
        (LAST, Qt.Key.Key_Right, LAST),
        (7, Qt.Key.Key_Up, 2),
        (2, Qt.Key.Key_Up, 2),
        (7, Qt.Key.Key_Down, 12),
        (21, Qt.Key.Key_Down, 21),
        (19, Qt.Key.Key_Down, LAST),
        (1, Qt.Key.Key_PageDown, 16),
        (16, Qt.Key.Key_PageUp, 1),
        (7, Qt.Key.Key_Home, 0),
        (7, Qt.Key.Key_End, LAST),
    ],
)
def test_that_keys_walk_as_the_eye_expects(
    qtbot: QtBot, view: TileView, start: int, key: Qt.Key, end: int
) -> None:
    view.setCurrentIndex(view.model().index(start, 0))
    qtbot.keyClick(view, key)
    assert view.currentIndex().row() == end
    assert view.viewport().rect().contains(view.row_rect(end).adjusted(2, 2, -2, -2))


def test_that_shift_selects_all_between_in_reading_order(qtbot: QtBot, view: TileView) -> None:
    shift = Qt.KeyboardModifier.ShiftModifier
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=view.row_rect(3).center())
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, shift, pos=view.row_rect(6).center())
    assert rows(view) == [3, 4, 5, 6]
    qtbot.keyClick(view, Qt.Key.Key_Down, shift)
    assert rows(view) == list(range(3, 12))


def test_that_a_band_selects_what_it_touches(view: TileView) -> None:
    area = QRect(view.row_rect(1).center(), view.row_rect(7).center())
    view.setState(TileView.State.DragSelectingState)
    view.setSelection(area, QItemSelectionModel.SelectionFlag.ClearAndSelect)
    assert rows(view) == [1, 2, 6, 7]
    seen = view.visualRegionForSelection(view.selectionModel().selection())
    assert seen.contains(view.row_rect(6).center())
    assert not seen.contains(view.row_rect(3).center())


def test_that_a_drag_over_nothing_selects_with_a_band(qtbot: QtBot, view: TileView) -> None:
    view.verticalScrollBar().setValue(view.verticalScrollBar().maximum())
    start = view.row_rect(LAST).center() + QPoint(view.tile.width(), 0)
    qtbot.mousePress(view.viewport(), Qt.MouseButton.LeftButton, pos=start)
    qtbot.mouseMove(view.viewport(), start - QPoint(30, 30))
    qtbot.mouseMove(view.viewport(), view.row_rect(16).center())
    qtbot.mouseRelease(view.viewport(), Qt.MouseButton.LeftButton, pos=view.row_rect(16).center())
    assert rows(view) == [16, 17, 18, 21, 22]


def test_that_the_line_in_view_stays_when_the_tiles_grow(view: TileView) -> None:
    view.verticalScrollBar().setValue(2 * view.tile.height())
    view.set_tile(QSize(view.viewport().width() // 2, view.tile.height()))
    assert 10 in view.rows_in(view.viewport().rect())


def test_that_more_rows_can_be_scrolled_to_as_they_come(
    qtbot: QtBot, view: ImageGrid, tmp_path: Path
) -> None:
    before = view.verticalScrollBar().maximum()
    view.images.update_images(Images(tmp_path, [f"{n}.png" for n in range(60)], lambda n: Tile(str(n))))
    qtbot.waitUntil(lambda: view.verticalScrollBar().maximum() > before)
    assert view.verticalScrollBar().value() == 0


def test_that_a_hundred_thousand_rows_are_never_walked_through(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked = [0]
    count = ImageModel.rowCount

    def counted(model: ImageModel, *parent: object) -> int:
        asked[0] += 1
        return count(model)

    monkeypatch.setattr(ImageModel, "rowCount", counted)
    grid = ImageGrid("Images")
    qtbot.addWidget(grid)
    grid.resize(600, 400)
    grid.show()
    grid.images.set_images(Images(tmp_path, ["x.png"] * 100_000, lambda n: Tile(str(n))))
    grid.images.arrange(np.arange(100_000) % 2 == 0, -np.arange(100_000))
    grid.resize(900, 500)
    grid.images.update_images(Images(tmp_path, ["x.png"] * 110_000, lambda n: Tile(str(n))))
    grid.grab()
    qtbot.waitUntil(lambda: grid.verticalScrollBar().maximum() > 0)
    assert 0 < asked[0] < 5_000


def test_that_a_screen_reader_finds_the_tiles(view: TileView) -> None:
    tiles = QAccessible.queryAccessibleInterface(view)
    assert tiles.text(QAccessible.Text.Name) == "Images"
    assert tiles.childCount() == LAST + 1
    assert tiles.child(3).text(QAccessible.Text.Name) == "3.png. tile 3."


def test_that_a_tile_that_has_just_come_can_be_scrolled_to(view: TileView, tmp_path: Path) -> None:
    assert isinstance(view, ImageGrid)
    view.scrollTo(view.model().index(LAST, 0))

    view.images.update_images(Images(tmp_path, [f"{n}.png" for n in range(40)], lambda n: Tile(f"tile {n}")))
    assert view.go_to(39)

    assert view.viewport().rect().contains(view.row_rect(39).center())
