"""The table that `lensmith predict --csv` writes."""

from __future__ import annotations

import csv
from pathlib import Path

from engine.protocol.results import PredictionRecord
from engine.verbs.predict import _write_csv


def rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_that_classes_need_no_column_of_boxes(tmp_path: Path) -> None:
    _write_csv(tmp_path / "out.csv", [PredictionRecord(file="a.png", label="cat", confidence=0.75)])

    assert rows(tmp_path / "out.csv") == [
        ["file", "label", "confidence", "error"],
        ["a.png", "cat", "0.75", ""],
    ]


def test_that_each_object_has_a_line_and_an_image_without_any_has_one(tmp_path: Path) -> None:
    box: dict[str, object] = {"label": "cell", "confidence": 0.5, "box": [1, 2, 3, 4]}
    found = PredictionRecord(file="a.png", boxes=(box, box))
    none = PredictionRecord(file="b.png", boxes=())

    _write_csv(tmp_path / "out.csv", [found, none])

    assert rows(tmp_path / "out.csv") == [
        ["file", "label", "confidence", "error", "box"],
        ["a.png", "cell", "0.5", "", "1 2 3 4"],
        ["a.png", "cell", "0.5", "", "1 2 3 4"],
        ["b.png", "", "", "", ""],
    ]
