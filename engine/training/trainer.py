"""The one training loop: read top to bottom, it says where steps, saving, orders, events and validation happen."""

from __future__ import annotations

import time
from collections.abc import Iterator

from engine.data.batch import Batch
from engine.device.randomness import untouched_randomness
from engine.protocol.events import (
    BestImproved,
    MetricScope,
    MetricsLogged,
    Notice,
    ResultWritten,
    StateChanged,
)
from engine.training.job import BestRecord, Outcome, TrainingJob, ValidationOutcome
from engine.training.loss_log import EpochSums, LossLog, StepRecord
from engine.training.orders import Ending, Orders
from engine.training.phases import Phases
from engine.training.preparation import Prepared, prepare
from engine.training.saving import Saver
from engine.training.step import grouped, set_training_mode
from engine.training.telemetry import Extent, Telemetry
from engine.training.waiting import WaitingWarning

_SECONDS_AN_HOUR = 3600
_NOTEWORTHY_S = 0.05


class Trainer:
    """Trains one attempt to its end, or until the user wishes otherwise. Failures are raised."""

    def __init__(self, job: TrainingJob) -> None:
        self._job = job

    def run(self) -> Outcome:
        """Train.

        Raises:
            Exception: whatever ended it; `engine.training.failures.classify` gives the cause.
        """
        phases = Phases(self._job.reporter)
        try:
            return _Loop(self._job, prepare(self._job, phases), phases).run()
        finally:
            phases.close()


