"""The meter of detections on cases worked by hand: what is right, what is left out, what is not there."""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np
import pytest

from engine.errors import UserError
from engine.metrics.detection import DetectionMeter, DetectionMetrics, DetectionSettings
from engine.metrics.objects import Predicted, PredictedObjects, TrueObjects
from engine.tasks.predictions import Detections

LIBRARIES = ["hotcoco", "faster_coco_eval"]
Box = tuple[float, float, float, float]
A: Box = (0, 0, 10, 10)
B: Box = (20, 0, 30, 10)
C: Box = (40, 0, 50, 10)
FAR: Box = (80, 80, 90, 90)


def found(*rows: tuple[Box, float, int]) -> PredictedObjects:
    """Box, score and class of each."""
    return PredictedObjects(
        np.array([row[0] for row in rows], dtype=np.float32).reshape(-1, 4),
        np.array([row[1] for row in rows], dtype=np.float32),
        np.array([row[2] for row in rows], dtype=np.int64),
    )


def there(*rows: tuple[Box, int], **more: Any) -> TrueObjects:
    """Box and class of each."""
    return TrueObjects(
        np.array([row[0] for row in rows], dtype=np.float32).reshape(-1, 4),
        np.array([row[1] for row in rows], dtype=np.int64),
        **{name: np.array(values) for name, values in more.items()},
    )


def measured(*images: tuple[Predicted, TrueObjects], classes: int = 2, **settings: Any) -> DetectionMetrics:
    meter = DetectionMeter(classes, DetectionSettings(**settings))
    for predicted, target in images:
        meter.add(predicted, target)
    return meter.compute()


@pytest.mark.parametrize("library", LIBRARIES)
def test_that_a_case_worked_by_hand_comes_out(library: str) -> None:
    # Class 0 has two objects. By falling score: right, wrong, right. Precision 1 up to recall 1/2 (51 of the 101
    # recalls), then 2/3 (50 of them). Class 1 has no object.
    metrics = measured(
        (found((A, 0.9, 0), (FAR, 0.8, 0), (B, 0.7, 0)), there((A, 0), (B, 0))), library=library
    )

    expected = (51 + 50 * 2 / 3) / 101
    assert metrics.ap50[0] == pytest.approx(expected)
    assert (metrics.map, metrics.map50, metrics.map75) == pytest.approx((expected,) * 3)
    assert math.isnan(metrics.ap[1])
    assert metrics.mar == pytest.approx(1)
    assert metrics.support.tolist() == [2, 0]
    assert metrics.precision_at_recall[0, 0].tolist() == pytest.approx([1.0] * 51 + [2 / 3] * 50)


def test_that_a_box_shifted_by_a_fifth_counts_at_the_overlaps_it_reaches() -> None:
    # 10 x 10 shifted by 2: overlap 80 / 120 = 0.667, so it is right at 0.5, 0.55, 0.6 and 0.65 of ten.
    metrics = measured((found(((2, 0, 12, 10), 0.9, 0)), there((A, 0))))

    assert (metrics.map50, metrics.map75) == pytest.approx((1, 0))
    assert metrics.map == pytest.approx(4 / 10)
    assert metrics.overlap_histogram.nonzero()[0].tolist() == [13]


def test_that_each_object_is_found_once() -> None:
    metrics = measured((found((A, 0.9, 0), (A, 0.8, 0)), there((A, 0))))

    assert metrics.counts.right.tolist() == [1]
    assert metrics.counts.wrong.tolist() == [1]
    assert metrics.matches.partner.tolist() == [0, -1]


def test_that_the_sizes_are_told_apart_by_the_areas_given_and_else_by_the_boxes() -> None:
    small, large = (0.0, 0.0, 20.0, 20.0), (0.0, 0.0, 200.0, 200.0)
    boxes = measured((found((small, 0.9, 0)), there((small, 0), (large, 0))))
    named = measured((found((large, 0.9, 0)), there((large, 0), areas=[2000.0])))

    assert (boxes.map_small, boxes.map_large) == pytest.approx((1, 0))
    assert math.isnan(boxes.map_medium)
    assert named.map_medium == pytest.approx(1)
    assert math.isnan(named.map_large)


