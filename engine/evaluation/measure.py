"""Measure a model on one split: batches through the network, or originals through a plugin's `infer`, then judged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from engine.data.batch import Batch, move_targets
from engine.data.loader import Loader
from engine.data.targets import Target
from engine.device.policy import DevicePolicy
from engine.tasks.task import Collector, Judgement, Outputs, Prediction, RawInfer, Task

Loss = Callable[..., Tensor]


@dataclass(frozen=True, slots=True, eq=False)
class NetworkView:
    """How a network is fed and what its outputs mean."""

    task: Task
    class_names: Sequence[str]
    loss: Loss | None
    """None for a network that gives its losses in training mode only."""
    policy: DevicePolicy
    mean: tuple[float, ...]
    std: tuple[float, ...]
    decode: Callable[[Outputs], Sequence[Prediction]] | None = None
    """The model's own way from outputs to predictions; None takes the task's, without leaving the device."""


def never() -> bool:
    """Nobody wishes the measuring to end."""
    return False


def unwatched(collector: Collector) -> None:
    """Nobody looks at what is measured so far."""
    del collector


@dataclass(frozen=True, slots=True)
class Course:
    """Who takes part in a measuring while it goes on."""

    is_ending: Callable[[], bool] = never
    """Asked before each batch; true breaks the measuring off."""
    look: Callable[[Collector], object] = unwatched
    """Called after each batch with what is gathered so far."""


UNDISTURBED = Course()


def measure_network(
    network: nn.Module, loader: Loader, view: NetworkView, course: Course = UNDISTURBED
) -> Judgement | None:
    """Judge a network in eval mode on all images of a loader; None when it was broken off.

    Outputs stay on the device until the end: no batch waits for another one's metrics.
    """
    collector = view.task.collector(view.class_names, loader.images)
    with torch.inference_mode():
        for batch in loader.start(0):
            if course.is_ending():
                return None
            pixels = view.policy.to_input(batch.images, view.mean, view.std)
            loss: Tensor | None = None
            with view.policy.autocast():
                outputs = network(pixels)
                if view.loss is not None:
                    loss = view.loss(outputs, move_targets(batch.targets, view.policy.device))
            if view.decode is not None:
                collector.add_predictions(view.decode(outputs), batch)
            else:
                collector.add_outputs(outputs, loss, batch)
            course.look(collector)
        return collector.judgement()


def measure_infer(
    infer: RawInfer,
    loader: Loader,
    task: Task,
    class_names: Sequence[str],
    course: Course = UNDISTURBED,
) -> Judgement | None:
    """Judge a plugin by its own `infer` on the original images of a loader's split; None when broken off.

    Images that cannot be read are left out, and told by the loader.
    """
    collector = task.collector(class_names, loader.images)
    source, size = loader.source, loader.settings.batch_size
    for start in range(0, len(source), size):
        if course.is_ending():
            return None
        positions: list[int] = []
        images: list[np.ndarray] = []
        targets: list[Target] = []
        for position in range(start, min(start + size, len(source))):
            image = source.original(position)
            target = source.original_target(position) if image is not None else None
            if image is not None and target is not None:
                positions.append(position)
                images.append(image)
                targets.append(target)
        if images:
            batch = Batch(
                torch.empty((len(images), 0, 0, 3), dtype=torch.uint8),
                source.targets.collate(targets),
                torch.from_numpy(source.item_indices[positions]),
                torch.tensor([image.shape[:2] for image in images]),
            )
            collector.add_predictions(infer(images), batch)
            course.look(collector)
    return collector.judgement()
