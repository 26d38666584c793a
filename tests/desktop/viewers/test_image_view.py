from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, QPointF, QSize, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop.viewers.image_view import ImageView, Part


@pytest.fixture
def view(qtbot: QtBot) -> ImageView:
    made = ImageView("Image")
    qtbot.addWidget(made)
    made.resize(400, 300)
    made.show()
    return made


def show(qtbot: QtBot, view: ImageView, path: Path) -> None:
    with qtbot.waitSignal(view.loaded):
        view.show_file(path)


def save(path: Path, width: int, height: int) -> Path:
    down, right = np.mgrid[0:height, 0:width]
    pixels = np.stack([down % 256, right % 256, (down + right) % 256], axis=-1).astype(np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def wheel(view: ImageView, at: QPointF, notches: int) -> None:
    event = QWheelEvent(
        at, view.mapToGlobal(at), QPoint(), QPoint(0, 120 * notches), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(view, event)


@pytest.mark.parametrize(("size", "scale"), [((800, 300), 0.5), ((40, 30), 10.0), ((100, 600), 0.5)])
def test_that_an_image_is_fitted_whole_into_the_view(
    qtbot: QtBot, view: ImageView, tmp_path: Path, size: tuple[int, int], scale: float
) -> None:
    show(qtbot, view, save(tmp_path / "x.png", *size))
    assert view.scale() == pytest.approx(scale)
    assert view.target().center() == QPointF(200, 150)


def test_that_the_wheel_zooms_where_the_pointer_is(qtbot: QtBot, view: ImageView, tmp_path: Path) -> None:
    show(qtbot, view, save(tmp_path / "x.png", 400, 300))
    place = QPointF(300, 200)
    before = (place - view.target().topLeft()) / view.scale()
    wheel(view, place, 2)
    after = (place - view.target().topLeft()) / view.scale()
    assert view.scale() == pytest.approx(1.25**2)
    assert (after - before).manhattanLength() < 1e-6


def test_that_keys_zoom_fit_and_show_pixels(qtbot: QtBot, view: ImageView, tmp_path: Path) -> None:
    show(qtbot, view, save(tmp_path / "x.png", 800, 600))
    qtbot.keyClick(view, Qt.Key.Key_Plus)
    assert view.scale() == pytest.approx(0.625)
    qtbot.keyClick(view, Qt.Key.Key_1)
    assert view.scale() == pytest.approx(1.0)
    qtbot.keyClick(view, Qt.Key.Key_Minus)
    assert view.scale() == pytest.approx(0.8)
    qtbot.keyClick(view, Qt.Key.Key_0)
    assert view.part == Part()


def test_that_an_image_cannot_be_dragged_out_of_the_view(
    qtbot: QtBot, view: ImageView, tmp_path: Path
) -> None:
    show(qtbot, view, save(tmp_path / "x.png", 400, 300))
    view.zoom_by(2)
    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=QPoint(50, 50))
    qtbot.mouseMove(view, QPoint(380, 280))
    qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=QPoint(380, 280))
    assert view.target().topLeft() == QPointF(0, 0)


def test_that_linked_views_show_the_same_part_of_images_of_other_sizes(
    qtbot: QtBot, view: ImageView, tmp_path: Path
) -> None:
    other = ImageView("Other")
    qtbot.addWidget(other)
    other.resize(200, 200)
    view.link(other)
    show(qtbot, view, save(tmp_path / "x.png", 800, 600))
    show(qtbot, other, save(tmp_path / "y.png", 400, 300))
    wheel(view, QPointF(300, 200), 4)
    assert other.part.zoom == view.part.zoom > 1
    assert other.part.x == pytest.approx(view.part.x, abs=0.1)
    with qtbot.assertNotEmitted(view.part_changed):
        other.fit()
    assert view.part == Part()


def test_that_pixels_have_hard_edges_above_four_times(qtbot: QtBot, view: ImageView, tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    Image.fromarray(np.tile(np.array([[0, 255], [255, 0]], np.uint8), (20, 20))).save(path)
    show(qtbot, view, path)

    def grays() -> set[int]:
        shown = view.grab().toImage()
        return {shown.pixelColor(x, 150).red() for x in range(100, 300)}

    assert view.scale() > 4
    assert grays() == {0, 255}
    view.zoom_by(3.5 / view.scale())
    assert len(grays()) > 2


def test_that_a_photo_stands_upright(qtbot: QtBot, view: ImageView, tmp_path: Path) -> None:
    image = Image.new("RGB", (60, 20), "red")
    exif = image.getexif()
    exif[0x0112] = 6
    image.save(tmp_path / "x.jpg", exif=exif)
    show(qtbot, view, tmp_path / "x.jpg")
    assert view.image_size == QSize(20, 60)


def test_that_a_broken_file_says_so_in_a_sentence(qtbot: QtBot, view: ImageView, tmp_path: Path) -> None:
    (tmp_path / "x.png").write_bytes(b"nonsense")
    with qtbot.waitSignal(view.failed) as told:
        view.show_file(tmp_path / "x.png")
    assert told.args is not None
    assert "cannot be read" in told.args[0]
    assert view.accessibleDescription() == told.args[0]
    view.zoom_by(2)
    assert view.scale() == 0


def test_that_the_image_asked_for_last_is_the_one_shown(
    qtbot: QtBot, view: ImageView, tmp_path: Path
) -> None:
    paths = [save(tmp_path / f"{width}.png", width, 30) for width in range(40, 60)]
    sizes: list[QSize] = []
    view.loaded.connect(sizes.append)
    for path in paths:
        view.show_file(path)
    qtbot.waitUntil(lambda: not view.image_size.isEmpty())
    assert view.image_size.width() == 59
    assert [size.width() for size in sizes] == [59]
