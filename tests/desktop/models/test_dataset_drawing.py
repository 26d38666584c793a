from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from desktop.models.dataset_drawing import has_drawing, has_masks, labels_of_image, labels_on_tile
from desktop.models.dataset_overview import DatasetOverview, Labelling, read_overview
from desktop.models.drawn_labels import NOTHING
from engine.errors import UserError
from engine.protocol.home import Home
from tests.desktop.labelled_sets import imported, write_masks, write_objects
from tests.desktop.pages.data_stage import make_pets


@pytest.fixture
def home(lensmith_home: Path) -> Home:
    return Home(lensmith_home)


def overview_of(home: Home, folder: Path) -> DatasetOverview:
    return read_overview(home, imported(home, folder))


def test_that_boxes_are_drawn_where_the_labels_say(home: Home, tmp_path: Path) -> None:
    seen = overview_of(home, write_objects(tmp_path / "animals"))
    labels = labels_of_image(seen, 1)
    assert labels is not None
    assert (labels.width, labels.height) == (60, 40)
    assert labels.boxes.tolist() == [[4, 5, 12, 25], [14, 5, 22, 25]]
    assert labels.classes.tolist() == [0, 1]
    assert not labels.has_masks
    tile = labels_on_tile(seen, 1)
    assert tile is not None
    assert len(tile) == 2


def test_that_polygons_of_objects_are_drawn(home: Home, tmp_path: Path) -> None:
    seen = overview_of(home, write_objects(tmp_path / "animals", polygons=True))
    labels = labels_of_image(seen, 0)
    assert labels is not None
    assert labels.rings[0][0].tolist() == [[4, 5], [12, 5], [12, 25], [4, 25]]
    assert labels.has_masks


def test_that_pixels_of_classes_are_drawn_and_ignored_ones_are_not(home: Home, tmp_path: Path) -> None:
    seen = overview_of(home, write_masks(tmp_path / "streets"))
    labels = labels_of_image(seen, 0)
    assert labels is not None
    assert labels.class_map is not None
    assert np.unique(labels.class_map).tolist() == [0, 1, NOTHING]
    assert labels_on_tile(seen, 0) is None


def test_that_a_mask_that_is_gone_is_told(home: Home, tmp_path: Path) -> None:
    seen = overview_of(home, write_masks(tmp_path / "streets"))
    (tmp_path / "streets" / "masks" / "train" / "0.png").unlink()
    with pytest.raises(UserError, match="cannot be read"):
        labels_of_image(seen, 0)


def test_that_images_with_a_class_alone_have_nothing_to_draw(home: Home, tmp_path: Path) -> None:
    seen = overview_of(home, make_pets(tmp_path / "pets"))
    assert not has_drawing(seen)
    assert labels_of_image(seen, 0) is None
    assert labels_of_image(seen, 99) is None


def test_that_what_a_dataset_holds_tells_how_it_is_labelled(home: Home, tmp_path: Path) -> None:
    pets = overview_of(home, make_pets(tmp_path / "pets"))
    boxes = overview_of(home, write_objects(tmp_path / "animals"))
    polygons = overview_of(home, write_objects(tmp_path / "outlines", polygons=True))
    streets = overview_of(home, write_masks(tmp_path / "streets"))

    told = [
        (seen.labelling, seen.nothing_word(), has_drawing(seen), has_masks(seen))
        for seen in (pets, boxes, polygons, streets)
    ]
    assert told == [
        (Labelling.CLASSES, "no label", False, False),
        (Labelling.OBJECTS, "no objects", True, False),
        (Labelling.OBJECTS, "no objects", True, True),
        (Labelling.PIXELS, "no mask", True, True),
    ]
