"""One optimizer step: its batches to the device, mixed, through the network, and the gradient's step."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from torch import Tensor, nn
from torch.optim import Optimizer

from engine.data.batch import Batch, move_targets
from engine.data.streams import mix_generator
from engine.device.policy import DevicePolicy
from engine.tasks.task import Outputs
from engine.training.trainable import Trainable

if TYPE_CHECKING:
    from engine.config.train import TrainConfig


@dataclass(frozen=True, slots=True, eq=False)
class StepParts:
    """What takes part in a step."""

    trainable: Trainable
    policy: DevicePolicy
    optimizer: Optimizer
    forward: Callable[..., Outputs]
    config: TrainConfig
    mean: tuple[float, ...]
    std: tuple[float, ...]


class OptimizationStep:
    """Does steps; the same batches, weights and random state give the same bits."""

    def __init__(self, parts: StepParts) -> None:
        self._parts = parts
        self._parameters = [
            parameter for group in parts.optimizer.param_groups for parameter in group["params"]
        ]

    def run(
        self,
        batches: Sequence[Batch],
        epoch: int,
        first: int,
        is_cancelled: Callable[[], bool] = lambda: False,
    ) -> Tensor | None:
        """Step over the gradient of the mean loss of all images in `batches`.

        Args:
            batches: the step's; several when gradients are accumulated.
            epoch: counted from 0, and
            first: the first batch's number in it: what chance depends on.
            is_cancelled: asked between two batches.

        Returns:
            That mean loss, detached, on the device: nobody has waited for it. None when it was cancelled.
        """
        parts = self._parts
        images = sum(len(batch) for batch in batches)
        total: Tensor | None = None
        for offset, batch in enumerate(batches):
            if offset and is_cancelled():
                return None
            share = len(batch) / images
            loss = self._loss(batch, epoch, first + offset)
            if len(batches) > 1:
                # The mean of a shorter last batch counts for less.
                loss = loss * share
            parts.policy.backward(loss)
            total = loss.detach() if total is None else total + loss.detach()
        if total is None:
            raise ValueError("a step needs at least one batch")
        parts.policy.step(parts.optimizer, self._parameters, parts.config.clip_norm)
        return total

    def _loss(self, batch: Batch, epoch: int, number: int) -> Tensor:
        parts = self._parts
        pixels = parts.policy.to_input(batch.images, parts.mean, parts.std)
        targets = move_targets(batch.targets, parts.policy.device)
        chance = mix_generator(parts.config.seed, epoch, number)
        pixels, targets = parts.trainable.task.mix(
            pixels, targets, chance, parts.config.augmentation, len(parts.trainable.class_names)
        )
        with parts.policy.autocast():
            # Some detectors choose what they learn from by the targets, on their way through the network.
            given = (pixels, targets) if parts.trainable.targets_in_forward else (pixels,)
            return parts.trainable.loss(parts.forward(*given), targets)


def grouped(batches: Iterator[Batch], size: int) -> Iterator[list[Batch]]:
    """Yield the batches of one optimizer step after another; the last group may be smaller."""
    while group := list(islice(batches, size)):
        yield group


def set_training_mode(network: nn.Module, frozen: Sequence[nn.Parameter]) -> None:
    """Put the network in training mode; layers whose own parameters are all frozen keep their statistics."""
    network.train()
    if not frozen:
        return
    held = {id(parameter) for parameter in frozen}
    for module in network.modules():
        own = list(module.parameters(recurse=False))
        if own and all(id(parameter) in held for parameter in own):
            module.training = False  # not eval(), which would reach the head through a common parent
