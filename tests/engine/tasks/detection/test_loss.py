"""The loss of a detector, and what it is allowed to learn from."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from engine.config.augmentation import AugmentationConfig
from engine.errors import PluginError
from engine.tasks.detection.detection import Detection
from engine.tasks.detection.loss import detection_loss
from engine.tasks.detection.outputs import example_target
from tests.engine.tasks.detection.made_up import KnownOutputs, target


def test_that_the_parts_of_a_loss_are_summed() -> None:
    assert float(detection_loss(KnownOutputs([]), [target([], [])])) == 0.75
    assert float(detection_loss({"a": torch.tensor(1.5), "b": torch.tensor([2.0])}, [])) == 3.5


def test_that_crowds_and_boxes_without_extent_are_not_learnt_from() -> None:
    boxes = [[0.0, 0.0, 9.0, 9.0], [5.0, 5.0, 5.0, 9.0], [9.0, 9.0, 2.0, 2.0], [1.0, 1.0, 8.0, 8.0]]
    crowd = torch.tensor([False, False, False, True])
    masks = torch.zeros((4, 10, 10), dtype=torch.bool)
    given = target(boxes, [0, 1, 2, 0], crowd=crowd, masks=masks, areas=torch.ones(4))
    outputs = KnownOutputs([])
    detection_loss(outputs, [given])
    (learnt,) = outputs.asked
    pixels = torch.zeros(1, 3, 10, 10)
    same_pixels, (mixed,) = Detection().mix(
        pixels, [given], np.random.default_rng(0), AugmentationConfig(), 3
    )
    # A network that is called with its targets gets them so, too.
    assert same_pixels is pixels
    assert all(torch.equal(mixed[name], tensor) for name, tensor in learnt.items())
    assert learnt["boxes"].tolist() == [[0, 0, 9, 9]]
    assert learnt["labels"].tolist() == [0]
    assert learnt["masks"].shape == (1, 10, 10)
    assert set(learnt) == {"boxes", "labels", "masks"}


@pytest.mark.parametrize("outputs", [torch.zeros(2, 3), {}, {"boxes": torch.zeros(3, 4)}, None])
def test_that_outputs_without_losses_are_refused_in_a_sentence(outputs: object) -> None:
    with pytest.raises(PluginError) as caught:
        detection_loss(outputs, [target([], [])])
    assert caught.value.code == "outputs_shape"


def test_that_the_made_up_target_has_a_mask_as_large_as_its_box() -> None:
    made = example_target(2, 64)
    left, top, right, bottom = made["boxes"][0].tolist()
    assert int(made["masks"].sum()) == (right - left) * (bottom - top)
    assert made["labels"].tolist() == [2]
