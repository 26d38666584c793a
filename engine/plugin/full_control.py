"""Runs a plugin that is written straight on the nine methods, with a loop of its own, as well as any adapter."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from engine.channel.control import Control
from engine.channel.reporter import Reporter
from engine.config.train import RunConfig
from engine.data.loader import Loader
from engine.data.plugin_loader import PluginLoader
from engine.device.choose import choose_device, choose_threads, choose_workers, set_threads
from engine.device.randomness import repeat_exactly
from engine.plugin.contract import BaseModel, TrainingStopped
from engine.plugin.epoch_numbers import EpochNumbers
from engine.plugin.plugin_checkpoints import OwnState, PluginSaver, read_own_state, restore_plugin_randomness
from engine.plugin.plugin_config import PluginConfig, config_of_attempt, knows_start_epoch
from engine.plugin.plugin_judging import Measures, PluginJudge
from engine.plugin.plugin_telling import PluginTelling
from engine.plugin.reported_metrics import ReportedMetrics, read_report, split_name, to_number
from engine.plugin.restore import load_plugin_checkpoint
from engine.protocol.checkpoint import CheckpointMeta
from engine.protocol.events import StateChanged
from engine.protocol.job import Placement
from engine.protocol.run_folder import RunFolder
from engine.tasks.task import Task
from engine.training.job import Outcome, ValidationOutcome
from engine.training.loss_log import not_finite
from engine.training.orders import Ending, Orders
from engine.training.phases import Phases
from engine.training.telemetry import Extent

_SECONDS_AN_HOUR = 3600
_ALL_DONE = "all epochs are done"


@dataclass(frozen=True, slots=True, eq=False)
class PluginTraining:
    """One attempt at a training that the plugin does itself."""

    build: Callable[[PluginConfig], BaseModel]
    config: Mapping[str, object]
    """The flat configuration of the attempt."""
    run_config: RunConfig
    task: Task
    train_loader: Loader
    val_loader: Loader | None
    folder: RunFolder
    reporter: Reporter
    control: Control
    meta: CheckpointMeta
    validate: Callable[[BaseModel, int, int], ValidationOutcome | None] | None = None
    """Measures by `infer` and the task's judge, and keeps per-image results."""
    resume_from: Path | None = None
    placement: Placement = field(default_factory=Placement)
    reads_start_epoch: bool = False
    """Whether it is known to go on by itself from `start_epoch`; else its code is searched for that name."""


def train_plugin(job: PluginTraining) -> Outcome:
    """Train to the end, or until the user wishes otherwise. What the plugin raises passes through."""
    return _PluginRun(job).run()