class _Loop:
    """The loop, with all it needs. Implements `engine.training.orders.Actions`."""

    def __init__(self, job: TrainingJob, prepared: Prepared, phases: Phases) -> None:
        self._job = job
        self._reporter = job.reporter
        self._phases = phases
        self._prepared = prepared
        self._config = prepared.config
        self._state = prepared.state
        self._position = prepared.state.position
        self._elapsed_before_s = self._position.elapsed_s
        self._began = time.monotonic()
        self._has_stepped = False
        extent = Extent(prepared.span.epochs, prepared.span.steps_per_epoch)
        self._telemetry = Telemetry(job.reporter, LossLog(prepared.state.sums), extent)
        self._waiting = WaitingWarning(prepared.config, prepared.state.policy.device.type)
        self._orders = Orders(job.control, job.reporter, self)
        numbered = not prepared.config.validation.save_best_only
        self._saver = Saver(
            job.folder.checkpoints, job.reporter, job.meta, prepared.config.checkpoint, numbered
        )

    def run(self) -> Outcome:
        self._reporter.emit(StateChanged(state="running", attempt=self._job.meta.attempt))
        ending: Ending | None = None
        while ending is None and self._position.epoch < self._config.epochs:
            ending = self._train_epoch() or self._end_epoch()
        return self._finish(ending or Ending("completed", "all epochs are done"))

    def _train_epoch(self) -> Ending | None:
        position = self._position
        self._freeze()
        self._telemetry.begin_epoch()
        batches = self._job.train_loader.start(position.epoch, position.batch)
        groups = grouped(batches, self._config.accumulate_steps)
        while position.batch < len(self._job.train_loader):
            if self._has_stepped:
                ending = self._train_step(groups)
            else:
                with self._phases.phase("first_step"):
                    ending = self._train_step(groups)
                self._has_stepped = True
            if ending is not None:
                return ending
        return None

    def _train_step(self, groups: Iterator[list[Batch]]) -> Ending | None:
        """Do one optimizer step and what is due after it."""
        state, position = self._state, self._position
        asked = time.perf_counter()
        group = next(groups, None)
        waited_s = time.perf_counter() - asked
        if group is None:
            position.batch = len(self._job.train_loader)
            return None
        lr = state.schedule.lr
        cancels: list[Ending] = []
        loss = self._prepared.step.run(
            group, position.epoch, position.batch, lambda: self._note_cancel(cancels)
        )
        if loss is None:
            return cancels[0]
        position.batch += len(group)
        position.step += 1
        if state.ema is not None:
            state.ema.update(position.step)
        state.schedule.step()
        images = sum(len(batch) for batch in group)
        self._telemetry.add(loss, StepRecord(position.step, 0.0, lr, images), waited_s)
        return self._between_steps()

    def _between_steps(self) -> Ending | None:
        if self._telemetry.is_due:
            self._telemetry.tell(self._position)
            self._telemetry.tell_problems(self._job.train_loader.new_problems())
            if self._saver.is_due:
                self._settle()
                self._saver.save_last(self._state)
            if self._is_time_up():
                return Ending("stopped", "the time limit is reached")
        return self._obey()

    def _end_epoch(self) -> Ending | None:
        position = self._position
        self._telemetry.tell(position)
        self._telemetry.tell_problems(self._job.train_loader.new_problems())
        values = self._telemetry.epoch_values()
        self._emit_metrics("epoch", values)
        waited = values.get("train/data_wait_share", 0.0), values.get("train/epoch_s", 0.0)
        waiting = self._waiting.after_epoch(position.epoch + 1, *waited)
        if waiting is not None:
            self._reporter.emit(waiting)
        is_best = False
        if self._is_validation_due():
            outcome = self._measure()
            if outcome is None and (ending := self._obey()) is not None:
                # Resumed, the epoch's validation is all that is left of it.
                return ending
            is_best = outcome is not None and self._judge(outcome)
        position.epoch += 1
        position.batch = 0
        self._state.sums = self._telemetry.losses.sums = EpochSums()
        self._settle()
        self._saver.save_epoch(self._state, is_best)
        if position.epoch >= self._config.epochs:
            return None
        if self._config.early_stopping.enabled and self._state.stopping.is_exhausted:
            return self._stop_early()
        return Ending("stopped", "the time limit is reached") if self._is_time_up() else self._obey()

    def _is_validation_due(self) -> bool:
        if self._job.validate is None or not self._config.validation.enabled:
            return False
        done = self._position.epoch + 1
        return done % self._config.validation.val_interval == 0 or done == self._config.epochs

    def _measure(self) -> ValidationOutcome | None:
        """Validate, and tell; leaves no trace in the training."""
        if self._job.validate is None:
            return None
        network = self._state.judged_network
        network.eval()
        with untouched_randomness(self._state.policy.device):
            outcome = self._job.validate(network, self._position.epoch + 1, self._position.step)
        if network is self._state.network:
            set_training_mode(network, self._frozen_now())
        if outcome is not None:
            values = {f"val/{name}": value for name, value in outcome.metrics.items()}
            self._emit_metrics("validation", values, outcome.per_class)
            self._emit_result(outcome, values)
        return outcome

    def _judge(self, outcome: ValidationOutcome) -> bool:
        """Draw the consequences of a validation; says whether it is the best one."""
        position, metric = self._position, self._prepared.metric
        position.metrics = {f"val/{name}": value for name, value in outcome.metrics.items()}
        value = outcome.metrics.get(metric, float("nan"))
        self._state.stopping.see(value)
        if self._state.schedule.see_validation(value):
            message = (
                f"val/{metric} no longer improves: the learning rate falls to {self._state.schedule.lr:g}."
            )
            self._reporter.emit(Notice(code="lr_lowered", message=message))
        best = position.best
        sign = 1 if self._prepared.direction == "max" else -1
        if value != value or (best is not None and sign * value <= sign * best.value):
            return False
        position.best = BestRecord(f"val/{metric}", value, position.epoch + 1, position.step)
        self._reporter.emit(
            BestImproved(metric=f"val/{metric}", value=value, epoch=position.epoch + 1, step=position.step)
        )
        return True

    def save_now(self) -> str:
        self._telemetry.tell(self._position)
        self._settle()
        return self._saver.save_manual(self._state)

    def validate_now(self) -> bool:
        if self._job.validate is None:
            return False
        self._measure()
        return True

    def _finish(self, ending: Ending) -> Outcome:
        if ending.state in ("stopped", "paused"):
            self._telemetry.tell(self._position)
            self._settle()
            self._saver.save_last(self._state)
        if ending.command is not None:
            self._job.control.acknowledge(ending.command)
        else:
            self._tell_reason(ending)
        self._orders.refuse_rest()
        self._settle()
        position = self._position
        return Outcome(
            ending.state, ending.reason, position.epoch, position.step, position.best, position.elapsed_s
        )

    def _stop_early(self) -> Ending:
        waited = self._state.stopping.waited
        return Ending("completed", f"{self._prepared.metric} has not improved in {waited} validations")

    def _tell_reason(self, ending: Ending) -> None:
        if self._position.epoch < self._config.epochs:
            message = f"The training ended after epoch {self._position.epoch}: {ending.reason}."
            code = "stopped_early" if ending.state == "completed" else "time_limit"
            self._reporter.emit(Notice(code=code, message=message))

    def _obey(self) -> Ending | None:
        asked = time.monotonic()
        ending = self._orders.obey()
        took = time.monotonic() - asked
        if took > _NOTEWORTHY_S:
            self._telemetry.leave_out(took)
        return ending

    def _note_cancel(self, cancels: list[Ending]) -> bool:
        ending = self._orders.cancelled()
        if ending is not None:
            cancels.append(ending)
        return ending is not None

    def _freeze(self) -> None:
        is_frozen = self._position.epoch < self._config.freeze_epochs
        for parameter in self._prepared.backbone:
            parameter.requires_grad_(not is_frozen)
        set_training_mode(self._state.network, self._frozen_now())

    def _frozen_now(self) -> tuple:
        return self._prepared.backbone if self._position.epoch < self._config.freeze_epochs else ()

    def _settle(self) -> None:
        """Bring the position up to date for saving."""
        self._position.elapsed_s = self._elapsed_before_s + time.monotonic() - self._began
        self._position.last_command = self._job.control.last_number

    def _is_time_up(self) -> bool:
        self._settle()
        limit = self._config.max_hours
        return limit is not None and self._position.elapsed_s >= limit * _SECONDS_AN_HOUR

    def _emit_metrics(
        self,
        scope: MetricScope,
        values: dict[str, float],
        per_class: dict[str, dict[str, float]] | None = None,
    ) -> None:
        position = self._position
        self._reporter.emit(
            MetricsLogged(
                scope=scope,
                epoch=position.epoch + 1,
                step=position.step,
                values=values,
                per_class=per_class or {},
            )
        )

    def _emit_result(self, outcome: ValidationOutcome, values: dict[str, float]) -> None:
        if outcome.result_folder is None:
            return
        position = self._position
        self._reporter.emit(
            ResultWritten(
                folder=outcome.result_folder,
                split="val",
                epoch=position.epoch + 1,
                step=position.step,
                metrics=values,
            )
        )
