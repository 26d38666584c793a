"""Ultralytics' classifiers are trained by the engine's own loop, to the bit as any other network."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from engine.checkpoints.read import tensors_of
from engine.config.validation import resolve_config
from engine.errors import PluginError, UserError
from engine.plugin import UltralyticsClassifier
from engine.plugin.adapters.ultralytics_networks import make_yolo
from engine.plugin.adapters.ultralytics_package import ultralytics_folder
from engine.plugin.discovery import BUILTIN_FOLDER, source_at
from engine.plugin.loading import load_source
from engine.protocol.events import MetricsLogged
from tests.engine.jobs.run_maker import REPOSITORY, make_run, write_pictures

PLUGIN = REPOSITORY / "plugins" / "ultralytics_classifier"
SMALL: dict[str, object] = {
    "architecture": "yolo11n-cls",
    "pretrained": "off",
    "image_size": 64,
    "scheduler.type": "constant",
}


def model_with(**settings: object) -> UltralyticsClassifier:
    (model_class,) = load_source(source_at(BUILTIN_FOLDER / "ultralytics_classifier"))
    flat = resolve_config(model_class.get_config_schema(), SMALL | settings, "easy")
    model = model_class({**flat, "num_classes": 2, "class_names": ["a", "b"]})
    assert isinstance(model, UltralyticsClassifier)
    return model


def test_that_it_is_trained_measured_and_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    data = write_pictures(tmp_path / "data")
    whole = make_run(tmp_path / "a", data, SMALL | {"epochs": 2}, PLUGIN)
    assert whole.work().failure is None
    parted = make_run(tmp_path / "b", data, SMALL | {"epochs": 1}, PLUGIN)
    parted.work()
    assert parted.again("checkpoints/last", epochs=2).work().failure is None

    assert parted.fingerprint() == whole.fingerprint()
    values = {name for event in whole.events() if isinstance(event, MetricsLogged) for name in event.values}
    assert {"train/loss", "val/accuracy", "val/f1_macro"} <= values


@pytest.mark.parametrize("kind", ["fetched before", "named"])
def test_that_weights_that_are_there_are_taken_without_a_network(kind: str, tmp_path: Path) -> None:
    torch.manual_seed(5)
    stored = make_yolo("yolo11n-cls", 7)
    weights = {name: tensor.clone() for name, tensor in tensors_of(stored).items()}
    if kind == "named":
        path = tmp_path / "weights.safetensors"
        save_file(weights, path)
        model = model_with(pretrained="file", pretrained_path=str(path))
    else:
        path = ultralytics_folder() / "weights_dir" / "yolo11n-cls.pt"
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save({"model": stored}, path)  # as Ultralytics saves its models
        model = model_with(pretrained="auto")

    (note,) = model.notes
    assert "2 tensors of the network are not in" in note  # the classes differ
    filled = tensors_of(model.network)
    assert torch.equal(filled["yolo.model.0.conv.weight"], weights["model.0.conv.weight"])


def test_that_without_a_network_the_training_starts_from_chance_and_says_so() -> None:
    (note,) = model_with(pretrained="auto").notes
    assert "could not be fetched" in note
    assert "starts from chance" in note


def test_that_weights_that_are_insisted_on_are_missed_with_the_place_to_put_them() -> None:
    with pytest.raises(PluginError) as told:
        model_with(pretrained="hub")
    assert told.value.code == "weights_unreachable"
    assert str(ultralytics_folder() / "weights_dir") in told.value.hint


def test_that_a_file_that_holds_no_model_is_told_and_not_run(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[object, tuple[str, str]]:
            return open, (str(tmp_path / "exploded"), "w")

    path = tmp_path / "model.pt"
    torch.save({"model": Bomb()}, path)
    with pytest.raises(UserError) as told:
        model_with(pretrained="file", pretrained_path=str(path))
    assert told.value.code == "checkpoint_damaged"
    assert not (tmp_path / "exploded").exists()


def test_that_only_the_last_layer_is_no_backbone() -> None:
    model = model_with()
    behind = {id(parameter) for parameter in model.backbone_parameters()}
    head = [name for name, parameter in model.network.named_parameters() if id(parameter) not in behind]
    assert {name.split(".")[2] for name in head} == {"10"}
    assert any("linear" in name for name in head)
