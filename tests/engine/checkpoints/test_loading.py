"""Weights go only into a network that they fit; the sentence says what does not."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from engine.checkpoints.read import load_weights, start_from_weights, tensors_of
from engine.errors import UserError


def network(classes: int = 3, seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(4, classes))


def test_that_weights_of_the_same_network_are_taken_with_their_buffers() -> None:
    source, target = network(seed=1), network(seed=2)
    source(torch.rand(2, 3, 3, 3))

    load_weights(target, tensors_of(source), "r1")

    assert all(torch.equal(value, tensors_of(source)[name]) for name, value in tensors_of(target).items())
    assert tensors_of(target)["1.num_batches_tracked"] == 1


def test_that_another_shape_is_told_first_and_nothing_is_taken() -> None:
    target = network(classes=5)
    before = {name: value.clone() for name, value in tensors_of(target).items()}

    with pytest.raises(UserError, match=r"3\.weight is \(3, 4\) instead of \(5, 4\)") as caught:
        load_weights(target, tensors_of(network(seed=1)), "r1")

    assert caught.value.code == "checkpoint_mismatch"
    assert "r1" in caught.value.message
    assert all(torch.equal(value, before[name]) for name, value in tensors_of(target).items())


def test_that_missing_and_unknown_tensors_are_told_and_a_long_list_is_cut() -> None:
    weights = tensors_of(network())
    lacking = {name: value for name, value in weights.items() if name != "3.bias"}
    with pytest.raises(UserError, match=r"3\.bias is missing"):
        load_weights(network(), lacking, "r1")
    with pytest.raises(UserError, match="extra is unknown"):
        load_weights(network(), {**weights, "extra": torch.zeros(1)}, "r1")
    with pytest.raises(UserError, match="and more"):
        load_weights(network(), {}, "r1")


def test_that_a_start_from_another_run_takes_all_but_the_head() -> None:
    source, target = network(seed=1), network(classes=5, seed=2)
    head = target[3].weight.detach().clone()  # type: ignore[index]  # a Sequential

    left = start_from_weights(target, tensors_of(source), "r1")

    assert left == ["3.weight", "3.bias"]
    assert torch.equal(tensors_of(target)["0.weight"], tensors_of(source)["0.weight"])
    assert torch.equal(tensors_of(target)["3.weight"], head)


def test_that_a_start_from_a_stranger_is_refused() -> None:
    with pytest.raises(UserError, match="Only 1 of the network's 9 tensors") as caught:
        start_from_weights(network(), {"0.bias": torch.zeros(4)}, "photo.pt")
    assert caught.value.code == "checkpoint_mismatch"
