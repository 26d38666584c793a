"""A measured number beside the aim it is held against, and the table of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Figure:
    """One row of a table.

    Attributes:
        name: what was measured.
        value: in `unit`.
        aim: the most it should be, in `unit`; None where nothing was aimed at.
        note: of what it was measured, such as `of 412 frames`.
    """

    name: str
    value: float
    unit: str = ""
    aim: float | None = None
    note: str = ""

    @property
    def is_met(self) -> bool | None:
        """Whether the aim was reached; None where there is none."""
        return None if self.aim is None else self.value <= self.aim


def middle(values: Sequence[float]) -> float:
    """Give the median; 0 of nothing."""
    return float(np.median(values)) if len(values) else 0.0


def ninety_ninth(values: Sequence[float]) -> float:
    """Give the 99th percentile; 0 of nothing."""
    return float(np.percentile(values, 99)) if len(values) else 0.0


def table(figures: Sequence[Figure]) -> str:
    """Give one line a figure: name, value, aim, whether it was reached, note."""
    widest = max([len(figure.name) for figure in figures], default=0)
    lines = [f"{'':<{widest}} {'measured':>14} {'aim':>12}"]
    for figure in figures:
        aim = "" if figure.aim is None else f"{figure.aim:g} {figure.unit}".strip()
        verdict = {True: "reached", False: "MISSED", None: ""}[figure.is_met]
        value = f"{figure.value:.3g}" if abs(figure.value) < 100 else f"{figure.value:,.0f}"
        measured = f"{value} {figure.unit}".strip()
        lines.append(f"{figure.name:<{widest}} {measured:>14} {aim:>12}  {verdict:<8} {figure.note}".rstrip())
    return "\n".join(lines)


def to_json(figures: Sequence[Figure]) -> str:
    return json.dumps([asdict(figure) for figure in figures])


def from_json(text: str) -> list[Figure]:
    return [Figure(**row) for row in json.loads(text)]
