"""Measuring on the validation split in the middle of a training, with the result kept in the run folder."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from engine.data.loader import Loader
from engine.device.policy import SingleDevice
from engine.device.resolved import Resolved, read_resolved
from engine.evaluation.measure import NetworkView, measure_infer, measure_network
from engine.evaluation.result_folder import ResultFacts, newest_folder, write_result
from engine.jobs.desk import Desk
from engine.plugin.adapters.torch_model import TorchModel
from engine.plugin.contract import BaseModel
from engine.plugin.restore import stop_training, tensor_input
from engine.protocol.checkpoint import CheckpointMeta
from engine.tasks.registry import task_named
from engine.tasks.task import Judgement
from engine.training.job import ValidationOutcome
from engine.training.telemetry import left_out


class Validation:
    """Measures on the images of `loader`, which are those of the split `val`."""

    def __init__(self, desk: Desk, loader: Loader, device: torch.device) -> None:
        self._desk = desk
        self._loader = loader
        self._device = device
        self._task = task_named(desk.job.task)
        self._classes = tuple(desk.manifest.classes)

    def of_network(
        self, model: TorchModel, meta: CheckpointMeta
    ) -> Callable[[nn.Module, int, int], ValidationOutcome | None]:
        """Give the function that measures a network of an adapter, computing as the training does."""

        def validate(network: nn.Module, epoch: int, step: int) -> ValidationOutcome | None:
            policy = policy_of(self._desk, self._device)
            view = view_of(model, self._classes, policy, meta)
            is_ending = self._desk.control.is_end_waiting
            return self._kept(
                self._told(measure_network(network, self._loader, view, is_ending)), epoch, step
            )

        return validate

    def of_model(self, meta: CheckpointMeta) -> Callable[[BaseModel, int, int], ValidationOutcome | None]:
        """Give the function that measures a full-control plugin by its `infer`."""
        given = tensor_input(meta, str(self._device))

        def validate(model: BaseModel, epoch: int, step: int) -> ValidationOutcome | None:
            stop_training(model)
            infer = self._task.adapt_infer(model.infer, given)
            is_ending = self._desk.control.is_end_waiting
            judgement = measure_infer(infer, self._loader, self._task, self._classes, is_ending)
            return self._kept(self._told(judgement), epoch, step)

        return validate

    def _told(self, judgement: Judgement | None) -> Judgement | None:
        """Tell of files that could not be read, each once."""
        for problem in self._loader.new_problems():
            self._desk.reporter.emit(left_out(problem))
        return judgement

    def _kept(self, judgement: Judgement | None, epoch: int, step: int) -> ValidationOutcome | None:
        if judgement is None:
            return None
        manifest = self._desk.manifest
        facts = ResultFacts(
            task=self._task.name,
            split="val",
            prefix="val",
            epoch=epoch,
            step=step,
            class_names=self._classes,
            dataset=manifest.name,
            dataset_version=manifest.version,
            per_image=self._desk.run_config.validation.per_image,
        )
        write_result(self._desk.folder.results, judgement, facts)
        folder = newest_folder(self._desk.folder.results)
        return ValidationOutcome(judgement.metrics, judgement.per_class, folder)


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
