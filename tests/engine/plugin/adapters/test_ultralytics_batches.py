"""The engine's targets become the tables and masks that Ultralytics' losses read."""

from __future__ import annotations

import pytest
import torch

from engine.data.plugin_loader import PluginDataset
from engine.errors import UserError
from engine.plugin.adapters.ultralytics_batches import YoloLoader, objects_of_batch
from engine.tasks.detection.outputs import Target

SIDE = 64


def target(boxes: list[list[float]], labels: list[int], crowd: list[bool] | None = None) -> Target:
    masks = torch.zeros((len(boxes), SIDE, SIDE), dtype=torch.bool)
    for mask, (left, top, right, bottom) in zip(masks, boxes, strict=True):
        mask[int(top) : int(bottom), int(left) : int(right)] = True
    return {
        "boxes": torch.tensor(boxes).reshape(-1, 4),
        "labels": torch.tensor(labels, dtype=torch.int64),
        "crowd": torch.tensor(crowd or [False] * len(boxes), dtype=torch.bool),
        "masks": masks,
    }


SMALL, LARGE = [8.0, 8.0, 24.0, 24.0], [0.0, 0.0, 64.0, 32.0]


def test_that_boxes_become_shares_of_the_image_with_the_number_of_their_image() -> None:
    batch = objects_of_batch(
        [target([SMALL], [1]), target([], []), target([LARGE, SMALL], [0, 2])], SIDE, False
    )
    assert batch["batch_idx"].tolist() == [0, 2, 2]
    assert batch["cls"].tolist() == [[1], [0], [2]]
    assert batch["bboxes"].tolist() == [
        [0.25, 0.25, 0.25, 0.25],
        [0.5, 0.25, 1.0, 0.5],
        [0.25, 0.25, 0.25, 0.25],
    ]
    assert "masks" not in batch


def test_that_what_is_not_learnt_from_is_left_out() -> None:
    flat = [5.0, 5.0, 5.0, 9.0]
    batch = objects_of_batch([target([SMALL, LARGE, flat], [0, 1, 2], [False, True, False])], SIDE, True)
    assert batch["cls"].tolist() == [[0]]


def test_that_small_objects_are_drawn_over_large_ones_and_numbered_as_in_the_table() -> None:
    batch = objects_of_batch([target([SMALL, LARGE], [2, 1])], SIDE, True)
    assert batch["cls"].tolist() == [[1], [2]]  # the large one first
    masks, classes = batch["masks"][0], batch["sem_masks"][0]
    assert masks.shape == classes.shape == (16, 16)
    assert (masks[3, 3], classes[3, 3]) == (2, 2)
    assert (masks[0, 15], classes[0, 15]) == (1, 1)
    assert (masks[15, 0], classes[15, 0]) == (0, 0)


def test_that_masks_that_are_not_there_are_told() -> None:
    one = target([SMALL], [0])
    del one["masks"]
    with pytest.raises(UserError) as told:
        objects_of_batch([one], SIDE, True)
    assert told.value.code == "masks_missing"


class TwoBatches:
    """What a plugin gets as its loader, normalised already."""

    batch_size = 1
    dataset = PluginDataset(2, ("a", "b", "c"))

    def __len__(self) -> int:
        return 2

    def __iter__(self):
        for _ in range(2):
            yield [torch.ones(3, SIDE, SIDE)], [target([SMALL], [0])]


def test_that_the_last_batch_of_an_epoch_is_known_as_such() -> None:
    loader = YoloLoader(TwoBatches(), with_masks=False)
    for _ in range(2):
        assert [loader.ended for _ in loader] == [False, True]


def test_that_pixels_that_are_normalised_stay_as_they_are() -> None:
    loader = YoloLoader(TwoBatches(), with_masks=False)
    (batch, _) = loader
    assert batch["img"].shape == (1, 3, SIDE, SIDE)
    assert torch.equal(loader.pixels(batch["img"]), batch["img"])
