"""Metrics from counts equal those that the task's judge has stored, on all images and on any draw of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, f1_score

from engine.comparison.bootstrap import measure
from engine.comparison.class_counts import ClassCounts
from engine.comparison.counts import Counts, sums_by_class
from engine.comparison.measured import Measured
from engine.comparison.object_counts import ObjectCounts
from engine.comparison.pixel_counts import PixelCounts
from tests.engine.comparison.judged import ANIMALS, classifier, detector, guesses, segmenter

Counter = Callable[..., Counts]


def some_classifier(name: str = "a", seed: int = 1) -> Measured:
    targets = np.random.default_rng(0).integers(0, 3, 50)
    return classifier(name, targets, guesses(np.random.default_rng(seed), targets, 0.7))


@pytest.mark.parametrize(
    ("result", "kind"),
    [
        (some_classifier(), ClassCounts),
        (detector("a", 1), ObjectCounts),
        (detector("a", 1, images=200), ObjectCounts),
        (detector("b", 2, recall=0.0), ObjectCounts),
        (segmenter("a", 1), PixelCounts),
    ],
    ids=["classes", "objects", "many objects", "nothing found", "pixels"],
)
def test_that_all_images_give_the_stored_metrics(result: Measured, kind: Counter) -> None:
    counts = kind(result, np.arange(result.images), ANIMALS)
    drawn = measure(counts, result.images)

    stored = {name.rpartition("/")[2]: value for name, value in result.summary.metrics.items()}
    for name, value in zip(counts.metrics, drawn.metrics[0], strict=True):
        assert value == pytest.approx(stored["loss" if name == "log_loss" else name], abs=1e-6), name
    by_class = result.summary.per_class[counts.class_measure]
    for name, value in zip(ANIMALS, drawn.classes[0], strict=True):
        assert np.isnan(value) if name not in by_class else value == pytest.approx(by_class[name], abs=1e-6)


@pytest.mark.parametrize(
    ("result", "kind"),
    [(some_classifier(), ClassCounts), (detector("a", 1), ObjectCounts), (segmenter("a", 1), PixelCounts)],
    ids=["classes", "objects", "pixels"],
)
def test_that_a_draw_without_some_images_equals_measuring_the_others(result: Measured, kind: Counter) -> None:
    kept = np.arange(0, result.images, 2)
    weights = np.zeros((result.images, 2), dtype=np.float32)
    weights[kept, 0] = 1
    weights[:, 1] = 1
    drawn = kind(result, np.arange(result.images), ANIMALS).draw(weights)
    alone = measure(kind(result, kept, ANIMALS), len(kept))

    np.testing.assert_allclose(drawn.metrics[0], alone.metrics[0], atol=1e-12)
    np.testing.assert_allclose(drawn.classes[0], alone.classes[0], atol=1e-12)


def test_that_an_image_drawn_twice_counts_twice() -> None:
    result = some_classifier()
    weights = np.random.default_rng(3).integers(0, 3, (result.images, 1)).astype(np.float32)
    drawn = ClassCounts(result, np.arange(result.images), ANIMALS).draw(weights)

    repeats = weights[:, 0].astype(int)
    true = np.repeat(result.columns["target"], repeats)
    called = np.repeat(result.columns["predicted"], repeats)
    assert drawn.metrics[0, 1] == pytest.approx(balanced_accuracy_score(true, called))
    assert drawn.metrics[0, 2] == pytest.approx(f1_score(true, called, average="macro"))


def test_that_classes_in_another_order_are_the_same_classes() -> None:
    targets = np.array([0, 1, 2, 2])
    first = classifier("a", targets, np.array([0, 1, 2, 0]))
    turned = classifier("b", 2 - targets, 2 - np.array([0, 1, 2, 0]), ANIMALS[::-1])
    one, other = (measure(ClassCounts(each, np.arange(4), ANIMALS), 4) for each in (first, turned))

    np.testing.assert_allclose(one.metrics, other.metrics)
    np.testing.assert_allclose(one.classes, other.classes)


def test_that_with_ignored_objects_only_what_is_stored_of_them_is_measured() -> None:
    result = detector("a", 1, ignored=0.2)
    counts = ObjectCounts(result, np.arange(result.images), ANIMALS)
    told = dict(zip(counts.metrics, measure(counts, result.images).metrics[0], strict=True))

    assert [name for name, value in told.items() if np.isnan(value)] == ["map", "map75"]
    for name in ("map50", "precision", "recall", "f1"):
        assert told[name] == pytest.approx(result.summary.metrics[f"val/{name}"], abs=1e-6)


def test_that_images_are_judged_at_the_confidence_with_the_best_f1() -> None:
    result = detector("a", 1, ignored=0.2)
    counts = ObjectCounts(result, np.arange(result.images), ANIMALS)

    arrays = result.arrays
    best = int(np.argmax(np.nanmean(arrays["curve_f1"].astype(np.float64), axis=0))) / 100
    for image in range(result.images):
        there = range(*arrays["object_offsets"][image : image + 2])
        objects = sum(not arrays["object_ignored"][row] for row in there)
        found = wrong = 0
        for row in range(*arrays["box_offsets"][image : image + 2]):
            partner = int(arrays["box_partners"][row])
            if arrays["box_scores"][row] >= best:
                found += partner >= 0 and not arrays["object_ignored"][partner]
                wrong += partner < 0
        told = objects + found + wrong
        assert counts.right[image] == (wrong == 0 and found == objects)
        assert counts.goodness[image] == pytest.approx(2 * found / told if told else 1.0)


@pytest.mark.parametrize(
    ("result", "kind"),
    [(some_classifier(), ClassCounts), (detector("a", 1), ObjectCounts), (segmenter("a", 1), PixelCounts)],
    ids=["classes", "objects", "pixels"],
)
def test_that_it_is_known_how_many_images_tell_of_a_class(result: Measured, kind: Counter) -> None:
    counts = kind(result, np.arange(result.images), ANIMALS)
    alone = np.eye(result.images, dtype=np.float32)
    told = ~np.isnan(counts.draw(alone).classes)

    if kind is ObjectCounts:  # where nothing is there an image with a box has no average precision
        assert (told.sum(axis=0) <= counts.class_images).all()
        assert (counts.class_images <= result.images).all()
    else:
        assert counts.class_images.tolist() == told.sum(axis=0).tolist()


def test_that_sums_by_class_leave_out_what_has_none() -> None:
    weights = np.array([[1, 2, 4, 8], [1, 1, 1, 1]], dtype=np.float32).T

    sums = sums_by_class(weights, np.array([2, -1, 0, 2]), 4)
    assert sums.tolist() == [[4, 0, 9, 0], [1, 0, 2, 0]]
    assert sums_by_class(weights, np.full(4, -1), 2).tolist() == [[0, 0], [0, 0]]
