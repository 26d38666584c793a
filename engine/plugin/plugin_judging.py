"""How good a plugin with its own loop is: its own measurements, those by its `infer`, and which epoch is the best."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

from torch import nn

from engine.channel.reporter import Reporter
from engine.config.train import RunConfig
from engine.device.randomness import untouched_randomness
from engine.errors import PluginError
from engine.plugin.contract import BaseModel
from engine.plugin.plugin_checkpoints import OwnState, random_device
from engine.plugin.plugin_telling import PluginTelling
from engine.plugin.reported_metrics import ReportedMetrics, read_report
from engine.protocol.events import BestImproved
from engine.tasks.task import Direction, Task
from engine.training.job import BestRecord, ValidationOutcome
from engine.training.patience import Patience

_LESS_IS_BETTER = ("loss", "error", "mae", "mse", "rmse")
MeasureByInfer = Callable[[BaseModel, int, int], ValidationOutcome | None]


@dataclass(frozen=True, slots=True, eq=False)
class Measures:
    """What there is to measure a plugin with."""

    task: Task
    config: RunConfig
    val_batches: Iterable[object] | None
    """What the plugin's `validate` gets; None without a validation split."""
    by_infer: MeasureByInfer | None
    """Through `infer` and the task's judge, with per-image results."""
    is_ending: Callable[[], bool]
    """Whether an order waits that ends the run: it breaks measuring off."""

    @property
    def is_on(self) -> bool:
        return self.config.validation.enabled and self.val_batches is not None


