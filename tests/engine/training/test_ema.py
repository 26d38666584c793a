"""The moving average follows the weights and takes buffers of every kind as they are."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from engine.training.ema import Ema


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))


def test_that_weights_are_averaged_with_a_decay_that_rises_with_the_steps() -> None:
    model = network()
    weight = dict(model.named_parameters())["0.weight"]
    start = weight.detach().clone()
    ema = Ema(model, decay=0.9)
    with torch.no_grad():
        weight += 1

    ema.update(1)

    average = dict(ema.network.named_parameters())["0.weight"]
    torch.testing.assert_close(average, start + 1 - 2 / 11)


def test_that_buffers_of_whole_and_of_broken_numbers_are_copied() -> None:
    model = network()
    ema = Ema(model, decay=0.9)
    model(torch.randn(2, 3, 5, 5))

    ema.update(1)

    copies = dict(ema.network.named_buffers())
    assert int(copies["1.num_batches_tracked"]) == 1
    for name, buffer in model.named_buffers():
        assert torch.equal(copies[name], buffer)
        assert copies[name] is not buffer


@pytest.mark.parametrize("steps", [0, 3])
def test_that_a_network_without_buffers_is_averaged_too(steps: int) -> None:
    model = nn.Linear(2, 2)
    ema = Ema(model, decay=0.5)
    for step in range(steps):
        ema.update(step + 1)

    assert torch.equal(dict(ema.network.named_parameters())["weight"], model.weight)
