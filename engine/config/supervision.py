"""What watches over a training: validation, early stopping, checkpoints."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from engine.config.setting import Setting


class ValidationConfig(BaseModel):
    """When and how the model is measured during training."""

    model_config = ConfigDict(frozen=True)

    enabled: Annotated[
        bool, Setting(label="Validate", help="Measure the model on images it is not trained on.")
    ] = True
    val_split: Annotated[
        float,
        Field(gt=0, lt=0.9),
        Setting(label="Validation share", help="Share of the training images taken when there is no split."),
    ] = 0.2
    val_interval: Annotated[
        int,
        Field(ge=1, le=1000),
        Setting(label="Interval", unit="epochs", help="Validate after every so many epochs, and at the end."),
    ] = 1
    metric: Annotated[
        str,
        Setting(
            label="Metric",
            help="Which value decides what is best: accuracy, loss, f1_macro … auto takes the task's.",
        ),
    ] = "auto"
    save_best_only: Annotated[
        bool,
        Setting(label="Keep only the best", help="Drop the numbered checkpoints; last and best always stay."),
    ] = True
    keep: Annotated[
        Literal["all", "newest_and_best", "numbers"],
        Setting(
            label="Results by image",
            help="Of which validations it is kept what the model said about every image; newest_and_best drops it of "
            "older ones, numbers keeps none. Metrics, curves and matrices of all validations stay.",
            advanced=True,
        ),
    ] = "all"
    keep_mb: Annotated[
        int,
        Field(ge=0, le=10_000_000),
        Setting(
            label="Room for them",
            unit="MB",
            help="What the results by image of all validations may take together; the oldest are dropped first, their "
            "masks before the rest. 0 is no bound.",
            advanced=True,
            visible_when={"validation.keep": ["all", "newest_and_best"]},
        ),
    ] = 2000


class EarlyStoppingConfig(BaseModel):
    """End the training when nothing improves any more."""

    model_config = ConfigDict(frozen=True)

    enabled: Annotated[bool, Setting(label="Stop early", help="End when the metric no longer improves.")] = (
        False
    )
    patience: Annotated[
        int,
        Field(ge=1, le=1000),
        Setting(label="Patience", unit="validations", help="Validations to wait for a gain."),
    ] = 5
    min_delta: Annotated[
        float,
        Field(ge=0, le=1),
        Setting(label="Smallest gain", help="Less than this is no gain.", advanced=True),
    ] = 0.0


class CheckpointConfig(BaseModel):
    """When the state is saved, beside the end of each epoch."""

    model_config = ConfigDict(frozen=True)

    every_minutes: Annotated[
        float,
        Field(ge=0, le=1440),
        Setting(label="Save every", unit="min", help="Also in mid-epoch; 0 is never.", advanced=True),
    ] = 10.0
    every_epochs: Annotated[
        int,
        Field(ge=0, le=1000),
        Setting(
            label="Numbered checkpoints",
            unit="epochs",
            help="Keep one every so many epochs; 0 is never.",
            advanced=True,
            visible_when={"validation.save_best_only": [False]},
        ),
    ] = 1
    keep_last: Annotated[
        int,
        Field(ge=1, le=1000),
        Setting(
            label="Numbered checkpoints kept",
            unit="checkpoints",
            help="Older ones are removed.",
            advanced=True,
            visible_when={"validation.save_best_only": [False]},
        ),
    ] = 3


class EmaConfig(BaseModel):
    """Exponential moving average of the weights, validated and saved in their place."""

    model_config = ConfigDict(frozen=True)

    enabled: Annotated[
        bool, Setting(label="Average weights", help="Use a moving average of the weights.")
    ] = False
    decay: Annotated[
        float, Field(gt=0, lt=1), Setting(label="Decay", help="Memory of the average.", advanced=True)
    ] = 0.999
