"""What runs have produced: metric rows, checkpoints, results, exports, phases and notices."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import cast

from engine.store.connection import Connected


@dataclass(frozen=True, slots=True)
class MetricRow:
    """One measured value. `class_name` is empty for the value over all classes."""

    name: str
    class_name: str
    step: int
    epoch: int
    attempt: int
    scope: str
    value: float | None


@dataclass(frozen=True, slots=True)
class CheckpointRow:
    """One checkpoint that lies in the run folder."""

    name: str
    kind: str
    epoch: int
    step: int
    metrics: dict[str, float]
    size_bytes: int


@dataclass(frozen=True, slots=True)
class ResultRow:
    """One validation or test result in RUN/results."""

    folder: str
    split: str
    epoch: int
    step: int
    checkpoint: str | None
    metrics: dict[str, float]


@dataclass(frozen=True, slots=True)
class ExportRow:
    """One deployment file that a run wrote."""

    path: str
    """Relative to the run folder, with forward slashes."""
    format: str
    verified: bool
    max_error: float | None
    """Largest difference to PyTorch; None when the two could not be compared."""
    size_bytes: int


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """Something the user should know though the run went on."""

    attempt: int
    time: float
    level: str
    code: str
    message: str
    hint: str


class MeasurementTables(Connected):
    """Read access; `ingest` writes."""

    def metrics(self, run: str, name: str | None = None, class_name: str | None = None) -> list[MetricRow]:
        """Values in the order of steps. For a step that two attempts saw the later attempt counts.

        Args:
            run: id of the run.
            name: full name, `val/accuracy`; None gives all.
            class_name: None gives the values over all classes only.
        """
        rows = self._rows(
            "SELECT name, class, step, epoch, MAX(attempt) AS attempt, scope, value FROM metrics "
            "WHERE run = ? AND (? IS NULL OR name = ?) AND class = ? GROUP BY name, class, step ORDER BY step, name",
            (run, name, name, class_name or ""),
        )
        return [
            MetricRow(r["name"], r["class"], r["step"], r["epoch"], r["attempt"], r["scope"], r["value"])
            for r in rows
        ]

    def metric_names(self, run: str) -> list[str]:
        return [
            str(r["name"])
            for r in self._rows("SELECT DISTINCT name FROM metrics WHERE run = ? ORDER BY 1", (run,))
        ]

    def class_values(self, run: str, name: str) -> dict[str, float | None]:
        """The newest value of a metric by class; empty where there is none."""
        rows = self._rows(
            "SELECT class, value, MAX(attempt) FROM metrics WHERE run = ?1 AND name = ?2 AND class != '' AND step = "
            "(SELECT MAX(step) FROM metrics WHERE run = ?1 AND name = ?2 AND class != '') GROUP BY class",
            (run, name),
        )
        return {str(r["class"]): r["value"] for r in rows}

    def class_metrics(self, run: str) -> list[str]:
        """Which metrics of a run have values by class, by full name."""
        rows = self._rows(
            "SELECT DISTINCT name FROM metrics WHERE run = ? AND class != '' ORDER BY name", (run,)
        )
        return [str(r["name"]) for r in rows]

    def checkpoints(self, run: str) -> list[CheckpointRow]:
        rows = self._rows("SELECT * FROM checkpoints WHERE run = ? ORDER BY step, name", (run,))
        return [
            CheckpointRow(r["name"], r["kind"], r["epoch"], r["step"], _values(r["metrics"]), r["size_bytes"])
            for r in rows
        ]

    def results(self, run: str) -> list[ResultRow]:
        rows = self._rows("SELECT * FROM results WHERE run = ? ORDER BY folder", (run,))
        return [
            ResultRow(r["folder"], r["split"], r["epoch"], r["step"], r["checkpoint"], _values(r["metrics"]))
            for r in rows
        ]

    def exports(self, run: str) -> list[ExportRow]:
        rows = self._rows("SELECT * FROM exports WHERE run = ? ORDER BY path", (run,))
        return [
            ExportRow(r["path"], r["format"], bool(r["verified"]), r["max_error"], r["size_bytes"])
            for r in rows
        ]

    def notices(self, run: str) -> list[NoticeRow]:
        rows = self._rows("SELECT * FROM notices WHERE run = ? ORDER BY attempt, time, seq", (run,))
        return [
            NoticeRow(r["attempt"], r["time"], r["level"], r["code"], r["message"], r["hint"]) for r in rows
        ]

    def phases(self, run: str) -> dict[str, float | None]:
        """Seconds by phase of the newest attempt; None while it lasts."""
        rows = self._rows(
            "SELECT name, seconds FROM phases WHERE run = ? AND attempt = "
            "(SELECT MAX(attempt) FROM phases WHERE run = ?) ORDER BY rowid",
            (run, run),
        )
        return {str(r["name"]): r["seconds"] for r in rows}


def _values(text: str) -> dict[str, float]:
    return cast("dict[str, float]", json.loads(text))
