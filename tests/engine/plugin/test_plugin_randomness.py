"""The random state of a plugin's training comes back on the device that it was taken from."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from engine.device.randomness import capture_randomness
from engine.plugin.plugin_checkpoints import RANDOMNESS, restore_plugin_randomness

CPU = torch.device("cpu")


@pytest.mark.parametrize(("has_gpu", "expected"), [(True, ["cuda"]), (False, [])])
def test_that_a_gpus_state_comes_back_before_the_plugin_has_touched_the_gpu(
    has_gpu: bool, expected: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    restored: list[str] = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: has_gpu)
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: False)
    monkeypatch.setattr(torch.cuda, "set_rng_state", lambda _state, device: restored.append(device.type))
    state = capture_randomness(CPU)
    torch.save({**state, "cuda": torch.zeros(16, dtype=torch.uint8)}, tmp_path / RANDOMNESS)

    restore_plugin_randomness(tmp_path)

    assert restored == expected


def test_that_a_processors_state_comes_back(tmp_path: Path) -> None:
    torch.save(capture_randomness(CPU), tmp_path / RANDOMNESS)
    expected = torch.rand(3)

    restore_plugin_randomness(tmp_path)

    assert torch.equal(torch.rand(3), expected)
