"""All that can be set about a training: what the engine honours for every plugin, and what its own loop adds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from engine.config.augmentation import AugmentationConfig
from engine.config.field import ConfigValue
from engine.config.flat import flatten, unflatten
from engine.config.optimizer import AdamConfig, OptimizerConfig
from engine.config.preprocessing import PreprocessingConfig
from engine.config.scheduler import CosineConfig, SchedulerConfig
from engine.config.setting import Setting
from engine.config.supervision import CheckpointConfig, EarlyStoppingConfig, EmaConfig, ValidationConfig

_DATA = "data"
_SPEED = "speed"

_KEPT, _KEPT_BEFORE = "validation.keep", "validation.per_image"
"""What it is called since results by image can be bounded, and in earlier runs: false kept none."""


class RunConfig(BaseModel):
    """What the engine honours for every plugin, also one with a loop of its own."""

    model_config = ConfigDict(frozen=True)

    epochs: Annotated[
        int,
        Field(ge=1, le=10_000),
        Setting(label="Epochs", group="training", unit="epochs", help="Passes over the training images."),
    ] = 10
    batch_size: Annotated[
        int,
        Field(ge=1, le=4096),
        Setting(label="Batch size", group="training", unit="images", help="Images a step looks at together."),
    ] = 32
    image_size: Annotated[
        int,
        Field(ge=16, le=2048),
        Setting(
            label="Image size", group=_DATA, unit="px", step=32, help="Side of the square the network sees."
        ),
    ] = 224
    seed: Annotated[
        int,
        Field(ge=0, le=2**31 - 1),
        Setting(label="Seed", group="training", help="Equal seeds give equal runs."),
    ] = 0
    deterministic: Annotated[
        bool,
        Setting(
            label="Deterministic",
            group=_SPEED,
            help="Only algorithms that repeat exactly; slower.",
            advanced=True,
        ),
    ] = False
    max_hours: Annotated[
        Annotated[float, Field(gt=0, le=8760)] | None,
        Setting(
            label="Time limit",
            group="training",
            unit="h",
            help="Stop and keep the model after this.",
            advanced=True,
        ),
    ] = None
    workers: Annotated[
        Annotated[int, Field(ge=0, le=64)] | Literal["auto"],
        Setting(
            label="Loader threads",
            group=_SPEED,
            unit="threads",
            help="Threads that load images ahead; 0 loads them in turn. auto measures how many pay, and takes "
            "processes where threads do not keep up.",
            advanced=True,
        ),
    ] = "auto"
    prefetch: Annotated[
        int,
        Field(ge=1, le=64),
        Setting(label="Prefetch", group=_SPEED, unit="batches", help="Batches made ahead.", advanced=True),
    ] = 3
    cache: Annotated[
        Literal["auto", "memory", "disk", "off"],
        Setting(
            label="Image cache",
            group=_SPEED,
            help="Keep decoded images; auto takes memory if they fit.",
            advanced=True,
        ),
    ] = "auto"
    augmentation: AugmentationConfig = AugmentationConfig()
    preprocessing: PreprocessingConfig = PreprocessingConfig()
    validation: ValidationConfig = ValidationConfig()
    early_stopping: EarlyStoppingConfig = EarlyStoppingConfig()
    checkpoint: CheckpointConfig = CheckpointConfig()

    @classmethod
    def from_flat(cls, flat: Mapping[str, object]) -> Self:
        """Read the settings from dotted names; names of others (a plugin's own) are left alone."""
        if flat.get(_KEPT_BEFORE) is False and _KEPT not in flat:
            flat = {**flat, _KEPT: "numbers"}
        return unflatten(cls, flat)

    def to_flat(self) -> dict[str, object]:
        return flatten(self)


class TrainConfig(RunConfig):
    """Everything for a model that is trained by the engine's loop."""

    optimizer: Annotated[
        OptimizerConfig,
        Field(discriminator="type"),
        Setting(label="Optimizer", help="How weights follow the gradient."),
    ] = AdamConfig()
    scheduler: Annotated[
        SchedulerConfig,
        Field(discriminator="type"),
        Setting(label="Schedule", help="How the learning rate changes."),
    ] = CosineConfig()
    precision: Annotated[
        Literal["auto", "fp32", "bf16", "fp16"],
        Setting(
            label="Precision", group=_SPEED, help="auto tries what is fastest here before the first step."
        ),
    ] = "auto"
    channels_last: Annotated[
        Literal["auto", "on", "off"],
        Setting(
            label="Channels last", group=_SPEED, help="Memory order of images; auto measures.", advanced=True
        ),
    ] = "auto"
    compile: Annotated[
        bool,
        Setting(
            label="Compile",
            group=_SPEED,
            help="torch.compile: minutes at the start, faster steps.",
            advanced=True,
        ),
    ] = False
    accumulate_steps: Annotated[
        int,
        Field(ge=1, le=1024),
        Setting(
            label="Accumulate",
            group="training",
            unit="batches",
            help="Batches per optimizer step.",
            advanced=True,
        ),
    ] = 1
    clip_norm: Annotated[
        Annotated[float, Field(gt=0, le=1e4)] | None,
        Setting(label="Clip gradient", group="training", help="Largest norm of the gradient.", advanced=True),
    ] = None
    label_smoothing: Annotated[
        float,
        Field(ge=0, lt=1),
        Setting(
            label="Label smoothing", group="training", help="Share spread over all classes.", advanced=True
        ),
    ] = 0.0
    ema: EmaConfig = EmaConfig()
    start_from: Annotated[
        str | None,
        Setting(
            label="Start from",
            group="model",
            help="A run, a checkpoint folder or a weights file; where it fits.",
            advanced=True,
        ),
    ] = None
    freeze_epochs: Annotated[
        int,
        Field(ge=0, le=10_000),
        Setting(
            label="Freeze backbone",
            group="model",
            unit="epochs",
            help="Train only the head at first.",
            advanced=True,
        ),
    ] = 0
    backbone_lr_factor: Annotated[
        float,
        Field(ge=0, le=10),
        Setting(
            label="Backbone rate",
            group="model",
            help="Factor on the backbone's learning rate.",
            advanced=True,
        ),
    ] = 1.0


TRAIN_PRESETS: dict[str, dict[str, ConfigValue]] = {
    "easy": {},
    "medium": {
        "optimizer.type": "adamw",
        "optimizer.lr": 5e-4,
        "scheduler.type": "cosine",
        "scheduler.warmup_epochs": 2,
        "epochs": 30,
        "augmentation.mixup_alpha": 0.2,
        "label_smoothing": 0.1,
    },
    "advanced": {
        "optimizer.type": "adamw",
        "optimizer.lr": 3e-4,
        "optimizer.weight_decay": 0.05,
        "scheduler.type": "cosine",
        "scheduler.warmup_epochs": 5,
        "epochs": 60,
        "augmentation.mixup_alpha": 0.4,
        "augmentation.cutmix_alpha": 1.0,
        "augmentation.auto_augment": "randaugment",
        "label_smoothing": 0.1,
        "ema.enabled": True,
    },
}
"""Overrides of the defaults; a plugin lays its own over them."""
