"""Average precision between recalls equals that at each object that is found, on any draw of the images."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.comparison import object_counts
from engine.comparison.bootstrap import draw_weights
from engine.comparison.object_counts import ObjectCounts
from engine.comparison.precision_of_many import RECALLS, ClassSums, PrecisionOfMany
from tests.engine.comparison.judged import ANIMALS, detector


def plain(
    image: NDArray[np.int64], right: NDArray[np.bool_], often: NDArray[np.int32], objects: int
) -> float:
    """COCO's rule for one class, box by box and recall by recall."""
    hits = told = 0
    reached: list[tuple[float, Fraction]] = []
    for place, is_right in zip(image.tolist(), right.tolist(), strict=True):
        told += int(often[place])
        if is_right:
            hits += int(often[place])
            reached.append((hits / max(objects, 1), Fraction(hits, max(told, 1))))
    best = [
        max((precision for recall, precision in reached if recall >= least), default=Fraction(0))
        for least in RECALLS.tolist()
    ]
    return float(sum(best, Fraction(0)) / len(RECALLS))


@pytest.mark.parametrize("seed", range(6))
def test_that_it_equals_a_loop_over_boxes_and_recalls(seed: int) -> None:
    """Among the classes: one without boxes, one of which none is right, and one of whose objects none is drawn."""
    rng = np.random.default_rng(seed)
    images, sizes = 30, (40, 0, 7, 25, 60)
    starts = np.cumsum([0, *sizes])
    image = rng.integers(0, images, starts[-1])
    right = rng.random((2, starts[-1])) < [[0.6], [0.2]]
    right[:, starts[2] : starts[3]] = False
    often = rng.integers(0, 3, images).astype(np.int32)
    objects = np.array([50, 20, 9, 0, 100])

    made = PrecisionOfMany(image, starts, [np.flatnonzero(row) for row in right])
    average = made.average(often, objects.astype(np.float64))

    assert np.isnan(average[:, 3]).all()
    for overlap, row in enumerate(right):
        for label in (0, 1, 2, 4):
            own = slice(starts[label], starts[label + 1])
            wanted = plain(image[own], row[own], often, int(objects[label]))
            assert average[overlap, label] == pytest.approx(wanted, abs=1e-12)


def test_that_nothing_found_at_all_is_no_precision() -> None:
    none = np.zeros(0, dtype=np.int64)
    made = PrecisionOfMany(none, np.array([0, 0]), [none])

    assert made.average(np.ones(4, dtype=np.int32), np.array([3.0])).tolist() == [[0.0]]


def test_that_draws_are_the_same_whichever_way_classes_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    result = detector("a", 1, images=60)
    weights = draw_weights(np.random.default_rng(2), 40, result.images)
    drawn = []
    for many in (0, 30, 1_000):
        monkeypatch.setattr(object_counts, "MANY", many)
        drawn.append(ObjectCounts(result, np.arange(result.images), ANIMALS).draw(weights))

    for other in drawn[1:]:
        np.testing.assert_allclose(other.metrics, drawn[0].metrics, atol=1e-6)
        np.testing.assert_allclose(other.classes, drawn[0].classes, atol=1e-6)


def test_that_sums_leave_out_what_has_no_class() -> None:
    often = np.array([1, 2, 4, 8], dtype=np.int32)
    image = np.array([0, 1, 2, 3, 3])

    assert ClassSums(image, np.array([2, -1, 0, 2, 2]), 4).of(often).tolist() == [4, 0, 17, 0]
    assert ClassSums(image, np.full(5, -1), 2).of(often).tolist() == [0, 0]
