"""Really trying a model out: built small, trained for two steps, saved, loaded, asked, traced. Runs in the child."""

from __future__ import annotations

import contextlib
import math
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from engine.config.schema import ConfigSchema
from engine.data.normalisation import IMAGENET_MEAN, IMAGENET_STD, TensorInput, normalise
from engine.device.randomness import seed_everything
from engine.plugin.adapters.torch_model import TorchModel
from engine.plugin.contract import BaseModel, TrainingStopped
from engine.plugin.discovery import PluginSource
from engine.plugin.findings import Findings
from engine.plugin.restore import network_of
from engine.plugin.synthetic import (
    BATCH_SIZE,
    CLASSES,
    SyntheticImages,
    SyntheticLoader,
    TrialCallbacks,
    pictures,
)
from engine.protocol.catalog import ModelMetadata, PluginEntry, PluginProblem
from engine.protocol.checkpoint import PLUGIN_CHECKPOINT
from engine.tasks.predictions import ClassScores
from engine.tasks.registry import task_named, task_names
from engine.tasks.task import Prediction, RawInfer, Task

IMAGE_SIZE = 64
_TOLERANCE = 1e-5
"""Of probabilities, between a model and its reloaded twin."""


def try_model(source: PluginSource, model: type[BaseModel], entry: PluginEntry) -> list[PluginProblem]:
    """Give everything that goes wrong when a model is used as the engine uses it; nothing it raises gets out."""
    assert entry.metadata is not None  # a usable entry has metadata
    assert entry.config_schema is not None  # and a schema
    findings = Findings(source, model)
    if entry.metadata.task_type not in task_names():
        message = (
            f"The engine cannot train for {entry.metadata.task_type}; it can: {', '.join(task_names())}."
        )
        findings.add("task_unsupported", message, "get_metadata", "")
        return findings.problems
    config = small_config(entry.config_schema, entry.metadata)
    _Trial(findings, model, config, task_named(entry.metadata.task_type)).run()
    return findings.problems


def small_config(schema: ConfigSchema, metadata: ModelMetadata) -> dict[str, object]:
    """Make the defaults small: tiny images and batches, two epochs, no download of weights."""
    size = min(metadata.supported_image_sizes, default=IMAGE_SIZE)
    field = schema.field("image_size")
    if field is not None and field.type == "int":
        size = int(max(size, field.min or size))
    wanted: dict[str, object] = {"epochs": 2, "batch_size": BATCH_SIZE, "image_size": size}
    pretrained = schema.field("pretrained")
    if pretrained is not None and (pretrained.type == "bool" or "off" in (pretrained.options or [])):
        wanted["pretrained"] = False if pretrained.type == "bool" else "off"
    known: dict[str, object] = {
        "num_classes": len(CLASSES),
        "class_names": list(CLASSES),
        "device": "cpu",
        "pretrained_path": None,
        "start_epoch": 0,
        "seed": 0,
    }
    return {
        **known,
        **wanted,
        **schema.defaults(wanted),
        **{key: known[key] for key in ("num_classes", "device")},
    }


