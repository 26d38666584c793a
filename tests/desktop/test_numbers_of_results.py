"""The numbers that the Validate page shows are those of other libraries on what lies stored in the result folder."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import torch
from faster_coco_eval import COCO, COCOeval_faster
from numpy.typing import NDArray
from PIL import Image
from sklearn import metrics as reference

from desktop.models.result import Result, ResultKey, open_result
from desktop.tasks.task import task_view
from engine.data.batch import Batch
from engine.datasets.manifest import Item, Manifest
from engine.evaluation.result_folder import ResultFacts, write_result
from engine.protocol.home import Home
from engine.protocol.run_folder import RunFolder
from engine.tasks.classification.judge import judge_scores, score_table
from engine.tasks.detection.collector import ObjectCollector
from engine.tasks.predictions import ClassScores, Detections, SegmentationMap
from engine.tasks.segmentation.collector import PixelCollector
from engine.tasks.task import Judgement

IMAGES, SIDE = 40, 64
NAMES = ("ash", "birch", "cedar", "elm")
Stored = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Shown:
    """A result as the page has it, and the bare arrays of its folder."""

    result: Result
    stored: Stored


def shown(folder: Path, task: str, judgement: Judgement) -> Shown:
    """Write a result as the engine does, and open it as the window does."""
    home = Home(folder)
    run = RunFolder(home.runs / "20260101-000000-aaaa")
    items = tuple(
        Item(path=f"{n}.png", label=None, split="val", sha256=f"{n:064x}", width=SIDE, height=SIDE)
        for n in range(IMAGES)
    )
    Manifest(name="made", task=task, format="made", version="0", classes=NAMES, items=items).save(
        run.manifest_path
    )
    write_result(run.results, judgement, ResultFacts(task, "val", "val", 1, 1, NAMES, "made", "0"))
    files = (run.results / "0001").glob("*.npy")
    stored = {file.stem: np.load(file, allow_pickle=False) for file in files}
    return Shown(open_result(home, ResultKey(run.run, "0001")), stored)


def card_values(result: Result) -> dict[str, str]:
    return {fact.title: fact.value for fact in task_view(result.summary.task).cards(result, None, "")}


def test_that_a_classifiers_numbers_are_those_of_scikit_learn(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    targets = rng.integers(0, 4, IMAGES)
    logits = rng.normal(0, 1, (IMAGES, 4)) + 2 * np.eye(4)[targets] * (rng.random((IMAGES, 1)) < 0.8)
    probs = (np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)).astype(np.float32)
    judgement = judge_scores(score_table([ClassScores(row) for row in probs], targets, 4), NAMES)
    found = shown(tmp_path, "classification", judgement)

    scores, true = found.stored["image_scores"].astype(np.float64), found.stored["image_target"]
    said = scores.argmax(axis=1)
    values = card_values(found.result)
    accuracy = reference.accuracy_score(true, said)
    assert 0.3 < accuracy < 0.95
    assert values["Top-1 accuracy"] == f"{accuracy:.1%}"
    assert values["Balanced accuracy"] == f"{reference.balanced_accuracy_score(true, said):.1%}"
    assert values["Macro F1"] == f"{reference.f1_score(true, said, average='macro'):.3f}"
    assert values["Log loss"] == f"{reference.log_loss(true, scores / scores.sum(axis=1, keepdims=True)):.3f}"
    matrix = task_view("classification").matrix(found.result)
    assert matrix is not None
    assert (found.result.confusion == reference.confusion_matrix(true, said)).all()
    by_class = reference.f1_score(true, said, average=None)  # pyright: ignore[reportArgumentType]  # None gives all
    told = [entry.value for entry in task_view("classification").class_values(found.result)]
    np.testing.assert_allclose(told, by_class, atol=1e-6)
    areas = [reference.roc_auc_score(true == number, scores[:, number]) for number in range(4)]
    told = list(found.result.summary.per_class["roc_auc"].values())
    np.testing.assert_allclose(told, np.array(areas), atol=1e-6)
    np.testing.assert_allclose(
        found.stored["image_loss"], -np.log(scores[np.arange(IMAGES), true]), rtol=1e-5
    )
    assert (found.stored["image_correct"] == (said == true)).all()


@pytest.mark.parametrize("confidence", [0.4, 0.63, 0.8, 0.99])
def test_that_a_classifiers_numbers_at_any_confidence_are_those_of_scikit_learn(
    tmp_path: Path, confidence: float
) -> None:
    rng = np.random.default_rng(4)
    targets = rng.integers(0, 3, IMAGES)  # there is no elm, but some are taken for one
    logits = rng.normal(0, 1, (IMAGES, 4)) + 2 * np.eye(4)[targets] * (rng.random((IMAGES, 1)) < 0.7)
    probs = (np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)).astype(np.float32)
    judgement = judge_scores(score_table([ClassScores(row) for row in probs], targets, 4), NAMES)
    measured = shown(tmp_path, "classification", judgement)
    view = task_view("classification")

    found = view.at(measured.result, confidence)

    scores, true = measured.stored["image_scores"], measured.stored["image_target"]
    likeliest = scores.argmax(axis=1)
    assert (likeliest == 3).any()
    sure = scores.max(axis=1) >= np.float32(confidence)
    said = np.where(sure, likeliest, 4)  # nobody is of a fifth class
    assert found.metric("coverage") == pytest.approx(sure.mean())
    if sure.any():
        assert found.metric("accuracy") == pytest.approx(
            reference.accuracy_score(true[sure], likeliest[sure])
        )
    told = {"labels": range(4), "zero_division": 0}
    for name in ("precision", "recall", "f1"):
        score = getattr(reference, f"{name}_score")
        by_class = score(true, said, average=None, **told)
        np.testing.assert_allclose(list(found.summary.per_class[name].values()), by_class)
        assert found.metric(f"{name}_macro") == pytest.approx(score(true, said, average="macro", **told))
    assert (found.confusion == reference.confusion_matrix(true, said, labels=range(5))).all()


@pytest.fixture
def objects(tmp_path: Path) -> Shown:
    """Forty images of overlapping boxes with masks; scores down to a thousandth, crowds among the objects."""
    rng = np.random.default_rng(2)
    collector = ObjectCollector(NAMES)
    for image in range(IMAGES):
        count = int(rng.integers(0, 6))
        true, labels = _boxes(rng, count), rng.integers(0, 4, count)
        source = np.repeat(np.arange(count), 2)
        near = np.clip(true[source] + rng.integers(-2, 3, (2 * count, 4)), 0, SIDE)
        found = np.concatenate([near, _boxes(rng, 3)])
        said = np.concatenate([labels[source], rng.integers(0, 4, 3)])
        said = np.where(rng.random(len(said)) < 0.8, said, rng.integers(0, 4, len(said)))
        scores = rng.choice(np.linspace(0.001, 1, 5000), len(found), replace=False).astype(np.float32)
        prediction = Detections(found.astype(np.float32), scores, said, _masks(found))
        target = {
            "boxes": torch.from_numpy(true.astype(np.float32)),
            "labels": torch.from_numpy(labels),
            "crowd": torch.from_numpy((rng.random(count) < 0.1) & (image > 5)),
            "masks": torch.from_numpy(_masks(true)),
        }
        collector.judge_one(prediction, target)
    return shown(tmp_path, "detection", collector.judgement())


def _boxes(rng: np.random.Generator, count: int) -> NDArray[np.int64]:
    corners = rng.integers(0, SIDE - 24, (count, 2))
    return np.hstack([corners, corners + rng.integers(6, 24, (count, 2))])


def _masks(boxes: NDArray[np.int64]) -> NDArray[np.bool_]:
    masks = np.zeros((len(boxes), SIDE, SIDE), dtype=np.bool_)
    for mask, (left, top, right, bottom) in zip(masks, boxes, strict=True):
        mask[top:bottom, left:right] = True
    return masks


def test_that_a_detectors_precision_is_that_of_coco_on_the_stored_boxes_and_masks(objects: Shown) -> None:
    values = card_values(objects.result)
    kinds: tuple[tuple[Literal["bbox", "segm"], str], ...] = (
        ("bbox", "mAP 50-95"),
        ("segm", "Mask mAP 50-95"),
    )
    for kind, title in kinds:
        stats = coco_figures(objects.stored, kind)
        assert 0.05 < stats[0] < 0.95
        assert values[title] == f"{stats[0]:.1%}"
    assert values["mAP 50"] == f"{coco_figures(objects.stored, 'bbox')[1]:.1%}"


def coco_figures(stored: Stored, kind: Literal["bbox", "segm"]) -> NDArray[np.float64]:
    """What COCO's evaluation says of the stored predictions."""
    truth: list[dict[str, object]] = []
    answers: list[dict[str, object]] = []
    packed, ends = stored["mask_runs"].tobytes(), stored["mask_run_offsets"]
    for image in range(IMAGES):
        for row in range(*stored["object_offsets"][image : image + 2]):
            left, top, right, bottom = (float(v) for v in stored["objects"][row])
            corners = [left, top, right, top, right, bottom, left, bottom]
            truth.append(
                {
                    "id": len(truth) + 1,
                    "image_id": image + 1,
                    "category_id": int(stored["object_labels"][row]) + 1,
                    "bbox": [left, top, right - left, bottom - top],
                    "area": (right - left) * (bottom - top),
                    "segmentation": [corners],
                    "iscrowd": int(stored["object_ignored"][row]),
                }
            )
        for row in range(*stored["box_offsets"][image : image + 2]):
            left, top, right, bottom = (float(v) for v in stored["boxes"][row])
            answer = {
                "image_id": image + 1,
                "category_id": int(stored["box_labels"][row]) + 1,
                "score": float(stored["box_scores"][row]),
            }
            if kind == "bbox":
                answer["bbox"] = [left, top, right - left, bottom - top]
            else:
                size = [int(side) for side in stored["mask_sizes"][image]]
                answer["segmentation"] = {"size": size, "counts": packed[ends[row] : ends[row + 1]].decode()}
            answers.append(answer)
    known = COCO(
        {
            "images": [{"id": n + 1, "width": SIDE, "height": SIDE} for n in range(IMAGES)],
            "categories": [{"id": n + 1, "name": name} for n, name in enumerate(NAMES)],
            "annotations": truth,
        }
    )
    evaluation = COCOeval_faster(known, known.loadRes(answers), kind, print_function=lambda *_: None)
    evaluation.run()
    return np.asarray(evaluation.stats, dtype=np.float64)


