"""torchvision's detectors on any backbone, with a recipe that is good on small data sets and a CPU."""

from __future__ import annotations

from typing import ClassVar

from engine.plugin import ModelMetadata, TorchvisionDetector

EASY = {
    "architecture": "fcos",
    "backbone": "tf_efficientnet_lite0",
    "pretrained": "auto",
    "image_size": 256,
    "batch_size": 8,
    "epochs": 12,
    "optimizer.type": "adamw",
    "optimizer.lr": 1e-3,
    "optimizer.weight_decay": 0.05,
    "scheduler.type": "onecycle",
    "clip_norm": 10.0,
    "augmentation.random_rotation": 0.0,
    "augmentation.resize_scale_min": 0.5,
}
"""ImageNet weights that come with Lensmith, tuned in a few minutes without a GPU or a network."""
MEDIUM = EASY | {
    "image_size": 416,
    "epochs": 50,
    "optimizer.lr": 7e-4,
    "pyramid_channels": 128,
    "scheduler.type": "cosine",
    "scheduler.warmup_epochs": 2,
    "ema.enabled": True,
}
ADVANCED = MEDIUM | {
    "image_size": 640,
    "epochs": 100,
    "optimizer.lr": 5e-4,
    "pyramid_channels": 256,
    "head_depth": 4,
    "augmentation.resize_scale_min": 0.3,
    "scheduler.warmup_epochs": 5,
}


class TorchvisionDetectors(TorchvisionDetector):
    """FCOS, RetinaNet, SSDlite, Faster R-CNN and Mask R-CNN."""

    presets: ClassVar = {"easy": EASY, "medium": MEDIUM, "advanced": ADVANCED}

    @classmethod
    def get_metadata(cls) -> ModelMetadata:
        return ModelMetadata(
            name="torchvision-detector",
            author="Lensmith",
            framework="torchvision",
            task_type="detection",
            description="FCOS, RetinaNet, SSDlite, Faster R-CNN or Mask R-CNN on a backbone of timm or torchvision. "
            "Begins with an FCOS on an EfficientNet-Lite0 whose ImageNet weights come with Lensmith.",
            tags=["torchvision", "timm", "pretrained", "boxes", "masks"],
            licence="BSD-3-Clause",
            recommended=True,
            pretrain_data="ImageNet-1k (backbone only)",
        )
