"""Predict files: decode, hand to the model in micro-batches, give plain records. Knows no plugin and no process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from engine.datasets.decode import IMAGE_SUFFIXES, decode_image
from engine.datasets.formats.layout import is_ignored
from engine.errors import UserError
from engine.inference.records import PLAINLY, Telling, to_record
from engine.protocol.results import PredictionRecord


class Predictable(Protocol):
    """A model that is ready to look at pictures."""

    class_names: tuple[str, ...]

    def infer(self, images: list[np.ndarray]) -> Sequence[object]:
        """Take upright RGB uint8 (H, W, 3) images of any size; give one prediction each."""
        ...


def image_files(paths: Sequence[Path]) -> list[Path]:
    """Replace each folder by the image files below it, sorted; keep files as they are.

    Raises:
        UserError: `file_missing` for a path that does not exist, `no_images` when nothing is left.
    """
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            files += sorted(found for found in path.rglob("*") if _is_image(found, path))
        elif path.exists():
            files.append(path)
        else:
            raise UserError("file_missing", f"There is no file {path}.", "Check the path.")
    if not files:
        shown = ", ".join(str(path) for path in paths)
        raise UserError(
            "no_images", f"There is no image in {shown}.", "Give image files or a folder of them."
        )
    return files


def _is_image(found: Path, folder: Path) -> bool:
    """Say whether a file below a folder is an image that people put there."""
    if found.suffix.lower() not in IMAGE_SUFFIXES or not found.is_file():
        return False
    return not any(is_ignored(part) for part in found.relative_to(folder).parts)


def predict_files(
    model: Predictable, files: Sequence[Path], telling: Telling = PLAINLY, *, batch_size: int = 16
) -> Iterator[PredictionRecord]:
    """Yield one record per file, in order. A file that cannot be read gets a record with `error`."""
    for start in range(0, len(files), batch_size):
        batch = files[start : start + batch_size]
        images: list[np.ndarray] = []
        sizes: dict[Path, tuple[int, int]] = {}
        errors: dict[Path, str] = {}
        for path in batch:
            try:
                images.append(decode_image(path))
                sizes[path] = (images[-1].shape[1], images[-1].shape[0])
            except UserError as error:
                errors[path] = str(error)
        predictions = iter(model.infer(images) if images else ())
        for path in batch:
            if path in errors:
                yield PredictionRecord(file=str(path), error=errors[path])
            else:
                record = to_record(path, next(predictions), model.class_names, telling)
                yield record.model_copy(update={"size": sizes[path]})
