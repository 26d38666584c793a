"""Ultralytics' own trainers, fed by the engine's data path and led by its optimizer, schedule, events and orders.

They are classes to be imported, not callbacks that are added to a trainer: those are lost where it starts processes of
its own. Nothing is written: checkpoints are the engine's.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from engine.config.schedule import Extension, Span
from engine.device.randomness import untouched_randomness
from engine.device.resolved import Resolved
from engine.plugin.adapters.ultralytics_batches import YoloBatch, YoloLoader
from engine.plugin.adapters.ultralytics_package import require_ultralytics
from engine.plugin.adapters.ultralytics_speed import fastest_for
from engine.training.optimizers import default_optimizer, default_param_groups
from engine.training.schedule import Schedule, SchedulePlan

require_ultralytics()
from ultralytics.models.yolo.detect import DetectionTrainer  # noqa: E402  # only after its folder is set
from ultralytics.models.yolo.segment import SegmentationTrainer  # noqa: E402  # only after its folder is set

if TYPE_CHECKING:
    from engine.config.train import TrainConfig
    from engine.plugin.contract import Callbacks

_REPORT_EVERY = 10
"""Optimizer steps: reading a loss waits for the device."""


@dataclass(frozen=True, slots=True, eq=False)
class YoloTraining:
    """All that one attempt is made of."""

    yolo: nn.Module
    config: TrainConfig
    loader: Any
    """The engine's, as plugins get it."""
    callbacks: Callbacks | None
    device: torch.device
    class_names: tuple[str, ...]
    folder: str
    """For what the trainer insists on writing; thrown away."""
    gains: Mapping[str, float] = field(default_factory=dict[str, float])
    """Weights of the parts of the loss: box, cls, dfl."""
    with_masks: bool = False
    start_epoch: int = 0
    extension: Extension | None = None
    resumed: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What `state` gave when the last attempt was saved."""


class EngineLed:
    """What is different in both trainers; goes before one of theirs among the bases of a class."""

    # Of the other base.
    args: Any
    model: Any
    ema: Any
    optimizer: Optimizer
    train_loader: YoloLoader
    loss: Tensor
    tloss: Mapping[str, Tensor] | None
    epoch: int
    train: Callable[[], None]

    def __init__(self, training: YoloTraining) -> None:
        self.training = training
        self.resolved = Resolved(device_type=training.device.type)
        self.on_average: Callable[[nn.Module], None] | None = None
        """Gets the average of the weights as soon as there is one."""
        self._waiting = 0
        self._loss = torch.zeros((), device=training.device)
        self._images = self._images_now = 0
        self._steps = 0
        threads = torch.get_num_threads()
        with untouched_randomness(training.device):
            super().__init__(overrides=_arguments(training))  # pyright: ignore[reportCallIssue]  # of the other base
        torch.set_num_threads(threads)  # it chooses some of its own, with which the weights would be others
        self.model = training.yolo
        self.epochs = training.config.epochs

    # ---- before the first step

    def get_dataset(self) -> dict[str, Any]:
        names = dict(enumerate(self.training.class_names))
        return {"train": "train", "val": "val", "nc": len(names), "names": names, "channels": 3}

    def get_dataloader(
        self, dataset_path: str, batch_size: int = 16, rank: int = 0, mode: str = "train"
    ) -> YoloLoader:
        del dataset_path, batch_size, rank, mode  # validation is the engine's
        return YoloLoader(self.training.loader, self.training.with_masks)

    def _build_train_pipeline(self) -> None:
        failed = sys.exception()
        if failed is not None:
            raise failed  # asked to halve the batch, which is the user's: the engine proposes it
        super()._build_train_pipeline()  # pyright: ignore[reportAttributeAccessIssue]  # of the other base

    def get_validator(self) -> Any:
        return _NoValidator()

    def build_optimizer(self, model: nn.Module, *arguments: object, **settings: object) -> Optimizer:
        del arguments, settings
        config = self._config_in_use
        groups = default_param_groups(model, _backbone(model), config)
        return default_optimizer(groups, config)

    def _setup_scheduler(self) -> None:
        """Let the engine's schedule set the rates; the trainer has its own stepped once an epoch, without effect."""
        self.scheduler = _Still()
        self.lf = None

    def _setup_train(self) -> None:
        with untouched_randomness(self.training.device):
            self._choose_speed()
            super()._setup_train()  # pyright: ignore[reportAttributeAccessIssue]  # of the other base
        self._apply_speed()
        if self.on_average is not None:
            self.on_average(self.ema.ema)

    def resume_training(self, ckpt: object) -> None:
        """Go on where the last attempt was saved."""
        del ckpt
        training, state = self.training, self.training.resumed
        self.start_epoch = training.start_epoch
        span = Span(self._steps_an_epoch, self.epochs)
        plan = SchedulePlan(
            training.config.scheduler, span, training.config.optimizer.lr, extension=training.extension
        )
        self._schedule = Schedule(self.optimizer, plan)
        self._steps = self.start_epoch * self._steps_an_epoch
        if state:
            self.model.load_state_dict(state["model"])
            self.ema.ema.load_state_dict(state["average"])
            self.ema.updates = int(state["average_updates"])
            self.optimizer.load_state_dict(state["optimizer"])
            self._resume_criterion()
        self._schedule.restore({}, self._steps)

    def _resume_criterion(self) -> None:
        """YOLO26 weighs its two heads by the epoch."""
        self.model.criterion = self.model.init_criterion()
        if self.start_epoch and hasattr(self.model.criterion, "update"):
            self.model.criterion.updates = self.start_epoch - 1
            self.model.criterion.update()

    # ---- in each step

    def preprocess_batch(self, batch: YoloBatch) -> YoloBatch:
        moved = {
            name: part.to(self.training.device, non_blocking=True)
            for name, part in batch.items()
            if isinstance(part, Tensor)
        }
        self._images_now = len(moved["img"])
        pixels = self.train_loader.pixels(moved["img"])
        if self.resolved.channels_last:
            pixels = pixels.contiguous(memory_format=torch.channels_last)
        return moved | {"img": pixels}

    def optimizer_step(self) -> None:
        """Called after every batch: do an optimizer step when its batches are together, and tell of it."""
        self._loss += self.loss.detach()
        self._images += self._images_now
        self._waiting += 1
        if self._waiting < self.training.config.accumulate_steps and not self.train_loader.ended:
            return
        self._waiting = 0
        clip_norm = self.training.config.clip_norm
        if clip_norm is not None:
            self.scaler.unscale_(self.optimizer)
            nn.utils.clip_grad_norm_(self.model.parameters(), clip_norm, error_if_nonfinite=False)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.optimizer.zero_grad(set_to_none=True)
        self.ema.update(self.model)
        self._schedule.step()
        self._steps += 1
        self._tell_step()

    def _tell_step(self) -> None:
        callbacks = self.training.callbacks
        if callbacks is None:
            return
        is_due = self._steps % _REPORT_EVERY == 0 or self.training.device.type == "cpu"
        values = {"loss": float(self.loss.detach()) / max(1, self._images_now)} if is_due else {}
        callbacks.on_step_end(self._steps, values | ({"lr": self._schedule.lr} if is_due else {}))

    def _model_train(self) -> None:
        super()._model_train()  # pyright: ignore[reportAttributeAccessIssue]  # of the other base
        is_frozen = self.epoch < self.training.config.freeze_epochs
        for parameter in _backbone(self.model):
            parameter.requires_grad_(not is_frozen)
        if is_frozen:
            for layer in _backbone_layers(self.model):
                layer.eval()

    # ---- at the end of an epoch

    def validate(self) -> tuple[dict[str, float], None]:
        """Leave it to the engine, which is asked in `save_model`."""
        return {}, None

    def _handle_nan_recovery(self, epoch: int) -> bool:
        del epoch
        return False  # a loss that is no number ends the run, with the remedy

    def save_metrics(self, metrics: object) -> None:
        del metrics

    def save_model(self) -> bool:
        """Called at the end of every epoch: the engine saves, measures, and says when to end."""
        values = {"loss": float(self._loss) / max(1, self._images)}
        values |= {name: float(value) for name, value in (self.tloss or {}).items()}
        self._loss.zero_()
        self._images = 0
        if self.training.callbacks is not None:
            self.training.callbacks.on_epoch_end(self.epoch, values)
        return False

    def final_eval(self) -> None:
        pass

    def run_callbacks(self, event: str) -> None:
        """Call none: neither ours nor those that the package adds for foreign services."""
        del event

    # ---- what is saved

    def state(self) -> dict[str, Any]:
        """All that `resumed` needs, in plain containers."""
        return {
            "model": self.model.state_dict(),
            "average": self.ema.ema.state_dict(),
            "average_updates": int(self.ema.updates),
            "optimizer": self.optimizer.state_dict(),
            "scaler": self.scaler.state_dict(),
            "resolved": self.resolved.model_dump(),
        }

    # ---- speed

    def _choose_speed(self) -> None:
        training = self.training
        if "resolved" in training.resumed:
            self.resolved = Resolved.model_validate(training.resumed["resolved"])
            return
        self.model.args = self.args  # its loss reads gains from there
        training.yolo.to(training.device)
        steps = self._batches_an_epoch * self.epochs
        self.resolved = fastest_for(training.yolo, training, steps)

    def _apply_speed(self) -> None:
        precision = self.resolved.precision
        if self.resolved.channels_last:
            self.model.to(memory_format=torch.channels_last)
        is_cuda = self.training.device.type == "cuda"
        self.amp = precision != "fp32"
        if precision == "bf16" and is_cuda:
            self.args.amp = "bf16"
        self.scaler = torch.amp.GradScaler(self.training.device.type, enabled=precision == "fp16")
        if precision == "fp16" and "scaler" in self.training.resumed:
            self.scaler.load_state_dict(self.training.resumed["scaler"])

    @property
    def _config_in_use(self) -> TrainConfig:
        return self.training.config.model_copy(update={"precision": self.resolved.precision})

    @property
    def _batches_an_epoch(self) -> int:
        return len(self.training.loader)

    @property
    def _steps_an_epoch(self) -> int:
        return -(-self._batches_an_epoch // self.training.config.accumulate_steps)


class EngineLedDetection(EngineLed, DetectionTrainer):  # pyright: ignore[reportIncompatibleMethodOverride]  # foreign signatures
    """Trains a detector with boxes."""


class EngineLedSegmentation(EngineLed, SegmentationTrainer):  # pyright: ignore[reportIncompatibleMethodOverride]  # foreign signatures
    """Trains a detector with boxes and masks."""


def make_trainer(training: YoloTraining) -> EngineLed:
    """Make the trainer for a network; `train` of it trains."""
    return (EngineLedSegmentation if training.with_masks else EngineLedDetection)(training)


@dataclass(slots=True)
class _Keys:
    keys: list[str] = field(default_factory=list[str])


@dataclass(slots=True)
class _NoValidator:
    """What the trainer asks of a validator on its way to the first step."""

    metrics: _Keys = field(default_factory=_Keys)
    dataloader: object = None


class _Still:
    """A scheduler that changes nothing."""

    last_epoch = -1

    def step(self) -> None:
        pass


def _backbone_layers(model: Any) -> list[nn.Module]:
    """All layers before those that the description of the network calls its head."""
    return list(model.model[: len(model.yaml["backbone"])])


def _backbone(model: nn.Module) -> list[nn.Parameter]:
    return [parameter for layer in _backbone_layers(model) for parameter in layer.parameters()]


def _arguments(training: YoloTraining) -> dict[str, Any]:
    config = training.config
    return {
        "task": "segment" if training.with_masks else "detect",
        "model": "yolo26n.yaml",  # the network itself is handed over
        "data": "data.yaml",  # and so are the loaders
        "epochs": config.epochs,
        "batch": config.batch_size,
        "nbs": config.batch_size,
        "imgsz": config.image_size,
        "device": str(training.device.index or 0) if training.device.type == "cuda" else "cpu",
        "save_dir": training.folder,
        "seed": config.seed,
        "deterministic": config.deterministic,
        "warmup_epochs": 0,
        "close_mosaic": 0,
        "patience": 0,
        "workers": 0,
        "amp": False,
        "channels_last": False,
        "plots": False,
        "val": False,
        "verbose": False,
        **cast("dict[str, Any]", dict(training.gains)),
    }
