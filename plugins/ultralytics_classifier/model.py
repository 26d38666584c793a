"""YOLO classifiers of Ultralytics, trained by Lensmith's own loop."""

from __future__ import annotations

from typing import ClassVar

from engine.plugin import TRAIN_PRESETS, ModelMetadata, UltralyticsClassifier

EASY = {
    "architecture": "yolo11n-cls",
    "image_size": 128,
    "epochs": 20,
    "optimizer.type": "adamw",
    "optimizer.lr": 2e-3,
    "optimizer.weight_decay": 0.01,
    "scheduler.type": "onecycle",
}
"""Small enough for a CPU."""


class UltralyticsYoloClassifier(UltralyticsClassifier):
    """YOLOv8, YOLO11 and YOLO26 classifiers in five sizes each."""

    presets: ClassVar = {
        "easy": EASY,
        "medium": TRAIN_PRESETS["medium"] | {"architecture": "yolo26s-cls"},
        "advanced": TRAIN_PRESETS["advanced"] | {"architecture": "yolo26m-cls"},
    }

    @classmethod
    def get_metadata(cls) -> ModelMetadata:
        return ModelMetadata(
            name="ultralytics-classifier",
            author="Lensmith",
            framework="ultralytics",
            task_type="classification",
            description="YOLOv8, YOLO11 and YOLO26 classifiers in five sizes each. "
            "Ultralytics and its weights are under the AGPL-3.0: a product that contains them must be too.",
            tags=["ultralytics", "yolo"],
            licence="AGPL-3.0",
            pretrain_data="ImageNet-1k, where weights can be fetched",
        )
