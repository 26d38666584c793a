"""Curves, histograms and confusion of detections, counted again in plain loops and by another tool."""

from __future__ import annotations

import hotcoco
import numpy as np
import pytest

from engine.metrics.detection import DetectionMeter, DetectionMetrics, DetectionSettings
from engine.metrics.objects import PredictedObjects, TrueObjects

CLASSES = 3


def measured(seed: int, images: int = 12, score: float = 0.25, crowds: float = 0.1) -> DetectionMetrics:
    """Objects in a grid, predictions near some of them, of a wrong class now and then."""
    rng = np.random.default_rng(seed)
    meter = DetectionMeter(CLASSES, DetectionSettings(score=score))
    for _ in range(images):
        count = int(rng.integers(0, 6))
        corners = rng.uniform(0, 200, (count, 2))
        boxes = np.hstack([corners, corners + rng.uniform(20, 60, (count, 2))])
        labels = rng.integers(0, CLASSES, count)
        near = np.repeat(boxes, 2, axis=0) + rng.normal(0, 5, (2 * count, 4))
        guesses = np.where(
            rng.random(2 * count) < 0.7, np.repeat(labels, 2), rng.integers(0, CLASSES, 2 * count)
        )
        meter.add(
            PredictedObjects(near, rng.random(2 * count), guesses),
            TrueObjects(boxes, labels, rng.random(count) < crowds),
        )
    return meter.compute()


@pytest.mark.parametrize("seed", range(4))
def test_that_the_curves_are_those_of_counting_at_each_confidence(seed: int) -> None:
    metrics = measured(seed)
    table, matches, curves = metrics.table, metrics.matches, metrics.curves

    for place in (0, 10, 50, 77, 99, 100):
        shown = table.predicted.scores >= curves.confidences[place]
        for label in range(CLASSES):
            own = shown & (table.predicted.labels == label)
            right, wrong = int((own & matches.is_right).sum()), int((own & matches.is_wrong).sum())
            objects = int(metrics.support[label])
            precision = right / (right + wrong) if right + wrong else 1
            assert curves.precision[label, place] == pytest.approx(precision)
            assert curves.recall[label, place] == pytest.approx(right / objects)
            assert curves.f1[label, place] == pytest.approx(2 * right / (right + wrong + objects))


def test_that_the_best_confidence_is_the_lowest_with_the_largest_mean_f1() -> None:
    box = np.array([[0, 0, 10, 10], [50, 50, 60, 60]], dtype=np.float64)
    meter = DetectionMeter(1)
    meter.add(
        PredictedObjects(box, np.array([0.8, 0.3]), np.zeros(2, np.int64)),
        TrueObjects(box[:1], np.zeros(1, np.int64)),
    )
    curves = meter.compute().curves

    assert curves.confidences[curves.best] == pytest.approx(0.31)
    assert curves.mean_f1[[0, 30, 31, 80, 81]].tolist() == pytest.approx([2 / 3, 2 / 3, 1, 1, 0])
    assert curves.mean_recall[[80, 81]].tolist() == [1, 0]
    assert curves.mean_precision[[30, 31]].tolist() == [0.5, 1]


@pytest.mark.parametrize("seed", range(4))
def test_that_the_confusion_is_that_of_another_tool(seed: int) -> None:
    metrics = measured(seed, crowds=0)  # with crowds the other one counts what lies in them as wrong
    table = metrics.table
    truth = hotcoco.COCO.from_arrays(
        [{"id": k + 1, "width": 300, "height": 300} for k in range(table.images)],
        [{"id": k + 1, "name": str(k)} for k in range(CLASSES)],
        table.true.image + 1,
        table.true.labels + 1,
        xywh(table.true.boxes),
        area=table.true.areas,
        iscrowd=table.true.crowd,
    )
    predicted = table.predicted
    rows = np.column_stack(
        [predicted.image + 1, xywh(predicted.boxes), predicted.scores, predicted.labels + 1]
    )
    expected = hotcoco.COCOeval(truth, truth.load_res(rows), "bbox").confusion_matrix(0.5, None, 0.25)

    np.testing.assert_array_equal(metrics.confusion, expected["matrix"])


def test_that_the_confusion_of_a_case_worked_by_hand_comes_out() -> None:
    # Object 0 of class 0 called 1; object 1 of class 1 called 1, and again, less surely; object 2 of class 2 only
    # below the score; one prediction where nothing is.
    boxes = np.array([[0, 0, 10, 10], [20, 0, 30, 10], [40, 0, 50, 10], [60, 0, 70, 10]], dtype=np.float64)
    meter = DetectionMeter(CLASSES)
    meter.add(
        PredictedObjects(
            boxes[[0, 1, 1, 2, 3]], np.array([0.9, 0.8, 0.7, 0.2, 0.6]), np.array([1, 1, 1, 2, 0])
        ),
        TrueObjects(boxes[:3], np.array([0, 1, 2])),
    )
    metrics = meter.compute()

    assert metrics.confusion.tolist() == [[0, 1, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1], [1, 1, 0, 0]]
    assert metrics.counts.right.tolist() == [1]
    assert metrics.counts.wrong.tolist() == [3]
    assert metrics.counts.missed.tolist() == [2]


@pytest.mark.parametrize("seed", range(3))
def test_that_the_confusion_has_every_object_that_counts_in_its_row(seed: int) -> None:
    metrics = measured(seed, score=0.6)

    np.testing.assert_array_equal(metrics.confusion[:-1].sum(axis=1), metrics.support)
    assert metrics.confusion[-1, -1] == 0


@pytest.mark.parametrize("seed", range(3))
def test_that_the_histograms_have_every_prediction_that_counts(seed: int) -> None:
    metrics = measured(seed)
    scores, ignored = metrics.table.predicted.scores, metrics.matches.ignored
    bins = np.linspace(0, 1, 21)
    right, wrong = scores[metrics.matches.is_right], scores[metrics.matches.is_wrong]

    np.testing.assert_array_equal(metrics.confidence_histogram[0], np.histogram(right, bins)[0])
    np.testing.assert_array_equal(metrics.confidence_histogram[1], np.histogram(wrong, bins)[0])
    assert metrics.overlap_histogram.sum() == int(((scores >= 0.25) & ~ignored).sum())


def test_that_a_bins_lower_edge_belongs_to_it() -> None:
    boxes = np.array([[0, 0, 10, 10]] * 4, dtype=np.float64)
    meter = DetectionMeter(1)
    meter.add(
        PredictedObjects(boxes, np.array([0.0, 0.7, 0.95, 1.0], np.float32), np.zeros(4, np.int64)),
        TrueObjects(boxes[:0], np.zeros(0, np.int64)),
    )

    assert np.flatnonzero(meter.compute().confidence_histogram[1]).tolist() == [0, 14, 19]


@pytest.mark.parametrize("seed", range(3))
def test_that_the_counts_of_images_add_up_to_all(seed: int) -> None:
    metrics = measured(seed, score=0.0)
    counts = metrics.counts

    assert counts.right.sum() == metrics.matches.is_right.sum()
    assert counts.wrong.sum() == metrics.matches.is_wrong.sum()
    assert (counts.right + counts.missed).sum() == metrics.support.sum()
    assert counts.right.shape == (12,)


def xywh(boxes: np.ndarray) -> np.ndarray:
    return np.hstack([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]])
