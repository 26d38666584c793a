"""Measure a model on one split: batches through the network, or originals through a plugin's `infer`, then judged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from engine.data.batch import Batch
from engine.data.loader import Loader
from engine.device.policy import DevicePolicy
from engine.tasks.task import Judgement, Prediction, RawInfer, Task

Loss = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True, slots=True, eq=False)
class NetworkView:
    """How a network is fed and what its outputs mean."""

    task: Task
    class_names: Sequence[str]
    loss: Loss
    policy: DevicePolicy
    mean: tuple[float, ...]
    std: tuple[float, ...]
    decode: Callable[[Tensor], Sequence[Prediction]] | None = None
    """The model's own way from outputs to predictions; None takes the task's, without leaving the device."""


def never() -> bool:
    """Nobody wishes the measuring to end."""
    return False


def measure_network(
    network: nn.Module, loader: Loader, view: NetworkView, is_ending: Callable[[], bool] = never
) -> Judgement | None:
    """Judge a network in eval mode on all images of a loader; None when `is_ending` broke it off.

    Outputs stay on the device until the end: no batch waits for another one's metrics.
    """
    collector = view.task.collector(view.class_names, loader.images)
    with torch.inference_mode():
        for batch in loader.start(0):
            if is_ending():
                return None
            pixels = view.policy.to_input(batch.images, view.mean, view.std)
            targets = batch.targets.to(view.policy.device, non_blocking=True)
            with view.policy.autocast():
                outputs = network(pixels)
                loss = view.loss(outputs, targets)
            if view.decode is not None:
                collector.add_predictions(view.decode(outputs), batch)
            else:
                collector.add_outputs(outputs, loss, batch)
        return collector.judgement()


def measure_infer(
    infer: RawInfer,
    loader: Loader,
    task: Task,
    class_names: Sequence[str],
    is_ending: Callable[[], bool] = never,
) -> Judgement | None:
    """Judge a plugin by its own `infer` on the original images of a loader's split; None when broken off.

    Images that cannot be read are left out, and told by the loader.
    """
    collector = task.collector(class_names, loader.images)
    source, size = loader.source, loader.settings.batch_size
    for start in range(0, len(source), size):
        if is_ending():
            return None
        positions: list[int] = []
        images: list[np.ndarray] = []
        for position in range(start, min(start + size, len(source))):
            image = source.original(position)
            if image is not None:
                positions.append(position)
                images.append(image)
        if images:
            targets, indices = source.targets[positions], source.item_indices[positions]
            batch = Batch(
                torch.empty((len(images), 0, 0, 3), dtype=torch.uint8),
                torch.from_numpy(targets),
                torch.from_numpy(indices),
            )
            collector.add_predictions(infer(images), batch)
    return collector.judgement()