@pytest.mark.parametrize("rows", [[], [((0.0, 0.0, 32.0, 32.0), 0.9, 0)]])
def test_that_an_object_between_two_sizes_is_of_both(rows: list[tuple[Box, float, int]]) -> None:
    metrics = measured((found(*rows), there(((0, 0, 32, 32), 0))))

    assert (metrics.map_small, metrics.map_medium) == pytest.approx((len(rows), len(rows)))
    assert math.isnan(metrics.map_large)


def test_that_of_equal_scores_the_earlier_prediction_goes_first_and_takes_the_later_of_equal_objects() -> (
    None
):
    metrics = measured((found(*[(A, 0.5, 0)] * 40), there((A, 0), (A, 0))))

    assert metrics.matches.partner.tolist() == [1, 0] + [-1] * 38


@pytest.mark.parametrize("library", LIBRARIES)
def test_that_a_crowd_takes_any_number_of_predictions_and_none_of_them_counts(library: str) -> None:
    crowd: Box = (0, 0, 100, 100)
    metrics = measured(
        (
            found((A, 0.9, 0), (B, 0.8, 0), (C, 0.7, 0), ((200, 0, 210, 10), 0.6, 0)),
            there((crowd, 0), ((200, 0, 210, 10), 0), crowd=[True, False]),
        ),
        library=library,
    )

    assert metrics.map == pytest.approx(1)
    assert metrics.support.tolist() == [1, 0]
    assert metrics.matches.ignored.tolist() == [True, True, True, False]
    assert metrics.confusion.sum() == metrics.confusion[0, 0] == 1
    assert (metrics.counts.right[0], metrics.counts.wrong[0], metrics.counts.missed[0]) == pytest.approx(
        (1, 0, 0)
    )


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("with_prediction", [True, False])
def test_that_a_difficult_object_counts_neither_found_nor_missed(with_prediction: bool, library: str) -> None:
    rows = [(A, 0.9, 0)] + ([(B, 0.95, 0)] if with_prediction else [])
    metrics = measured((found(*rows), there((A, 0), (B, 0), difficult=[False, True])), library=library)

    assert (metrics.map, metrics.mar) == pytest.approx((1, 1))
    assert metrics.support.tolist() == [1, 0]
    assert metrics.confusion.sum() == 1
    assert metrics.counts.missed.tolist() == [0]


@pytest.mark.parametrize("library", LIBRARIES)
def test_that_an_object_that_counts_is_taken_before_an_ignored_one_that_overlaps_more(library: str) -> None:
    metrics = measured(
        (found((A, 0.9, 0)), there((A, 0), ((0, 0, 10, 9), 0), difficult=[True, False])), library=library
    )

    assert metrics.matches.partner.tolist() == [1]
    assert metrics.map50 == pytest.approx(1)


@pytest.mark.parametrize("library", LIBRARIES)
def test_that_without_predictions_every_object_is_missed(library: str) -> None:
    metrics = measured((found(), there((A, 0), (B, 0))), library=library)

    assert (metrics.map, metrics.map50, metrics.mar, metrics.map_small) == pytest.approx((0, 0, 0, 0))
    assert math.isnan(metrics.map_large)
    assert math.isnan(metrics.ap[1])
    assert metrics.confusion.tolist() == [[0, 0, 2], [0, 0, 0], [0, 0, 0]]
    assert metrics.curves.recall[0].tolist() == [0] * 101
    assert metrics.curves.precision[0].tolist() == [1] * 101


@pytest.mark.parametrize("library", LIBRARIES)
def test_that_without_objects_there_is_no_average_precision_and_every_prediction_is_wrong(
    library: str,
) -> None:
    metrics = measured((found((A, 0.9, 0), (B, 0.1, 1)), there()), library=library)

    assert math.isnan(metrics.map)
    assert np.isnan(metrics.ap).all()
    assert metrics.confusion.tolist() == [[0, 0, 0], [0, 0, 0], [1, 0, 0]]
    assert metrics.confidence_histogram.sum(axis=1).tolist() == [0, 2]
    assert metrics.curves.mean_f1.max() == 0


def test_that_only_crowds_are_as_no_objects() -> None:
    metrics = measured((found((FAR, 0.9, 0)), there((A, 0), crowd=[True])))

    assert math.isnan(metrics.map)
    assert metrics.counts.wrong.tolist() == [1]


