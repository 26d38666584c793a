"""What settings do not allow to be kept is dropped from old results; numbers, curves and matrices stay of all."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from engine.evaluation.keeping import KeepingRule, keep_within
from engine.evaluation.result_folder import ResultFacts, write_result
from engine.protocol.results import ResultSummary
from engine.protocol.run_folder import read_record
from engine.tasks.task import Judgement

_IMAGES = 125_000
"""As many 8-byte numbers are a megabyte."""


def is_better(one: ResultSummary, other: ResultSummary) -> bool:
    return one.metrics["val/score"] > other.metrics["val/score"]


def write(results: Path, scores: list[float]) -> None:
    """Results of a megabyte of columns, two of boxes and three of masks."""
    for epoch, score in enumerate(scores, 1):
        judgement = Judgement(
            metrics={"score": score},
            per_class={},
            confusion=np.eye(2, dtype=np.int64),
            columns={"item": np.zeros(_IMAGES, dtype=np.int64)},
            arrays={
                "boxes": np.zeros(2 * _IMAGES),
                "mask_files": np.zeros(3 * _IMAGES),
                "curve_f1": np.zeros(4),
            },
            curves=("curve_f1",),
        )
        write_result(results, judgement, ResultFacts("points", "val", "val", epoch, epoch, ("a", "b")))


def dropped(results: Path) -> list[str]:
    """Of each result what was dropped; checks that the files agree with it, and that numbers stay."""
    told: list[str] = []
    for folder in sorted(results.iterdir()):
        summary = read_record(folder / "summary.json", ResultSummary)
        files = {path.name for path in folder.iterdir()}
        assert {"summary.json", "confusion.npy", "curve_f1.npy"} <= files
        assert files >= {f"{name}.npy" for name in summary.arrays}
        assert ("image_item.npy" in files) == ("item" in summary.columns) == (summary.dropped != "images")
        assert ("mask_files.npy" in files) == ("mask_files" in summary.arrays) == (summary.dropped == "")
        assert "curve_f1" in summary.arrays
        told.append(summary.dropped)
    return told


def test_that_nothing_is_dropped_within_the_bound(tmp_path: Path) -> None:
    write(tmp_path, [0.1, 0.2])
    assert keep_within(tmp_path, KeepingRule(most_mb=20), is_better) == {}
    assert keep_within(tmp_path, KeepingRule(), is_better) == {}
    assert dropped(tmp_path) == ["", ""]


@pytest.mark.parametrize(
    ("most_mb", "left"),
    [
        # 24 MB in all, of which 12 of masks; the second is the best, the fourth the newest.
        (22, ["masks", "", "", ""]),
        (19, ["masks", "", "masks", ""]),
        (16, ["images", "", "masks", ""]),
        (13, ["images", "", "images", ""]),
        (10, ["images", "masks", "images", ""]),
        (7, ["images", "masks", "images", "masks"]),
        (5, ["images", "images", "images", "masks"]),
        (1, ["images", "images", "images", "images"]),
    ],
)
def test_that_the_oldest_go_first_and_their_masks_before_the_rest(
    tmp_path: Path, most_mb: int, left: list[str]
) -> None:
    write(tmp_path, [0.1, 0.9, 0.3, 0.4])
    lost = keep_within(tmp_path, KeepingRule(most_mb=most_mb), is_better)
    assert dropped(tmp_path) == left
    assert sorted(lost.values()) == sorted(what for what in left if what)
    assert keep_within(tmp_path, KeepingRule(most_mb=most_mb), is_better) == {}


def test_that_only_the_newest_and_the_best_are_kept_where_that_is_wished(tmp_path: Path) -> None:
    rule = KeepingRule(newest_and_best_only=True)
    write(tmp_path, [0.1, 0.9, 0.3])
    path = tmp_path / "0001" / "summary.json"
    os.utime(path, ns=(10**9, 10**9))
    assert keep_within(tmp_path, rule, is_better) == {"0001": "images"}
    assert path.stat().st_mtime_ns == 10**9, "results are listed by their time"
    write(tmp_path, [0.95])
    assert keep_within(tmp_path, rule, is_better) == {"0002": "images", "0003": "images"}
    assert dropped(tmp_path) == ["images", "images", "images", ""]


def test_that_of_equals_that_is_kept_which_the_best_checkpoint_is_of(tmp_path: Path) -> None:
    write(tmp_path, [0.1, 0.9, 0.9, 0.3])
    assert keep_within(tmp_path, KeepingRule(newest_and_best_only=True), is_better).keys() == {"0001", "0003"}


def test_that_a_result_that_cannot_be_read_is_left_alone(tmp_path: Path) -> None:
    write(tmp_path, [0.1, 0.9, 0.3])
    (tmp_path / "0001" / "summary.json").write_text("{", encoding="utf-8")
    keep_within(tmp_path, KeepingRule(most_mb=1), is_better)
    assert (tmp_path / "0001" / "image_item.npy").is_file()
