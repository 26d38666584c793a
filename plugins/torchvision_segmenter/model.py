"""torchvision's semantic segmenters: LR-ASPP, DeepLabV3 and FCN."""

from __future__ import annotations

from engine.plugin import ModelMetadata, TorchvisionSegmenter

EASY = {
    "architecture": "lraspp_mobilenet_v3_large",
    "image_size": 256,
    "batch_size": 8,
    "epochs": 40,
    "optimizer.type": "adamw",
    "optimizer.lr": 2e-3,
    "optimizer.weight_decay": 0.02,
    "scheduler.type": "onecycle",
    "augmentation.random_rotation": 0.0,
    "augmentation.resize_scale_min": 0.35,
    "augmentation.resize_scale_max": 1.0,
}

PRESETS = {
    "easy": EASY,
    "medium": EASY | {"architecture": "deeplabv3_mobilenet_v3_large", "image_size": 384, "epochs": 60},
    "advanced": EASY
    | {
        "architecture": "deeplabv3_resnet50",
        "image_size": 512,
        "epochs": 120,
        "optimizer.lr": 5e-4,
        "backbone_lr_factor": 0.5,
        "ema.enabled": True,
    },
}


class TorchvisionSegmentation(TorchvisionSegmenter):
    """A class for every pixel, by the networks that papers compare with."""

    presets = PRESETS

    @classmethod
    def get_metadata(cls) -> ModelMetadata:
        return ModelMetadata(
            name="torchvision-segmenter",
            author="torchvision",
            framework="torchvision",
            task_type="segmentation",
            description="LR-ASPP (Howard et al. 2019), DeepLabV3 (Chen et al. 2017) and FCN (Long et al. 2015).",
            tags=["deeplab", "fcn", "lr-aspp", "cnn"],
            recommended_batch_size=8,
            licence="BSD-3-Clause",
            pretrain_data="ImageNet-1k (the body, when it can be downloaded)",
        )
