"""Masks on small pictures: found ones filled, true ones outlined, small ones on top, damaged ones told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.datasets.annotations import load_annotations
from engine.datasets.polygons import mask_runs, text_of_runs
from engine.protocol.home import Home
from engine.reports.colours import class_colour
from engine.reports.object_masks import true_masks, unpacked_mask, with_masks
from tests.desktop.task_runs import detector_run

BLACK = Image.new("RGB", (40, 30))


def square(left: int, top: int, side: int) -> np.ndarray:
    mask = np.zeros((60, 80), np.bool_)
    mask[top : top + side, left : left + side] = True
    return mask


def test_that_what_is_found_is_filled_with_the_small_on_top() -> None:
    drawn = np.asarray(with_masks(BLACK, [(1, square(20, 20, 10)), (0, square(10, 10, 40))], []))

    half = [np.array(class_colour(label)) / 2 for label in (0, 1)]
    assert drawn[7, 7] == pytest.approx(half[0], abs=1), "a picture half as large as the masks"
    assert drawn[12, 12] == pytest.approx(half[0] / 2 + half[1], abs=1)
    assert drawn[2, 2].tolist() == [0, 0, 0]


def test_that_what_is_there_is_outlined_and_open_within() -> None:
    drawn = np.asarray(with_masks(BLACK, [], [(2, square(10, 10, 40))]))

    assert drawn[5, 10].tolist() == list(class_colour(2))
    assert drawn[15, 15].tolist() == [0, 0, 0]
    assert (drawn.any(axis=2).sum(axis=0) > 0).sum() == 20


def test_that_a_packed_mask_comes_back_and_a_damaged_one_is_told() -> None:
    mask = square(3, 4, 20)

    packed = text_of_runs(mask_runs(mask)).encode()

    assert (unpacked_mask(packed, 60, 80) == mask).all()
    for wrong in (b"\xff\xff", b"\x01 no runs"):
        with pytest.raises(ValueError, match=r"\w"):
            unpacked_mask(wrong, 60, 80)


def test_that_true_masks_are_those_of_the_dataset_if_its_objects_are_the_ones_that_were_judged(
    tmp_path: Path,
) -> None:
    run = detector_run(Home(tmp_path / "home"), tmp_path)
    table = load_annotations(run.folder.annotations_path)
    number, item = next(
        (n, item) for n, item in enumerate(run.manifest.items) if item.path.endswith("val-1.png")
    )

    (cat, first), (dog, second) = true_masks(table, number, item, [0, 1])

    assert (cat, dog) == (0, 1)
    assert first[5, 5]
    assert not first[20, 30]
    assert second[20, 30]
    assert true_masks(table, number, item, [0]) == []
    assert true_masks(None, number, item, [0, 1]) == []
