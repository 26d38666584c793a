"""How weights follow the gradient: one model a kind of optimizer, each with only its own settings."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from engine.config.setting import Setting

_LR = Setting(label="Learning rate", help="Size of a step, at its peak.", log=True)
_DECAY = Setting(label="Weight decay", help="How strongly weights are pulled towards zero.", log=True)
_BETA1 = Setting(label="Beta 1", help="Memory of the gradient's mean.", advanced=True)
_BETA2 = Setting(label="Beta 2", help="Memory of the gradient's square.", advanced=True)
_EPS = Setting(label="Epsilon", help="Keeps the division from blowing up.", advanced=True, log=True)
_AMSGRAD = Setting(label="AMSGrad", help="Use the largest past square (Reddi et al. 2018).", advanced=True)
_MOMENTUM = Setting(label="Momentum", help="Share of the last step that goes on.")

_Lr = Annotated[float, Field(gt=0, le=10), _LR]
_Decay = Annotated[float, Field(ge=0, le=1), _DECAY]
_Beta1 = Annotated[float, Field(ge=0, lt=1), _BETA1]
_Beta2 = Annotated[float, Field(ge=0, lt=1), _BETA2]
_Eps = Annotated[float, Field(gt=0, le=1e-2), _EPS]
_Momentum = Annotated[float, Field(ge=0, lt=1), _MOMENTUM]


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True)


class AdamConfig(_Settings):
    """Adam (Kingma and Ba 2015)."""

    type: Literal["adam"] = "adam"
    lr: _Lr = 1e-3
    weight_decay: _Decay = 0.0
    beta1: _Beta1 = 0.9
    beta2: _Beta2 = 0.999
    eps: _Eps = 1e-8
    amsgrad: Annotated[bool, _AMSGRAD] = False


class AdamWConfig(_Settings):
    """AdamW, decoupled weight decay (Loshchilov and Hutter 2019)."""

    type: Literal["adamw"] = "adamw"
    lr: _Lr = 1e-3
    weight_decay: _Decay = 0.01
    beta1: _Beta1 = 0.9
    beta2: _Beta2 = 0.999
    eps: _Eps = 1e-8
    amsgrad: Annotated[bool, _AMSGRAD] = False


class SGDConfig(_Settings):
    """Stochastic gradient descent with momentum."""

    type: Literal["sgd"] = "sgd"
    lr: _Lr = 0.01
    weight_decay: _Decay = 0.0
    momentum: _Momentum = 0.9
    nesterov: Annotated[bool, Setting(label="Nesterov", help="Look ahead by one step.", advanced=True)] = (
        False
    )


class RMSpropConfig(_Settings):
    """RMSprop (Hinton 2012)."""

    type: Literal["rmsprop"] = "rmsprop"
    lr: _Lr = 1e-3
    weight_decay: _Decay = 0.0
    momentum: _Momentum = 0.0
    alpha: Annotated[
        float, Field(ge=0, lt=1), Setting(label="Alpha", help="Memory of the square.", advanced=True)
    ] = 0.99
    eps: _Eps = 1e-8


OptimizerConfig = AdamConfig | AdamWConfig | SGDConfig | RMSpropConfig