@pytest.mark.parametrize("confidence", [0.0, 0.25, 0.6, 0.97])
def test_that_what_is_found_and_missed_at_any_confidence_is_what_a_plain_loop_matches(
    objects: Shown, confidence: float
) -> None:
    result = task_view("detection").at(objects.result, confidence)
    right, wrong, missed = (np.zeros(IMAGES, dtype=np.int64) for _ in range(3))
    for image in range(IMAGES):
        right[image], wrong[image], missed[image] = by_hand(objects.stored, image, confidence)
    assert right.sum() > 0
    assert (result.column("true_positives") == right).all()
    assert (result.column("false_positives") == wrong).all()
    assert (result.column("false_negatives") == missed).all()
    assert result.confusion is not None
    assert int(result.confusion[:, :-1].sum() + result.confusion[:, -1].sum()) >= int((right + missed).sum())
    by_class = result.summary.per_class
    counted = ~objects.stored["object_ignored"]
    assert sum(by_class["support"].values()) == int(counted.sum())


def by_hand(stored: Stored, image: int, confidence: float) -> tuple[int, int, int]:
    """Found, made up and missed: the surest box takes the object of its class that it overlaps most, from 0.5 on."""
    objects = range(*stored["object_offsets"][image : image + 2])
    own = range(*stored["box_offsets"][image : image + 2])
    boxes = [row for row in own if stored["box_scores"][row] >= confidence]
    boxes.sort(key=lambda row: -stored["box_scores"][row])
    free = {row for row in objects if not stored["object_ignored"][row]}
    right = wrong = 0
    for box in boxes:
        label = stored["box_labels"][box]
        fits = [row for row in free if stored["object_labels"][row] == label]
        best = max(fits, key=lambda row: overlap(stored["boxes"][box], stored["objects"][row]), default=None)
        if best is not None and overlap(stored["boxes"][box], stored["objects"][best]) >= 0.5:
            free.remove(best)
            right += 1
            continue
        crowds = [r for r in objects if stored["object_ignored"][r] and stored["object_labels"][r] == label]
        if not any(inside(stored["boxes"][box], stored["objects"][row]) >= 0.5 for row in crowds):
            wrong += 1
    return right, wrong, len(free)


