"""A result folder holds all that a judgement knows, each part under the name that its summary gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from engine.evaluation.result_folder import ResultFacts, column_file, write_result
from engine.protocol.results import ResultSummary
from engine.protocol.run_folder import read_record
from engine.tasks.task import Judgement

CLASSES = ("sky", "road")


def judgement() -> Judgement:
    return Judgement(
        metrics={"miou": 0.5},
        per_class={"iou": {"sky": 0.4, "road": 0.6}},
        columns={"item": np.array([3, 5]), "iou": np.array([0.4, 0.6])},
        arrays={
            "boxes": np.arange(12).reshape(3, 4),
            "box_offsets": np.array([0, 1, 3]),
            "curve_f1": np.array([0.1, 0.9]),
        },
        curves=("curve_f1",),
    )


def facts(per_image: bool = True) -> ResultFacts:
    return ResultFacts("segmentation", "val", "val", 1, 10, CLASSES, per_image=per_image)


def test_that_columns_and_arrays_lie_where_the_summary_says(tmp_path: Path) -> None:
    write_result(tmp_path, judgement(), facts())

    folder = tmp_path / "0001"
    summary = read_record(folder / "summary.json", ResultSummary)
    assert summary.columns == ("item", "iou")
    assert (summary.arrays, summary.curves) == (("boxes", "box_offsets", "curve_f1"), ("curve_f1",))
    assert summary.images == 2
    np.testing.assert_array_equal(np.load(folder / column_file("item")), [3, 5])
    np.testing.assert_array_equal(np.load(folder / "boxes.npy"), np.arange(12).reshape(3, 4))


def test_that_without_per_image_results_summary_and_curves_are_kept(tmp_path: Path) -> None:
    write_result(tmp_path, judgement(), facts(per_image=False))

    summary = read_record(tmp_path / "0001" / "summary.json", ResultSummary)
    assert {entry.name for entry in (tmp_path / "0001").iterdir()} == {"summary.json", "curve_f1.npy"}
    assert (summary.columns, summary.arrays, summary.images) == ((), ("curve_f1",), 2)
