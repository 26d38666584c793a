from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open

from engine.checkpoints.write import write_checkpoint
from engine.errors import PluginError, UserError
from engine.protocol.checkpoint import CheckpointMeta
from tests.engine.plugin.adapters.small_models import (
    Batches,
    Small,
    flat,
    picture,
    probabilities,
    trainable_weights,
)


@pytest.fixture(autouse=True)
def one_seed() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)


@pytest.mark.parametrize("name", ["checkpoint.pt", "weights.safetensors"])
def test_that_a_loaded_model_answers_as_the_saved_one(name: str, tmp_path: Path) -> None:
    model = Small(flat())
    model.train(Batches())
    path = str(tmp_path / name)

    model.save_checkpoint(path, 3, {"accuracy": np.float64(0.5)})  # pyright: ignore[reportArgumentType]  # what numpy code gives

    torch.manual_seed(9)
    other = Small(flat())
    wanted = probabilities(model, picture(30, 30))
    assert not np.allclose(probabilities(other, picture(30, 30)), wanted)
    other.load_checkpoint(path)
    np.testing.assert_array_equal(probabilities(other, picture(30, 30)), wanted)


def test_that_a_file_of_safetensors_says_where_it_comes_from(tmp_path: Path) -> None:
    path = str(tmp_path / "w.safetensors")
    Small(flat()).save_checkpoint(path, 3, {"accuracy": 0.5})

    with safe_open(path, framework="pt") as opened:
        assert opened.metadata() == {"format": "pt", "epoch": "3", "metrics": '{"accuracy": 0.5}'}


def test_that_a_checkpoint_of_the_engine_is_loaded_too(tmp_path: Path) -> None:
    model = Small(flat())
    meta = CheckpointMeta(
        kind="last", run="r", attempt=1, epoch=1, step=1, plugin="p", plugin_hash="0", config_hash="0"
    )
    write_checkpoint(tmp_path / "last", model.network.state_dict(), {}, meta)
    torch.manual_seed(9)
    other = Small(flat())

    other.load_checkpoint(str(tmp_path / "last"))

    assert torch.equal(trainable_weights(other), trainable_weights(model))


def test_that_a_checkpoint_with_other_classes_is_refused_and_nothing_changes(tmp_path: Path) -> None:
    path = str(tmp_path / "c.pt")
    Small(flat(num_classes=5, class_names=list("abcde"))).save_checkpoint(path, 1, {})
    model = Small(flat())
    before = trainable_weights(model)

    with pytest.raises(UserError, match="belongs to another model"):
        model.load_checkpoint(path)
    assert torch.equal(trainable_weights(model), before)


def test_that_a_file_of_weights_fills_all_but_a_head_with_other_classes_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "other.safetensors"
    other = Small(flat(num_classes=5, class_names=list("abcde")))
    other.save_checkpoint(str(path), 1, {})
    torch.manual_seed(9)
    model = Small(flat(pretrained_path=str(path)))

    left = model.start_from_file(model.network)

    assert left == ["3.weight", "3.bias"]
    assert torch.equal(next(model.features.parameters()), next(other.features.parameters()))
    assert model.notes == [f"2 tensors of the network are not in {path} and start afresh: 3.weight, 3.bias."]


def test_that_a_file_of_another_network_is_refused(tmp_path: Path) -> None:
    torch.save({"elsewhere": torch.zeros(3)}, tmp_path / "other.pth")
    model = Small(flat(pretrained_path=str(tmp_path / "other.pth")))

    with pytest.raises(UserError, match=r"Only 0 of the network's 9 tensors") as caught:
        model.start_from_file(model.network)
    assert caught.value.code == "checkpoint_mismatch"


def test_that_a_missing_name_of_a_file_is_told() -> None:
    model = Small(flat())

    with pytest.raises(PluginError, match="pretrained_path names none"):
        model.start_from_file(model.network)


@pytest.mark.parametrize("format", ["onnx", "torchscript", "coreml"])
def test_that_every_export_is_left_to_the_engine(format: str, tmp_path: Path) -> None:
    with pytest.raises(NotImplementedError):
        Small(flat()).export(str(tmp_path / "model"), format)
