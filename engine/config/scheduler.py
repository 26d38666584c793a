"""How the learning rate changes over the training: one model a kind of schedule. `schedule.py` computes them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from engine.config.setting import Setting

_Warmup = Annotated[
    int,
    Field(ge=0, le=100),
    Setting(label="Warm-up", unit="epochs", help="The rate rises from near zero over these epochs."),
]
_MinLr = Annotated[
    float,
    Field(ge=0, le=1),
    Setting(label="Smallest rate", help="The rate never falls below this.", log=True, advanced=True),
]


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True)


class ConstantConfig(_Settings):
    """The rate stays."""

    type: Literal["constant"] = "constant"
    warmup_epochs: _Warmup = 0
    min_lr: _MinLr = 1e-6


class StepConfig(_Settings):
    """The rate falls by a factor every few epochs."""

    type: Literal["step"] = "step"
    step_size: Annotated[
        int, Field(ge=1, le=1000), Setting(label="Step size", unit="epochs", help="Epochs between two falls.")
    ] = 10
    gamma: Annotated[
        float, Field(gt=0, le=1), Setting(label="Gamma", help="The rate is multiplied by this.")
    ] = 0.1
    warmup_epochs: _Warmup = 0
    min_lr: _MinLr = 1e-6


class CosineConfig(_Settings):
    """The rate falls along half a cosine (Loshchilov and Hutter 2017)."""

    type: Literal["cosine"] = "cosine"
    warmup_epochs: _Warmup = 0
    min_lr: _MinLr = 1e-6


class PlateauConfig(_Settings):
    """The rate falls when the chosen validation metric has stopped to improve."""

    type: Literal["plateau"] = "plateau"
    patience: Annotated[
        int,
        Field(ge=0, le=1000),
        Setting(
            label="Patience", unit="validations", help="Validations without a gain before the rate falls."
        ),
    ] = 3
    factor: Annotated[
        float, Field(gt=0, lt=1), Setting(label="Factor", help="The rate is multiplied by this.")
    ] = 0.1
    warmup_epochs: _Warmup = 0
    min_lr: _MinLr = 1e-6


class ExponentialConfig(_Settings):
    """The rate falls by a factor each epoch."""

    type: Literal["exponential"] = "exponential"
    gamma: Annotated[
        float, Field(gt=0, le=1), Setting(label="Gamma", help="The rate is multiplied by this.")
    ] = 0.95
    warmup_epochs: _Warmup = 0
    min_lr: _MinLr = 1e-6


class OneCycleConfig(_Settings):
    """The rate rises to its peak, then falls to near zero (Smith and Topin 2018)."""

    type: Literal["onecycle"] = "onecycle"
    pct_start: Annotated[
        float,
        Field(gt=0, lt=1),
        Setting(label="Rise", help="Share of all steps in which the rate rises.", advanced=True),
    ] = 0.3
    div_factor: Annotated[
        float,
        Field(ge=1, le=1e4),
        Setting(label="Start divisor", help="The first rate is the peak divided by this.", advanced=True),
    ] = 25.0
    warmup_epochs: _Warmup = 0
    min_lr: _MinLr = 1e-6


SchedulerConfig = (
    StepConfig | CosineConfig | PlateauConfig | ExponentialConfig | OneCycleConfig | ConstantConfig
)
