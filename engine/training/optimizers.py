"""The optimizers and parameter groups that adapters use unless a plugin brings its own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from torch import nn
from torch.optim import SGD, Adam, AdamW, Optimizer, RMSprop

from engine.training.trainable import ParamGroup

if TYPE_CHECKING:
    from engine.config.train import TrainConfig

_FUSED_DEVICES = frozenset({"cpu", "cuda", "mps"})


def default_param_groups(
    network: nn.Module, backbone: Iterable[nn.Parameter], config: TrainConfig
) -> list[ParamGroup]:
    """Divide by backbone or not (its rate has a factor), and by decayed or not: biases and norms never decay."""
    behind = {id(parameter) for parameter in backbone}
    lr = config.optimizer.lr
    decay = config.optimizer.weight_decay
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for parameter in network.parameters():
        groups.setdefault((id(parameter) in behind, parameter.ndim > 1), []).append(parameter)
    return [
        {
            "params": parameters,
            "lr": lr * (config.backbone_lr_factor if is_backbone else 1.0),
            "weight_decay": decay if is_decayed else 0.0,
        }
        for (is_backbone, is_decayed), parameters in groups.items()
    ]


def default_optimizer(groups: list[ParamGroup], config: TrainConfig) -> Optimizer:
    """Build the configured optimizer, in its fused form where the precision allows it."""
    settings = config.optimizer
    fused = can_fuse(groups, config)
    if settings.type == "sgd":
        return SGD(
            groups,
            lr=settings.lr,
            momentum=settings.momentum,
            nesterov=settings.nesterov and settings.momentum > 0,
            weight_decay=settings.weight_decay,
            fused=fused,
        )
    if settings.type == "rmsprop":
        return RMSprop(
            groups,
            lr=settings.lr,
            alpha=settings.alpha,
            momentum=settings.momentum,
            eps=settings.eps,
            weight_decay=settings.weight_decay,
        )
    kind = AdamW if settings.type == "adamw" else Adam
    return kind(
        groups,
        lr=settings.lr,
        betas=(settings.beta1, settings.beta2),
        eps=settings.eps,
        amsgrad=settings.amsgrad,
        weight_decay=settings.weight_decay,
        fused=fused,
    )


def can_fuse(groups: list[ParamGroup], config: TrainConfig) -> bool:
    """Say whether the fused form may be used: not with clipped fp16, whose gradients are unscaled before."""
    if config.precision == "fp16" and config.clip_norm is not None:
        return False
    return all(
        parameter.is_floating_point() and parameter.device.type in _FUSED_DEVICES
        for group in groups
        for parameter in group["params"]
    )
