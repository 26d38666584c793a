"""An exported ONNX file as a model that answers pictures, as the checkpoint does that it was written from."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, get_args

import numpy as np
import torch
from numpy.typing import NDArray

from engine.config.features import require_feature
from engine.data.normalisation import normalise
from engine.data.preprocessing import Framing, prepare_image
from engine.errors import UserError
from engine.inference.predictor import Predictable
from engine.tasks.classification.decode import to_class_scores
from engine.tasks.detection.decode import select, to_detections
from engine.tasks.predictions import ClassScores
from engine.tasks.segmentation.decode import to_maps

SUFFIX = ".onnx"
_CLASSES, _CANDIDATES, _PIXELS = 2, 3, 4
"""Axes of what a file gives: (N, C) classes, (N, K, 4 + C) boxes, (N, C, H, W) pixels."""
_CORNERS = 4
_LEAST = 1e-30

Load = Callable[[Path], Predictable]
Size = tuple[int, int]


def with_exported(load: Load, threads: Callable[[], int | None] = lambda: None) -> Load:
    """Let what loads checkpoints take exported files too.

    Args:
        load: of a checkpoint.
        threads: says how many an exported file may use; None leaves it to its runtime.
    """

    def load_any(path: Path) -> Predictable:
        return load_exported(path, threads()) if path.suffix.lower() == SUFFIX else load(path)

    return load_any


def load_exported(path: Path, threads: int | None = None) -> ExportedModel:
    """Open an ONNX file that `lensmith export` wrote.

    Raises:
        UserError: `checkpoint_missing`, `exported_unknown`, `export_unrunnable`; `feature_missing` without its runtime.
    """
    if not path.is_file():
        raise UserError(
            "checkpoint_missing",
            f"The exported file {path} is not there any more.",
            "Choose another, or export the checkpoint again.",
        )
    require_feature("onnx_check")
    import onnxruntime  # optional package

    options = onnxruntime.SessionOptions()
    if threads is not None:
        options.intra_op_num_threads = threads
        # Threads that spin while they wait take what others would compute with.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        session = onnxruntime.InferenceSession(
            str(path), sess_options=options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:
        raise _unrunnable(path, error) from error
    return ExportedModel(path, session, _facts(path, session))


class ExportedModel:
    """Implements `engine.inference.predictor.Predictable`.

    Args:
        path: of the file.
        session: of ONNX Runtime.
        facts: what the file tells of itself, as `engine.export.onnx_file.Deployment`.
    """

    def __init__(self, path: Path, session: Any, facts: dict[str, Any]) -> None:
        self._path = path
        self._session = session
        self._input = str(session.get_inputs()[0].name)
        try:
            self.class_names = tuple(str(name) for name in facts["class_names"])
            _, self._height, self._width = (int(side) for side in facts["input_size"])
            self._mean, self._std = tuple(facts["mean"]), tuple(facts["std"])
            self._method = str(facts["resize_method"])
            framing = str(facts["framing"])
            self._normalises = bool(facts["include_preprocessing"])
            self._gives_probabilities = bool(facts["include_postprocessing"])
            self._takes_many = bool(facts["any_batch"])
        except (KeyError, TypeError, ValueError) as error:
            raise _unknown(path, f"it lacks {error}") from error
        if framing not in get_args(Framing):
            raise _unknown(path, f"its framing is {framing!r}")
        self._framing: Framing = "whole" if framing == "whole" else "centre"

    def infer(self, images: list[np.ndarray]) -> Sequence[object]:
        """Answer upright RGB uint8 (H, W, 3) images of any size.

        Raises:
            UserError: `export_unrunnable`, `exported_unknown`.
        """
        if not images:
            return []
        pixels = self._pixels(images)
        parts = [pixels] if self._takes_many else [pixels[n : n + 1] for n in range(len(pixels))]
        try:
            outputs = np.concatenate([self._session.run(None, {self._input: part})[0] for part in parts])
        except Exception as error:
            raise _unrunnable(self._path, error) from error
        return self._answers(outputs, [(image.shape[0], image.shape[1]) for image in images])

    def _pixels(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Prepare images as validation does: (N, 3, S, S) from 0 to 255, or normalised where the file does not."""
        squares = np.stack(
            [prepare_image(image, self._height, self._method, self._framing) for image in images]
        )
        if self._normalises:
            return squares.transpose(0, 3, 1, 2).astype(np.float32)
        return normalise(torch.from_numpy(squares), self._mean, self._std).numpy()

    def _answers(self, outputs: NDArray[np.float32], sizes: Sequence[Size]) -> Sequence[object]:
        values = torch.from_numpy(outputs)
        if values.ndim == _CLASSES:
            if not self._gives_probabilities:
                return to_class_scores(values)
            return [ClassScores(probabilities) for probabilities in outputs]
        if values.ndim == _CANDIDATES and self._gives_probabilities:
            frame = (self._height, self._width)
            found = [select(one[:, :_CORNERS], one[:, _CORNERS:], frame) for one in values]
            return [to_detections(one, frame, size) for one, size in zip(found, sizes, strict=True)]
        if values.ndim == _PIXELS:
            # Logarithms of probabilities are logits but for a number a pixel: they are enlarged in the same way.
            return to_maps(values.clamp_min(_LEAST).log() if self._gives_probabilities else values, sizes)
        raise _unknown(self._path, f"it gives {tuple(outputs.shape)} without telling what that is")


def _facts(path: Path, session: Any) -> dict[str, Any]:
    """What the file tells of itself, in its metadata or beside it."""
    try:
        told = {key: json.loads(value) for key, value in session.get_modelmeta().custom_metadata_map.items()}
        if "class_names" not in told:
            told = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _unknown(path, "it does not tell its classes and its input") from error
    if not isinstance(told, dict):
        raise _unknown(path, "what stands beside it is no record")
    return told


def _unknown(path: Path, why: str) -> UserError:
    return UserError(
        "exported_unknown",
        f"The file {path.name} cannot be asked about images: {why}.",
        "Choose a checkpoint, or a file that Lensmith exported with probabilities.",
    )


def _unrunnable(path: Path, error: Exception) -> UserError:
    said = str(error).splitlines()
    return UserError(
        "export_unrunnable",
        f"ONNX Runtime cannot run {path}: {said[0] if said else type(error).__name__}.",
        "Export the checkpoint again, or choose a checkpoint.",
    )
