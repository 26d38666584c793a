"""Polygons and run lengths give the pixels that the reference tools of COCO give."""

from __future__ import annotations

import numpy as np
import pytest
from faster_coco_eval.core import mask as reference

from engine.datasets.polygons import (
    checked_runs,
    mask_runs,
    polygon_mask,
    runs_mask,
    runs_of_text,
    text_of_runs,
)
from engine.errors import UserError


def reference_mask(points: np.ndarray, height: int, width: int) -> np.ndarray:
    runs = reference.frPyObjects([points.reshape(-1).tolist()], height, width)
    return reference.decode(runs)[..., 0].astype(bool)


@pytest.mark.parametrize("seed", range(40))
def test_that_a_polygon_has_the_pixels_of_the_reference_tool(seed: int) -> None:
    random = np.random.default_rng(seed)
    height, width = random.integers(1, 60, 2).tolist()
    points = random.uniform(-8, 68, (int(random.integers(3, 12)), 2))
    points = np.round(points, int(random.integers(0, 3)))

    ours = polygon_mask(points, height, width)

    assert (ours == reference_mask(points, height, width)).all()


def test_that_a_square_covers_its_pixels() -> None:
    square = np.array([[1, 1], [3, 1], [3, 3], [1, 3]], float)

    assert polygon_mask(square, 4, 5).astype(int).tolist() == [
        [0, 0, 0, 0, 0], [0, 1, 1, 0, 0], [0, 1, 1, 0, 0], [0, 0, 0, 0, 0],
    ]  # fmt: skip


@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 1.0])
def test_that_run_lengths_and_their_text_go_there_and_back(share: float) -> None:
    mask = np.random.default_rng(3).random((37, 23)) < share
    runs = mask_runs(mask)
    spelled = reference.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"].decode()

    assert (runs_mask(runs, 37, 23) == mask).all()
    assert text_of_runs(runs) == spelled
    assert runs_of_text(spelled).tolist() == runs.tolist()


@pytest.mark.parametrize("text", ["a\x00", "ô", "`"])
def test_that_a_damaged_text_of_runs_is_told(text: str) -> None:
    with pytest.raises(UserError) as refusal:
        runs_of_text(text)
    assert refusal.value.code == "runs_invalid"


def test_that_a_negative_run_is_told() -> None:
    with pytest.raises(UserError, match="negative"):
        checked_runs([3, -1])
