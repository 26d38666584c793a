"""The benchmark of average precision makes sound data, times sides that agree, and tells how many times as fast."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from benchmarks.metrics import made, table, timed


def test_that_the_objects_are_the_same_each_time_and_lie_in_their_images() -> None:
    data = made(images=4, classes=3)

    assert data == made(images=4, classes=3)
    assert len(data["answers"]) == 5 * len(data["annotations"])
    for row in data["annotations"]:
        left, top, width, height = row["bbox"]
        assert left >= 0 <= top
        assert left + width <= 640 >= top + height


def test_that_the_ratio_is_of_medians_against_the_last_side() -> None:
    seconds = {"meter": [0.1, 0.2, 9.0], "pycocotools": [2.0, 4.0, 6.0]}

    lines = table(seconds, {"meter": 0.5, "pycocotools": 0.5})

    assert [line.split() for line in lines[1:]] == [
        ["meter", "0.2000", "20.0", "0.500000"],
        ["pycocotools", "4.0000", "1.0", "0.500000"],
    ]


@pytest.mark.parametrize("side", ["hotcoco", "faster_coco_eval"])
def test_that_our_meter_and_another_side_give_the_same_number(side: str, tmp_path: Path) -> None:
    data = tmp_path / "objects.json"
    data.write_text(json.dumps(made(images=5, classes=3)), encoding="utf-8")

    ours, theirs = timed(sys.executable, "meter", data), timed(sys.executable, side, data)

    assert ours is not None
    assert theirs is not None
    assert ours["map"] == pytest.approx(theirs["map"], abs=1e-9)
    assert ours["map"] > 0.05


def test_that_a_side_that_fails_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert timed(sys.executable, "meter", tmp_path / "missing.json") is None
    assert "meter failed" in capsys.readouterr().err
