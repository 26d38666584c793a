"""Detection judged end to end on COCO's own example: the task's figures are those of pycocotools."""

from __future__ import annotations

from pathlib import Path

import hotcoco
import numpy as np
import pytest

from engine.errors import PluginError
from engine.tasks.detection.detection import Detection
from engine.tasks.predictions import Detections
from tests.fixtures.coco_references import images_of, read


@pytest.mark.parametrize(("kind", "prefix"), [("bbox", ""), ("segm", "mask_")])
def test_that_the_published_figures_come_out_of_the_task(kind: str, prefix: str, shared_data: Path) -> None:
    folder = shared_data / "metric_refs" / "coco_val2014_100"
    truth = read(folder / "instances_val2014_100.json")
    expected = read(folder / "expected_pycocotools.json")[f"val2014_100_{kind}"]
    names = [category["name"] for category in truth["categories"]]
    answers = read(folder / f"instances_val2014_fake{kind}100_results.json")
    predictions, targets = [], []
    for predicted, target in images_of(truth, answers, masks=kind == "segm"):
        masks = None if predicted.masks is None else decoded(list(predicted.masks))
        boxes = predicted.boxes.astype(np.float32)
        scores = predicted.scores.astype(np.float32)
        predictions.append(Detections(boxes, scores, predicted.labels.astype(np.int64), masks))
        columns = {
            "boxes": target.boxes.astype(np.float32),
            "labels": target.labels,
            "crowd": target.crowd,
            "areas": target.areas,
        }
        with_masks = {} if target.masks is None else {"masks": decoded(list(target.masks))}
        targets.append({**columns, **with_masks})

    judgement = Detection().judge(predictions, targets, names)

    found = judgement.metrics
    assert found[f"{prefix}map"] == pytest.approx(expected["AP"], abs=1e-6)
    assert found[f"{prefix}map50"] == pytest.approx(expected["AP50"], abs=1e-6)
    assert found[f"{prefix}map75"] == pytest.approx(expected["AP75"], abs=1e-6)
    assert judgement.per_class[f"{prefix}map"] == pytest.approx(expected["AP_per_class"], abs=1e-6)
    assert f"{prefix}map" in Detection().metric_directions
    objects = [row["category_id"] for row in truth["annotations"] if not row["iscrowd"]]
    support = {category["name"]: objects.count(category["id"]) for category in truth["categories"]}
    assert judgement.per_class["support"] == support
    if kind == "bbox":
        assert found["map_small"] == pytest.approx(expected["AP_small"], abs=1e-6)
        assert found["map_medium"] == pytest.approx(expected["AP_medium"], abs=1e-6)
        assert found["map_large"] == pytest.approx(expected["AP_large"], abs=1e-6)
        assert found["recall_max"] == pytest.approx(expected["AR100"], abs=1e-6)


def decoded(masks: list[dict]) -> np.ndarray:
    """(n, H, W); without any, of no size."""
    made = [hotcoco.mask.decode(mask).astype(np.bool_) for mask in masks]
    return np.stack(made) if made else np.zeros((0, 0, 0), dtype=np.bool_)


def test_that_a_class_without_objects_of_a_size_has_no_value_there() -> None:
    box = np.array([[0, 0, 20, 20]], dtype=np.float32)
    found = Detections(box, np.array([0.9], np.float32), np.array([0]))
    target = {"boxes": box, "labels": np.array([0])}

    per_class = Detection().judge([found], [target], ["cell", "none"]).per_class

    assert per_class["map_small"] == pytest.approx({"cell": 1})
    assert per_class["map_large"] == {}
    assert per_class["f1"] == {"cell": 1}
    assert per_class["support"] == {"cell": 1, "none": 0}


def test_that_masks_of_another_size_than_the_image_are_the_plugins_fault() -> None:
    box, labels = np.array([[0, 0, 4, 4]], dtype=np.float32), np.array([0])
    found = Detections(box, np.array([0.9], np.float32), labels, np.ones((1, 4, 4), dtype=np.bool_))
    target = {"boxes": box, "labels": labels, "masks": np.ones((1, 8, 8), dtype=np.bool_)}

    with pytest.raises(PluginError, match=r"masks of \(4, 4\) for an image of \(8, 8\)"):
        Detection().judge([found], [target], ["cell"])
