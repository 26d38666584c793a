"""What a plugin's own `infer` answers for images, in whichever of the accepted forms, as Detections."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray

from engine.data.normalisation import TensorInput
from engine.errors import PluginError
from engine.tasks.detection.decode import found_in, to_detections
from engine.tasks.predictions import Detections
from engine.tasks.task import RawInfer, Size

_REFUSALS = (TypeError, AttributeError, ValueError, RuntimeError, LookupError, AssertionError)
"""What code raises that was given the other form."""

Images = list[NDArray[np.uint8]]


def adapt_infer(infer: Callable[..., object], tensor_input: TensorInput) -> RawInfer:
    """Make a plugin's `infer` take a list of raw images and give Detections in their pixels.

    Two forms are accepted: `infer(list of uint8 (H, W, 3))` that answers in the pixels of each image, and
    `infer(float32 (N, 3, S, S) normalised)` that answers in those of its input. Either gives one Detections, or dict
    of boxes, scores and labels, an image. The first call finds out which.
    """
    return _AdaptedInfer(infer, tensor_input)


class _AdaptedInfer:
    def __init__(self, infer: Callable[..., object], tensor_input: TensorInput) -> None:
        self._infer = infer
        self._tensor_input = tensor_input
        self._takes_tensors: bool | None = None

    def __call__(self, images: Images) -> Sequence[Detections]:
        if not images:
            return []
        with torch.no_grad():
            if self._takes_tensors is None:
                return self._find_form(images)
            return self._of_tensors(images) if self._takes_tensors else self._of_images(images)

    def _find_form(self, images: Images) -> Sequence[Detections]:
        try:
            answer = self._infer(images)
        except _REFUSALS as error:
            refusal = error
        else:
            self._takes_tensors = False
            return _read_answer(answer, [_size(image) for image in images], None)
        try:
            detections = self._of_tensors(images)
        except _REFUSALS as error:
            raise PluginError(
                "infer_failed",
                f"The plugin's `infer` took neither a list of uint8 images ({type(refusal).__name__}: {refusal}) "
                f"nor a float tensor ({type(error).__name__}: {error}).",
                "Let `infer` take a list of uint8 (H, W, 3) arrays and give one Detections for each.",
            ) from error
        self._takes_tensors = True
        return detections

    def _of_images(self, images: Images) -> Sequence[Detections]:
        return _read_answer(self._infer(images), [_size(image) for image in images], None)

    def _of_tensors(self, images: Images) -> Sequence[Detections]:
        side = self._tensor_input.image_size
        answer = self._infer(self._tensor_input(images))
        return _read_answer(answer, [_size(image) for image in images], (side, side))


def _read_answer(answer: object, sizes: Sequence[Size], frame: Size | None) -> list[Detections]:
    """Read answers in the pixels of `frame`, or of each image where that is None."""
    if isinstance(answer, (Detections, Mapping)):
        answer = [answer]
    if not isinstance(answer, Sequence):
        raise PluginError(
            "infer_answer",
            f"The plugin's `infer` answered with {type(answer).__name__}, which are no detections.",
            "Give one Detections, or dict of boxes, scores and labels, for each image.",
        )
    answers = cast("Sequence[object]", answer)
    if len(answers) != len(sizes):
        raise PluginError(
            "infer_answer",
            f"The plugin's `infer` was given {len(sizes)} images and answered for {len(answers)}.",
            "Give one Detections for each image, in the same order.",
        )
    return [_read_one(one, frame or size, size) for one, size in zip(answers, sizes, strict=True)]


def _read_one(answer: object, frame: Size, size: Size) -> Detections:
    if isinstance(answer, Detections):
        answer = {
            "boxes": answer.boxes,
            "scores": answer.scores,
            "labels": answer.labels,
            **({} if answer.masks is None else {"masks": answer.masks}),
        }
    found = found_in([answer])[0]
    counts = {name: len(found[name]) for name in ("boxes", "scores", "labels")}
    if len(set(counts.values())) != 1:
        raise PluginError(
            "infer_answer",
            f"The plugin's `infer` gave {counts['boxes']} boxes, {counts['scores']} scores and "
            f"{counts['labels']} labels for one image.",
            "Give as many of each.",
        )
    return to_detections(found, frame, size)


def _size(image: NDArray[np.uint8]) -> Size:
    return image.shape[0], image.shape[1]
