from __future__ import annotations

from pathlib import Path
from threading import Event

import pytest
from PIL import Image
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from desktop.grids import thumbnails
from desktop.grids.thumbnails import Thumbnails


def pictures(folder: Path, count: int) -> list[str]:
    paths = [folder / f"{number:03d}.png" for number in range(count)]
    for path in paths:
        Image.new("RGB", (40, 20), "red").save(path)
    return [str(path) for path in paths]


@pytest.fixture
def shelf(qtbot: QtBot) -> Thumbnails:
    made = Thumbnails()
    made.set_side(32)
    return made


def test_that_a_picture_comes_after_it_was_asked_for(qtbot: QtBot, tmp_path: Path, shelf: Thumbnails) -> None:
    (path,) = pictures(tmp_path, 1)
    assert shelf.pixmap(path) is None
    with qtbot.waitSignal(shelf.changed) as told:
        pass
    assert told.args == [path]
    found = shelf.pixmap(path)
    assert found is not None
    assert (found.width(), found.height()) == (32, 16)


def test_that_a_broken_file_is_remembered_with_its_reason_and_not_read_again(
    qtbot: QtBot, tmp_path: Path, shelf: Thumbnails
) -> None:
    path = tmp_path / "broken.png"
    path.write_bytes(b"nonsense")
    with qtbot.waitSignal(shelf.changed):
        shelf.pixmap(str(path))
    assert "cannot be read" in shelf.reason(str(path))
    assert shelf.pixmap(str(path)) is None
    assert shelf.is_idle()


def test_that_what_scrolled_away_is_never_read(qtbot: QtBot, tmp_path: Path, shelf: Thumbnails) -> None:
    paths = pictures(tmp_path, 60)
    told: list[str] = []
    shelf.changed.connect(told.append)
    for path in paths:
        shelf.pixmap(path)
    shelf.keep_asking({paths[-1]})
    qtbot.waitUntil(shelf.is_idle)
    assert paths[-1] in told
    assert len(told) <= thumbnails._IN_FLIGHT + 1


def test_that_the_newest_wish_is_read_first(qtbot: QtBot, tmp_path: Path, shelf: Thumbnails) -> None:
    paths = pictures(tmp_path, 40)
    told: list[str] = []
    shelf.changed.connect(told.append)
    for path in paths:
        shelf.pixmap(path)
    qtbot.waitUntil(shelf.is_idle)
    assert set(told) == set(paths)
    assert told.index(paths[-1]) < told.index(paths[thumbnails._IN_FLIGHT])


def test_that_only_the_pictures_looked_at_last_are_kept(
    qtbot: QtBot, tmp_path: Path, shelf: Thumbnails, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thumbnails, "MOST_KEPT", 5)
    paths = pictures(tmp_path, 8)
    for path in paths:
        shelf.pixmap(path)
        qtbot.waitUntil(shelf.is_idle)
    assert all(shelf.pixmap(path) is not None for path in paths[3:])
    assert shelf.pixmap(paths[0]) is None


def test_that_pictures_are_kept_within_their_bytes(
    qtbot: QtBot, tmp_path: Path, shelf: Thumbnails, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thumbnails, "_MOST_BYTES", 3 * 32 * 16 * 4)
    paths = pictures(tmp_path, 6)
    for path in paths:
        shelf.pixmap(path)
        qtbot.waitUntil(shelf.is_idle)
    assert [path for path in paths if path in shelf._kept] == paths[3:]


def test_that_another_size_shows_what_is_there_until_the_new_one_comes(
    qtbot: QtBot, tmp_path: Path, shelf: Thumbnails
) -> None:
    (path,) = pictures(tmp_path, 1)
    with qtbot.waitSignal(shelf.changed):
        shelf.pixmap(path)
    shelf.set_side(20)
    meanwhile = shelf.pixmap(path)
    assert meanwhile is not None
    assert meanwhile.width() == 32
    qtbot.waitUntil(shelf.is_idle)
    after = shelf.pixmap(path)
    assert after is not None
    assert after.width() == 20


def test_that_a_file_that_came_back_is_read_after_forgetting(
    qtbot: QtBot, tmp_path: Path, shelf: Thumbnails
) -> None:
    path = str(tmp_path / "000.png")
    with qtbot.waitSignal(shelf.changed):
        shelf.pixmap(path)
    assert shelf.reason(path)
    pictures(tmp_path, 1)
    shelf.forget()
    with qtbot.waitSignal(shelf.changed):
        shelf.pixmap(path)
    assert shelf.pixmap(path) is not None


def test_that_what_is_forgotten_while_it_is_read_is_read_anew(qtbot: QtBot) -> None:
    may_go_on, shades = Event(), [10, 200]

    def read(_path: Path, _side: int | None) -> QImage:
        shade = shades.pop(0)
        assert may_go_on.wait(20)
        picture = QImage(4, 4, QImage.Format.Format_RGB32)
        picture.fill(QColor(shade, shade, shade))
        return picture

    made = Thumbnails(None, read)
    made.pixmap("a")
    qtbot.waitUntil(lambda: len(shades) == 1)
    made.forget_one("a")
    may_go_on.set()
    qtbot.waitUntil(made.is_idle)
    assert made.pixmap("a") is None

    qtbot.waitUntil(lambda: made.pixmap("a") is not None)
    shown = made.pixmap("a")
    assert shown is not None
    assert shown.toImage().pixelColor(1, 1).red() == 200
