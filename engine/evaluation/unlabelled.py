"""Ask a model about images whose truth nobody knows, and keep what it says as a result without metrics."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from engine.data.samples import SampleSource
from engine.errors import PluginError
from engine.evaluation.measure import never
from engine.metrics.run_length import encode
from engine.tasks.kept_masks import KeptMaps, KeptRuns
from engine.tasks.predictions import ClassScores, Detections, SegmentationMap
from engine.tasks.task import Judgement, Prediction, RawInfer

TOP_K = 5
LEAST_SCORE = 0.001
"""Boxes that the model is less sure of are not kept."""

Columns = dict[str, NDArray[np.generic]]


class _Told(Protocol):
    """What is kept of one kind of prediction."""

    def add(self, prediction: Prediction) -> None: ...

    def judgement(self, items: NDArray[np.int64]) -> Judgement: ...


def ask(
    infer: RawInfer,
    source: SampleSource,
    class_names: Sequence[str],
    batch_size: int,
    is_ending: Callable[[], bool] = never,
) -> Judgement | None:
    """Ask about all images of a source at their own sizes; None when `is_ending` broke it off.

    Images that cannot be read are left out, and told by the source.

    Raises:
        PluginError: `infer_answer` for a prediction of a kind that there is not, or of classes that there are not.
    """
    told: _Told | None = None
    items: list[int] = []
    for start in range(0, len(source), batch_size):
        if is_ending():
            return None
        positions = range(start, min(start + batch_size, len(source)))
        read = [(position, source.original(position)) for position in positions]
        there = [(position, image) for position, image in read if image is not None]
        if not there:
            continue
        for prediction in infer([image for _, image in there]):
            told = told or _kept_of(prediction, len(class_names))
            told.add(prediction)
        items += [int(source.item_indices[position]) for position, _ in there]
    if told is None:
        return Judgement({}, {}, columns={"item": np.zeros(0, dtype=np.int64)})
    return told.judgement(np.array(items, dtype=np.int64))


def _kept_of(prediction: Prediction, classes: int) -> _Told:
    for kind, made in ((ClassScores, _Scores), (Detections, _Objects), (SegmentationMap, _Maps)):
        if isinstance(prediction, kind):
            return made(classes)
    raise _wrong(prediction)


def _wrong(prediction: object) -> PluginError:
    return PluginError(
        "infer_answer",
        f"The model answered an image with {type(prediction).__name__}, or with classes that there are not.",
        "`infer` returns one ClassScores, Detections or SegmentationMap per image, all of one kind.",
    )


class _Scores:
    """Of a classifier: all probabilities, and the likeliest classes."""

    def __init__(self, classes: int) -> None:
        self._classes = classes
        self._rows: list[NDArray[np.float32]] = []

    def add(self, prediction: Prediction) -> None:
        if not isinstance(prediction, ClassScores) or np.shape(prediction.probs) != (self._classes,):
            raise _wrong(prediction)
        self._rows.append(np.asarray(prediction.probs, dtype=np.float32))

    def judgement(self, items: NDArray[np.int64]) -> Judgement:
        scores = np.stack(self._rows)
        top = np.argsort(-scores, axis=1, kind="stable")[:, : min(TOP_K, self._classes)]
        best = np.sort(scores, axis=1)[:, ::-1]
        margin = best[:, 0] - best[:, 1] if self._classes > 1 else best[:, 0]
        columns: Columns = {
            "item": items,
            "predicted": top[:, 0].astype(np.int32),
            "confidence": best[:, 0].astype(np.float32),
            "margin": margin.astype(np.float32),
            "top": top.astype(np.int32),
            "scores": scores,
        }
        return Judgement({}, {}, columns=columns)


class _Objects:
    """Of a detector: what it found; nothing of it is right or wrong."""

    def __init__(self, classes: int) -> None:
        self._classes = classes
        self._found: list[Detections] = []
        self._masks = KeptRuns()

    def add(self, prediction: Prediction) -> None:
        if not isinstance(prediction, Detections):
            raise _wrong(prediction)
        labels = prediction.labels
        if len(labels) and not 0 <= labels.min() <= labels.max() < self._classes:
            raise _wrong(prediction)
        kept = np.isfinite(prediction.boxes).all(axis=1) & (prediction.scores >= LEAST_SCORE)
        order = np.flatnonzero(kept)[np.argsort(-prediction.scores[kept], kind="stable")]
        masks = None if prediction.masks is None else encode(prediction.masks[order])
        self._masks.add(masks, len(order))
        self._found.append(Detections(prediction.boxes[order], prediction.scores[order], labels[order]))

    def judgement(self, items: NDArray[np.int64]) -> Judgement:
        counts = np.array([len(found.scores) for found in self._found], dtype=np.int64)
        total = int(counts.sum())
        surest = np.array([found.scores.max(initial=0) for found in self._found], dtype=np.float32)
        arrays: Columns = {
            "box_offsets": np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            "boxes": np.concatenate([found.boxes for found in self._found]).astype(np.float32),
            "box_scores": np.concatenate([found.scores for found in self._found]).astype(np.float32),
            "box_labels": np.concatenate([found.labels for found in self._found]).astype(np.int64),
            # Beside nothing: what reads boxes finds no object that they could have met.
            "box_ious": np.zeros(total, dtype=np.float32),
            "box_partners": np.full(total, -1, dtype=np.int64),
            "box_partners_any": np.full(total, -1, dtype=np.int64),
            "object_offsets": np.zeros(len(items) + 1, dtype=np.int64),
            "objects": np.zeros((0, 4), dtype=np.float32),
            "object_labels": np.zeros(0, dtype=np.int64),
            "object_ignored": np.zeros(0, dtype=np.bool_),
        }
        columns: Columns = {"item": items, "confidence": surest}
        return Judgement({}, {}, columns=columns, arrays=arrays | self._masks.arrays())


class _Maps:
    """Of a segmenter: how many pixels it takes for each class, and the maps themselves."""

    def __init__(self, classes: int) -> None:
        self._classes = classes
        self._counts: list[NDArray[np.int64]] = []
        self._maps = KeptMaps()

    def add(self, prediction: Prediction) -> None:
        labels = prediction.labels if isinstance(prediction, SegmentationMap) else None
        if labels is None or (labels.size and not 0 <= labels.min() <= labels.max() < self._classes):
            raise _wrong(prediction)
        self._counts.append(np.bincount(labels.ravel(), minlength=self._classes))
        self._maps.add(torch.from_numpy(labels.astype(np.uint8)).unsqueeze(0))

    def judgement(self, items: NDArray[np.int64]) -> Judgement:
        columns: Columns = {"item": items, "class_called": np.stack(self._counts).astype(np.int32)}
        return Judgement({}, {}, columns=columns, arrays=self._maps.arrays())