class _Trial:
    """One model on its way through all that the engine will ask of it."""

    def __init__(
        self, findings: Findings, model_class: type[BaseModel], config: dict[str, object], task: Task
    ) -> None:
        self._findings = findings
        self._class = model_class
        self._config = config
        self._task = task
        size = config["image_size"]
        self._size = size if isinstance(size, int) else IMAGE_SIZE
        self._images = SyntheticImages.of_size(self._size, task)
        self._mean, self._std = IMAGENET_MEAN, IMAGENET_STD

    def run(self) -> None:
        built = self._findings.attempt(
            "trial_build_failed", "Building the model failed", "__init__", self._build
        )
        if not isinstance(built, BaseModel):
            return
        if isinstance(built, TorchModel):
            self._mean, self._std = built.normalisation()
            self._findings.attempt(
                "trial_training_failed", "Two training steps failed", "loss", lambda: self._steps(built)
            )
        else:
            self._mean, self._std = built.input_mean, built.input_std
            self._findings.attempt(
                "trial_training_failed", "Training failed", "train", lambda: self._own_loop(built)
            )
            self._findings.attempt(
                "trial_validate_failed", "validate failed", "validate", lambda: self._validate(built)
            )
        before = self._findings.attempt(
            "trial_infer_failed", "infer failed", "infer", lambda: self._answers(built)
        )
        if isinstance(before, np.ndarray):
            self._findings.attempt(
                "trial_reload_failed",
                "Saving and loading failed",
                "load_checkpoint",
                lambda: self._reload(built, before),
            )
        self._export(built)

    def _build(self) -> BaseModel:
        seed_everything(0)
        return self._class(dict(self._config))

    def _steps(self, model: TorchModel) -> None:
        """Do two optimizer steps through what an adapter's subclass may have changed."""
        settings = model.settings.model_copy(update={"precision": "fp32"})
        optimizer = model.build_optimizer(model.param_groups(settings), settings)
        scheduler = model.build_scheduler(optimizer, settings, 2)
        before = _snapshot(model.network)
        model.network.train()
        for images, targets in self._images.batches():
            pixels = normalise(images, self._mean, self._std)
            if model.targets_in_forward:
                outputs = model.network(pixels, targets)
            else:
                outputs = model.network(pixels)
                if not self._fits(outputs):
                    return
            loss = model.loss(outputs, targets)
            if not self._is_finite(loss):
                return
            loss.backward()
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            if scheduler is not None:
                scheduler.step()
        self._tell_unchanged(model, before, "param_groups")
        if self._task.mixes:
            self._try_soft_targets(model)

    def _fits(self, outputs: object) -> bool:
        fault = self._task.output_fault(outputs, BATCH_SIZE, len(CLASSES), self._size)
        if fault is None:
            return True
        hint = "Let its last layer have self.num_classes outputs, and give one tensor of logits."
        self._findings.add("outputs_wrong", fault, "build", hint)
        return False

    def _is_finite(self, loss: object) -> bool:
        if isinstance(loss, Tensor) and loss.numel() == 1 and math.isfinite(float(loss.detach())):
            return True
        shown = (
            f"{float(loss.detach())}"
            if isinstance(loss, Tensor) and loss.numel() == 1
            else type(loss).__name__
        )
        self._findings.add("loss_wrong", f"The loss is {shown} instead of one finite number.", "loss", "")
        return False

    def _try_soft_targets(self, model: TorchModel) -> None:
        images, targets = next(self._images.batches())
        soft = nn.functional.one_hot(targets, len(CLASSES)).float()

        def compute() -> None:
            with torch.no_grad():
                model.loss(model.network(normalise(images, self._mean, self._std)), soft)

        self._findings.attempt(
            "loss_without_soft_targets",
            "The loss does not take targets (N, classes), which mixup and cutmix make",
            "loss",
            compute,
            severity="warning",
        )

    def _own_loop(self, model: BaseModel) -> None:
        loader = SyntheticLoader(self._images, self._mean, self._std)
        callbacks = TrialCallbacks()
        network = network_of(model)
        before = _snapshot(network) if network is not None else {}
        with contextlib.suppress(TrainingStopped):  # as the contract asks, train lets it through
            model.train(loader, loader, callbacks)
        if not callbacks.epochs:
            self._findings.add(
                "epochs_not_reported",
                "train ended without a call of callbacks.on_epoch_end.",
                "train",
                "Call it after every epoch: there the engine saves, validates, logs and stops.",
            )
        elif callbacks.went_on:
            self._findings.add(
                "stop_ignored",
                "train went on after callbacks.on_epoch_end had raised TrainingStopped.",
                "train",
                "Let that exception through: no bare `except:` and no `except BaseException:` around it.",
            )
        self._findings.tell_not_numbers(callbacks.reported, "train")
        self._tell_unchanged(model, before, "train")

    def _validate(self, model: BaseModel) -> None:
        metrics: object = model.validate(SyntheticLoader(self._images, self._mean, self._std))
        if not isinstance(metrics, Mapping):
            self._findings.add(
                "validate_wrong",
                f"validate gives {type(metrics).__name__} instead of a dict of metrics.",
                "validate",
                'Give something like {"accuracy": 0.9, "loss": 0.2}.',
            )
            return
        self._findings.tell_not_numbers(cast("Mapping[str, object]", metrics), "validate")

    def _answers(self, model: BaseModel) -> np.ndarray | None:
        """Ask for the answers to images of several sizes; None when they cannot be compared."""
        infer = self._infer_of(model)
        network = network_of(model)
        if network is not None:
            network.train()
        first_answers = infer(pictures())
        scored = {len(one.probs) for one in first_answers if isinstance(one, ClassScores)}
        if scored - {len(CLASSES)}:
            self._findings.add(
                "infer_wrong",
                f"infer gives {max(scored - {len(CLASSES)})} scores an image instead of {len(CLASSES)}.",
                "infer",
                "Give one score for each of config['num_classes'].",
            )
            return None
        first = self._table(first_answers)
        _set_eval(model)
        answers = self._table(infer(pictures()))
        infer(pictures()[:1])
        if not _same(answers, self._table(infer(pictures()))):
            self._findings.warn(
                "infer_not_repeatable",
                "infer gives other answers for the same images when it is asked again.",
                "infer",
                "Leave out what is random in `infer`, and put the network in eval mode there.",
            )
            return None
        if not _same(first, answers):
            self._findings.warn(
                "infer_in_training_mode",
                "infer answers differently while the network is in training mode.",
                "infer",
                "Call eval() on the network in `infer`: dropout and batch norm otherwise go on.",
            )
        return answers

    def _reload(self, model: BaseModel, before: np.ndarray) -> None:
        with tempfile.TemporaryDirectory(prefix="lensmith-", ignore_cleanup_errors=True) as folder:
            path = Path(folder) / PLUGIN_CHECKPOINT
            path.parent.mkdir(parents=True, exist_ok=True)
            model.save_checkpoint(str(path), 1, {"loss": 0.5})
            if not any(path.parent.iterdir()):
                self._findings.add(
                    "checkpoint_missing", "save_checkpoint wrote nothing.", "save_checkpoint", ""
                )
                return
            torch.manual_seed(1)  # so that equal answers are the checkpoint's doing
            twin = self._class(dict(self._config))
            twin.load_checkpoint(str(path))
            _set_eval(twin)
        after = self._table(self._infer_of(twin)(pictures()))
        if not _same(before, after):
            most = f" (by up to {np.abs(before - after).max():.3g})" if before.shape == after.shape else ""
            self._findings.add(
                "checkpoint_incomplete",
                f"A model that loaded the checkpoint answers differently from the one that saved it{most}.",
                "save_checkpoint",
                "Save everything that `infer` depends on, buffers too: state_dict() holds both.",
            )

    def _export(self, model: BaseModel) -> None:
        with tempfile.TemporaryDirectory(prefix="lensmith-", ignore_cleanup_errors=True) as folder:
            try:
                model.export(str(Path(folder) / "model.onnx"), "onnx")
                return
            except (NotImplementedError, ValueError):
                pass  # the engine's own turn
            except BaseException as error:  # noqa: BLE001  # a plugin may raise anything: it is its problem
                self._findings.add_raised("export_failed", "export failed", "export", error, "warning")
                return
        network = network_of(model)
        if network is None:
            self._findings.warn(
                "network_not_found",
                "The engine finds no torch module in the model, so it cannot export it.",
                "__init__",
                "Keep the network in self.model, or write `export` for every format.",
            )
            return
        self._findings.attempt(
            "trace_failed",
            "The network cannot be traced, so it cannot become a deployment file",
            "build",
            lambda: _trace(network, self._size),
            severity="warning",
        )

    def _infer_of(self, model: BaseModel) -> RawInfer:
        prepare = TensorInput(self._size, self._mean, self._std, framing=self._task.framing)
        return self._task.adapt_infer(model.infer, prepare)

    def _table(self, predictions: Sequence[Prediction]) -> np.ndarray:
        return np.concatenate([self._task.comparable(one) for one in predictions])

    def _tell_unchanged(self, model: BaseModel, before: Mapping[str, Tensor], method: str) -> None:
        network = network_of(model)
        if network is None or not before:
            return
        now = _snapshot(network)
        if all(torch.equal(tensor, now[name]) for name, tensor in before.items() if name in now):
            self._findings.warn(
                "nothing_trained",
                "No weight changed in two training steps.",
                method,
                "Give the network's parameters to the optimizer, and call backward and step.",
            )


def _snapshot(network: nn.Module) -> dict[str, Tensor]:
    return {name: parameter.detach().clone() for name, parameter in network.named_parameters()}


def _same(one: np.ndarray, other: np.ndarray) -> bool:
    return one.shape == other.shape and np.allclose(one, other, atol=_TOLERANCE)


def _set_eval(model: BaseModel) -> None:
    network = network_of(model)
    if network is not None:
        network.eval()


def _trace(network: nn.Module, size: int) -> None:
    """Take a network apart as the engine's export does; raises whatever that raises."""
    with torch.no_grad():
        torch.export.export(network.cpu().eval(), (torch.zeros(2, 3, size, size),))
