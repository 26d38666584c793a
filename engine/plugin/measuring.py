"""The child's side of a model's card: builds the model without weights and counts its parameters and operations."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from engine.errors import PluginError, UserError
from engine.inference.service import answers_only
from engine.plugin.contract import BaseModel
from engine.plugin.discovery import source_at
from engine.plugin.isolation import end_after
from engine.plugin.loading import load_source
from engine.plugin.restore import network_of
from engine.protocol.catalog import ModelCard
from engine.protocol.times import CARD_TIMEOUT_S

NO_NETWORK = "The plugin trains with its own loop and shows no torch network, so nothing can be counted."
_DEVICES = ("meta", "cpu")
"""On `meta` nothing is computed or stored, so a large model takes no memory; some plugins cannot be built there."""


def main(path: Path, model: str, config: Mapping[str, object]) -> int:
    """Measure one model of a plugin and write one JSON object to the output: a card or an error. Gives the exit code.

    Args:
        path: of the plugin.
        model: its metadata's name.
        config: flat and resolved, with `image_size` and `num_classes`.
    """
    with answers_only() as answers:
        end_after(CARD_TIMEOUT_S)
        try:
            card = measure(path, model, config)
        except UserError as error:
            return _answer(answers, {"error": error.to_dict()}, 2)
        return _answer(answers, {"card": card.model_dump(mode="json")}, 0)


def measure(path: Path, model: str, config: Mapping[str, object]) -> ModelCard:
    """Build a model with one configuration and count it.

    Raises:
        UserError: what the plugin complains about; `model_not_buildable` for what else it raises.
    """
    source = source_at(path)
    image_size, classes = int(str(config["image_size"])), int(str(config["num_classes"]))
    card = ModelCard(plugin=source.id, model=model, image_size=image_size, classes=classes)
    network = network_of(built_without_memory(path, model, config))
    if network is None:
        return card.model_copy(update={"why_not": NO_NETWORK})
    card = card.model_copy(update={"parameters": parameters_of(network)})
    try:
        return card.model_copy(update={"flops": flops_of(network, image_size)})
    except Exception as error:  # noqa: BLE001  # a network may raise anything for an input it does not take
        reason = f"The network does not take an image of {image_size} px alone ({_words(error)})."
        return card.model_copy(update={"why_not": reason})


def parameters_of(network: nn.Module) -> int:
    """Count a network's parameters, shared ones once."""
    return sum(parameter.numel() for parameter in network.parameters())


def flops_of(network: nn.Module, image_size: int) -> float:
    """Count the floating-point operations for one RGB image; a multiply-add is two. The network may lie on `meta`."""
    device = next((parameter.device for parameter in network.parameters()), torch.device("cpu"))
    network.eval()
    # The fused attention of a CPU is not known to the counter; the plain one consists of products it counts.
    with (
        torch.no_grad(),
        torch.device(device),
        sdpa_kernel(SDPBackend.MATH),
        FlopCounterMode(display=False) as counter,
    ):
        network(torch.zeros(1, 3, image_size, image_size))
    return float(counter.get_total_flops())


def built_without_memory(path: Path, model: str, config: Mapping[str, object]) -> BaseModel:
    """Build a model to be looked at: on `meta`, or where the plugin does not work there, on the CPU.

    Raises:
        UserError: what the plugin complains about; PluginError: `plugin_broken`, `model_not_buildable`.
    """
    model_class = model_class_of(path, model)
    failure: Exception | None = None
    for device in _DEVICES:
        try:
            with torch.device(device):
                return model_class(_config(config))
        except Exception as error:  # noqa: BLE001  # a plugin may raise anything
            failure = error
    assert failure is not None  # there is at least one device
    if isinstance(failure, UserError):
        raise failure
    raise PluginError(
        "model_not_buildable",
        f"{model} cannot be built with these settings ({_words(failure)}).",
        f"See what is wrong: lensmith plugins check {path.name}",
    ) from failure


def _config(config: Mapping[str, object]) -> dict[str, Any]:
    classes = int(str(config["num_classes"]))
    known = {
        "class_names": [str(number) for number in range(classes)],
        "device": "cpu",
        "pretrained_path": None,
        "start_epoch": 0,
        "seed": 0,
    }
    return known | dict(config)


def model_class_of(path: Path, model: str) -> type[BaseModel]:
    """Import a plugin and give the model of that name, else its first.

    Raises:
        PluginError: `plugin_broken`, or what loading complains about.
    """
    try:
        models = load_source(source_at(path))
    except UserError:
        raise
    except Exception as error:
        raise PluginError(
            "plugin_broken", f"The plugin {path.name} cannot be imported ({_words(error)}).", ""
        ) from error
    return next((one for one in models if one.get_metadata().name == model), models[0])


def _words(error: Exception) -> str:
    lines = str(error).splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def _answer(answers: IO[str], document: dict[str, object], exit_code: int) -> int:
    answers.write(json.dumps(document) + "\n")
    answers.flush()
    return exit_code
