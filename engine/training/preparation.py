"""Everything before the first step: device, precision, starting weights, optimizer, schedule, resumed state."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import nn

from engine.checkpoints.read import read_checkpoint, read_weights, start_from_weights
from engine.config.schedule import Span
from engine.data.worker_trial import (
    FEWEST_STEPS_FOR_WORKERS,
    AdjustableLoader,
    counts_to_try,
    fewest_that_pay,
    measure_workers,
)
from engine.device.choose import choose_device, choose_threads, choose_workers, most_workers, set_threads
from engine.device.policy import DevicePolicy, SingleDevice
from engine.device.probe import FEWEST_STEPS, Plan, ProbeSubject, Wish, candidates, choose_fastest
from engine.device.randomness import repeat_exactly, seed_everything
from engine.device.resolved import Resolved, read_resolved, write_resolved
from engine.errors import UserError
from engine.protocol.events import Notice
from engine.training.ema import Ema
from engine.training.job import TrainingJob
from engine.training.loss_log import EpochSums
from engine.training.patience import Direction, Patience, chosen_metric
from engine.training.phases import Phases
from engine.training.schedule import Schedule, SchedulePlan
from engine.training.spreading import spread_over_processes, use_again
from engine.training.state import Position, TrainingState
from engine.training.step import OptimizationStep, StepParts

if TYPE_CHECKING:
    import torch

    from engine.config.train import TrainConfig


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A training ready for its next step."""

    state: TrainingState
    step: OptimizationStep
    config: TrainConfig
    """With the precision in use in the place of `auto`."""
    span: Span
    metric: str
    direction: Direction
    backbone: tuple[nn.Parameter, ...]
    """What is frozen at first; empty when nothing is."""


def prepare(job: TrainingJob, phases: Phases) -> Prepared:
    """Assemble the training of `job`.

    Raises:
        UserError: `metric_unknown`, `no_gpu`, `checkpoint_…`.
    """
    metric, direction = chosen_metric(job.config.validation.metric, job.trainable.task)
    if job.config.early_stopping.enabled and job.validate is None:
        message = "early_stopping has no effect: nothing is validated in this run."
        job.reporter.emit(Notice(level="warning", code="early_stopping_idle", message=message))
    repeat_exactly(job.config.deterministic)
    seed_everything(job.config.seed)
    device = choose_device(job.placement.resource)
    network = job.trainable.network
    if job.config.start_from is not None and job.resume_from is None:
        with phases.phase("load_weights"):
            _start_from(job, job.config.start_from)
    span = Span(math.ceil(len(job.train_loader) / job.config.accumulate_steps), job.config.epochs)
    with phases.phase("choose_precision"):
        policy = _choose_policy(job, device, span)
        policy.place(network)
    config = job.config.model_copy(update={"precision": policy.resolved.precision})
    with phases.phase("build_optimizer"):
        prepared = _assemble(
            job,
            config,
            policy,
            SchedulePlan(config.scheduler, span, config.optimizer.lr, direction, job.extension),
            metric,
        )
    if job.resume_from is not None:
        with phases.phase("resume"):
            _resume(job, prepared.state)
    else:
        # The same start, however much chance building and measuring have used up.
        seed_everything(job.config.seed)
    return prepared


def _assemble(
    job: TrainingJob, config: TrainConfig, policy: DevicePolicy, plan: SchedulePlan, metric: str
) -> Prepared:
    trainable, network = job.trainable, job.trainable.network
    optimizer = trainable.build_optimizer(trainable.param_groups(config), config)
    own = trainable.build_scheduler(optimizer, config, plan.span.steps)
    stopping = Patience(plan.direction, config.early_stopping.patience, config.early_stopping.min_delta)
    state = TrainingState(
        network=network,
        ema=Ema(network, config.ema.decay) if config.ema.enabled else None,
        optimizer=optimizer,
        schedule=Schedule(optimizer, plan, own),
        policy=policy,
        stopping=stopping,
        sums=EpochSums(),
        position=Position(),
        batch_size=config.batch_size,
    )
    parts = StepParts(
        trainable=trainable,
        policy=policy,
        optimizer=optimizer,
        forward=policy.forward_of(network, optimizer, config.batch_size),
        config=config,
        mean=job.meta.mean,
        std=job.meta.std,
    )
    backbone = _frozen_at_first(job)
    return Prepared(state, OptimizationStep(parts), config, plan.span, metric, plan.direction, backbone)


