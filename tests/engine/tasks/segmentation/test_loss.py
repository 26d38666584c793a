"""The loss against one written in another way: torch's cross-entropy, and Dice over one-hot masks."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, interpolate, one_hot

from engine.tasks.segmentation.loss import (
    AUXILIARY_WEIGHT,
    DICE_WEIGHT,
    SMOOTH,
    likeliest,
    segmentation_loss,
)

CLASSES = 5


def made_up(seed: int = 0) -> tuple[Tensor, Tensor]:
    """Logits (3, C, 12, 10), and masks of four of the classes with some unknown pixels."""
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn((3, CLASSES, 12, 10), generator=generator)
    masks = torch.randint(0, CLASSES - 1, (3, 12, 10), generator=generator)
    masks[torch.rand((3, 12, 10), generator=generator) < 0.2] = 255
    return logits, masks.to(torch.uint8)


def expected(logits: Tensor, masks: Tensor, smoothing: float = 0.0) -> Tensor:
    entropy = cross_entropy(logits, masks.long(), ignore_index=255, label_smoothing=smoothing)
    known = masks != 255
    true = one_hot(torch.where(known, masks, 0).long(), CLASSES).permute(0, 3, 1, 2) * known.unsqueeze(1)
    probs = logits.softmax(dim=1) * known.unsqueeze(1)
    shared, both = (probs * true).sum((0, 2, 3)), (probs + true).sum((0, 2, 3))
    dice = (2 * shared + SMOOTH) / (both + SMOOTH)
    return entropy + DICE_WEIGHT * (1 - dice)[true.sum((0, 2, 3)) > 0].mean()


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_that_it_is_cross_entropy_and_dice_of_the_known_pixels(smoothing: float) -> None:
    logits, masks = made_up()

    assert float(segmentation_loss(logits, masks, smoothing)) == pytest.approx(
        float(expected(logits, masks, smoothing)), rel=1e-5
    )


def test_that_its_gradient_is_the_references_and_nothing_at_unknown_pixels() -> None:
    logits, masks = made_up(1)
    own, other = logits.clone().requires_grad_(), logits.clone().requires_grad_()

    segmentation_loss(own, masks).backward()
    expected(other, masks).backward()

    assert own.grad is not None
    assert other.grad is not None
    torch.testing.assert_close(own.grad, other.grad, rtol=1e-4, atol=1e-7)
    assert float(own.grad.abs().sum(dim=1)[masks == 255].max()) == 0


def test_that_masks_without_any_known_pixel_give_no_loss_and_no_gradient() -> None:
    logits = made_up()[0].requires_grad_()

    loss = segmentation_loss(logits, torch.full((3, 12, 10), 255, dtype=torch.uint8))
    loss.backward()

    assert float(loss.detach()) == 0
    assert logits.grad is not None
    assert float(logits.grad.abs().max()) == 0


def test_that_smaller_logits_are_enlarged_to_the_masks() -> None:
    logits, masks = made_up()
    small = logits[..., :6, :5]
    enlarged = interpolate(small, size=(12, 10), mode="bilinear", align_corners=False)

    assert float(segmentation_loss(small, masks)) == pytest.approx(float(expected(enlarged, masks)), rel=1e-5)


def test_that_a_second_head_counts_for_less() -> None:
    logits, masks = made_up()
    other = made_up(2)[0]

    both = segmentation_loss({"out": logits, "aux": other}, masks)

    alone = [float(segmentation_loss(one, masks)) for one in (logits, other)]
    assert float(both) == pytest.approx(alone[0] + AUXILIARY_WEIGHT * alone[1], rel=1e-6)


def test_that_the_likeliest_class_is_that_of_argmax_also_of_equals_and_nan() -> None:
    logits, _ = made_up()
    logits[0, :, :3] = 0.0
    logits[1, 2, 4:6] = float("nan")

    assert torch.equal(likeliest(logits), logits.argmax(dim=1))
