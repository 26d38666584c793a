"""The loss of a detector: the sum of the parts that its network computes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from engine.errors import PluginError
from engine.tasks.detection.outputs import DetectorOutputs, Target, learnt_from


def detection_loss(outputs: object, targets: Sequence[Target]) -> Tensor:
    """Sum the losses of a batch, a scalar.

    Args:
        outputs: `DetectorOutputs`, or losses by name, as torchvision's detectors give them in training mode.
        targets: one an image.

    Raises:
        PluginError: `outputs_shape` for anything else.
    """
    if isinstance(outputs, DetectorOutputs):
        outputs = outputs.losses([learnt_from(target) for target in targets])
    if isinstance(outputs, Mapping):
        parts = [part for part in outputs.values() if isinstance(part, Tensor)]
        if parts and len(parts) == len(outputs) and all(part.numel() == 1 for part in parts):
            return torch.stack([part.float().reshape(()) for part in parts]).sum()
    raise PluginError(
        "outputs_shape",
        f"The network gave {type(outputs).__name__} where losses by name were expected.",
        "Let it give its losses in training mode (targets_in_forward = True), or override `loss`.",
    )
