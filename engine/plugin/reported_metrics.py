"""From what a plugin reports (names and values as they come) to our full metric names and plain numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from torch import Tensor

SPLITS = ("train", "val", "test")


@dataclass(frozen=True, slots=True)
class ReportedMetrics:
    """One report, sorted by split."""

    train: dict[str, float] = field(default_factory=dict[str, float])
    """By full name: `train/loss`."""
    val: dict[str, float] = field(default_factory=dict[str, float])
    ignored: tuple[str, ...] = ()
    """Names whose value is no number."""


def read_report(metrics: Mapping[str, object] | None) -> ReportedMetrics:
    """Read a report: `loss` is taken for training, `val_accuracy` and `val/accuracy` for validation."""
    report: dict[str, dict[str, float]] = {"train": {}, "val": {}}
    ignored: list[str] = []
    for name, value in (metrics or {}).items():
        number = to_number(value)
        if number is None:
            ignored.append(str(name))
            continue
        split, plain = split_name(str(name))
        report.setdefault(split, {})[f"{split}/{plain}"] = number
    return ReportedMetrics(report["train"], report["val"], tuple(ignored))


def split_name(name: str) -> tuple[str, str]:
    """Take a metric's name apart: `val_f1` is f1 of val; without a split it is of train."""
    for split in SPLITS:
        for sign in ("/", "_"):
            if name.startswith(split + sign) and len(name) > len(split) + 1:
                return split, name[len(split) + 1 :]
    return "train", name


def to_number(value: object) -> float | None:
    """Give a float for a number, a tensor or array of one element; None for anything else."""
    if isinstance(value, bool | int | float | np.number):
        return float(value)
    if isinstance(value, Tensor) and value.numel() == 1:
        return float(value.detach().item())
    if isinstance(value, np.ndarray) and value.size == 1:
        return float(value.reshape(-1)[0])
    return None
