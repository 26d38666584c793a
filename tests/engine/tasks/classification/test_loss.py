"""The loss, worked by hand."""

from __future__ import annotations

import math

import pytest
import torch

from engine.tasks.classification.loss import classification_loss

LOGITS = torch.log(torch.tensor([[0.5, 0.25, 0.25], [0.1, 0.8, 0.1]]))


def test_that_it_is_the_mean_surprise_at_the_true_class() -> None:
    loss = classification_loss(LOGITS, torch.tensor([0, 1]))

    assert loss.item() == pytest.approx(-(math.log(0.5) + math.log(0.8)) / 2)


def test_that_soft_targets_weigh_the_classes() -> None:
    loss = classification_loss(LOGITS[:1], torch.tensor([[0.5, 0.5, 0.0]]))

    assert loss.item() == pytest.approx(-(0.5 * math.log(0.5) + 0.5 * math.log(0.25)))


@pytest.mark.parametrize("soft", [False, True])
def test_that_smoothing_spreads_a_share_over_all_classes(soft: bool) -> None:
    targets = torch.tensor([[1.0, 0.0, 0.0]]) if soft else torch.tensor([0])
    loss = classification_loss(LOGITS[:1], targets, label_smoothing=0.3)

    assert loss.item() == pytest.approx(-(0.8 * math.log(0.5) + 0.2 * math.log(0.25)))


def test_that_half_precision_outputs_are_computed_in_full() -> None:
    assert classification_loss(LOGITS.half(), torch.tensor([0, 1])).dtype == torch.float32
