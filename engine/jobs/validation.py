"""Measuring on the validation split in the middle of a training, with the result kept in the run folder."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import torch
from torch import nn

from engine.data.loader import Loader
from engine.device.policy import SingleDevice
from engine.device.resolved import Resolved, read_resolved
from engine.errors import UserError
from engine.evaluation.keeping import KeepingRule, keep_within
from engine.evaluation.measure import Course, NetworkView, measure_infer, measure_network
from engine.evaluation.partial import Pace, PartialResults
from engine.evaluation.result_folder import ResultFacts, newest_folder, write_result
from engine.jobs.desk import Desk
from engine.plugin.adapters.torch_model import TorchModel
from engine.plugin.contract import BaseModel
from engine.plugin.restore import stop_training, tensor_input
from engine.protocol.checkpoint import CheckpointMeta
from engine.protocol.events import Notice
from engine.protocol.results import ResultSummary
from engine.tasks.registry import task_named
from engine.tasks.task import Judgement
from engine.training.job import ValidationOutcome
from engine.training.patience import Direction, chosen_metric
from engine.training.telemetry import left_out

_SHARE_OF_PARTIAL: Final = 0.02
"""Of the time of a validation that it may take to show what is measured so far: of the training it is far less."""


class Validation:
    """Measures on the images of `loader`, which are those of the split `val`."""

    def __init__(self, desk: Desk, loader: Loader, device: torch.device) -> None:
        self._desk = desk
        self._loader = loader
        self._device = device
        self._task = task_named(desk.job.task)
        self._classes = tuple(desk.manifest.classes)
        self._has_told_of_dropping = False

    def of_network(
        self, model: TorchModel, meta: CheckpointMeta
    ) -> Callable[[nn.Module, int, int], ValidationOutcome | None]:
        """Give the function that measures a network of an adapter, computing as the training does."""

        def validate(network: nn.Module, epoch: int, step: int) -> ValidationOutcome | None:
            policy = policy_of(self._desk, self._device)
            view = view_of(model, self._classes, policy, meta)
            with self._watched(epoch, step) as course:
                judgement = measure_network(network, self._loader, view, course)
                return self._kept(self._told(judgement), epoch, step)

        return validate

    def of_model(self, meta: CheckpointMeta) -> Callable[[BaseModel, int, int], ValidationOutcome | None]:
        """Give the function that measures a full-control plugin by its `infer`."""
        given = tensor_input(meta, str(self._device))

        def validate(model: BaseModel, epoch: int, step: int) -> ValidationOutcome | None:
            stop_training(model)
            infer = self._task.adapt_infer(model.infer, given)
            with self._watched(epoch, step) as course:
                judgement = measure_infer(infer, self._loader, self._task, self._classes, course)
                return self._kept(self._told(judgement), epoch, step)

        return validate

    def _told(self, judgement: Judgement | None) -> Judgement | None:
        """Tell of files that could not be read, each once."""
        for problem in self._loader.new_problems():
            self._desk.reporter.emit(left_out(problem))
        return judgement

    @contextmanager
    def _watched(self, epoch: int, step: int) -> Iterator[Course]:
        """Let windows see what is measured so far, and orders break it off."""
        facts = self._facts(epoch, step)
        partial = PartialResults(
            self._desk.folder.results, facts, self._loader.images, Pace(_SHARE_OF_PARTIAL)
        )
        try:
            yield Course(self._desk.control.is_end_waiting, partial.look)
        finally:
            partial.close()

    def _kept(self, judgement: Judgement | None, epoch: int, step: int) -> ValidationOutcome | None:
        if judgement is None:
            return None
        results = self._desk.folder.results
        write_result(results, judgement, self._facts(epoch, step))
        folder = newest_folder(results)
        self._keep_within()
        return ValidationOutcome(judgement.metrics, judgement.per_class, folder)

    def _keep_within(self) -> None:
        """Drop what the settings do not allow to be kept; say so the first time."""
        settings = self._desk.run_config.validation
        rule = KeepingRule(settings.keep == "newest_and_best", settings.keep_mb)
        lost = keep_within(self._desk.folder.results, rule, self._is_better)
        if lost and not self._has_told_of_dropping:
            self._has_told_of_dropping = True
            self._desk.reporter.emit(Notice(code="results_dropped", message=_dropping_told(rule)))

    def _is_better(self, one: ResultSummary, other: ResultSummary) -> bool:
        """By the metric that decides what is best; a plugin's own that is not measured here decides nothing."""
        try:
            name, direction = chosen_metric(self._desk.run_config.validation.metric, self._task)
        except UserError:
            name, direction = (
                self._task.primary_metric,
                self._task.metric_directions[self._task.primary_metric],
            )
        return is_better(one, other, f"val/{name}", direction)

    def _facts(self, epoch: int, step: int) -> ResultFacts:
        manifest = self._desk.manifest
        return ResultFacts(
            task=self._task.name,
            split="val",
            prefix="val",
            epoch=epoch,
            step=step,
            class_names=self._classes,
            dataset=manifest.name,
            dataset_version=manifest.version,
            per_image=self._desk.run_config.validation.keep != "numbers",
        )


def is_better(one: ResultSummary, other: ResultSummary, name: str, direction: Direction) -> bool:
    """Say whether the first of two results is better by a metric; one that has no number of it never is."""
    value, reference = (summary.metrics.get(name, math.nan) for summary in (one, other))
    if math.isnan(value) or math.isnan(reference):
        return not math.isnan(value)
    return value > reference if direction == "max" else value < reference


def _dropping_told(rule: KeepingRule) -> str:
    if rule.newest_and_best_only:
        return "Results by image are kept of the newest and the best validation only; numbers of all stay."
    return (
        f"Results by image take more than the {rule.most_mb:,} MB that are set for them: those of the oldest "
        "validations are dropped from now on; their numbers stay."
    )


def view_of(
    model: TorchModel, class_names: tuple[str, ...], policy: SingleDevice, meta: CheckpointMeta
) -> NetworkView:
    """How an adapter's network is fed and what its outputs mean."""
    loss = None if model.targets_in_forward else model.loss
    return NetworkView(model.task, class_names, loss, policy, meta.mean, meta.std, model.own_decode)


def policy_of(desk: Desk, device: torch.device) -> SingleDevice:
    """How the run computes, as its first step found out; in plain float32 before that."""
    resolved = read_resolved(desk.folder.resolved_path, device)
    return SingleDevice(device, resolved or Resolved(device_type=device.type))