class _PluginRun:
    """One attempt. Implements `engine.plugin.contract.Callbacks` and `engine.training.orders.Actions`."""

    def __init__(self, job: PluginTraining) -> None:
        self._job = job
        self._config = config = job.run_config
        self._state = read_own_state(job.resume_from) if job.resume_from is not None else OwnState()
        self._position = position = self._state.position
        self._done_before = position.epoch
        self._steps_before = self._steps_at_epoch = position.step
        self._elapsed_before_s = position.elapsed_s
        self._began = time.monotonic()
        self._batches = self._reported_steps = 0
        self._train_view = self._view(job.train_loader, self._after_batch)
        self._train_view.epoch = self._done_before
        val_view = self._view(job.val_loader, None) if job.val_loader is not None else None
        extent = Extent(config.epochs, len(self._train_view))
        self._telling = PluginTelling(job.reporter, position, extent, config.batch_size)
        measures = Measures(job.task, config, val_view, job.validate, job.control.is_end_waiting)
        self._judge = PluginJudge(measures, self._state, job.reporter, self._telling)
        self._saver = PluginSaver(
            job.folder.checkpoints,
            job.reporter,
            job.meta,
            config.checkpoint,
            numbered=not config.validation.save_best_only,
        )
        self._orders = Orders(job.control, job.reporter, self)
        self._numbers = EpochNumbers(self._done_before)
        self._first_step = ExitStack()
        self._ending: Ending | None = None
        self._failure: Exception | None = None
        self._saved_step = -1
        self._model: BaseModel
        self._val_view = val_view

    def run(self) -> Outcome:
        phases = Phases(self._job.reporter)
        try:
            self._prepare(phases)
            self._job.reporter.emit(StateChanged(state="running", attempt=self._job.meta.attempt))
            with self._first_step:
                self._first_step.enter_context(phases.phase("first_step"))
                if self._done_before < self._config.epochs:
                    self._train()
            return self._finish()
        finally:
            phases.close()

    # ---- what the plugin calls

    @property
    def should_stop(self) -> bool:
        with self._lasting():
            self._obey()
        return self._ending is not None

    def on_step_end(self, step: int, metrics: Mapping[str, object] | None = None) -> None:
        del step  # it may count from anywhere
        with self._lasting():
            self._stop_if_ending()
            self._reported_steps += 1
            self._move()
            report = read_report(metrics)
            self._telling.ignored(report)
            if (report.train or report.val) and self._telling.is_due("step"):
                self._require_finite(report)
                self._telling.metrics("step", report.train | report.val, self._telling.shown_epoch)
            self._obey()
            self._stop_if_ending()

    def on_epoch_end(self, epoch: int, metrics: Mapping[str, object] | None = None) -> None:
        with self._lasting():
            self._stop_if_ending()
            report = read_report(metrics)
            self._telling.ignored(report)
            self._require_finite(report)
            if self._has_all_epochs and not self._numbers.is_repeated(int(epoch), self._train_view.passes):
                self._end(Ending("completed", "the plugin went on after that and was ended"))
                self._stop_if_ending()
            self._end_epoch(int(epoch), report)
            if not self._has_all_epochs:
                self._end(self._reason_to_end())
                self._obey()
            self._stop_if_ending()

    def on_checkpoint(self, path: str | Path) -> None:
        self._telling.notice("plugin_checkpoint", f"The plugin saved {Path(path).name} by itself.")

    def log(self, name: str, value: object) -> None:
        number = to_number(value)
        if number is None:
            self._telling.ignored(ReportedMetrics(ignored=(name,)))
            return
        split, plain = split_name(name)
        self._telling.metrics("step", {f"{split}/{plain}": number}, self._telling.shown_epoch)

    # ---- what orders ask

    def save_now(self) -> str:
        self._settle()
        return self._saver.save_manual(self._model, self._state)

    def validate_now(self) -> bool:
        return self._judge.measure_now(self._model)

    # ---- the course of the training

    def _prepare(self, phases: Phases) -> None:
        job, done = self._job, self._done_before
        device = choose_device(job.placement.resource)
        workers = choose_workers(job.placement.resource, self._config.workers)
        set_threads(choose_threads(device, job.placement.threads, workers))
        repeat_exactly(self._config.deterministic)
        with phases.phase("build_model"):
            goes_on = job.reads_start_epoch or knows_start_epoch(job.folder.plugin)
            config = config_of_attempt(job.config, self._config.epochs, done, goes_on)
            self._model = job.build(config)
        if job.resume_from is not None:
            with phases.phase("resume"):
                load_plugin_checkpoint(self._model, job.resume_from)
                restore_plugin_randomness(job.resume_from)

    def _train(self) -> None:
        self._telling.start_clock()
        try:
            self._model.train(self._train_view, self._val_view, self)
        except TrainingStopped as stop:
            if self._ending is None:
                self._ending = Ending("completed", f"the plugin stopped by itself ({stop.reason})")
        except Exception as error:
            if self._failure is None and self._ending is None:
                raise
            if self._failure is None:
                # All is saved before a plugin is told to stop: what it raises in leaving spoils nothing.
                message = f"The plugin raised {type(error).__name__} when it was told to stop: {error}."
                self._telling.once("plugin_raised_in_stopping", message)
        if self._failure is not None and not self._is_cancelled:
            raise self._failure

    def _view(self, loader: Loader, on_batch: Callable[[], None] | None) -> PluginLoader:
        meta = self._job.meta
        given = PluginLoader(loader, meta.mean, meta.std, meta.class_names, on_batch)
        given.form = self._job.task.plugin_batch
        return given

    def _after_batch(self) -> None:
        """Between two batches: orders are obeyed here also for a plugin that reports epochs only."""
        with self._lasting():
            self._stop_if_ending()
            if self._batches > 0:
                self._first_step.close()
            else:
                self._tell_notes()
            self._move()
            self._obey()
            if self._telling.is_due("batch"):
                self._job.reporter.check()
                self._telling.progress()
                self._telling.problems(self._job.train_loader.new_problems())
                self._end(self._time_limit())
                if self._ending is None and self._saver.is_due:
                    self._save_last()
            self._stop_if_ending()
            self._batches += 1

    def _tell_notes(self) -> None:
        for note in cast("Sequence[str]", getattr(self._model, "notes", ())):
            self._telling.once("model_note", note, about=note)

    def _end_epoch(self, epoch: int, report: ReportedMetrics) -> None:
        self._first_step.close()
        self._move()
        is_repeated = self._numbers.is_repeated(epoch, self._train_view.passes)
        position = self._position
        position.epoch = min(self._numbers.see(epoch, self._train_view.passes), self._config.epochs)
        self._steps_at_epoch = position.step
        self._telling.metrics("epoch", report.train, position.epoch)
        self._telling.metrics("test", report.test, position.epoch)
        if is_repeated and not report.val:
            return  # said in two calls
        asked = time.monotonic()
        self._save_epoch(self._judge.judge(self._model, report))
        self._telling.leave_out(time.monotonic() - asked)
        self._telling.progress()

    def _save_epoch(self, is_best: bool) -> None:
        self._settle()
        self._saver.save_epoch(self._model, self._state, is_best)
        self._saved_step = self._position.step

    def _save_last(self) -> None:
        self._settle()
        self._saver.save_last(self._model, self._state)
        self._saved_step = self._position.step

    def _obey(self) -> None:
        if self._ending is not None:
            return
        asked = time.monotonic()
        ending = self._orders.obey()
        self._telling.leave_out(time.monotonic() - asked)
        self._end(ending)

    def _end(self, ending: Ending | None) -> None:
        """Let the training end here; what is to be kept is saved before the plugin hears of it."""
        if ending is None or self._ending is not None:
            return
        self._ending = ending
        if ending.state in ("stopped", "paused") and self._saved_step != self._position.step:
            self._save_last()

    def _reason_to_end(self) -> Ending | None:
        if self._judge.is_patience_exhausted:
            return Ending(
                "completed", f"{self._judge.metric} has not improved in {self._judge.waited} validations"
            )
        return self._time_limit()

    def _time_limit(self) -> Ending | None:
        self._settle()
        limit = self._config.max_hours
        if limit is not None and self._position.elapsed_s >= limit * _SECONDS_AN_HOUR:
            return Ending("stopped", "the time limit is reached")
        return None

    def _stop_if_ending(self) -> None:
        if self._ending is not None:
            raise TrainingStopped(self._ending.state)

    @contextmanager
    def _lasting(self) -> Iterator[None]:
        """What goes wrong in the block ends the run, also when the plugin catches it."""
        if self._failure is not None:
            raise TrainingStopped("failed")
        try:
            yield
        except Exception as error:
            self._failure = error
            raise

    def _finish(self) -> Outcome:
        position = self._position
        if self._ending is None:
            self._complete()
        ending = self._ending or Ending("completed", self._how_completed())
        if ending.command is not None:
            self._job.control.acknowledge(ending.command)
        elif ending.reason != _ALL_DONE:
            message = (
                f"The training ended after epoch {position.epoch} of {self._config.epochs}: {ending.reason}."
            )
            code = "ended_early" if position.epoch < self._config.epochs else "ended_late"
            self._telling.notice(code, message)
        self._orders.refuse_rest()
        self._telling.problems(self._job.train_loader.new_problems())
        self._settle()
        return Outcome(
            ending.state, ending.reason, position.epoch, position.step, position.best, position.elapsed_s
        )

    def _complete(self) -> None:
        """Save and measure what the plugin did after its last report, if it reported at all."""
        position, epochs = self._position, self._config.epochs
        if self._done_before >= epochs:
            return  # killed after its last epoch, which is saved
        self._move()
        if self._numbers.is_silent:
            message = (
                "The plugin never called callbacks.on_epoch_end: it is saved and measured at the end only."
            )
            self._telling.once("no_epochs_reported", message)
        trained_on = position.step != self._saved_step and self._batches > 0
        if trained_on:
            begun = self._train_view.epoch - self._done_before
            read = self._done_before + (self._train_view.passes or begun)
            position.epoch = max(position.epoch, min(epochs, read))
            self._steps_at_epoch = position.step
        if trained_on or self._saved_step < 0 or not self._judge.has_judged(position.epoch):
            self._save_epoch(self._judge.judge(self._model, ReportedMetrics(), by_all_means=True))

    def _how_completed(self) -> str:
        return _ALL_DONE if self._has_all_epochs else "the plugin's train came to its end"

    @property
    def _has_all_epochs(self) -> bool:
        return self._position.epoch >= self._config.epochs

    @property
    def _is_cancelled(self) -> bool:
        return self._ending is not None and self._ending.state == "cancelled"

    def _require_finite(self, report: ReportedMetrics) -> None:
        loss = report.train.get("train/loss")
        if loss is not None and not math.isfinite(loss):
            raise not_finite(f"The plugin reported a loss of {loss}")

    def _move(self) -> None:
        """Count the optimizer steps: one a batch, unless the plugin reports more of them."""
        self._position.step = self._steps_before + max(self._batches, self._reported_steps)

    def _settle(self) -> None:
        position = self._position
        position.batch = position.step - self._steps_at_epoch
        position.elapsed_s = self._elapsed_before_s + time.monotonic() - self._began
        position.last_command = self._job.control.last_number
