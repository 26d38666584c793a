"""Judging masks: counted on the device or image by image, the figures are scikit-learn's."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, jaccard_score

from engine.data.batch import Batch
from engine.errors import PluginError
from engine.tasks.predictions import ClassScores, SegmentationMap
from engine.tasks.registry import task_named
from engine.tasks.segmentation.segmentation import Segmentation
from engine.tasks.task import Judgement

NAMES = ("sky", "road", "tree", "fence")
"""No picture shows a fence."""
IMAGES, HEIGHT, WIDTH = 5, 14, 18


def masks(seed: int = 0) -> NDArray[np.uint8]:
    rng = np.random.default_rng(seed)
    found = rng.integers(0, 3, (IMAGES, HEIGHT, WIDTH)).astype(np.uint8)
    found[rng.random(found.shape) < 0.1] = 255
    return found


def answers(seed: int = 9) -> NDArray[np.int64]:
    """Right at most pixels; never a fence."""
    rng = np.random.default_rng(seed)
    true = masks().astype(np.int64)
    guesses = rng.integers(0, 3, true.shape)
    return np.where((rng.random(true.shape) < 0.6) & (true != 255), true, guesses)


def logits_for(labels: NDArray[np.int64]) -> torch.Tensor:
    return torch.nn.functional.one_hot(torch.from_numpy(labels), len(NAMES)).permute(0, 3, 1, 2).float()


def judged_on_device() -> Judgement:
    collector = Segmentation().collector(NAMES, IMAGES)
    for part in (slice(0, 2), slice(2, 5)):
        targets = torch.from_numpy(masks()[part])
        count = len(targets)
        batch = Batch(torch.zeros((count, 1, 1, 3), dtype=torch.uint8), targets, torch.arange(10)[part])
        collector.add_outputs(logits_for(answers()[part]), torch.tensor(0.5 * count), batch)
    return collector.judgement()


def judged_by_maps() -> Judgement:
    maps = [SegmentationMap(labels) for labels in answers()]
    return Segmentation().judge(maps, [*masks()], NAMES)


@pytest.mark.parametrize("judged", [judged_on_device, judged_by_maps])
def test_that_metrics_are_scikit_learns_without_the_absent_class(judged: object) -> None:
    judgement = judged()  # type: ignore[operator]  # one of the two functions above
    known = masks() != 255
    true, told = masks()[known], answers()[known]

    assert judgement.metrics["miou"] == pytest.approx(jaccard_score(true, told, average="macro"))
    assert judgement.metrics["dice"] == pytest.approx(f1_score(true, told, average="macro"))
    assert judgement.metrics["pixel_accuracy"] == pytest.approx(accuracy_score(true, told))
    np.testing.assert_array_equal(judgement.confusion, confusion_matrix(true, told, labels=range(4)))
    ious = {name: jaccard_score(true == label, told == label) for label, name in enumerate(NAMES[:3])}
    assert judgement.per_class["iou"] == pytest.approx(ious)


@pytest.mark.parametrize("judged", [judged_on_device, judged_by_maps])
def test_that_each_image_has_its_own_verdict_and_its_mask(judged: object) -> None:
    judgement = judged()  # type: ignore[operator]  # one of the two functions above

    for row in range(IMAGES):
        known = masks()[row] != 255
        true, told = masks()[row][known], answers()[row][known]
        assert judgement.columns["iou"][row] == pytest.approx(jaccard_score(true, told, average="macro"))
        assert judgement.columns["pixel_accuracy"][row] == pytest.approx(accuracy_score(true, told))
        assert np.isnan(judgement.columns["class_iou"][row, 3])
        start, end = judgement.arrays["mask_file_offsets"][row : row + 2].tolist()
        packed = judgement.arrays["mask_files"][start:end].tobytes()
        np.testing.assert_array_equal(np.asarray(Image.open(BytesIO(packed))), answers()[row])
    assert judgement.columns["item"].tolist() == list(range(IMAGES))
    assert judgement.images == IMAGES


def test_that_confusions_of_single_images_are_left_out_where_they_would_fill_the_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = judged_on_device()
    assert "confusion" in whole.columns

    monkeypatch.setattr("engine.tasks.segmentation.collector.MOST_CONFUSION_BYTES", 4 * 4 * 4)
    bounded = judged_on_device()

    assert "confusion" not in bounded.columns
    assert bounded.metrics == whole.metrics
    np.testing.assert_array_equal(bounded.confusion, whole.confusion)


def test_that_the_loss_is_the_mean_over_images() -> None:
    assert judged_on_device().metrics["loss"] == pytest.approx((1.0 * 2 + 1.5 * 3) / 5)
    assert "loss" not in judged_by_maps().metrics


def test_that_boundaries_are_compared_either_way() -> None:
    perfect = [SegmentationMap(np.where(mask == 255, 0, mask).astype(np.int64)) for mask in masks()]

    found = Segmentation().judge(perfect, [*masks()], NAMES)

    assert found.metrics["miou"] == 1
    assert 0.9 < found.metrics["boundary_f1"] <= 1
    assert judged_on_device().metrics["boundary_f1"] == judged_by_maps().metrics["boundary_f1"]


def test_that_images_of_several_sizes_are_judged_together() -> None:
    sizes = [(6, 8), (9, 5), (12, 12)]
    targets = [np.zeros(size, dtype=np.uint8) for size in sizes]
    maps = [SegmentationMap(np.zeros(size, dtype=np.int64)) for size in sizes]

    assert Segmentation().judge(maps, targets, NAMES).metrics["pixel_accuracy"] == 1


@pytest.mark.parametrize(
    "wrong",
    [
        SegmentationMap(np.zeros((3, 3), dtype=np.int64)),
        SegmentationMap(np.full((HEIGHT, WIDTH), len(NAMES), dtype=np.int64)),
        SegmentationMap(np.full((HEIGHT, WIDTH), -1, dtype=np.int64)),
        ClassScores(np.array([1.0], dtype=np.float32)),
    ],
)
def test_that_what_is_no_map_of_the_image_is_the_plugins_fault(wrong: SegmentationMap | ClassScores) -> None:
    with pytest.raises(PluginError) as raised:
        Segmentation().judge([wrong], [masks()[0]], NAMES)

    assert raised.value.code == "infer_answer"


def test_that_nothing_judged_gives_zeros() -> None:
    nothing = Segmentation().judge([], [], NAMES)

    assert nothing.metrics["miou"] == 0
    assert nothing.images == 0


def test_that_outputs_of_a_classifier_are_told() -> None:
    batch = Batch(
        torch.zeros((2, 1, 1, 3), dtype=torch.uint8),
        torch.zeros((2, 4, 4), dtype=torch.uint8),
        torch.arange(2),
    )
    with pytest.raises(PluginError) as raised:
        Segmentation().collector(NAMES, 2).add_outputs(torch.zeros(2, 4), None, batch)

    assert raised.value.code == "outputs_shape"


def test_that_the_task_is_found_by_its_name() -> None:
    task = task_named("segmentation")

    assert (task.name, task.primary_metric, task.framing) == ("segmentation", "miou", "whole")
    assert set(judged_by_maps().metrics) | {"loss"} == set(task.metric_directions)