class PluginJudge:
    """Measures when that is due, and remembers in `state` which epoch was the best."""

    def __init__(
        self, measures: Measures, state: OwnState, reporter: Reporter, telling: PluginTelling
    ) -> None:
        self._measures = measures
        self._state = state
        self._reporter = reporter
        self._telling = telling
        self._judged_epoch = 0
        self._follow(*self._chosen_metric())
        if state.substitute is not None:
            self._follow(state.substitute, self._direction_of(state.substitute))
        self._stopping.load_state_dict(state.stopping)
        if self._stopping.is_exhausted:
            self._stopping.wait_anew()  # it ended for that, and now shall go on
        best = state.position.best
        if best is not None and best.metric != f"val/{self.metric}":
            # Another metric was chosen meanwhile: its values cannot be compared.
            state.position.best = None

    @property
    def is_patience_exhausted(self) -> bool:
        return self._measures.config.early_stopping.enabled and self._stopping.is_exhausted

    @property
    def waited(self) -> int:
        """Validations since the last gain."""
        return self._stopping.waited

    def has_judged(self, epoch: int) -> bool:
        """Say whether an epoch was measured as fully as it can be, or cannot be at all."""
        return not self._measures.is_on or self._judged_epoch == epoch

    def judge(self, model: BaseModel, report: ReportedMetrics, by_all_means: bool = False) -> bool:
        """Measure the epoch that has just ended where that is due; says whether it is the best one."""
        position = self._state.position
        values, outcome = dict(report.val), None
        is_complete = not self._measures.is_on
        if self._measures.is_on and (by_all_means or self._is_due(position.epoch)):
            values = values or self._by_plugin(model)
            outcome = self._by_infer(model, position.epoch)
            if outcome is not None:
                values = {f"val/{name}": value for name, value in outcome.metrics.items()} | values
            is_complete = outcome is not None or not self._measures.is_ending()
            self._judged_epoch = position.epoch
        self._telling.metrics(
            "validation", values, max(1, position.epoch), outcome.per_class if outcome is not None else None
        )
        return bool(values) and self._is_best(values, is_complete)

    def measure_now(self, model: BaseModel) -> bool:
        """Measure in the middle of the training, without any effect on it; False when there is nothing to do so on."""
        if not self._measures.is_on:
            return False
        epoch = self._telling.shown_epoch
        outcome = self._by_infer(model, epoch)
        if outcome is not None:
            values = {f"val/{name}": value for name, value in outcome.metrics.items()}
            self._telling.metrics("validation", values, epoch, outcome.per_class)
        elif not self._measures.is_ending():
            self._telling.metrics("validation", self._by_plugin(model), epoch)
        return True

    def _is_due(self, epoch: int) -> bool:
        config = self._measures.config
        return epoch % config.validation.val_interval == 0 or epoch >= config.epochs

    def _by_plugin(self, model: BaseModel) -> dict[str, float]:
        with _unnoticed(model):
            answer = cast("object", model.validate(self._measures.val_batches))
        if not isinstance(answer, Mapping):
            raise PluginError(
                "validate_answer",
                f"The plugin's `validate` gave {type(answer).__name__} in the place of metrics by name.",
                "Let it return a dict such as {'accuracy': 0.9}.",
            )
        report = read_report(cast("Mapping[str, object]", answer), "val")
        self._telling.ignored(report)
        return report.val

    def _by_infer(self, model: BaseModel, epoch: int) -> ValidationOutcome | None:
        """Judge the plugin by its `infer`; one that cannot is told of once, and the training goes on."""
        if self._measures.by_infer is None:
            return None
        try:
            with _unnoticed(model):
                outcome = self._measures.by_infer(model, epoch, self._state.position.step)
        except PluginError as error:
            self._telling.once("infer_unusable", f"Per-image results are left out: {error.message}")
            return None
        if outcome is not None:
            self._telling.result(outcome, epoch)
        return outcome

    def _is_best(self, values: dict[str, float], is_complete: bool) -> bool:
        position = self._state.position
        position.metrics = values
        if f"val/{self.metric}" not in values:
            if not is_complete:
                return False  # a later validation will have it
            self._substitute(values)
        name = f"val/{self.metric}"
        value = values[name]
        self._stopping.see(value)
        self._state.stopping = self._stopping.state_dict()
        best, sign = position.best, 1 if self._direction == "max" else -1
        if value != value or (best is not None and sign * value <= sign * best.value):
            return False
        position.best = BestRecord(name, value, position.epoch, position.step)
        self._reporter.emit(BestImproved(metric=name, value=value, epoch=position.epoch, step=position.step))
        return True

    def _substitute(self, values: dict[str, float]) -> None:
        """Let another of the plugin's metrics decide: the task's main one, one the task knows, or the first."""
        task, names = self._measures.task, [name.removeprefix("val/") for name in values]
        known = [name for name in (task.primary_metric, *task.metric_directions) if name in names]
        missing, name = self.metric, (known or names)[0]
        direction = self._direction_of(name)
        self._telling.once(
            "metric_missing",
            f"The plugin gives no val/{missing}: the {'highest' if direction == 'max' else 'lowest'} val/{name} "
            f"counts as the best. It gives: {', '.join(values)}.",
        )
        self._state.substitute = name
        self._state.position.best = None
        self._follow(name, direction)

    def _follow(self, metric: str, direction: Direction) -> None:
        early = self._measures.config.early_stopping
        self.metric = metric
        self._direction = direction
        self._stopping = Patience(direction, early.patience, early.min_delta)

    def _chosen_metric(self) -> tuple[str, Direction]:
        """Give what the user chose; a plugin may have metrics of its own, which no task knows."""
        setting = self._measures.config.validation.metric
        name = self._measures.task.primary_metric if setting == "auto" else setting.removeprefix("val/")
        return name, self._direction_of(name)

    def _direction_of(self, name: str) -> Direction:
        known = self._measures.task.metric_directions.get(name)
        if known is not None:
            return known
        return "min" if any(word in name.lower() for word in _LESS_IS_BETTER) else "max"


@contextmanager
def _unnoticed(model: BaseModel) -> Iterator[None]:
    """Whatever the block does to modes and random state, the training goes on as if it had not been."""
    networks = [value for value in vars(model).values() if isinstance(value, nn.Module)]
    modes = [(module, module.training) for network in networks for module in network.modules()]
    try:
        with untouched_randomness(random_device()):
            yield
    finally:
        for module, was_training in modes:
            module.training = was_training
