"""Compare an exported file with the PyTorch model on inputs to which the output really reacts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np
import torch
from torch import nn

from engine.errors import UserError

TOLERANCE = 1e-3
"""Largest accepted difference, relative to how far the outputs differ between the probing inputs."""
MIN_SENSITIVITY = 1e-6


@dataclass(frozen=True, slots=True)
class Verification:
    """How far the file is from the model.

    Attributes:
        max_error: largest absolute difference of any output value over all probes.
        sensitivity: largest absolute difference of the model's own outputs between two probes; an error only means
            something next to it.
    """

    verified: bool
    max_error: float
    sensitivity: float


def probing_inputs(input_size: tuple[int, int, int], count: int = 4, seed: int = 0) -> torch.Tensor:
    """Make `count` varied pictures (N, 3, H, W), float32 in 0 to 255: ramps, blocks and noise of different contrast.

    Noise alone looks the same to a network whatever its seed; structure does not.
    """
    generator = torch.Generator().manual_seed(seed)
    channels, height, width = input_size
    pictures = []
    for index in range(count):
        cells = 2 ** (index + 1)
        coarse = torch.rand((1, channels, cells, cells), generator=generator)
        blocks = nn.functional.interpolate(coarse, size=(height, width), mode="nearest")[0]
        noise = torch.rand((channels, height, width), generator=generator)
        pictures.append(255 * (0.8 * blocks + 0.2 * noise))
    return torch.stack(pictures)


def verify_onnx(
    path: Path, model: nn.Module, inputs: torch.Tensor, *, any_batch: bool = True
) -> Verification:
    """Run `path` in ONNX Runtime on the CPU and compare with `model`, one picture at a time and as one batch.

    A file that is not said to take `any_batch` is run one picture at a time only.

    Raises:
        UserError: `export_insensitive` when the model gives the same output for every probe, so that nothing is proved.
    """
    import onnxruntime  # optional package, checked by the caller

    with torch.inference_mode():
        expected = model(inputs).float().numpy()
    sensitivity = float(np.abs(expected[:, None] - expected[None, :]).max())
    if sensitivity < MIN_SENSITIVITY:
        raise UserError(
            "export_insensitive",
            "The model gives the same output whatever it is shown, so the exported file cannot be verified.",
            "Train it longer, or choose another checkpoint.",
        )
    try:
        found = _outputs(onnxruntime, path, inputs, any_batch=any_batch)
    except Exception as error:
        # The runtime's own errors have no class in common.
        if not type(error).__module__.startswith("onnxruntime"):
            raise
        raise UserError(
            "export_unrunnable",
            f"ONNX Runtime cannot run {path}: {str(error).splitlines()[0]}.",
            "Try another opset, or export without pre- and post-processing.",
        ) from error
    if any(outputs.shape != expected.shape for outputs in found):
        return Verification(verified=False, max_error=float("nan"), sensitivity=sensitivity)
    # numpy's maximum, unlike Python's, keeps a NaN: such an output is no match.
    largest = float(np.max([np.abs(outputs - expected).max() for outputs in found]))
    return Verification(largest <= TOLERANCE * max(sensitivity, MIN_SENSITIVITY), largest, sensitivity)


def _outputs(
    onnxruntime: ModuleType, path: Path, inputs: torch.Tensor, *, any_batch: bool
) -> list[np.ndarray]:
    """What the file gives: for one picture at a time, and for all of them in one batch."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    pictures = [inputs[i : i + 1].numpy() for i in range(len(inputs))]
    found = [np.concatenate([np.asarray(session.run(None, {name: one})[0]) for one in pictures])]
    if any_batch:
        found.append(np.asarray(session.run(None, {name: inputs.numpy()})[0]))
    return found
