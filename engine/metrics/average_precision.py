"""COCO's average precision by a compiled library: hotcoco, or faster-coco-eval where that is not installed."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.metrics.objects import ObjectTable, PredictedColumns
from engine.metrics.run_length import LIBRARIES, coco_library

MOST_PREDICTIONS = 100
"""Of each class and image, the surest; those beyond do not count."""
SIZES = ("all", "small", "medium", "large")
"""Small is below 32 x 32 pixels of area, large from 96 x 96 on."""
BEYOND_ALL_SIZES = 1e11
"""An object of no size class (they end at 1e10) is one that COCO's rule neither misses nor rewards."""


@dataclass(frozen=True, slots=True, eq=False)
class PrecisionGrid:
    """Precision at each least overlap (10: 0.5 to 0.95), recall (101: 0 to 1), class and size; NaN without objects."""

    precision: NDArray[np.float64]
    """(10, 101, C, 4): the best precision at that recall or a higher one, 0 where it is not reached."""
    recall: NDArray[np.float64]
    """(10, C, 4): the recall of all predictions."""

    def average(self, size: int = 0) -> NDArray[np.float64]:
        """(10, C): average precision, the mean over the 101 recalls."""
        return self.precision[..., size].mean(axis=1)


def precision_grid(table: ObjectTable, masks: bool = False, library: str | None = None) -> PrecisionGrid:
    """Match and accumulate as pycocotools does.

    Args:
        table: all images.
        masks: compare masks instead of boxes.
        library: one of LIBRARIES; None for the first that is installed.

    Raises:
        UserError: `coco_tools_missing`.
    """
    module = coco_library(LIBRARIES if library is None else (library,))
    kind = "segm" if masks else "bbox"
    if not len(table.true.image):
        return _without_objects(table.num_classes)
    if not len(table.predicted.image):
        return _without_predictions(table)
    accumulate = _by_hotcoco if module.__name__ == "hotcoco" else _by_faster_coco_eval
    found = accumulate(table, kind)
    return PrecisionGrid(*(_with_nan(np.asarray(found[name])) for name in ("precision", "recall")))


def _by_hotcoco(table: ObjectTable, kind: str) -> dict[str, Any]:
    hotcoco = importlib.import_module("hotcoco")
    true, predicted = table.true, table.predicted
    truth = hotcoco.COCO.from_arrays(
        [{"id": image, "width": 0, "height": 0} for image in range(1, table.images + 1)],
        _categories(table.num_classes),
        true.image + 1,
        true.labels + 1,
        _xywh(true.boxes),
        area=_size_areas(table),
        iscrowd=true.crowd,
        segmentation=None if true.masks is None else list(true.masks),
    )
    # With masks an answer may have no box: its area, which says of what size it is, is then that of the mask.
    answers = truth.load_res(_rows(predicted) if predicted.masks is None else _answers(predicted))
    evaluation = hotcoco.COCOeval(truth, answers, kind)
    evaluation.params.max_dets = [MOST_PREDICTIONS]
    evaluation.evaluate()
    evaluation.accumulate()
    return evaluation.eval


def _by_faster_coco_eval(table: ObjectTable, kind: str) -> dict[str, Any]:
    library = importlib.import_module("faster_coco_eval")
    true = table.true
    images = [{"id": image, "width": 0, "height": 0} for image in range(1, table.images + 1)]
    boxes, areas = _xywh(true.boxes).tolist(), _size_areas(table).tolist()
    annotations = [
        {
            "id": row + 1,
            "image_id": int(true.image[row]) + 1,
            "category_id": int(true.labels[row]) + 1,
            "bbox": boxes[row],
            "area": areas[row],
            "iscrowd": int(true.crowd[row]),
            **({} if true.masks is None else {"segmentation": true.masks[row]}),
        }
        for row in range(len(true.image))
    ]
    truth = library.COCO(
        {"images": images, "categories": _categories(table.num_classes), "annotations": annotations}
    )
    evaluation = library.COCOeval_faster(truth, truth.loadRes(_answers(table.predicted)), kind)
    evaluation.params.maxDets = [MOST_PREDICTIONS]
    evaluation.evaluate()
    evaluation.accumulate()
    return evaluation.eval


def _rows(predicted: PredictedColumns) -> NDArray[np.float64]:
    """(P, 7): image, x, y, width, height, score, class."""
    columns = [predicted.image + 1, _xywh(predicted.boxes), predicted.scores, predicted.labels + 1]
    return np.column_stack(columns).astype(np.float64, copy=False)


def _answers(predicted: PredictedColumns) -> list[dict[str, Any]]:
    boxes, masks = _xywh(predicted.boxes).tolist(), predicted.masks
    return [
        {
            "image_id": int(predicted.image[row]) + 1,
            "category_id": int(predicted.labels[row]) + 1,
            "score": float(predicted.scores[row]),
            **({"bbox": boxes[row]} if masks is None else {"segmentation": masks[row]}),
        }
        for row in range(len(predicted.image))
    ]


def _categories(num_classes: int) -> list[dict[str, Any]]:
    return [{"id": label + 1, "name": str(label)} for label in range(num_classes)]


def _xywh(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.hstack([boxes[:, :2], np.maximum(boxes[:, 2:] - boxes[:, :2], 0)])


def _size_areas(table: ObjectTable) -> NDArray[np.float64]:
    return np.where(table.true.difficult, BEYOND_ALL_SIZES, table.true.areas)


def _with_nan(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Drop the axis of the single limit on predictions; -1 says that there was no object."""
    values = np.array(values[..., 0], dtype=np.float64)
    values[values < 0] = np.nan
    return values


def _without_objects(num_classes: int) -> PrecisionGrid:
    return PrecisionGrid(
        np.full((10, 101, num_classes, len(SIZES)), np.nan),
        np.full((10, num_classes, len(SIZES)), np.nan),
    )


def _without_predictions(table: ObjectTable) -> PrecisionGrid:
    limits = ((0, 1e10), (0, 32**2), (32**2, 96**2), (96**2, 1e10))
    areas, counted = _size_areas(table), ~table.true.crowd
    there = np.zeros((table.num_classes, len(SIZES)), dtype=np.bool_)
    for size, (least, most) in enumerate(limits):
        labels = table.true.labels[counted & (areas >= least) & (areas <= most)]
        there[labels, size] = True
    recall = np.where(there, 0.0, np.nan)
    return PrecisionGrid(
        np.broadcast_to(recall, (10, 101, *recall.shape)).copy(),
        np.broadcast_to(recall, (10, *recall.shape)).copy(),
    )
