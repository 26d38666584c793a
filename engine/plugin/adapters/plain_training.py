"""The plainest training of an adapter: what its `train` does where the engine's own loop is not used."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from engine.config.schedule import Span
from engine.data.batch import move_targets
from engine.training.patience import chosen_metric
from engine.training.schedule import Schedule, SchedulePlan

if TYPE_CHECKING:
    from engine.plugin.adapters.torch_model import TorchModel


def train_plainly(model: TorchModel, train_loader: Any, val_loader: Any, callbacks: Any) -> None:
    """Train in float32, one optimizer step a batch, with the configured optimizer, schedule and clipping.

    Without accumulation, averaging, freezing and mixing, which the engine's loop adds.

    Args:
        model: its network is trained where `model.device` says.
        train_loader: sized; yields `(images float32 (B, 3, H, W) normalised, labels int64 (B,))`, or what the task
            has in its place.
        val_loader: the same, or None.
        callbacks: as `engine.plugin.contract.Callbacks`, or None; epochs are counted from 0.

    Raises:
        TrainingStopped: from the callbacks.
    """
    settings = model.settings.model_copy(update={"precision": "fp32"})
    model.network.to(model.device)
    optimizer = model.build_optimizer(model.param_groups(settings), settings)
    span = Span(len(train_loader), settings.epochs)
    metric, direction = chosen_metric(settings.validation.metric, model.task)
    plan = SchedulePlan(settings.scheduler, span, settings.optimizer.lr, direction)
    schedule = Schedule(optimizer, plan, model.build_scheduler(optimizer, settings, span.steps))
    first = int(model.config.get("start_epoch") or 0)
    step = first * len(train_loader)
    schedule.restore({}, step)
    for epoch in range(first, settings.epochs):
        model.network.train()
        losses: list[Tensor] = []
        for images, targets in train_loader:
            targets = move_targets(targets, model.device)
            given = (stacked(images).to(model.device),)
            loss = model.loss(
                model.network(*given, targets) if model.targets_in_forward else model.network(*given), targets
            )
            loss.backward()
            if settings.clip_norm is not None:
                nn.utils.clip_grad_norm_(model.network.parameters(), settings.clip_norm)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            schedule.step()
            losses.append(loss.detach())
            step += 1
            if callbacks is not None:
                callbacks.on_step_end(step)
        metrics = {"loss": float(torch.stack(losses).mean())} if losses else {}
        if val_loader is not None:
            found = model.validate(val_loader)
            schedule.see_validation(found.get(metric, math.nan))
            metrics |= {f"val_{name}": value for name, value in found.items()}
        if callbacks is not None:
            callbacks.on_epoch_end(epoch, metrics)
            if callbacks.should_stop:
                return


def stacked(images: Tensor | list[Tensor]) -> Tensor:
    """Put images of one size in one tensor; loaders of some tasks give them one by one."""
    return images if isinstance(images, Tensor) else torch.stack(images)
