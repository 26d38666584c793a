"""What is known of a run, as tables and cards say it: its name, best value, progress and times."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from desktop.models.run_words import duration_words, metric_phrase, metric_text
from engine.store.runs import RunRow

KIND_NOUNS: Final[Mapping[str, str]] = {
    "train": "Training",
    "evaluate": "Evaluation",
    "export": "Export",
    "benchmark": "Benchmark",
    "tune": "Tuning",
    "profile": "Profile",
}
NONE: Final = "–"
"""Stands where there is no value."""
BEST_GAP: Final = "  "
"""Between a metric's name and its best value."""
_MINUTE, _HOUR = 60, 3_600


def model_name(row: RunRow) -> str:
    return row.model or row.plugin


def metric_name(name: str) -> str:
    """Give a metric's name inside a sentence: `val/top5_accuracy` is `top-5 accuracy`."""
    return metric_phrase(name.rpartition("/")[2])


def best_text(row: RunRow) -> str:
    if row.best_metric is None or row.best_value is None or math.isnan(row.best_value):
        return NONE
    return metric_text(row.best_metric, row.best_value)


def best_named(row: RunRow) -> str:
    """`mAP 50-95 32.7%`: runs of several tasks stand in one table."""
    text = best_text(row)
    return (
        text if text == NONE or row.best_metric is None else f"{metric_name(row.best_metric)}{BEST_GAP}{text}"
    )


def best_explained(row: RunRow) -> str:
    """Say which metric was best, and when; empty when none was measured."""
    if row.best_metric is None or row.best_value is None:
        return ""
    return f"Best {metric_name(row.best_metric)} {best_text(row)}, epoch {row.best_epoch}"


def epochs_text(row: RunRow) -> str:
    return f"{row.epoch} / {row.epochs}" if row.kind == "train" and row.epochs else NONE


def progress(row: RunRow) -> float:
    """Give how much of the run is done, 0 to 1."""
    if row.steps_total > 0:
        return min(1.0, row.step / row.steps_total)
    return min(1.0, row.epoch / row.epochs) if row.epochs else 0.0


def duration(row: RunRow, now: float) -> float | None:
    """Give the seconds from the first start to the end, or to now; None before the start."""
    if row.started is None:
        return None
    return max(0.0, (row.ended if row.ended is not None else now) - row.started)


def duration_text(seconds: float | None) -> str:
    """Give a span of time as it is read; a dash when it is not known."""
    return duration_words(seconds) or NONE


def eta_text(row: RunRow) -> str:
    """Say how long it will take; empty where that is not known or does not pass."""
    if row.eta_s is None or row.state not in ("running", "stopping"):
        return ""
    return f"{duration_text(row.eta_s)} left"


def when_text(moment: float | None, now: float) -> str:
    """Give a moment as seen from now: `5 min ago`, `yesterday 14:02`, `12 Nov`, `12 Nov 2025`."""
    if moment is None:
        return NONE
    ago = now - moment
    if -_MINUTE < ago < _MINUTE:  # clocks of two programs may differ a little
        return "just now"
    if 0 <= ago < _HOUR:
        return f"{int(ago // _MINUTE)} min ago"
    then, today = datetime.fromtimestamp(moment).astimezone(), datetime.fromtimestamp(now).astimezone()
    if then.date() == today.date():
        return f"{int(ago // _HOUR)} h ago" if ago >= 0 else f"today {then:%H:%M}"
    if then.date() == (today - timedelta(days=1)).date():
        return f"yesterday {then:%H:%M}"
    return f"{then.day} {then:%b}" if then.year == today.year else f"{then.day} {then:%b %Y}"


def last_seen(row: RunRow, now: float) -> str:
    """Say of a run that does not answer when it was last heard of."""
    return f"Not answering, last seen {when_text(row.ended, now)}." if row.ended else "Not answering."


def created_at(row: RunRow) -> float | None:
    """Give when the run was asked for, as Unix seconds."""
    try:
        return datetime.fromisoformat(row.created).timestamp()
    except ValueError:
        return None


def plain_tooltip(text: str) -> str:
    """Give a text as a tooltip that breaks long lines; what looks like markup in a name is none."""
    return f"<qt>{html.escape(text).replace(chr(10), '<br>')}</qt>" if text else ""