@pytest.mark.parametrize("library", LIBRARIES)
def test_that_without_images_all_is_empty(library: str) -> None:
    metrics = measured(library=library, classes=3)

    assert math.isnan(metrics.map)
    assert metrics.confusion.tolist() == [[0] * 4] * 4
    assert metrics.counts.right.shape == (0,)
    assert metrics.overlap_histogram.sum() == 0


def test_that_an_empty_image_among_others_moves_no_number_but_its_wrong_predictions_do() -> None:
    image = (found((A, 0.9, 0)), there((A, 0)))
    alone, with_empty = measured(image), measured((found(), there()), image)
    with_wrong = measured((found((A, 0.95, 0)), there()), image)

    assert (alone.map, with_empty.map) == pytest.approx((1, 1))
    assert with_wrong.map == pytest.approx(0.5)


def test_that_adding_goes_on_after_computing() -> None:
    meter = DetectionMeter(1)
    meter.add(found((A, 0.9, 0)), there((A, 0)))
    first = meter.compute()
    meter.add(found(), there((A, 0)))

    assert (first.map, meter.compute().mar) == pytest.approx((1, 0.5))


def test_that_predictions_that_are_no_numbers_are_left_out() -> None:
    nowhere: Box = (math.nan, 0, 10, 10)
    metrics = measured((found((nowhere, 0.9, 0), (A, math.nan, 0), (A, 0.5, 0)), there((A, 0))))

    assert metrics.map == pytest.approx(1)
    assert len(metrics.table.predicted.scores) == 1


@pytest.mark.parametrize(("label", "target"), [(2, 0), (-1, 0), (0, 2)])
def test_that_a_class_out_of_range_is_refused(label: int, target: int) -> None:
    with pytest.raises(ValueError, match="Class indices are 0 to 1"):
        measured((found((A, 0.9, label)), there((A, target))))


def test_that_no_more_than_100_predictions_of_a_class_and_image_count() -> None:
    wrong = [((300 + 20.0 * k, 0, 310 + 20.0 * k, 10), 0.9, 0) for k in range(100)]

    assert measured((found(*wrong, (A, 0.5, 0)), there((A, 0)))).map == 0
    assert measured((found(*wrong[1:], (A, 0.5, 0)), there((A, 0)))).map == pytest.approx(1 / 100)


@pytest.mark.parametrize("library", LIBRARIES)
def test_that_masks_are_compared_where_asked_and_boxes_then_do_not_matter(library: str) -> None:
    ours, theirs = np.zeros((2, 20, 20), bool), np.zeros((2, 20, 20), bool)
    ours[0, :10, :10], theirs[0, :10, :8] = True, True  # overlap 80 / 100
    ours[1, 15:, 15:], theirs[1, 10:15, 10:15] = True, True
    boxes, labels = np.zeros((2, 4), np.float32), np.zeros(2, np.int64)
    predicted = Detections(boxes, np.array([0.9, 0.8], np.float32), labels, ours)

    metrics = measured((predicted, TrueObjects(boxes, labels, masks=theirs)), masks=True, library=library)

    assert metrics.matches.overlap.tolist() == pytest.approx([0.8, 0])
    assert metrics.map50 == pytest.approx(51 / 101)
    assert metrics.map == pytest.approx(51 / 101 * 7 / 10)
    assert metrics.map_small == pytest.approx(metrics.map)


def test_that_masks_that_are_missing_are_named() -> None:
    with pytest.raises(ValueError, match="came without"):
        measured((found((A, 0.9, 0)), there()), masks=True)


def test_that_an_image_without_objects_needs_no_masks() -> None:
    assert math.isnan(measured((found(), there()), masks=True).map)


def test_that_without_a_library_the_user_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hotcoco", None)
    with_one = measured((found((A, 0.9, 0)), there((A, 0))))
    monkeypatch.setitem(sys.modules, "faster_coco_eval", None)

    assert with_one.map == pytest.approx(1)
    with pytest.raises(UserError, match="cannot be judged") as error:
        measured((found((A, 0.9, 0)), there((A, 0))))
    assert error.value.code == "coco_tools_missing"
