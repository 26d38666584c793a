"""Write a trained network as one ONNX file that takes plain pixels, and verify it against PyTorch."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from engine.config.features import require_feature
from engine.data.preprocessing import Framing
from engine.export.verification import Verification, probing_inputs, verify_onnx

OPSET = 18


@dataclass(frozen=True, slots=True)
class Deployment:
    """What a program that uses the file must know; also stored in the file's metadata and beside it as JSON."""

    class_names: tuple[str, ...]
    input_size: tuple[int, int, int]
    """Channels, height, width."""
    mean: tuple[float, ...]
    std: tuple[float, ...]
    resize_method: str = "bilinear"
    framing: Framing = "centre"
    """What of an image the square shows: its middle, or all of it, squeezed or stretched."""
    include_preprocessing: bool = True
    """The graph takes RGB 0 to 255 and normalises; else it takes normalised values."""
    include_postprocessing: bool = True
    """The graph gives probabilities; else raw scores."""
    any_batch: bool = True
    """The graph takes any number of images at once; else one."""


Finish = Callable[[Any, bool], torch.Tensor]


def softmax_over_classes(outputs: torch.Tensor, as_probabilities: bool) -> torch.Tensor:
    """Of logits with the classes in the second axis."""
    return torch.softmax(outputs, dim=1) if as_probabilities else outputs


class DeploymentNetwork(nn.Module):
    """The network with normalisation before and probabilities behind it, as asked. Input (N, 3, H, W) float32.

    Args:
        network: in eval mode.
        deployment: whether both are wanted.
        finish: makes of the network's outputs what the file gives, and whether as probabilities.
    """

    def __init__(
        self, network: nn.Module, deployment: Deployment, finish: Finish = softmax_over_classes
    ) -> None:
        super().__init__()
        self.network = network
        self.deployment = deployment
        self.finish = finish
        self.register_buffer("scale", 1 / (255 * torch.tensor(deployment.std).view(1, -1, 1, 1)))
        self.register_buffer(
            "shift",
            -torch.tensor(deployment.mean).view(1, -1, 1, 1) / torch.tensor(deployment.std).view(1, -1, 1, 1),
        )

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        if self.deployment.include_preprocessing:
            images = images * self.get_buffer("scale") + self.get_buffer("shift")
        return self.finish(self.network(images), self.deployment.include_postprocessing)


def export_onnx(
    network: nn.Module,
    path: Path,
    deployment: Deployment,
    opset: int = OPSET,
    finish: Finish = softmax_over_classes,
) -> Verification:
    """Write `path` (with `path.json` beside it) and compare it with PyTorch.

    The batch dimension is free unless `deployment.any_batch` is off; height and width are those of
    `deployment.input_size`. The network is moved to the CPU, to float32 and to evaluation, in place.

    Raises:
        UserError: `feature_missing` when ONNX or its runtime is not installed; `export_insensitive`;
            `export_unsupported` from the task.
    """
    require_feature("onnx_export")
    require_feature("onnx_check")
    model = DeploymentNetwork(network.float().cpu().eval(), deployment, finish).eval()
    inputs = probing_inputs(deployment.input_size)
    if not deployment.include_preprocessing:
        inputs = inputs / 127.5 - 1
    path.parent.mkdir(parents=True, exist_ok=True)
    with torch.no_grad():
        model(inputs[:1])  # what cannot be written says so here, not in the depths of the exporter
        torch.onnx.export(
            model,
            (inputs[: 2 if deployment.any_batch else 1],),
            str(path),
            dynamo=True,
            opset_version=opset,
            external_data=False,
            verbose=False,
            input_names=["images"],
            output_names=["probabilities" if deployment.include_postprocessing else "scores"],
            dynamic_shapes=({0: torch.export.Dim("batch", min=1)},) if deployment.any_batch else None,
        )
    _describe(path, deployment)
    return verify_onnx(path, model, inputs, any_batch=deployment.any_batch)


def _describe(path: Path, deployment: Deployment) -> None:
    """Store what a user of the file must know, in the file and beside it."""
    import onnx  # optional package, checked by the caller

    facts = asdict(deployment)
    model = onnx.load(str(path))
    onnx.helper.set_model_props(model, {key: json.dumps(value) for key, value in facts.items()})
    onnx.save(model, str(path))
    path.with_suffix(".json").write_text(json.dumps(facts, indent=1), encoding="utf-8")
