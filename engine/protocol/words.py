"""Names and values of metrics, durations and sizes in words: the same in the window and in reports."""

from __future__ import annotations

from collections.abc import Mapping

METRIC_WORDS: Mapping[str, str] = {
    "loss": "Loss",
    "accuracy": "Accuracy",
    "top1_accuracy": "Top-1 accuracy",
    "top5_accuracy": "Top-5 accuracy",
    "f1_macro": "Macro F1",
    "precision_macro": "Macro precision",
    "recall_macro": "Macro recall",
    "lr": "Learning rate",
    "images_per_s": "Images per second",
    "epoch_s": "Seconds per epoch",
    "data_wait_share": "Share of time waiting for data",
    "map": "mAP 50-95",
    "map50": "mAP 50",
    "map75": "mAP 75",
    "miou": "Mean IoU",
    "dice": "Dice",
    "pixel_accuracy": "Pixel accuracy",
    "iou": "IoU",
    "boundary_f1": "Boundary F1",
    "f1": "F1",
    "map_small": "mAP of small objects",
    "map_medium": "mAP of medium objects",
    "map_large": "mAP of large objects",
    "mask_map": "Mask mAP 50-95",
    "mask_map50": "Mask mAP 50",
    "mask_map75": "Mask mAP 75",
    "recall_max": "Recall with 100 boxes",
    "roc_auc": "ROC AUC",
    "roc_auc_macro": "Macro ROC AUC",
    "roc_auc_weighted": "Weighted ROC AUC",
    "balanced_accuracy": "Balanced accuracy",
    "auc_macro": "Macro AUC",
    "calibration_error": "Calibration error",
    "log_loss": "Log loss",
}
SPLIT_WORDS: Mapping[str, str] = {"train": "Train", "val": "Validation", "test": "Test"}
_NAMES = ("Dice", "F1")
"""Written with a capital letter wherever they stand."""
_SHARES = ("accuracy", "f1", "precision", "recall", "map", "iou", "dice", "auc", "share", "error")
_PLAIN = ("calibration_error", "log_loss")
_FEW_IMAGES = 10
"""A second; below it a digit after the point matters."""


def metric_words(name: str) -> str:
    """`val/accuracy` → `Validation accuracy`."""
    split, _, metric = name.rpartition("/")
    words = METRIC_WORDS.get(metric, metric.replace("_", " ").capitalize())
    if not split:
        return words
    lead = SPLIT_WORDS.get(split, split.capitalize())
    return f"{lead} {_inside(words)}"


def metric_phrase(name: str) -> str:
    """`val/map` → `validation mAP 50-95`, as it is said inside a sentence."""
    return _inside(metric_words(name))


def _inside(words: str) -> str:
    """Begin with a small letter, but for names: mAP, IoU, Dice."""
    is_name = any(letter.isupper() for letter in words.split(" ")[0][1:]) or words in _NAMES
    return words if is_name else words[:1].lower() + words[1:]


def is_share(name: str) -> bool:
    """Whether a metric is a share of one, shown in percent."""
    metric = name.rpartition("/")[2]
    return metric not in _PLAIN and any(part in metric for part in _SHARES)


def is_lower_better(name: str) -> bool:
    """Whether smaller values of a metric are better."""
    metric = name.rpartition("/")[2]
    return "loss" in metric or "error" in metric or metric in ("epoch_s", "data_wait_share")


def metric_text(name: str, value: float | None) -> str:
    """Show a value of a metric: percent for shares, else four digits."""
    if value is None:
        return "–"
    if value != value:  # NaN
        return "NaN"
    if is_share(name):
        return f"{value:.1%}"
    metric = name.rpartition("/")[2]
    if metric == "lr":
        return f"{value:.2e}" if 0 < value < 1e-3 else f"{value:.4g}"
    if metric == "images_per_s":
        return f"{value:.1f}" if value < _FEW_IMAGES else f"{value:,.0f}"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3f}" if abs(value) < 100 else f"{value:.1f}"


def duration_words(seconds: float | None) -> str:
    """`7 min 37 s`, `2 h 05 min`, `12 s`; empty when it is not known."""
    if seconds is None or seconds != seconds or seconds < 0:
        return ""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s" if minutes < 10 else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes:02d} min"
    return f"{hours // 24} d {hours % 24} h"


def size_words(size_bytes: float) -> str:
    """`11.4 MB`: sizes in powers of ten, as file managers show them."""
    size = float(size_bytes)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" or size >= 100 else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def change_text(name: str, change: float) -> str:
    """`+3.6 pt` where the metric is a share shown in percent, else `-0.021`."""
    return f"{change * 100:+.1f} pt" if is_share(name) else f"{change:+.3f}"


def plural(count: int, one: str, many: str = "") -> str:
    """`1 image`, `2,000 images`; a plural that does not end in s is given."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