def _choose_policy(job: TrainingJob, device: torch.device, span: Span) -> SingleDevice:
    """Measure on the first start; later attempts compute in the same way, so that they go on to the bit."""
    wish = Wish(job.config.precision, job.config.channels_last, job.config.compile)
    earlier = read_resolved(job.folder.resolved_path, device)
    if earlier is not None:
        resolved = _with_wish(earlier, wish)
        set_threads(resolved.threads)
        if (
            job.config.workers == "auto"
            and resolved.workers
            and isinstance(job.train_loader, AdjustableLoader)
        ):
            use_again(job.train_loader, resolved)
    else:
        measured = _measure_workers(job, span.steps)
        workers = (
            fewest_that_pay(measured)
            if measured
            else choose_workers(job.placement.resource, job.config.workers)
        )
        threads = choose_threads(device, job.placement.threads, workers)
        set_threads(threads)
        options = candidates(wish, device)
        if job.config.deterministic or span.steps < FEWEST_STEPS:
            options = options[:1]
        chosen = {"threads": threads, "workers": workers if measured else None}
        chosen["workers_images_per_s"] = {count: round(speed, 1) for count, speed in measured.items()}
        resolved = _measure(job, options, device, span.steps).model_copy(update=chosen)
        resolved = spread_over_processes(job, resolved)
    if resolved != earlier:
        write_resolved(job.folder.resolved_path, resolved)
    return SingleDevice(device, resolved)


def _measure_workers(job: TrainingJob, steps: int) -> dict[int, float]:
    """Try numbers of loader threads and use the one that pays; nothing where the user chose, or the run is short."""
    loader = job.train_loader
    if (
        job.config.workers != "auto"
        or steps < FEWEST_STEPS_FOR_WORKERS
        or not isinstance(loader, AdjustableLoader)
    ):
        return {}
    measured = measure_workers(loader, counts_to_try(most_workers(job.placement.resource)))
    count = fewest_that_pay(measured)
    loader.use_workers(count)
    speeds = ", ".join(f"{threads}: {speed:,.0f}" for threads, speed in measured.items())
    message = (
        f"{count} loader threads, the fewest that load about as fast as any (images a second: {speeds})."
    )
    job.reporter.emit(
        Notice(code="workers_chosen", message=message, data={"workers": count, "images_per_s": measured})
    )
    return measured


def _measure(job: TrainingJob, options: list[Resolved], device: torch.device, steps: int) -> Resolved:
    if len(options) == 1:
        return options[0]
    batch = next(iter(job.train_loader.start(0)))
    trainable = job.trainable
    subject = ProbeSubject(
        trainable.network, batch.images, batch.targets, trainable.loss, trainable.targets_in_forward
    )
    chosen = choose_fastest(subject, options, device, Plan(steps))
    job.reporter.emit(
        Notice(
            code="precision_chosen",
            message=f"Computing in {chosen.precision}"
            + (", channels last" if chosen.channels_last else "")
            + ": the fastest of what was tried.",
            data={"seconds_per_step": dict(chosen.measured_s)},
        )
    )
    return chosen


def _with_wish(earlier: Resolved, wish: Wish) -> Resolved:
    changes: dict[str, object] = {"compile": wish.compile}
    if wish.precision != "auto":
        changes["precision"] = wish.precision
    if wish.channels_last != "auto":
        changes["channels_last"] = wish.channels_last == "on"
    return earlier.model_copy(update=changes)


def _start_from(job: TrainingJob, origin: str) -> None:
    from pathlib import Path

    left = start_from_weights(job.trainable.network, read_weights(Path(origin)), origin)
    if left:
        job.reporter.emit(
            Notice(
                code="weights_left_out",
                message=f"{len(left)} tensors of the network are not in {origin} and start afresh: "
                + ", ".join(left[:5])
                + (" …" if len(left) > 5 else "")
                + ".",
            )
        )


def _resume(job: TrainingJob, state: TrainingState) -> None:
    if job.resume_from is None:
        return
    stored = read_checkpoint(job.resume_from)
    if stored.meta.plugin != job.meta.plugin:
        raise UserError(
            "checkpoint_mismatch",
            f"The checkpoint {job.resume_from} is of the plugin {stored.meta.plugin}, the run of {job.meta.plugin}.",
            "Choose a checkpoint of this run.",
        )
    for sentence in state.restore(stored, str(job.resume_from)):
        job.reporter.emit(Notice(level="warning", code="resume_partial", message=sentence))
    if job.extension is not None:
        state.stopping.wait_anew()


def _frozen_at_first(job: TrainingJob) -> tuple[nn.Parameter, ...]:
    if job.config.freeze_epochs == 0:
        return ()
    backbone = tuple(
        parameter for parameter in job.trainable.backbone_parameters() if parameter.requires_grad
    )
    if not backbone:
        job.reporter.emit(
            Notice(
                level="warning",
                code="backbone_unknown",
                message="freeze_epochs has no effect: this model does not say which part is its backbone.",
            )
        )
    return backbone
