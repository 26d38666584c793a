"""From what a segmenter gives (logits, class maps, its own types) to SegmentationMap."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.data.mask_geometry import resize_mask
from engine.data.normalisation import TensorInput
from engine.errors import PluginError
from engine.tasks.predictions import SegmentationMap
from engine.tasks.segmentation.loss import OUT, at_size, likeliest, logits_of
from engine.tasks.task import RawInfer, Size

_OUTPUT_NAMES = (OUT, "logits", "outputs", "output", "labels", "mask")
_REFUSALS = (TypeError, AttributeError, ValueError, RuntimeError, LookupError, AssertionError)
"""What code raises that was given the other form."""
_AXES_OF_LOGITS, _AXES_OF_LABELS, _AXES_OF_ONE = 4, 3, 2

Images = list[NDArray[np.uint8]]


def to_maps(
    outputs: Tensor | Mapping[str, Tensor], sizes: Sequence[Size] | None = None
) -> list[SegmentationMap]:
    """Take the likeliest class of each pixel.

    Args:
        outputs: logits (N, C, h, w), or a dict with them in `out`.
        sizes: of N originals, to whose pixels the logits are brought first; None leaves them as they are.
    """
    logits = logits_of(outputs).detach().float()
    if sizes is None:
        return [SegmentationMap(labels.cpu().numpy()) for labels in likeliest(logits)]
    return [
        SegmentationMap(likeliest(at_size(one.unsqueeze(0), *size))[0].cpu().numpy())
        for one, size in zip(logits, sizes, strict=True)
    ]


def fit(prediction: SegmentationMap, size: Size) -> SegmentationMap:
    """Give the map at another size, each pixel the class of the nearest one."""
    if prediction.labels.shape == size:
        return prediction
    height, width = size
    resized = resize_mask(prediction.labels.astype(np.uint8), width, height)
    return SegmentationMap(resized.astype(np.int64))


def adapt_infer(infer: Callable[..., object], tensor_input: TensorInput) -> RawInfer:
    """Make a plugin's `infer` take a list of raw images and give a SegmentationMap for each, in its pixels.

    Two forms are accepted: `infer(list of uint8 (H, W, 3))` with one SegmentationMap or class map (H, W) for each,
    and `infer(float32 (N, 3, S, S) normalised)` with logits (N, C, h, w) or classes (N, h, w). The first call finds
    out which.
    """
    return _AdaptedInfer(infer, tensor_input)


class _AdaptedInfer:
    def __init__(self, infer: Callable[..., object], tensor_input: TensorInput) -> None:
        self._infer = infer
        self._tensor_input = tensor_input
        self._takes_tensors: bool | None = None

    def __call__(self, images: Images) -> Sequence[SegmentationMap]:
        if not images:
            return []
        sizes = [(image.shape[0], image.shape[1]) for image in images]
        with torch.no_grad():
            if self._takes_tensors is None:
                return self._find_form(images, sizes)
            given: object = self._tensor_input(images) if self._takes_tensors else images
            return _read_answer(self._infer(given), sizes)

    def _find_form(self, images: Images, sizes: list[Size]) -> Sequence[SegmentationMap]:
        try:
            answer = self._infer(images)
        except _REFUSALS as error:
            refusal = error
        else:
            self._takes_tensors = False
            return _read_answer(answer, sizes)
        try:
            answer = self._infer(self._tensor_input(images))
        except _REFUSALS as error:
            raise PluginError(
                "infer_failed",
                "The plugin's `infer` took neither a list of uint8 images "
                f"({type(refusal).__name__}: {refusal}) nor a float tensor ({type(error).__name__}: {error}).",
                "Let `infer` take a list of uint8 (H, W, 3) arrays and give one SegmentationMap for each.",
            ) from error
        self._takes_tensors = True
        return _read_answer(answer, sizes)


def _read_answer(answer: object, sizes: Sequence[Size]) -> list[SegmentationMap]:
    if isinstance(answer, Mapping):
        named = [answer[name] for name in _OUTPUT_NAMES if name in answer]
        answer = named[0] if named else answer
    if isinstance(answer, Tensor) and answer.ndim == _AXES_OF_LOGITS:
        _require_count(len(answer), len(sizes))
        return to_maps(answer, sizes)
    one = isinstance(answer, SegmentationMap) or (
        isinstance(answer, Tensor | np.ndarray) and answer.ndim == _AXES_OF_ONE
    )
    answers = [answer] if one else answer
    is_many = isinstance(answers, Sequence) or (
        isinstance(answers, Tensor | np.ndarray) and answers.ndim == _AXES_OF_LABELS
    )
    if not is_many:
        raise _no_maps(answer)
    maps = [_read_one(single) for single in cast("Sequence[object]", answers)]
    _require_count(len(maps), len(sizes))
    return [fit(found, size) for found, size in zip(maps, sizes, strict=True)]


def _read_one(answer: object) -> SegmentationMap:
    labels = answer.labels if isinstance(answer, SegmentationMap) else answer
    if isinstance(labels, Tensor):
        labels = labels.detach().cpu().numpy()
    if not isinstance(labels, np.ndarray) or labels.ndim != _AXES_OF_ONE or labels.dtype.kind not in "iub":
        raise _no_maps(answer)
    return SegmentationMap(labels.astype(np.int64))


def _no_maps(answer: object) -> PluginError:
    return PluginError(
        "infer_answer",
        f"The plugin's `infer` answered with {type(answer).__name__}, which is no segmentation.",
        "Give a list of SegmentationMap, or logits of shape (N, C, H, W).",
    )


def _require_count(given: int, wanted: int) -> None:
    if given != wanted:
        raise PluginError(
            "infer_answer",
            f"The plugin's `infer` was given {wanted} images and answered for {given}.",
            "Give one SegmentationMap for each image, in the same order.",
        )