def shared_area(one: NDArray[Any], other: NDArray[Any]) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    return float(max(width, 0) * max(height, 0))


def area(box: NDArray[Any]) -> float:
    return float((box[2] - box[0]) * (box[3] - box[1]))


def overlap(one: NDArray[Any], other: NDArray[Any]) -> float:
    shared = shared_area(one, other)
    return shared / (area(one) + area(other) - shared)


def inside(one: NDArray[Any], other: NDArray[Any]) -> float:
    return shared_area(one, other) / area(one)


def test_that_a_segmenters_numbers_are_those_of_scikit_learn_on_the_stored_maps(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    true = rng.integers(0, 3, (IMAGES, SIDE, SIDE)).astype(np.uint8)  # nobody sees an elm
    said = np.where(rng.random(true.shape) < 0.7, true, rng.integers(0, 3, true.shape)).astype(np.int64)
    true[:, :4] = 255
    collector = PixelCollector(NAMES)
    for start in range(0, IMAGES, 8):
        part = slice(start, start + 8)
        pixels = torch.zeros((8, SIDE, SIDE, 3), dtype=torch.uint8)
        batch = Batch(pixels, torch.from_numpy(true[part]), torch.arange(start, start + 8))
        collector.add_predictions([SegmentationMap(one) for one in said[part]], batch)
    found = shown(tmp_path, "segmentation", collector.judgement())

    packed, ends = found.stored["mask_files"].tobytes(), found.stored["mask_file_offsets"]
    maps = np.stack([np.asarray(Image.open(BytesIO(packed[ends[n] : ends[n + 1]]))) for n in range(IMAGES)])
    known = true != 255
    overlaps = np.asarray(reference.jaccard_score(true[known], maps[known], average=None))  # pyright: ignore[reportArgumentType]  # None gives all
    values = card_values(found.result)
    assert values["Mean IoU"] == f"{overlaps.mean():.1%}"
    assert values["Dice"] == f"{reference.f1_score(true[known], maps[known], average='macro'):.1%}"
    assert values["Pixel accuracy"] == f"{reference.accuracy_score(true[known], maps[known]):.1%}"
    told = [entry.value for entry in task_view("segmentation").class_values(found.result)]
    np.testing.assert_allclose(told[:3], overlaps, atol=1e-6)
    assert np.isnan(told[3])
    matrix = reference.confusion_matrix(true[known], maps[known], labels=range(4))
    assert (found.result.confusion == matrix).all()
    for n in range(IMAGES):
        own = reference.jaccard_score(true[n][known[n]], maps[n][known[n]], average="macro")
        assert found.stored["image_iou"][n] == pytest.approx(own, abs=1e-6)
