"""Pictures saved with what a model says drawn on them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pytestqt.qtbot import QtBot

from desktop.models.drawn_labels import DrawnLabels, LabelLook
from desktop.viewers.overlay_files import OverlayWish, save_overlays
from engine.errors import UserError

BOX = DrawnLabels(40, 30, np.array([[4, 4, 30, 20]], np.float32), np.array([0]), np.array([0.6], np.float32))


@pytest.fixture
def picture(qtbot: QtBot, tmp_path: Path) -> Path:  # Qt has to be there to draw text
    path = tmp_path / "cell.png"
    Image.fromarray(np.full((30, 40, 3), 200, np.uint8)).save(path)
    return path


def wish(picture: Path, labels: DrawnLabels | None, floor: float = 0.0) -> OverlayWish:
    return OverlayWish((picture,), lambda _: labels, ("cell",), LabelLook(floor=floor, names=False))


def test_that_a_box_is_drawn_in_the_size_of_the_picture(picture: Path, tmp_path: Path) -> None:
    assert save_overlays(tmp_path / "out", wish(picture, BOX)) == 1

    drawn = np.asarray(Image.open(tmp_path / "out" / "cell-predicted.png").convert("RGB"))
    assert drawn.shape == (30, 40, 3)
    assert (drawn[4, 8:26] != 200).any(axis=1).all(), "the upper edge"
    assert (drawn[10:14, 12:24] == 200).all(), "what is inside is seen"


def test_that_what_is_not_sure_enough_is_not_drawn(picture: Path, tmp_path: Path) -> None:
    save_overlays(tmp_path, wish(picture, BOX, floor=0.7))

    assert (np.asarray(Image.open(tmp_path / "cell-predicted.png").convert("RGB")) == 200).all()


def test_that_no_picture_is_overwritten(picture: Path, tmp_path: Path) -> None:
    save_overlays(tmp_path, wish(picture, BOX))
    save_overlays(tmp_path, wish(picture, BOX))

    assert sorted(file.name for file in tmp_path.glob("*-predicted*")) == [
        "cell-predicted-2.png",
        "cell-predicted.png",
    ]


def test_that_many_pictures_of_one_name_are_saved_without_looking_for_each_name_again(
    picture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []
    exists = Path.exists

    def look(path: Path) -> bool:
        looked.append(path.name)
        return exists(path)

    monkeypatch.setattr(Path, "exists", look)
    many = OverlayWish((picture,) * 30, lambda _: BOX, ("cell",), LabelLook(names=False))

    assert save_overlays(tmp_path / "out", many) == 30
    assert len(list((tmp_path / "out").iterdir())) == 30
    assert sum("predicted" in name for name in looked) == 30


def test_that_a_picture_with_the_longest_name_is_saved_too(picture: Path, tmp_path: Path) -> None:
    longest = picture.rename(tmp_path / ("ü" * 125 + ".png"))

    assert save_overlays(tmp_path / "out", wish(longest, BOX)) == 1
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["ü" * 100 + "-predicted.png"]


def test_that_a_file_of_which_nothing_is_said_is_passed_over(picture: Path, tmp_path: Path) -> None:
    assert save_overlays(tmp_path / "out", wish(picture, None)) == 0
    assert not (tmp_path / "out").exists()


def test_that_a_folder_that_cannot_be_made_is_told(picture: Path) -> None:
    with pytest.raises(UserError):
        save_overlays(picture / "below", wish(picture, BOX))
