"""YOLO of Ultralytics, with boxes or masks, trained by its own trainer on Lensmith's data path."""

from __future__ import annotations

from typing import ClassVar

from engine.plugin import ModelMetadata, UltralyticsDetector

EASY = {
    "architecture": "yolo11n",
    "image_size": 256,
    "batch_size": 8,
    "epochs": 30,
    "optimizer.type": "adamw",
    "optimizer.lr": 2e-3,
    "optimizer.weight_decay": 5e-4,
    "scheduler.type": "onecycle",
    "clip_norm": 10.0,
    "augmentation.random_rotation": 0.0,
    "augmentation.resize_scale_min": 0.4,
}
"""Small enough for a CPU, also from chance, where no weights can be had."""
MEDIUM = EASY | {
    "architecture": "yolo26n",
    "image_size": 640,
    "batch_size": 16,
    "epochs": 100,
    "optimizer.lr": 1e-3,
    "scheduler.type": "cosine",
    "scheduler.warmup_epochs": 3,
}
ADVANCED = MEDIUM | {
    "architecture": "yolo26s",
    "epochs": 200,
    "augmentation.resize_scale_min": 0.3,
}


class UltralyticsYolo(UltralyticsDetector):
    """YOLOv8, YOLO11 and YOLO26 in five sizes each, with boxes, or with boxes and masks."""

    presets: ClassVar = {"easy": EASY, "medium": MEDIUM, "advanced": ADVANCED}

    @classmethod
    def get_metadata(cls) -> ModelMetadata:
        return ModelMetadata(
            name="ultralytics-yolo",
            author="Lensmith",
            framework="ultralytics",
            task_type="detection",
            description="YOLOv8, YOLO11 and YOLO26 in five sizes each, with boxes, or with boxes and masks (-seg). "
            "Ultralytics and its weights are under the AGPL-3.0: a product that contains them must be too.",
            tags=["ultralytics", "yolo", "boxes", "masks"],
            licence="AGPL-3.0",
            pretrain_data="COCO, where weights can be fetched",
        )
