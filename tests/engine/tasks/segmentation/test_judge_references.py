"""Segmentation judged end to end: published figures, boundaries, and outputs against finished maps."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from engine.data.batch import Batch
from engine.metrics.boundary import boundary_counts
from engine.metrics.segmentation import IGNORE
from engine.tasks.predictions import SegmentationMap
from engine.tasks.segmentation.collector import PixelCollector
from engine.tasks.segmentation.segmentation import Segmentation

NAMES = ("sky", "road", "car", "ghost")


def test_that_the_published_figures_come_out_of_the_task(shared_data: Path) -> None:
    folder = shared_data / "metric_refs" / "segmentation_camvid_shifted"
    expected = json.loads((folder / "expected_sklearn.json").read_text(encoding="utf-8"))
    paths = sorted(folder.glob("*_gt.png"))
    masks = [np.array(Image.open(path)) for path in paths]
    targets = [np.where(mask == expected["ignore_index"], IGNORE, mask) for mask in masks]
    maps = [np.array(Image.open(path.with_name(path.name.replace("_gt", "_pred")))) for path in paths]

    judgement = Segmentation().judge(
        [SegmentationMap(labels) for labels in maps], targets, expected["classes"]
    )

    found, per_class = judgement.metrics, judgement.per_class
    assert np.asarray(judgement.confusion).tolist() == expected["confusion_matrix"]
    assert found["miou"] == pytest.approx(expected["mean_iou_over_present"], abs=1e-6)
    assert found["dice"] == pytest.approx(expected["mean_dice_over_present"], abs=1e-6)
    assert found["pixel_accuracy"] == pytest.approx(expected["pixel_accuracy"], abs=1e-6)
    assert found["mean_accuracy"] == pytest.approx(expected["mean_class_accuracy_over_gt"], abs=1e-6)
    named = dict(zip(expected["classes"], expected["iou_per_class"], strict=True))
    assert "Fence" not in per_class["iou"]
    assert per_class["iou"] == pytest.approx({k: v for k, v in named.items() if k != "Fence"}, abs=1e-6)
    assert len(judgement.arrays["mask_file_offsets"]) - 1 == judgement.images == 4


def outputs_and_batch(seed: int, count: int = 3) -> tuple[torch.Tensor, Batch]:
    """Logits of three classes of four, and masks with some pixels ignored."""
    rng = np.random.default_rng(seed)
    masks = np.repeat(np.repeat(rng.integers(0, 3, (count, 4, 5)), 4, axis=1), 4, axis=2).astype(np.uint8)
    logits = rng.normal(size=(count, len(NAMES), 16, 20))
    logits[:, 3] = -100
    np.put_along_axis(logits, masks[:, None].astype(np.int64), 3.0, axis=1)
    masks[:, 6:8, 3:9] = IGNORE
    batch = Batch(
        torch.zeros((count, 16, 20, 3), dtype=torch.uint8), torch.from_numpy(masks), torch.arange(count)
    )
    return torch.from_numpy(logits).float(), batch


def test_that_outputs_are_judged_as_the_maps_they_stand_for() -> None:
    by_outputs, by_maps = PixelCollector(NAMES), PixelCollector(NAMES)
    for seed in (1, 2):
        logits, batch = outputs_and_batch(seed)
        by_outputs.add_outputs(logits, torch.tensor(0.5), batch)
        by_maps.add_predictions([SegmentationMap(one) for one in logits.argmax(1).numpy()], batch)
    ours, theirs = by_outputs.judgement(), by_maps.judgement()

    assert ours.metrics == pytest.approx({"loss": 0.5, **theirs.metrics})
    assert ours.per_class == theirs.per_class
    np.testing.assert_array_equal(ours.confusion, theirs.confusion)
    np.testing.assert_array_equal(ours.columns["iou"], theirs.columns["iou"])
    assert 0 < ours.metrics["boundary_f1"] < 1
    assert "ghost" not in ours.per_class["iou"]


def test_that_boundaries_are_pooled_over_images() -> None:
    collector = PixelCollector(NAMES)
    logits, batch = outputs_and_batch(3)
    collector.add_outputs(logits, None, batch)
    pairs = zip(logits.argmax(1).numpy(), batch.targets.numpy(), strict=True)
    counts = [boundary_counts(ours, theirs, len(NAMES), IGNORE) for ours, theirs in pairs]
    pooled = (counts[0] + counts[1] + counts[2]).f1

    assert collector.judgement().metrics["boundary_f1"] == pytest.approx(float(np.nanmean(pooled)))


def test_that_the_loss_is_weighted_by_images() -> None:
    collector = PixelCollector(NAMES)
    for count, loss in ((3, 1.0), (1, 5.0)):
        logits, batch = outputs_and_batch(4, count)
        collector.add_outputs(logits, torch.tensor(loss), batch)

    assert collector.judgement().metrics["loss"] == pytest.approx((3 * 1.0 + 5.0) / 4)


def test_that_no_image_at_all_gives_zero_and_no_class() -> None:
    judgement = PixelCollector(NAMES).judgement()

    assert judgement.metrics == {"miou": 0, "dice": 0, "pixel_accuracy": 0, "mean_accuracy": 0}
    assert judgement.per_class["iou"] == {}
    assert judgement.images == 0
