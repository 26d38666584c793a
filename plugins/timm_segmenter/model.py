"""A U-Net on any of timm's convolutional networks, with a recipe that is good on small data sets and a CPU."""

from __future__ import annotations

from engine.plugin import ModelMetadata, TimmSegmenter

EASY = {
    "architecture": "tf_efficientnet_lite0",
    "pretrained": "auto",
    "decoder_width": 128,
    "image_size": 256,
    "batch_size": 8,
    "epochs": 16,
    "optimizer.type": "adamw",
    "optimizer.lr": 2e-3,
    "optimizer.weight_decay": 0.02,
    "scheduler.type": "onecycle",
    "augmentation.random_rotation": 0.0,
    "augmentation.resize_scale_min": 0.35,
    "augmentation.resize_scale_max": 1.0,
}
"""ImageNet weights that come with Lensmith, tuned in a few minutes without a GPU or a network."""

PRESETS = {
    "easy": EASY,
    "medium": EASY | {"image_size": 384, "epochs": 60, "decoder_width": 192, "optimizer.lr": 1e-3},
    "advanced": EASY
    | {
        "architecture": "resnet50",
        "image_size": 512,
        "epochs": 120,
        "decoder_width": 256,
        "optimizer.lr": 5e-4,
        "backbone_lr_factor": 0.5,
        "ema.enabled": True,
    },
}


class UNetOnTimm(TimmSegmenter):
    """A class for every pixel, by a U-Net whose first half is one of timm's networks."""

    presets = PRESETS

    @classmethod
    def get_metadata(cls) -> ModelMetadata:
        return ModelMetadata(
            name="timm-segmenter",
            author="Lensmith",
            framework="timm",
            task_type="segmentation",
            description="A U-Net on any of timm's convolutional networks. Begins with an EfficientNet-Lite0 whose "
            "ImageNet weights come with Lensmith.",
            tags=["timm", "u-net", "pretrained", "cnn"],
            recommended_batch_size=8,
            licence="Apache-2.0",
            recommended=True,
            pretrain_data="ImageNet-1k",
            pretrain_score="EfficientNet-Lite0: 74.8 % top-1 on ImageNet-1k at 224 px",
        )
