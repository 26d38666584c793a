"""From what a classifier gives (logits, probabilities, its own types) to ClassScores."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.data.normalisation import TensorInput
from engine.errors import PluginError
from engine.tasks.predictions import ClassScores
from engine.tasks.task import RawInfer

_OUTPUT_NAMES = ("logits", "outputs", "output", "scores", "probs", "probabilities")
_SUM_TOLERANCE = 1e-3
_AXES_OF_SCORES = 2
_REFUSALS = (TypeError, AttributeError, ValueError, RuntimeError, LookupError, AssertionError)
"""What code raises that was given the other form."""

Images = list[NDArray[np.uint8]]


def to_class_scores(outputs: Tensor) -> list[ClassScores]:
    """Softmax of logits (N, C), one record an image."""
    probs = torch.softmax(outputs.detach().float(), dim=1).cpu().numpy()
    return [ClassScores(row) for row in probs]


def logits_in(outputs: object) -> Tensor | None:
    """Find the tensor (N, C) in what a network gives; None where there is none."""
    if isinstance(outputs, Mapping):
        outputs = next((outputs[name] for name in _OUTPUT_NAMES if name in outputs), None)
    return outputs if isinstance(outputs, Tensor) and outputs.ndim == _AXES_OF_SCORES else None


def adapt_infer(infer: Callable[..., object], tensor_input: TensorInput) -> RawInfer:
    """Make a plugin's `infer` take a list of raw images and give ClassScores.

    Two forms are accepted: `infer(list of uint8 (H, W, 3)) -> list[ClassScores]`, and
    `infer(float32 (N, 3, S, S) normalised) -> logits or probabilities (N, C)`. The first call finds out which.
    """
    return _AdaptedInfer(infer, tensor_input)


class _AdaptedInfer:
    def __init__(self, infer: Callable[..., object], tensor_input: TensorInput) -> None:
        self._infer = infer
        self._tensor_input = tensor_input
        self._takes_tensors: bool | None = None

    def __call__(self, images: Images) -> Sequence[ClassScores]:
        if not images:
            return []
        if self._takes_tensors is None:
            return self._find_form(images)
        given: object = self._as_tensor(images) if self._takes_tensors else images
        with torch.no_grad():
            return _read_answer(self._infer(given), len(images))

    def _find_form(self, images: Images) -> Sequence[ClassScores]:
        with torch.no_grad():
            try:
                answer = self._infer(images)
            except _REFUSALS as error:
                refusal = error
            else:
                self._takes_tensors = False
                return _read_answer(answer, len(images))
            try:
                answer = self._infer(self._as_tensor(images))
            except _REFUSALS as error:
                raise PluginError(
                    "infer_failed",
                    "The plugin's `infer` took neither a list of uint8 images "
                    f"({type(refusal).__name__}: {refusal}) nor a float tensor "
                    f"({type(error).__name__}: {error}).",
                    "Let `infer` take a list of uint8 (H, W, 3) arrays and give one ClassScores for each.",
                ) from error
        self._takes_tensors = True
        return _read_answer(answer, len(images))

    def _as_tensor(self, images: Images) -> Tensor:
        return self._tensor_input(images)


def _read_answer(answer: object, count: int) -> list[ClassScores]:
    if isinstance(answer, Mapping):
        named = [answer[name] for name in _OUTPUT_NAMES if name in answer]
        answer = named[0] if named else answer
    if isinstance(answer, ClassScores):
        answer = [answer]
    if isinstance(answer, Sequence) and answer and all(isinstance(one, ClassScores) for one in answer):
        scores = [ClassScores(np.asarray(one.probs, dtype=np.float32)) for one in answer]
    else:
        scores = _from_array(answer)
    if len(scores) != count:
        raise PluginError(
            "infer_answer",
            f"The plugin's `infer` was given {count} images and answered for {len(scores)}.",
            "Give one ClassScores for each image, in the same order.",
        )
    return scores


def _from_array(answer: object) -> list[ClassScores]:
    if isinstance(answer, Sequence) and answer and all(isinstance(one, Tensor) for one in answer):
        answer = torch.stack([one.reshape(-1) for one in answer])
    table = answer.detach().float().cpu().numpy() if isinstance(answer, Tensor) else answer
    if not isinstance(table, np.ndarray) or table.ndim not in (1, 2):
        raise PluginError(
            "infer_answer",
            f"The plugin's `infer` answered with {type(answer).__name__}, which is no classification.",
            "Give a list of ClassScores, or logits or probabilities of shape (N, C).",
        )
    rows = np.atleast_2d(table).astype(np.float32)
    if len(rows) and not _are_probabilities(rows):
        rows = torch.softmax(torch.from_numpy(rows), dim=1).numpy()
    return [ClassScores(row) for row in rows]


def _are_probabilities(rows: NDArray[np.float32]) -> bool:
    return bool(rows.min() >= 0 and np.allclose(rows.sum(axis=1), 1, atol=_SUM_TOLERANCE))
