"""Rehearse: a few steps of a training with everything real, to say what it will take and what would suit it better."""

from __future__ import annotations

import contextlib
import math
from dataclasses import replace

from engine.device.choose import most_workers
from engine.device.memory import PeakMemory
from engine.errors import UserError
from engine.jobs.rehearsal_advice import (
    BatchFacts,
    Circumstances,
    WorkerFacts,
    batch_proposals,
    fitting_size,
    precision_proposals,
    warnings_of,
    worker_proposals,
)
from engine.jobs.rehearsal_budget import Budget
from engine.jobs.rehearsal_figures import (
    Durations,
    Speed,
    checkpoints_kept,
    fit_line,
    speed_of,
    steady,
    total_seconds,
)
from engine.jobs.rehearsal_plugin import rehearse_plugin
from engine.jobs.rehearsal_stage import Measured, Stage, loading_speed, no_memory
from engine.jobs.rehearsal_steps import AdapterRehearsal
from engine.jobs.timed_loader import TrialDesk
from engine.jobs.train import TrainingData
from engine.plugin.adapters.torch_model import TorchModel
from engine.plugin.restore import plugin_class
from engine.protocol.events import Notice, parse_event
from engine.protocol.operating_system import free_disk_bytes
from engine.protocol.rehearsal import Proposal, Rehearsal, RehearsalWarning
from engine.training.failures import classify
from engine.training.phases import Phases
from engine.training.spreading import tries_processes

_NOTEWORTHY_WAIT = 0.05
_NOTEWORTHY_WAIT_S = 20.0
"""Of the whole training: less is not worth other settings."""
_LOADING_SHARE = 0.08
"""Of the whole time, for one measurement of the loader."""
_MOST_WORKERS = 16
_MOST_NOTICES = 8


def rehearse(desk: TrialDesk, budget: Budget) -> Rehearsal:
    """Rehearse the training that lies in the desk's folder, which is the caller's to throw away.

    Raises:
        UserError: `rehearsal_no_memory`, `rehearsal_unmeasured`; and everything that would keep the training itself
            from starting.
    """
    try:
        return _rehearsed(desk, budget)
    except UserError:
        raise
    except Exception as error:
        failure = classify(error)
        if failure.cause == "oom":
            raise no_memory(desk.run_config.batch_size, desk.run_config.image_size) from error
        if failure.cause == "bug":
            raise
        raise UserError(failure.code, failure.message, failure.hint) from error


def _rehearsed(desk: TrialDesk, budget: Budget) -> Rehearsal:
    phases = Phases(desk.reporter)
    with contextlib.ExitStack() as closing:
        closing.callback(phases.close)
        budget.phase("Reading the data")
        data = TrainingData(desk)
        closing.callback(data.close)
        memory = closing.enter_context(PeakMemory(data.device))
        stage = Stage(desk, data, budget, memory, phases)
        model_class = plugin_class(desk.folder)
        is_adapter = issubclass(model_class, TorchModel)
        found = AdapterRehearsal(stage).run() if is_adapter else rehearse_plugin(stage, model_class)
        cold = _cold(stage, found)
        settled, is_cached = _settled(stage, cold)
        tries = is_adapter and _tries_processes(stage)
        threads = _thread_proposals(stage, settled, tries)
        return _Report(stage, found, is_adapter, tries).written(cold, settled, threads, is_cached)


def _cold(stage: Stage, found: Measured) -> Speed:
    """The speed of the steps as measured; on a GPU, which computes while it is waited for, its own time decides."""
    speed = speed_of(found.stretches)
    if stage.device.type == "cpu" or found.compute_image_s is None:
        return speed
    share = max(0.0, 1 - found.compute_image_s / speed.image_s)
    return replace(speed, wait_share=share)


def _settled(stage: Stage, cold: Speed) -> tuple[Speed, bool]:
    """The speed of later epochs, and whether images are kept between them."""
    loader = stage.loader
    if cold.wait_share < _NOTEWORTHY_WAIT or not loader.keeps_images:
        return cold, loader.keeps_images
    stage.budget.phase("Loading images")
    return steady(cold, loading_speed(loader, stage.budget.share(_LOADING_SHARE))), True


def _tries_processes(stage: Stage) -> bool:
    each = stage.desk.config.get("accumulate_steps")
    steps = stage.desk.run_config.epochs * math.ceil(
        len(stage.loader) / (each if isinstance(each, int) else 1)
    )
    return tries_processes(steps, most_workers(stage.desk.spec.placement.resource))


def _thread_proposals(stage: Stage, settled: Speed, tries: bool) -> list[Proposal]:
    """Measure other numbers of loader threads, where waiting for images takes its time."""
    needed = 1 / max(settled.compute_image_s, 1e-9)
    setting = stage.desk.run_config.workers
    workers = stage.loader.settings.workers
    waits_s = settled.wait_share * settled.image_s * stage.loader.images * stage.desk.run_config.epochs
    if settled.wait_share < 2 * _NOTEWORTHY_WAIT or waits_s < _NOTEWORTHY_WAIT_S:
        return []
    if tries and setting == "auto":
        return []  # the training itself measures, with processes too
    measured: dict[int, float] = {}
    share = stage.budget.share(_LOADING_SHARE)
    for count in _thread_counts(workers, stage.cores):
        if stage.budget.left < share:
            break
        stage.budget.phase("Trying loader threads")
        loader = stage.desk.with_changes({"workers": count}).loader("train", train=True)
        try:
            measured[count] = loading_speed(loader, share)
        finally:
            loader.close()
        if tries or (measured[count] >= needed and count >= workers):
            break
    if workers not in measured:
        return []
    return worker_proposals(WorkerFacts(setting, workers, needed, measured, tries))


