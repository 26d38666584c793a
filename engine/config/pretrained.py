"""Where a network's starting weights come from: the settings that adapters and plugins with such weights share."""

from __future__ import annotations

from typing import Annotated, Literal

from engine.config.setting import Setting
from engine.config.train import TrainConfig


class PretrainedConfig(TrainConfig):
    """The settings of a training, and where weights come from."""

    pretrained: Annotated[
        Literal["auto", "hub", "file", "off"],
        Setting(
            label="Pretrained",
            group="model",
            help="Where weights come from: auto takes those that Lensmith brings, else the hub, else none; "
            "hub downloads them; file reads a file; off starts from chance.",
        ),
    ] = "auto"
    pretrained_path: Annotated[
        str | None,
        Setting(
            label="Weights file",
            group="model",
            help="A .safetensors, .pt or .pth file, a run, or a checkpoint folder.",
            visible_when={"pretrained": ["file"]},
        ),
    ] = None
