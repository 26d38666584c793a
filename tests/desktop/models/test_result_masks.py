"""What a model said of pixels comes back from a result as it was written; what does not fit together is told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from desktop.models.result import Result, ResultKey, open_result
from desktop.models.result_masks import has_masks, predicted_map, predicted_masks
from engine.errors import UserError
from engine.protocol.home import Home
from tests.desktop.task_runs import HEIGHT, WIDTH, detector_run, ground, segmenter_run


@pytest.fixture
def home(lensmith_home: Path) -> Home:
    return Home(lensmith_home)


@pytest.fixture
def pixels(home: Home, tmp_path: Path) -> Result:
    return open_result(home, ResultKey(segmenter_run(home, tmp_path).run, "0002"))


@pytest.fixture
def objects(home: Home, tmp_path: Path) -> Result:
    return open_result(home, ResultKey(detector_run(home, tmp_path, masks=True).run, "0002"))


def test_that_the_map_of_every_image_comes_back_as_it_was_predicted(pixels: Result) -> None:
    assert has_masks(pixels)
    first, second = predicted_map(pixels, 0), predicted_map(pixels, 1)
    assert first is not None
    assert second is not None
    assert (first == ground(0)).all()
    assert (second == np.where(ground(1) == 1, 2, ground(1))).all()


def test_that_masks_of_chosen_boxes_come_back_in_their_order(objects: Result) -> None:
    assert has_masks(objects)
    masks = predicted_masks(objects, 2, [3, 2], 2)
    assert masks is not None
    assert masks.shape == (2, HEIGHT, WIDTH)
    assert masks[0][2:14, 26:38].all()
    assert [int(mask.sum()) for mask in masks] == [12 * 12, 16 * 14]


def test_that_an_image_without_boxes_has_no_masks(objects: Result) -> None:
    assert predicted_masks(objects, 3, [], 4) is None


def test_that_pictures_of_an_earlier_version_are_read_as_well(pixels: Result, objects: Result) -> None:
    for result in (pixels, objects):
        assert result.places is not None
        file = result.places.mask(0)
        file.parent.mkdir()
        Image.fromarray(np.array([[0, 1], [2, 2]], dtype=np.uint8)).save(file)
    summary = pixels.summary.model_copy(update={"masks": 1})
    old = replace(pixels, arrays={}, summary=summary)
    found = predicted_map(old, 0)
    assert found is not None
    assert found.tolist() == [[0, 1], [2, 2]]
    assert predicted_map(old, 1) is None
    masks = predicted_masks(replace(objects, arrays={}, summary=summary), 0, [6, 7], 6)
    assert masks is not None
    assert masks.tolist() == [[[False, True], [False, False]], [[False, False], [True, True]]]


def test_that_packed_masks_that_are_cut_off_are_told(pixels: Result, objects: Result) -> None:
    half = {**pixels.arrays, "mask_files": pixels.arrays["mask_files"][:40]}
    with pytest.raises(UserError, match="mask_file_offsets"):
        predicted_map(replace(pixels, arrays=half), 1)
    noise = {**pixels.arrays, "mask_files": np.zeros_like(pixels.arrays["mask_files"])}
    with pytest.raises(UserError, match="mask of image 1"):
        predicted_map(replace(pixels, arrays=noise), 1)
    letters = {**objects.arrays, "mask_runs": np.full_like(objects.arrays["mask_runs"], 7)}
    with pytest.raises(UserError, match="mask of box 0") as told:
        predicted_masks(replace(objects, arrays=letters), 0, [0], 0)
    assert told.value.code == "result_damaged"
