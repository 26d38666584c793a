"""How training images are varied. Validation never sees any of it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from engine.config.setting import Range, Setting


class ColorJitterConfig(BaseModel):
    """Random changes of colour; each number is the largest relative change."""

    model_config = ConfigDict(frozen=True)

    brightness: Annotated[
        float, Field(ge=0, le=1), Setting(label="Brightness", help="Largest change; 0.2 is ±20 %.")
    ] = 0.2
    contrast: Annotated[
        float, Field(ge=0, le=1), Setting(label="Contrast", help="Largest change; 0.2 is ±20 %.")
    ] = 0.2
    saturation: Annotated[
        float, Field(ge=0, le=1), Setting(label="Saturation", help="Largest change; 0.2 is ±20 %.")
    ] = 0.2
    hue: Annotated[
        float,
        Field(ge=0, le=0.5),
        Setting(
            label="Hue",
            help="Largest turn of the colour circle; 0.5 makes any colour of any other.",
            unit="turns",
        ),
    ] = 0.0


class AugmentationConfig(BaseModel):
    """What may happen to a training image; each draw is a function of the seed, the epoch and the image."""

    model_config = ConfigDict(frozen=True)

    enabled: Annotated[bool, Setting(label="Augment", help="Vary the training images at all.")] = True
    random_flip: Annotated[bool, Setting(label="Flip", help="Mirror every second image left to right.")] = (
        True
    )
    random_rotation: Annotated[
        float,
        Field(ge=0, le=180),
        Setting(label="Rotation", unit="°", help="Turn by up to this angle, either way."),
    ] = 15.0
    random_crop: Annotated[bool, Setting(label="Random crop", help="Cut a random part of each image.")] = True
    resize_scale: Annotated[
        Range,
        Setting(
            label="Crop area",
            help="Share of the image's area that a crop keeps.",
            min=0.0,
            max=1.0,
            exclusive_min=True,
            visible_when={"augmentation.random_crop": [True]},
        ),
    ] = Range(min=0.8, max=1.0)
    color_jitter: Annotated[
        ColorJitterConfig | None, Setting(label="Colour jitter", help="Change colours at random.")
    ] = ColorJitterConfig()
    random_grayscale: Annotated[
        float, Field(ge=0, le=1), Setting(label="Grayscale", help="Share of images that lose their colour.")
    ] = 0.0
    gaussian_blur: Annotated[
        float, Field(ge=0, le=1), Setting(label="Blur", help="Share of images that are blurred.")
    ] = 0.0
    mixup_alpha: Annotated[
        float,
        Field(ge=0, le=10),
        Setting(label="Mixup", help="Blend pairs of images; 0 is off, 0.2 is usual.", advanced=True),
    ] = 0.0
    cutmix_alpha: Annotated[
        float,
        Field(ge=0, le=10),
        Setting(label="CutMix", help="Paste a part of one image into another; 0 is off.", advanced=True),
    ] = 0.0
    auto_augment: Annotated[
        Literal["none", "randaugment", "autoaugment"],
        Setting(label="Automatic policy", help="A ready-made list of strong variations.", advanced=True),
    ] = "none"
