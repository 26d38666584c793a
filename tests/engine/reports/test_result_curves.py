"""Curves of one result in a report: drawn of what is stored, with the numbers of an independent computation."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import accuracy_score

from engine.protocol.home import Home
from engine.protocol.results import ResultSummary
from engine.protocol.run_folder import read_record
from engine.reports.charts import HEIGHT, Series, line_chart
from engine.reports.result_curves import result_curves
from tests.desktop.measured_runs import MeasuredRun, measured_run
from tests.desktop.task_runs import detector_run, segmenter_run


def drawn(run: MeasuredRun, folder: str = "0001") -> dict[str, list[str]]:
    """By title the points of its lines."""
    place = run.folder.results / folder
    charts = result_curves(place, read_record(place / "summary.json", ResultSummary))
    titles = [re.findall(r'class="title"[^>]*>([^<]+)<', chart)[0] for chart in charts]
    return {
        title: re.findall(r'points="([^"]+)"', chart) for title, chart in zip(titles, charts, strict=True)
    }


def test_that_a_classifier_has_its_curves(tmp_path: Path) -> None:
    found = drawn(measured_run(Home(tmp_path / "home"), tmp_path))

    assert list(found) == [
        "By least confidence",
        "Right answers by confidence",
        "Found by false alarms (ROC)",
    ]
    assert all(len(lines) >= 1 for lines in found.values())


def test_that_sure_answers_are_as_right_as_scikit_learn_says(tmp_path: Path) -> None:
    run = measured_run(Home(tmp_path / "home"), tmp_path)
    stored = {
        name: np.load(run.folder.results / "0001" / f"image_{name}.npy")
        for name in ("confidence", "target", "predicted")
    }
    asked = np.arange(101, dtype=np.float32) / np.float32(100)
    accuracy: list[tuple[float, float]] = []
    answered: list[tuple[float, float]] = []
    for confidence in asked:
        sure = stored["confidence"] >= confidence
        answered.append((float(confidence), float(sure.mean())))
        if sure.any():
            right = accuracy_score(stored["target"][sure], stored["predicted"][sure])
            accuracy.append((float(confidence), float(right)))

    expected = line_chart("", [Series("accuracy", accuracy), Series("images answered", answered)], share=True)

    assert drawn(run)["By least confidence"] == re.findall(r'points="([^"]+)"', expected)


def test_that_a_detector_and_a_segmenter_have_theirs(tmp_path: Path) -> None:
    detector = drawn(detector_run(Home(tmp_path / "home"), tmp_path))
    segmenter = drawn(segmenter_run(Home(tmp_path / "other"), tmp_path))

    assert list(detector) == ["By least confidence", "Precision by recall, IoU 0.5"]
    assert len(detector["By least confidence"]) == 3, "precision, recall and F1"
    assert list(segmenter) == ["Images that reach a value"]


def test_that_half_of_the_images_fall_where_one_of_two_is_poor(tmp_path: Path) -> None:
    run = segmenter_run(Home(tmp_path / "home"), tmp_path)
    (poor, whole) = np.sort(np.load(run.folder.results / "0001" / "image_iou.npy"))
    assert whole == 1.0

    heights = [float(point.split(",")[1]) for point in drawn(run)["Images that reach a value"][0].split()]

    assert len(set(heights)) == 2
    assert heights.index(max(heights)) == pytest.approx(np.floor(100 * poor) + 1)
    assert max(heights) < HEIGHT


def test_that_a_damaged_file_is_told(tmp_path: Path) -> None:
    run = measured_run(Home(tmp_path / "home"), tmp_path)
    (run.folder.results / "0001" / "image_correct.npy").write_bytes(b"cut off")

    with pytest.raises((ValueError, EOFError)):
        drawn(run)
