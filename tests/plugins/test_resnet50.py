from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torchvision.models import resnet50

from engine.errors import PluginError
from engine.plugin import ClassScores, TorchModel
from engine.plugin.discovery import BUILTIN_FOLDER, source_at
from engine.plugin.loading import load_source


@pytest.fixture(autouse=True)
def without_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Take names away and give an empty place for downloads, so that nothing comes from either."""
    torch.set_num_threads(1)

    def refuse(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


def model_with(**settings: Any) -> TorchModel:
    (model_class,) = load_source(source_at(BUILTIN_FOLDER / "resnet50"))
    model = model_class({"num_classes": 3, "image_size": 32, **settings})
    assert isinstance(model, TorchModel)
    return model


def test_that_from_chance_it_answers_with_one_number_a_class() -> None:
    model = model_with(pretrained="off")

    (answer,) = model.infer(np.zeros((40, 60, 3), dtype=np.uint8))

    assert isinstance(answer, ClassScores)
    assert answer.probs.shape == (3,)
    assert model.notes == []


def test_that_all_but_the_last_layer_is_the_backbone() -> None:
    model = model_with(pretrained="off")

    behind = {id(parameter) for parameter in model.backbone_parameters()}

    heads = [name for name, parameter in model.network.named_parameters() if id(parameter) not in behind]
    assert heads == ["fc.weight", "fc.bias"]


def test_that_without_a_network_a_download_that_was_asked_for_is_refused_with_a_remedy() -> None:
    with pytest.raises(PluginError, match="could not be downloaded") as caught:
        model_with(pretrained="hub")
    assert "pretrained to file or off" in caught.value.hint


def test_that_without_a_network_it_starts_from_chance_and_says_so() -> None:
    (note,) = model_with(pretrained="auto").notes

    assert "could not be downloaded" in note
    assert "starts from chance" in note


def test_that_a_file_of_torchvisions_own_weights_fills_all_but_the_last_layer(tmp_path: Path) -> None:
    original = resnet50(weights=None)
    torch.save(original.state_dict(), tmp_path / "resnet50.pth")

    model = model_with(pretrained="file", pretrained_path=str(tmp_path / "resnet50.pth"))

    own = model.network.state_dict()
    for name, tensor in original.state_dict().items():
        assert name.startswith("fc.") or torch.equal(tensor, own[name]), name
    assert "fc.weight, fc.bias" in model.notes[0]
