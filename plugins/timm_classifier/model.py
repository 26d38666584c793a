"""Any image classifier of timm, with a recipe that is good on small data sets and a CPU."""

from __future__ import annotations

from engine.plugin import TRAIN_PRESETS, ModelMetadata, TimmModel

EASY = {
    "architecture": "tf_efficientnet_lite0",
    "pretrained": "auto",
    "image_size": 96,
    "batch_size": 32,
    "epochs": 16,
    "optimizer.type": "adamw",
    "optimizer.lr": 2e-3,
    "optimizer.weight_decay": 0.05,
    "scheduler.type": "onecycle",
    "label_smoothing": 0.1,
}
"""ImageNet weights that come with Lensmith, tuned in a few minutes without a GPU or a network."""


class TimmClassifier(TimmModel):
    """A classifier from the more than a thousand that timm knows."""

    presets = TRAIN_PRESETS | {"easy": EASY}

    @classmethod
    def get_metadata(cls) -> ModelMetadata:
        return ModelMetadata(
            name="timm-classifier",
            author="Lensmith",
            framework="timm",
            task_type="classification",
            description="Any of timm's image classifiers. Begins with an EfficientNet-Lite0 whose ImageNet weights "
            "come with Lensmith.",
            tags=["timm", "pretrained", "cnn", "transformer"],
            licence="Apache-2.0",
            recommended=True,
            pretrain_data="ImageNet-1k",
            pretrain_score="EfficientNet-Lite0: 74.8 % top-1 on ImageNet-1k at 224 px",
        )
