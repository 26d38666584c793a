from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from desktop.models.dataset_overview import read_overview
from desktop.theme.label_colors import label_color
from desktop.viewers.mask_pictures import MaskPictures, reduced_classes
from engine.errors import UserError
from engine.protocol.home import Home
from tests.desktop.labelled_sets import imported, write_masks, write_objects


@pytest.fixture
def home(lensmith_home: Path) -> Home:
    return Home(lensmith_home)


def test_that_a_mask_becomes_a_small_picture_in_the_colours_of_its_classes(
    home: Home, tmp_path: Path
) -> None:
    masks = MaskPictures()
    masks.take(read_overview(home, imported(home, write_masks(tmp_path / "streets"))))
    name = masks.name_of(0)
    assert name is not None
    picture = masks.read(name, 30)
    assert (picture.width(), picture.height()) == (30, 20)
    assert picture.pixelColor(20, 3) == label_color(0)
    assert picture.pixelColor(20, 17) == label_color(1)
    assert picture.pixelColor(2, 3).alpha() == 0, "ignored pixels are clear"


def test_that_the_answer_for_a_dataset_that_is_not_shown_any_more_is_empty(
    home: Home, tmp_path: Path
) -> None:
    masks = MaskPictures()
    masks.take(read_overview(home, imported(home, write_masks(tmp_path / "streets"))))
    name = masks.name_of(0)
    masks.take(read_overview(home, imported(home, write_objects(tmp_path / "animals"))))
    assert name is not None
    assert masks.read(name, 30).isNull()
    assert masks.name_of(0) is None


def test_that_a_mask_that_cannot_be_read_says_so(home: Home, tmp_path: Path) -> None:
    masks = MaskPictures()
    masks.take(read_overview(home, imported(home, write_masks(tmp_path / "streets"))))
    (tmp_path / "streets" / "masks" / "train" / "0.png").write_bytes(b"nonsense")
    name = masks.name_of(0)
    assert name is not None
    with pytest.raises(UserError, match="cannot be read"):
        masks.read(name, 30)


def test_that_classes_are_never_mixed_when_a_mask_is_made_small() -> None:
    classes = np.zeros((100, 50), np.uint8)
    classes[50:] = 7
    small = reduced_classes(classes, 9)
    assert small.shape == (9, 4)
    assert set(np.unique(small).tolist()) == {0, 7}
    assert reduced_classes(classes, None) is classes
