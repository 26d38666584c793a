"""From what a plugin reports (names and values as they come) to our full metric names and plain numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from torch import Tensor

_SPLITS = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
}
"""What plugins call a split, and what we do."""


@dataclass(frozen=True, slots=True)
class ReportedMetrics:
    """One report, sorted by split."""

    train: dict[str, float] = field(default_factory=dict[str, float])
    """By full name: `train/loss`."""
    val: dict[str, float] = field(default_factory=dict[str, float])
    test: dict[str, float] = field(default_factory=dict[str, float])
    ignored: tuple[str, ...] = ()
    """Names whose value is no number."""


def read_report(metrics: Mapping[str, object] | None, split: str = "train") -> ReportedMetrics:
    """Read a report: `val_accuracy` and `val/accuracy` are of validation, a name without a split is of `split`."""
    report: dict[str, dict[str, float]] = {"train": {}, "val": {}, "test": {}}
    ignored: list[str] = []
    for name, value in (metrics or {}).items():
        number = to_number(value)
        if number is None:
            ignored.append(str(name))
            continue
        of_split, plain = split_name(str(name), split)
        report[of_split][f"{of_split}/{plain}"] = number
    return ReportedMetrics(report["train"], report["val"], report["test"], tuple(ignored))


def split_name(name: str, split: str = "train") -> tuple[str, str]:
    """Take a metric's name apart: `val_f1` is f1 of val; without a split it is of the given one."""
    for written, meant in _SPLITS.items():
        for sign in ("/", "_"):
            if name.startswith(written + sign) and len(name) > len(written) + 1:
                return meant, name[len(written) + 1 :]
    return split, name


def to_number(value: object) -> float | None:
    """Give a float for a number, a tensor or array of one element; None for anything else."""
    if isinstance(value, bool | int | float | np.integer | np.floating | np.bool_):
        return float(value)
    if isinstance(value, Tensor) and value.numel() == 1 and not value.is_complex():
        return float(value.detach().item())
    if isinstance(value, np.ndarray) and value.size == 1 and value.dtype.kind in "biuf":
        return float(value.reshape(-1)[0])
    return None
