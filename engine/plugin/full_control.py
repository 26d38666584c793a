"""Runs a plugin that is written straight on the nine methods, with a loop of its own, as well as any adapter."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from engine.channel.control import Control
from engine.channel.reporter import Reporter
from engine.config.train import RunConfig
from engine.data.loader import Loader
from engine.data.plugin_loader import PluginLoader
from engine.errors import UserError
from engine.plugin.contract import BaseModel, TrainingStopped
from engine.plugin.plugin_checkpoints import PluginSaver, read_position
from engine.plugin.plugin_config import PluginConfig, config_of_attempt
from engine.plugin.reported_metrics import ReportedMetrics, read_report, to_number
from engine.plugin.restore import load_plugin_checkpoint, network_of
from engine.protocol.checkpoint import CheckpointMeta
from engine.protocol.events import (
    BestImproved,
    MetricScope,
    MetricsLogged,
    Notice,
    Progress,
    ResultWritten,
    StateChanged,
)
from engine.protocol.run_folder import RunFolder
from engine.protocol.times import STEP_EVENT_INTERVAL_S
from engine.tasks.task import Task
from engine.training.job import BestRecord, Outcome, ValidationOutcome
from engine.training.loss_log import not_finite
from engine.training.orders import Ending, Orders
from engine.training.patience import Patience, chosen_metric
from engine.training.phases import Phases
from engine.training.state import Position

_SECONDS_AN_HOUR = 3600


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


def train_plugin(job: PluginTraining) -> Outcome:
    """Train to the end, or until the user wishes otherwise. What the plugin raises passes through."""
    return _PluginRun(job).run()


@dataclass(slots=True, eq=False)
class _Pace:
    """How fast the plugin goes."""

    began: float = field(default_factory=time.monotonic)
    batches: int = 0
    told: float = 0.0

    def is_due(self) -> bool:
        now = time.monotonic()
        if now - self.told < STEP_EVENT_INTERVAL_S:
            return False
        self.told = now
        return True

    def leave_out(self, seconds: float) -> None:
        self.began += seconds

    @property
    def batch_s(self) -> float | None:
        return (time.monotonic() - self.began) / self.batches if self.batches else None


class _PluginRun:
    """One attempt. Implements `engine.plugin.contract.Callbacks` and `engine.training.orders.Actions`."""

    def __init__(self, job: PluginTraining) -> None:
        self._job = job
        self._reporter = job.reporter
        self._config = job.run_config
        self._metric, self._direction = chosen_metric(job.run_config.validation.metric, job.task)
        early = job.run_config.early_stopping
        self._stopping = Patience(self._direction, early.patience, early.min_delta)
        self._position = (
            read_position(job.resume_from, self._stopping) if job.resume_from is not None else Position()
        )
        self._done_before = self._position.epoch
        self._steps_before = self._position.step
        self._elapsed_before_s = self._position.elapsed_s
        self._began = time.monotonic()
        self._pace = _Pace()
        self._orders = Orders(job.control, job.reporter, self)
        self._saver = PluginSaver(
            job.folder.checkpoints,
            job.reporter,
            job.meta,
            job.run_config.checkpoint,
            numbered=not job.run_config.validation.save_best_only,
        )
        self._ending: Ending | None = None
        self._first_epoch: int | None = None
        self._saved_epoch = -1
        self._told: set[str] = set()
        self._train_view = self._view(job.train_loader, self._after_batch)
        self._val_view = self._view(job.val_loader, None) if job.val_loader is not None else None
        self._model: BaseModel

    def run(self) -> Outcome:
        phases = Phases(self._reporter)
        try:
            with phases.phase("build_model"):
                config = config_of_attempt(
                    self._job.config, self._config.epochs, self._done_before, self._job.folder.plugin
                )
                self._model = self._job.build(config)
            if self._job.resume_from is not None:
                with phases.phase("resume"):
                    load_plugin_checkpoint(self._model, self._job.resume_from)
        finally:
            phases.close()
        self._train_view.epoch = self._done_before
        self._reporter.emit(StateChanged(state="running", attempt=self._job.meta.attempt))
        self._pace = _Pace()
        try:
            self._model.train(self._train_view, self._val_view, self)
        except TrainingStopped as stop:
            if self._ending is None:
                self._ending = Ending("completed", f"the plugin stopped by itself ({stop.reason})")
        return self._finish()

    # ---- what the plugin calls

    @property
    def should_stop(self) -> bool:
        return self._ending is not None

    def on_step_end(self, step: int, metrics: Mapping[str, object] | None = None) -> None:
        del step
        report = read_report(metrics)
        if report.train and self._pace.is_due():
            self._require_finite(report)
            self._emit("step", report.train)
        self._stop_if_ending()

    def on_epoch_end(self, epoch: int, metrics: Mapping[str, object] | None = None) -> None:
        self._stop_if_ending()
        report = read_report(metrics)
        self._note_ignored(report)
        self._require_finite(report)
        self._position.epoch = self._number_of(int(epoch))
        self._position.step = self._steps_before + self._pace.batches
        if report.train:
            self._emit("epoch", report.train)
        is_best = self._judge_epoch(report)
        self._save_epoch(is_best)
        self._tell_progress()
        self._ending = self._ending or self._reason_to_end()
        self._stop_if_ending()

    def on_checkpoint(self, path: str | Path) -> None:
        message = f"The plugin saved {Path(path).name} by itself."
        self._reporter.emit(Notice(code="plugin_checkpoint", message=message))

    def log(self, name: str, value: object) -> None:
        number = to_number(value)
        if number is None:
            self._note_ignored(ReportedMetrics(ignored=(name,)))
            return
        full = name if "/" in name else f"train/{name}"
        self._emit("step", {full: number})

    # ---- what orders ask

    def save_now(self) -> str:
        self._settle()
        return self._saver.save_manual(self._model, self._position, self._stopping)

    def validate_now(self) -> bool:
        return self._measure_by_infer() is not None

    # ---- the course of the training

    def _view(self, loader: Loader, on_batch: Callable[[], None] | None) -> PluginLoader:
        meta = self._job.meta
        return PluginLoader(loader, meta.mean, meta.std, meta.class_names, on_batch)

    def _after_batch(self) -> None:
        """Between two batches: orders are obeyed here also for a plugin that reports epochs only."""
        self._position.step = self._steps_before + self._pace.batches
        self._pace.batches += 1
        if self._ending is None:
            asked = time.monotonic()
            self._ending = self._orders.obey()
            self._pace.leave_out(time.monotonic() - asked)
        self._stop_if_ending()
        if self._pace.is_due():
            self._reporter.check()
            self._tell_progress()
            self._tell_problems()

    def _number_of(self, epoch: int) -> int:
        """Finished epochs after the one that the plugin calls `epoch`, whether it counts from 0 or 1."""
        if self._first_epoch is None:
            self._first_epoch = epoch
        return max(self._position.epoch + 1, self._done_before + epoch - self._first_epoch + 1)

    def _judge_epoch(self, report: ReportedMetrics) -> bool:
        """Validate where that is due, and draw the consequences; says whether the epoch is the best."""
        values = dict(report.val)
        if values:
            self._emit("validation", values)
        if not self._is_validation_due():
            return self._is_best(values) if values else False
        if not values and self._val_view is not None:
            own = self._model.validate(self._val_view)
            values = {f"val/{name.removeprefix('val_').removeprefix('val/')}": v for name, v in own.items()}
            self._emit("validation", values)
        outcome = self._measure_by_infer()
        if outcome is not None:
            values = {f"val/{name}": value for name, value in outcome.metrics.items()} | values
        return self._is_best(values) if values else False

    def _is_validation_due(self) -> bool:
        if not self._config.validation.enabled or self._val_view is None:
            return False
        epoch = self._position.epoch
        return epoch % self._config.validation.val_interval == 0 or epoch >= self._config.epochs

    def _measure_by_infer(self) -> ValidationOutcome | None:
        """Judge the plugin by its `infer`; one that cannot is told of once, and the training goes on."""
        if self._job.validate is None:
            return None
        network = network_of(self._model)
        modes = [(module, module.training) for module in network.modules()] if network is not None else []
        try:
            outcome = self._job.validate(self._model, self._position.epoch, self._position.step)
        except UserError as error:
            self._tell_once("infer_unusable", f"Per-image results are left out: {error.message}")
            return None
        finally:
            for module, was_training in modes:
                module.training = was_training
        if outcome is not None:
            values = {f"val/{name}": value for name, value in outcome.metrics.items()}
            self._emit("validation", values, outcome.per_class)
            self._reporter.emit(
                ResultWritten(
                    folder=outcome.result_folder or "",
                    split="val",
                    epoch=self._position.epoch,
                    step=self._position.step,
                    metrics=values,
                )
            )
        return outcome

    def _is_best(self, values: dict[str, float]) -> bool:
        position, name = self._position, f"val/{self._metric}"
        position.metrics = values
        if name not in values:
            message = f"The plugin gives no {name}: the last epoch counts as the best. It gives: {', '.join(values)}."
            self._tell_once("metric_missing", message)
            return True
        value = values[name]
        self._stopping.see(value)
        best, sign = position.best, 1 if self._direction == "max" else -1
        if value != value or (best is not None and sign * value <= sign * best.value):
            return False
        position.best = BestRecord(name, value, position.epoch, position.step)
        self._reporter.emit(BestImproved(metric=name, value=value, epoch=position.epoch, step=position.step))
        return True

    def _save_epoch(self, is_best: bool) -> None:
        self._settle()
        self._saver.save_epoch(self._model, self._position, self._stopping, is_best)
        self._saved_epoch = self._position.epoch

    def _reason_to_end(self) -> Ending | None:
        if self._position.epoch >= self._config.epochs:
            return None
        if self._config.early_stopping.enabled and self._stopping.is_exhausted:
            waited = self._stopping.waited
            return Ending("completed", f"{self._metric} has not improved in {waited} validations")
        limit = self._config.max_hours
        if limit is not None and self._position.elapsed_s >= limit * _SECONDS_AN_HOUR:
            return Ending("stopped", "the time limit is reached")
        return self._orders.obey()

    def _stop_if_ending(self) -> None:
        if self._ending is not None:
            raise TrainingStopped(self._ending.state)

    def _finish(self) -> Outcome:
        ending = self._ending or Ending("completed", "all epochs are done")
        position = self._position
        if ending.state != "cancelled" and (ending.state != "completed" or self._saved_epoch < 0):
            if self._saved_epoch < 0 and ending.state == "completed":
                position.epoch = max(position.epoch, self._config.epochs)
                self._save_epoch(self._judge_epoch(ReportedMetrics()))
            else:
                self._settle()
                self._saver.save_last(self._model, position, self._stopping)
        if ending.command is not None:
            self._job.control.acknowledge(ending.command)
        elif position.epoch < self._config.epochs:
            message = (
                f"The training ended after epoch {position.epoch} of {self._config.epochs}: {ending.reason}."
            )
            self._reporter.emit(Notice(code="ended_early", message=message))
        self._orders.refuse_rest()
        self._tell_problems()
        self._settle()
        return Outcome(
            ending.state, ending.reason, position.epoch, position.step, position.best, position.elapsed_s
        )

    # ---- telling

    def _emit(
        self,
        scope: MetricScope,
        values: dict[str, float],
        per_class: dict[str, dict[str, float]] | None = None,
    ) -> None:
        epoch = self._position.epoch + 1 if scope == "step" else self._position.epoch
        self._reporter.emit(
            MetricsLogged(
                scope=scope, epoch=epoch, step=self._position.step, values=values, per_class=per_class or {}
            )
        )

    def _tell_progress(self) -> None:
        position, pace = self._position, self._pace
        per_epoch = len(self._train_view)
        total = per_epoch * self._config.epochs
        batch_s = pace.batch_s
        self._reporter.emit(
            Progress(
                epoch=min(position.epoch + 1, self._config.epochs),
                epochs=self._config.epochs,
                step=position.step,
                steps_total=total,
                eta_s=max(0, total - position.step) * batch_s if batch_s is not None else None,
                images_per_s=self._config.batch_size / batch_s if batch_s else None,
            )
        )

    def _tell_problems(self) -> None:
        for problem in self._job.train_loader.new_problems():
            message = f"{problem.file} was left out: {problem.message}"
            self._reporter.emit(
                Notice(level="warning", code=problem.code, message=message, hint=problem.remedy)
            )

    def _note_ignored(self, report: ReportedMetrics) -> None:
        for name in report.ignored:
            self._tell_once(
                f"metric_ignored {name}", f"The plugin's metric {name!r} is no number and is left out."
            )

    def _tell_once(self, code: str, message: str) -> None:
        if code not in self._told:
            self._told.add(code)
            self._reporter.emit(Notice(level="warning", code=code.split()[0], message=message))

    def _require_finite(self, report: ReportedMetrics) -> None:
        loss = report.train.get("train/loss")
        if loss is not None and not math.isfinite(loss):
            raise not_finite(f"The plugin reported a loss of {loss}")

    def _settle(self) -> None:
        self._position.elapsed_s = self._elapsed_before_s + time.monotonic() - self._began
        self._position.last_command = self._job.control.last_number
