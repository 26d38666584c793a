"""One stored result with its images by content: what is compared with another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.datasets.manifest import Manifest
from engine.errors import UserError
from engine.protocol.results import ResultSummary
from engine.protocol.run_folder import RunFolder, read_record

Column = NDArray[np.generic]
_MANIFESTS_KEPT = 6


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """What one model said of N images, and what is true of them."""

    name: str
    """How it is headed in tables; different from all others that it is compared with."""
    run: str
    """The run whose folder holds it."""
    folder: str
    """Its running number, `0007`."""
    summary: ResultSummary
    columns: Mapping[str, Column]
    """By name, first axis the images; none when the run kept nothing by image."""
    arrays: Mapping[str, Column]
    paths: tuple[str, ...]
    """(N,) within the dataset."""
    hashes: tuple[str, ...]
    """(N,) of the files' bytes, hex."""

    @property
    def images(self) -> int:
        return len(self.paths)

    def column(self, name: str) -> Column:
        """Give a column.

        Raises:
            UserError: `comparison_incomplete` when the result lacks it.
        """
        return _required(self.columns, name, self.name)

    def array(self, name: str) -> Column:
        """Give an array.

        Raises:
            UserError: `comparison_incomplete` when the result lacks it.
        """
        return _required(self.arrays, name, self.name)


def open_measured(folder: RunFolder, number: str, name: str) -> Measured:
    """Read a result of a run. Takes milliseconds to seconds.

    Raises:
        UserError: `result_missing` when it is gone, `result_damaged` when it cannot be read.
    """
    place = folder.results / number
    if not (place / "summary.json").is_file():
        raise UserError(
            "result_missing",
            f"The result {number} of run {folder.run} is not there any more.",
            "Choose another result, or evaluate a checkpoint of the run.",
        )
    try:
        summary = read_record(place / "summary.json", ResultSummary)
        columns = {column: _read(place / f"image_{column}.npy") for column in summary.columns}
        arrays = {array: _read(place / f"{array}.npy") for array in summary.arrays}
        paths, hashes = images_of(folder.manifest_path, columns.get("item"))
    except (OSError, ValueError, EOFError, IndexError, UserError) as error:
        raise UserError(
            "result_damaged",
            f"The result in {place} cannot be read: {error}.",
            "Choose another result, or evaluate the checkpoint again.",
        ) from error
    return Measured(name, folder.run, number, summary, columns, arrays, paths, hashes)


def images_of(manifest: Path, items: Column | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Give the paths and hashes of the images that a column of positions in a manifest tells of.

    Raises:
        UserError: `manifest_damaged`.
        IndexError: a position that the manifest does not have.
    """
    if items is None or not len(items):
        return (), ()
    known = _identities(manifest)
    told = [known[int(item)] for item in items]
    return tuple(path for path, _ in told), tuple(digest for _, digest in told)


@lru_cache(maxsize=_MANIFESTS_KEPT)
def _identities(manifest: Path) -> tuple[tuple[str, str], ...]:
    """Path and hash of every image. The manifest of a run is frozen, and takes long to read where there are many."""
    return tuple((item.path, item.sha256) for item in Manifest.load(manifest).items)


def _read(path: Path) -> Column:
    return np.load(path, mmap_mode="r", allow_pickle=False)


def _required(there: Mapping[str, Column], name: str, title: str) -> Column:
    found = there.get(name)
    if found is None:
        raise UserError(
            "comparison_incomplete",
            f"The result {title} was stored without “{name}”, which a comparison needs.",
            "Evaluate its checkpoint again, then compare the new result.",
        )
    return found
