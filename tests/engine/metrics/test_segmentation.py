"""Measures of segmentation, against scikit-learn, published figures and cases worked by hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn import metrics as reference

from engine.metrics.device_confusion import confusion_on_device, counts_without_waiting
from engine.metrics.segmentation import SegmentationMeter, SegmentationMetrics, pixel_confusion

CLASSES = 5
Pair = tuple[np.ndarray, np.ndarray]


def maps(seed: int, classes: int = CLASSES - 1) -> Pair:
    """A prediction right at two pixels of three, and a target with some pixels ignored; the last class is absent."""
    rng = np.random.default_rng(seed)
    target = rng.integers(0, classes, (20, 30)).astype(np.uint8)
    guess = np.where(rng.random(target.shape) < 0.6, target, rng.integers(0, classes, target.shape))
    target[rng.random(target.shape) < 0.1] = 255
    return guess.astype(np.uint8), target


def measured(*pairs: Pair, classes: int = CLASSES, ignore: int = 255) -> SegmentationMetrics:
    meter = SegmentationMeter(classes, ignore)
    for predicted, target in pairs:
        meter.add(predicted, target)
    return meter.compute()


def test_that_the_published_figures_come_out_with_an_absent_class_and_ignored_pixels(
    shared_data: Path,
) -> None:
    folder = shared_data / "metric_refs" / "segmentation_camvid_shifted"
    expected = json.loads((folder / "expected_sklearn.json").read_text(encoding="utf-8"))
    targets = sorted(folder.glob("*_gt.png"))
    pairs = [(path.with_name(path.name.replace("_gt", "_pred")), path) for path in targets]

    metrics = measured(
        *[(np.array(Image.open(ours)), np.array(Image.open(theirs))) for ours, theirs in pairs],
        classes=11,
        ignore=11,
    )

    present = np.array(expected["class_in_gt_or_pred"])
    assert metrics.confusion.tolist() == expected["confusion_matrix"]
    np.testing.assert_array_equal(np.isnan(metrics.iou), ~present)
    np.testing.assert_allclose(metrics.iou[present], np.array(expected["iou_per_class"])[present], atol=1e-9)
    np.testing.assert_allclose(
        metrics.dice_per_class[present], np.array(expected["dice_per_class"])[present], atol=1e-9
    )
    np.testing.assert_allclose(
        metrics.accuracy_per_class, np.array(expected["class_accuracy"], dtype=np.float64), atol=1e-9
    )
    assert metrics.miou == pytest.approx(expected["mean_iou_over_present"], abs=1e-9)
    assert metrics.dice == pytest.approx(expected["mean_dice_over_present"], abs=1e-9)
    assert metrics.pixel_accuracy == pytest.approx(expected["pixel_accuracy"], abs=1e-9)
    assert metrics.mean_accuracy == pytest.approx(expected["mean_class_accuracy_over_gt"], abs=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_that_images_are_pooled_as_scikit_learn_pools_their_pixels(seed: int) -> None:
    pairs = [maps(seed), maps(seed + 10), maps(seed + 20, classes=2)]
    metrics = measured(*pairs)
    predicted = np.concatenate([ours.ravel() for ours, _ in pairs])
    target = np.concatenate([theirs.ravel() for _, theirs in pairs])
    predicted, target = predicted[target != 255], target[target != 255]

    assert metrics.miou == pytest.approx(reference.jaccard_score(target, predicted, average="macro"))
    assert metrics.dice == pytest.approx(reference.f1_score(target, predicted, average="macro"))
    assert metrics.pixel_accuracy == pytest.approx(reference.accuracy_score(target, predicted))
    assert metrics.mean_accuracy == pytest.approx(reference.balanced_accuracy_score(target, predicted))
    np.testing.assert_array_equal(
        metrics.confusion, reference.confusion_matrix(target, predicted, labels=range(CLASSES))
    )


def test_that_a_case_worked_by_hand_comes_out() -> None:
    target = np.array([[0, 0, 1], [1, 255, 255]])
    predicted = np.array([[0, 1, 1], [2, 0, 9]])  # under ignored pixels any value may stand

    metrics = measured((predicted, target), classes=4)

    assert metrics.confusion.tolist() == [[1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 0, 0], [0, 0, 0, 0]]
    assert metrics.iou[:3].tolist() == pytest.approx([1 / 2, 1 / 3, 0])
    assert np.isnan(metrics.iou[3])
    assert metrics.miou == pytest.approx((1 / 2 + 1 / 3 + 0) / 3)
    assert metrics.dice == pytest.approx((2 / 3 + 1 / 2 + 0) / 3)
    assert (metrics.pixel_accuracy, metrics.mean_accuracy) == (0.5, 0.5)
    assert metrics.support.tolist() == [2, 2, 0, 0]


@pytest.mark.parametrize("pairs", [[], [(np.zeros((2, 3), int), np.full((2, 3), 255))]])
def test_that_without_pixels_that_count_the_means_are_zero_and_every_class_is_absent(
    pairs: list[Pair],
) -> None:
    metrics = measured(*pairs)

    assert (metrics.miou, metrics.dice, metrics.pixel_accuracy, metrics.mean_accuracy) == (0, 0, 0, 0)
    assert metrics.boundary_f1 == 0
    assert np.isnan(metrics.iou).all()
    assert np.isnan(metrics.boundary_f1_per_class).all()


def test_that_a_perfect_prediction_is_one_in_all() -> None:
    _, target = maps(1)
    metrics = measured((np.where(target == 255, 0, target), target))

    assert (metrics.miou, metrics.dice, metrics.pixel_accuracy, metrics.boundary_f1) == (1, 1, 1, 1)


@pytest.mark.parametrize(
    ("predicted", "target", "what"),
    [
        (np.zeros((2, 2), int), np.zeros((2, 3), int), "prediction is"),
        (np.full((2, 2), CLASSES), np.zeros((2, 2), int), "prediction has pixels"),
        (np.zeros((2, 2), int), np.full((2, 2), CLASSES), "target has pixels"),
        (np.full((2, 2), -1), np.zeros((2, 2), int), "prediction has pixels"),
    ],
)
def test_that_what_is_no_class_is_refused(predicted: np.ndarray, target: np.ndarray, what: str) -> None:
    with pytest.raises(ValueError, match=what):
        measured((predicted, target))


def test_that_what_was_counted_elsewhere_adds_up_with_what_was_not() -> None:
    first, second = maps(1), maps(2)
    meter = SegmentationMeter(CLASSES, boundaries=False)
    own = meter.add(*first)
    meter.add_confusion(pixel_confusion(*second, CLASSES))
    metrics = meter.compute()

    np.testing.assert_array_equal(metrics.confusion, measured(first, second).confusion)
    np.testing.assert_array_equal(own, measured(first).confusion)
    assert metrics.boundary_f1 is None


@pytest.mark.parametrize("kind", [torch.uint8, torch.int32, torch.int64])
def test_that_the_device_counts_the_same_pixels(kind: torch.dtype) -> None:
    pairs = [maps(seed) for seed in range(3)]
    predicted, target = (torch.from_numpy(np.stack(part)).to(kind) for part in zip(*pairs, strict=True))

    counts = confusion_on_device(predicted, target, CLASSES)

    np.testing.assert_array_equal(counts.numpy(), measured(*pairs).confusion)


def test_that_the_device_ignores_the_value_it_is_told_to() -> None:
    predicted, target = maps(5)
    expected = measured((predicted, np.where(target == 1, 200, target)), ignore=200, classes=256).confusion

    found = confusion_on_device(torch.from_numpy(predicted), torch.from_numpy(target), 256, ignore=1)

    np.testing.assert_array_equal(found.numpy(), expected)
    assert found[255].sum() > 0


def test_that_the_way_of_counting_on_a_gpu_counts_the_same() -> None:
    places = torch.from_numpy(np.random.default_rng(0).integers(0, 26, 1000))

    assert counts_without_waiting(places, 27).tolist() == torch.bincount(places, minlength=27).tolist()
