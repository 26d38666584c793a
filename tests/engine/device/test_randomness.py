"""Random state can be set, taken, put back and left untouched; algorithms repeat when asked to."""

from __future__ import annotations

import io
import os
import random
from collections.abc import Iterator

import numpy as np
import pytest
import torch

from engine.device.randomness import (
    capture_randomness,
    repeat_exactly,
    restore_randomness,
    seed_everything,
    untouched_randomness,
)

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def flags_as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(os.environ, "CUBLAS_WORKSPACE_CONFIG", "")
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG")
    benchmark, deterministic = torch.backends.cudnn.benchmark, torch.backends.cudnn.deterministic
    yield
    torch.use_deterministic_algorithms(False)
    torch.backends.cudnn.benchmark, torch.backends.cudnn.deterministic = benchmark, deterministic


def draw() -> tuple[float, ...]:
    return (
        torch.rand(1).item(),
        random.random(),
        torch.randn(1).item(),
        random.gauss(0, 1),
        float(np.random.beta(0.2, 0.2)),
        float(np.random.normal()),
    )


@pytest.mark.parametrize("seed", [0, 7, 2**31 - 1])
def test_that_equal_seeds_give_equal_numbers_everywhere(seed: int) -> None:
    seed_everything(seed)
    first = (*draw(), float(np.random.rand()))
    seed_everything(seed)

    assert (*draw(), float(np.random.rand())) == first


def test_that_restored_state_draws_what_would_have_come() -> None:
    seed_everything(1)
    random.gauss(0, 1)  # leaves a second number waiting
    state = capture_randomness(CPU)
    first = draw()
    draw()

    restore_randomness(state, CPU)

    assert draw() == first


def test_that_the_state_can_be_stored_in_a_checkpoint() -> None:
    seed_everything(2)
    file = io.BytesIO()
    torch.save(capture_randomness(CPU), file)
    first = draw()
    file.seek(0)

    restore_randomness(torch.load(file, weights_only=True), CPU)

    assert draw() == first


def test_that_what_draws_inside_leaves_no_trace_even_when_it_fails() -> None:
    seed_everything(3)
    first = draw()
    seed_everything(3)

    def draw_and_fail() -> None:
        with untouched_randomness(CPU):
            draw()
            raise ValueError("inside")

    with pytest.raises(ValueError, match="inside"):
        draw_and_fail()

    assert draw() == first


def test_that_exact_repetition_is_switched_on_and_off() -> None:
    repeat_exactly(True)
    assert torch.are_deterministic_algorithms_enabled()
    assert torch.is_deterministic_algorithms_warn_only_enabled()
    assert (torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark) == (True, False)
    assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"

    repeat_exactly(False)
    assert not torch.are_deterministic_algorithms_enabled()
    assert (torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark) == (False, False)
