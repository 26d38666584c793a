"""Weights that are no numbers are not kept, wherever in the network they are."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import torch
from torch import Tensor

from engine.channel.reporter import Reporter
from engine.checkpoints.read import read_weights
from engine.config.supervision import CheckpointConfig
from engine.errors import UserError
from engine.protocol.checkpoint import WEIGHTS_NAME, CheckpointMeta
from engine.protocol.run_folder import RunFolder
from engine.training.saving import Saver
from engine.training.state import Position

META = CheckpointMeta(
    kind="last", run="r", attempt=1, epoch=0, step=0, plugin="p", plugin_hash="", config_hash="",
    class_names=("a", "b"), input_size=(3, 8, 8),
)  # fmt: skip


def save(folder: Path, weights: dict[str, Tensor]) -> None:
    run = RunFolder(folder)
    reporter = Reporter(run.attempt(1))
    state = SimpleNamespace(weights=lambda: weights, capture=dict[str, Any], position=Position(step=7))
    try:
        saver = Saver(run.checkpoints, reporter, META, CheckpointConfig(), numbered=False)
        saver.save_last(cast("Any", state))
    finally:
        reporter.close()


def sound() -> dict[str, Tensor]:
    return {
        "small": torch.tensor([1.0, -2.0]),
        "half": torch.tensor([65504.0], dtype=torch.float16),
        "large": torch.tensor([-1e300], dtype=torch.float64),
        "seen": torch.tensor(5),
        "none": torch.zeros(0),
    }


def test_that_sound_weights_of_all_kinds_are_kept(tmp_path: Path) -> None:
    save(tmp_path, sound())

    kept = read_weights(tmp_path / "checkpoints" / "last" / WEIGHTS_NAME)
    assert all(torch.equal(kept[name], tensor) for name, tensor in sound().items())


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("name", ["small", "half", "large"])
def test_that_one_weight_that_is_no_number_is_enough(name: str, value: float, tmp_path: Path) -> None:
    weights = sound()
    weights[name][-1] = value

    with pytest.raises(UserError, match="not finite after step 7"):
        save(tmp_path, weights)

    assert not (tmp_path / "checkpoints" / "last").exists()