def _thread_counts(workers: int, cores: int) -> list[int]:
    """Those in use first, then more and more, up to one a core."""
    counts = [workers]
    following = max(1, 2 * workers)
    while following <= min(_MOST_WORKERS, max(cores, 1)):
        counts.append(following)
        following *= 2
    return counts


class _Report:
    """Puts the figures together."""

    def __init__(self, stage: Stage, found: Measured, is_adapter: bool, tries_processes: bool) -> None:
        self._stage = stage
        self._found = found
        self._config = stage.desk.run_config
        self._images = stage.loader.images
        self._tries_processes = tries_processes
        accumulate = stage.desk.config.get("accumulate_steps")
        self._facts = BatchFacts(
            self._config.batch_size,
            self._images,
            found.tried,
            stage.usable_bytes,
            accumulate if is_adapter and isinstance(accumulate, int) else None,
            found.resting_bytes,
        )

    def written(self, cold: Speed, settled: Speed, threads: list[Proposal], is_cached: bool) -> Rehearsal:
        stage, found, config = self._stage, self._found, self._config
        validates = stage.data.val is not None
        parts = Durations(
            found.first_step_s,
            self._images * cold.image_s,
            self._images * settled.image_s,
            found.validation_s,
            found.checkpoint_s,
        )
        disk_bytes = checkpoints_kept(config, validates) * found.checkpoint_bytes
        free = free_disk_bytes(stage.desk.folder.path)
        precision = stage.desk.config.get("precision")
        proposals = [
            *batch_proposals(self._facts),
            *threads,
            *precision_proposals(str(precision), found.precisions_s),
        ]
        circumstances = self._circumstances(settled, bool(threads), is_cached, disk_bytes)
        return Rehearsal(
            device=str(stage.device),
            precision=found.precision,
            batch_size=found.batch_size,
            workers=stage.loader.settings.workers,
            images_per_s=settled.images_per_s,
            step_s=settled.image_s * found.batch_size,
            data_wait_share=settled.wait_share,
            epoch_s=parts.epoch_s,
            first_epoch_s=parts.first_epoch_s,
            validation_s=found.validation_s,
            first_step_s=found.first_step_s,
            checkpoint_s=found.checkpoint_s,
            total_s=total_seconds(config, parts),
            epochs=config.epochs,
            peak_memory_bytes=self._peak(),
            memory_limit_bytes=stage.memory.limit,
            checkpoint_bytes=found.checkpoint_bytes,
            disk_bytes=disk_bytes,
            disk_free_bytes=free,
            tried=tuple(found.tried),
            proposals=tuple(proposals),
            warnings=(*warnings_of(replace(circumstances, disk_free_bytes=free)), *self._heard()),
            not_measured=tuple(found.notes),
            seconds=stage.budget.gone,
        )

    def _peak(self) -> int:
        """Measured; for a batch that was too slow to be rehearsed, by the line through smaller ones."""
        line, own = fit_line(self._found.tried, self._found.resting_bytes), self._facts.own
        wanted = min(self._config.batch_size, self._images)
        if line is None or self._found.batch_size >= wanted or (own is not None and not own.fits):
            return self._found.peak_bytes
        return max(self._found.peak_bytes, line.at(wanted))

    def _circumstances(
        self, settled: Speed, threads: bool, is_cached: bool, disk_bytes: int
    ) -> Circumstances:
        own = self._facts.own
        fits = own is None or own.fits
        return Circumstances(
            device=str(self._stage.device),
            batch_size=self._config.batch_size,
            train_images=self._images,
            wait_share=settled.wait_share,
            waits_s=settled.wait_share * settled.image_s * self._images * self._config.epochs,
            fits=fits,
            needs_bytes=own.peak_memory_bytes if own is not None else 0,
            limit_bytes=self._stage.memory.limit,
            disk_bytes=disk_bytes,
            checkpoint_bytes=self._found.checkpoint_bytes,
            disk_free_bytes=0,
            is_cached=is_cached,
            workers_proposed=threads,
            workers_tried=self._tries_processes and self._config.workers == "auto",
            fits_instead=fitting_size(self._facts),
        )

    def _heard(self) -> list[RehearsalWarning]:
        """What the training itself would have warned of, and a loss that ran away."""
        desk = self._stage.desk
        desk.reporter.flush()
        events = map(parse_event, desk.attempt.events_path.read_bytes().splitlines())
        notices = [event for event in events if isinstance(event, Notice) and event.level == "warning"]
        heard = [
            RehearsalWarning(code=notice.code, message=notice.message, remedy=notice.hint)
            for notice in notices[:_MOST_NOTICES]
        ]
        if not abs(self._found.last_loss) < float("inf"):
            message = "The loss is no number any more after these few steps: the training would diverge."
            remedy = "Lower the learning rate, or clip the gradient (clip_norm)."
            heard.append(RehearsalWarning(code="loss_not_finite", message=message, remedy=remedy))
        return heard
