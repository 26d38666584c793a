"""How an image becomes the network's input, in training, validation and prediction alike."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict

from engine.config.setting import Setting


class PreprocessingConfig(BaseModel):
    """Size and value range of what the network sees."""

    model_config = ConfigDict(frozen=True)

    normalize: Annotated[
        bool, Setting(label="Normalise", help="Subtract the mean, divide by the deviation.")
    ] = True
    mean: Annotated[
        tuple[float, float, float] | None,
        Setting(
            label="Mean",
            help="Of red, green and blue, 0 to 1. None takes what the model was made with.",
            min=0.0,
            max=1.0,
            advanced=True,
            visible_when={"preprocessing.normalize": [True]},
        ),
    ] = None
    std: Annotated[
        tuple[float, float, float] | None,
        Setting(
            label="Deviation",
            help="Of red, green and blue, 0 to 1. None takes what the model was made with.",
            min=0.0,
            max=1.0,
            exclusive_min=True,
            advanced=True,
            visible_when={"preprocessing.normalize": [True]},
        ),
    ] = None
    resize_method: Annotated[
        Literal["bilinear", "bicubic", "nearest"],
        Setting(label="Resize method", help="How pixels are interpolated.", advanced=True),
    ] = "bilinear"
