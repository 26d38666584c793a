"""The whole surface a plugin sees: `from engine.plugin import ...`. Adapters load torch only when asked for."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from engine.config.schema import ConfigField, ConfigSchema
from engine.errors import PluginError, UserError
from engine.plugin.contract import BaseModel, Callbacks, TrainingStopped
from engine.protocol.catalog import ModelMetadata

if TYPE_CHECKING:
    from engine.config.pretrained import PretrainedConfig
    from engine.config.setting import Range, Setting
    from engine.config.train import TRAIN_PRESETS, RunConfig, TrainConfig
    from engine.plugin.adapters.timm_model import TimmModel, TimmModelAdapter
    from engine.plugin.adapters.timm_segmenter import TimmSegmenter
    from engine.plugin.adapters.torch_model import TorchModel
    from engine.plugin.adapters.torchvision_detector import TorchvisionDetector
    from engine.plugin.adapters.torchvision_segmenter import TorchvisionSegmenter
    from engine.plugin.adapters.ultralytics_classifier import UltralyticsClassifier
    from engine.plugin.adapters.ultralytics_detector import UltralyticsDetector
    from engine.tasks.predictions import ClassScores, Detections, SegmentationMap

__all__ = [
    "TRAIN_PRESETS",
    "BaseModel",
    "Callbacks",
    "ClassScores",
    "ConfigField",
    "ConfigSchema",
    "Detections",
    "ModelMetadata",
    "PluginError",
    "PretrainedConfig",
    "Range",
    "RunConfig",
    "SegmentationMap",
    "Setting",
    "TimmModel",
    "TimmModelAdapter",
    "TimmSegmenter",
    "TorchModel",
    "TorchvisionDetector",
    "TorchvisionSegmenter",
    "TrainConfig",
    "TrainingStopped",
    "UltralyticsClassifier",
    "UltralyticsDetector",
    "UserError",
]

_LAZY = {
    "ClassScores": "engine.tasks.predictions",
    "Detections": "engine.tasks.predictions",
    "PretrainedConfig": "engine.config.pretrained",
    "Range": "engine.config.setting",
    "RunConfig": "engine.config.train",
    "SegmentationMap": "engine.tasks.predictions",
    "Setting": "engine.config.setting",
    "TRAIN_PRESETS": "engine.config.train",
    "TimmModel": "engine.plugin.adapters.timm_model",
    "TimmModelAdapter": "engine.plugin.adapters.timm_model",
    "TimmSegmenter": "engine.plugin.adapters.timm_segmenter",
    "TorchModel": "engine.plugin.adapters.torch_model",
    "TorchvisionDetector": "engine.plugin.adapters.torchvision_detector",
    "TorchvisionSegmenter": "engine.plugin.adapters.torchvision_segmenter",
    "TrainConfig": "engine.config.train",
    "UltralyticsClassifier": "engine.plugin.adapters.ultralytics_classifier",
    "UltralyticsDetector": "engine.plugin.adapters.ultralytics_detector",
}


def __getattr__(name: str) -> object:
    """Load an adapter or a record when it is first asked for (PEP 562)."""
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_LAZY[name]), name)


def __dir__() -> list[str]:
    """List what plugins may import."""
    return sorted(__all__)
