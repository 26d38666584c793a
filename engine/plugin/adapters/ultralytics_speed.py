"""Which precision and memory order an Ultralytics detector computes in: measured on a copy, with made-up images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from engine.device.probe import FEWEST_STEPS, Plan, ProbeSubject, Wish, candidates, choose_fastest
from engine.device.resolved import Resolved
from engine.plugin.adapters.ultralytics_batches import objects_of_batch
from engine.tasks.detection.outputs import example_target

if TYPE_CHECKING:
    from engine.plugin.adapters.ultralytics_trainer import YoloTraining


def fastest_for(yolo: nn.Module, training: YoloTraining, steps: int) -> Resolved:
    """Choose for a training of so many steps. Neither the network nor random state is changed."""
    config = training.config
    options = candidates(Wish(config.precision, config.channels_last), training.device)
    if steps < FEWEST_STEPS:
        return options[0]
    count, side = config.batch_size, config.image_size
    generator = torch.Generator().manual_seed(config.seed)
    images = torch.randint(0, 256, (count, side, side, 3), generator=generator, dtype=torch.uint8)
    targets = [example_target(number % len(training.class_names), side) for number in range(count)]
    network: Any = yolo

    def loss(outputs: object, found: Any) -> Tensor:
        batch = objects_of_batch(
            [{n: part.cpu() for n, part in one.items()} for one in found], side, training.with_masks
        )
        there = {name: part.to(training.device) for name, part in batch.items()}
        return network.loss(there, outputs)[0].sum()

    subject = ProbeSubject(yolo, images, targets, loss)
    try:
        return choose_fastest(subject, options, training.device, Plan(steps=steps))
    finally:
        network.criterion = None
