"""Detections met with what is there, from a network's frame and from originals."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from engine.data.batch import Batch, as_array
from engine.datasets.polygons import runs_mask, runs_of_text
from engine.errors import PluginError
from engine.tasks.detection.collector import ObjectCollector
from engine.tasks.detection.detection import Detection
from engine.tasks.detection.outputs import Target
from engine.tasks.kept_masks import KeptRuns
from engine.tasks.predictions import ClassScores, Detections
from engine.tasks.task import Judgement
from tests.engine.tasks.detection.made_up import KnownOutputs, detections, found, target

NAMES = ("cat", "dog")


def batch(targets: list[Target], sizes: list[tuple[int, int]], side: int) -> Batch:
    pixels = torch.zeros((len(targets), side, side, 3), dtype=torch.uint8)
    return Batch(pixels, targets, torch.arange(len(targets)) + 7, torch.tensor(sizes))


def measured() -> Judgement:
    """Three images in a frame of 100: one right, one of the wrong class beside a miss, one empty."""
    collector = ObjectCollector(NAMES)
    targets = [
        target([[0, 0, 50, 50]], [0]),
        target([[0, 0, 50, 50], [60, 60, 90, 90]], [0, 1]),
        target([], []),
    ]
    outputs = KnownOutputs(
        [
            found([[0, 0, 50, 45]], [0.9], [0]),
            found([[0, 0, 50, 50]], [0.8], [1]),
            found([[10, 10, 20, 20]], [0.1], [0]),
        ]
    )
    collector.add_outputs(outputs, torch.tensor(2.0), batch(targets, [(200, 400)] * 3, 100))
    return collector.judgement()


def test_that_images_are_judged_one_by_one() -> None:
    columns = measured().columns
    assert columns["item"].tolist() == [7, 8, 9]
    assert columns["true_positives"].tolist() == [1, 0, 0]
    assert columns["false_positives"].tolist() == [0, 1, 0]
    assert columns["false_negatives"].tolist() == [0, 2, 0]
    assert columns["best_iou"].tolist() == pytest.approx([0.9, 0, 0], rel=1e-6)
    assert columns["f1"].tolist() == pytest.approx([1, 0, 1], rel=1e-7)
    assert columns["confidence"].tolist() == pytest.approx([0.9, 0.8, 0.1], rel=1e-6)


def test_that_average_precision_follows_from_the_matches() -> None:
    judgement = measured()
    # Of two cats the surer prediction finds one with an overlap of 0.9: half of the recalls have precision 1, at nine
    # of ten overlaps. The dog that is told is a cat.
    assert judgement.metrics["map50"] == pytest.approx((51 / 101 + 0) / 2, abs=1e-6)
    assert judgement.per_class["map50"]["cat"] == pytest.approx(51 / 101, abs=1e-6)
    assert judgement.per_class["map"]["cat"] == pytest.approx(0.9 * 51 / 101, abs=1e-6)
    assert judgement.per_class["map"]["dog"] == 0
    assert judgement.metrics["loss"] == pytest.approx(2.0)


def test_that_the_confusion_has_a_background() -> None:
    assert measured().confusion is not None
    # One cat right, one taken for a dog, one dog missed; what is below the confidence is not told.
    assert np.asarray(measured().confusion).tolist() == [[1, 1, 0], [0, 0, 1], [0, 0, 0]]


def test_that_boxes_are_kept_in_the_pixels_of_the_originals() -> None:
    arrays = measured().arrays
    assert arrays["box_offsets"].tolist() == [0, 1, 2, 3]
    assert arrays["object_offsets"].tolist() == [0, 1, 3, 3]
    # From a frame of 100 to 200 rows and 400 columns.
    assert_allclose(arrays["boxes"][0], [0, 0, 200, 90])
    assert_allclose(arrays["objects"][2], [240, 120, 360, 180])
    assert arrays["pr_precision"].shape == (10, 2, 101)
    assert arrays["curve_f1"].shape == (2, 101)


def test_that_originals_and_frames_give_the_same_metrics() -> None:
    rng = np.random.default_rng(0)
    in_frame, in_original = ObjectCollector(NAMES), ObjectCollector(NAMES)
    stretch = np.array([4, 2, 4, 2], dtype=np.float32)
    for _ in range(10):
        corners = rng.uniform(0, 60, (6, 2))
        boxes = np.concatenate([corners, corners + rng.uniform(10, 40, (6, 2))], axis=1).astype(np.float32)
        labels = rng.integers(0, 2, 6)
        guess = np.clip(boxes + rng.normal(0, 3, boxes.shape), 0, 100).astype(np.float32)
        areas = torch.from_numpy(np.prod((boxes * stretch)[:, 2:] - (boxes * stretch)[:, :2], axis=1))
        scores = rng.uniform(0.3, 1, 6).astype(np.float32)
        one = target(boxes.tolist(), labels.tolist(), areas=areas)
        in_frame.add_predictions([Detections(guess, scores, labels)], batch([one], [(200, 400)], 100))
        own = {**one, "boxes": one["boxes"] * torch.from_numpy(stretch)}
        in_original.add_predictions(
            [Detections(guess * stretch, scores, labels)], batch([own], [(200, 400)], 0)
        )
    ours, theirs = in_frame.judgement().metrics, in_original.judgement().metrics
    assert ours == pytest.approx(theirs, abs=1e-6)
    assert 0.2 < ours["map"] < 1


def test_that_crowds_and_difficult_objects_do_not_count() -> None:
    collector = ObjectCollector(NAMES)
    flags = torch.tensor([False, True, False])
    one = target(
        [[0, 0, 50, 50], [60, 0, 100, 40], [0, 60, 40, 100]],
        [0, 0, 0],
        crowd=flags,
        difficult=torch.tensor([False, False, True]),
    )
    answer = detections([[0, 0, 50, 50], [62, 0, 80, 40]], [0.9, 0.8], [0, 0])
    collector.add_predictions([answer], batch([one], [(100, 100)], 100))
    judgement = collector.judgement()
    assert judgement.metrics["map50"] == pytest.approx(1.0)
    assert judgement.columns["false_positives"].tolist() == [0]
    assert judgement.columns["false_negatives"].tolist() == [0]


def test_that_masks_are_compared_where_both_sides_have_them() -> None:
    wide = torch.zeros((1, 100, 100), dtype=torch.bool)
    wide[0, :50, :50] = True
    half = np.zeros((1, 100, 100), dtype=bool)
    half[0, :50, :30] = True
    answer = detections([[0, 0, 50, 50]], [0.9], [0])
    answer = Detections(answer.boxes, answer.scores, answer.labels, half)
    collector = ObjectCollector(NAMES)
    collector.add_predictions([answer], batch([target([[0, 0, 50, 50]], [0], masks=wide)], [(100, 100)], 100))
    metrics = collector.judgement().metrics
    # The boxes agree wholly; of the masks 0.6 is shared: right at 0.5, 0.55 and 0.6 of ten overlaps.
    assert metrics["map"] == pytest.approx(1.0)
    assert metrics["mask_map50"] == pytest.approx(1.0)
    assert metrics["mask_map"] == pytest.approx(0.3)


def test_that_metrics_without_a_value_are_left_out() -> None:
    metrics = measured().metrics
    assert "map_small" not in metrics
    assert "mask_map" not in metrics
    assert all(value == value for value in metrics.values())


def test_that_no_image_at_all_is_no_mistake() -> None:
    judgement = ObjectCollector(NAMES).judgement()
    assert judgement.images == 0
    assert "map" not in judgement.metrics


def test_that_a_wrong_kind_of_answer_is_told() -> None:
    collector = ObjectCollector(NAMES)
    for answer in (ClassScores(np.ones(2, np.float32)), detections([[0, 0, 9, 9]], [0.5], [2])):
        with pytest.raises(PluginError) as caught:
            collector.add_predictions([answer], batch([target([], [])], [(9, 9)], 9))
        assert caught.value.code == "infer_answer"


def test_that_finished_predictions_are_judged_at_once() -> None:
    truth = as_array(target([[0, 0, 50, 50]], [1]))
    judgement = Detection().judge([detections([[0, 0, 50, 50]], [0.5], [1])], [truth], NAMES)
    assert judgement.metrics["map"] == pytest.approx(1.0)
    assert judgement.images == 1


def test_that_the_mask_of_every_box_is_kept_also_where_they_overlap() -> None:
    collector = ObjectCollector(NAMES)
    masks = np.zeros((2, 4, 6), dtype=np.bool_)
    masks[0, :2], masks[1, 1:] = True, True
    prediction = Detections(
        boxes=np.array([[0, 0, 4, 2], [0, 1, 4, 4]], dtype=np.float32),
        scores=np.array([0.9, 0.6], dtype=np.float32),
        labels=np.array([0, 1]),
        masks=masks,
    )
    there = target([[0, 0, 4, 2]], [0]) | {"masks": torch.from_numpy(masks[:1])}
    collector.judge_one(prediction, there)
    collector.judge_one(detections([[0, 0, 4, 2]], [0.9], [0]), target([[0, 0, 4, 2]], [0]))
    collector.judge_one(prediction, there)

    arrays: dict[str, Any] = dict(collector.judgement().arrays)
    packed, offsets = arrays["mask_runs"].tobytes(), arrays["mask_run_offsets"].tolist()
    runs = [packed[start:end] for start, end in pairwise(offsets)]
    assert [bool(run) for run in runs] == [True, True, False, True, True]
    assert arrays["mask_sizes"].tolist() == [[4, 6], [0, 0], [4, 6]]
    for run, mask in zip(runs[3:], masks, strict=True):
        assert (runs_mask(runs_of_text(run.decode()), 4, 6) == mask).all()


def test_that_beyond_its_bound_no_mask_is_kept_and_every_box_has_its_place() -> None:
    kept = KeptRuns(most_bytes=5)
    for _ in range(3):
        kept.add([{"size": [4, 6], "counts": b"abcd"}], 1)
    kept.add([], 0)

    arrays: dict[str, Any] = dict(kept.arrays())
    assert arrays["mask_run_offsets"].tolist() == [0, 4, 4, 4]
    assert len(arrays["mask_sizes"]) == 4


def test_that_boxes_can_be_dropped_by_confidence_after_they_were_matched() -> None:
    rng = np.random.default_rng(5)
    collector = ObjectCollector(NAMES)
    for _ in range(20):
        corners = rng.uniform(0, 60, (6, 2))
        boxes = np.hstack([corners, corners + rng.uniform(10, 40, (6, 2))])
        near = boxes[rng.integers(0, 6, 15)] + rng.normal(0, 3, (15, 4))
        told = detections(near.tolist(), rng.random(15).tolist(), rng.integers(0, 2, 15).tolist())
        collector.judge_one(told, target(boxes.tolist(), rng.integers(0, 2, 6).tolist()))
    judgement = collector.judgement()
    arrays: dict[str, Any] = dict(judgement.arrays)
    sure = arrays["box_scores"] >= 0.25
    partner, counts = arrays["box_partners_any"][sure], np.zeros((3, 3), dtype=np.int64)
    true = np.where(partner >= 0, arrays["object_labels"][partner], 2)
    np.add.at(counts, (true, arrays["box_labels"][sure]), 1)
    missed = np.setdiff1d(np.arange(len(arrays["objects"])), partner)
    np.add.at(counts, (arrays["object_labels"][missed], 2), 1)
    assert judgement.confusion is not None
    assert counts.tolist() == judgement.confusion.tolist()
