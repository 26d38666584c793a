"""One measured result of a run, opened: its summary, confusion matrix and the columns over its images."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.datasets.library import Library
from engine.datasets.manifest import Manifest
from engine.errors import UserError
from engine.protocol.home import Home
from engine.protocol.results import ResultSummary
from engine.protocol.run_folder import RunFolder, read_record

Column = NDArray[np.generic]
_SUMMARY = "summary.json"
_CONFUSION = "confusion.npy"
_MASKS = "masks"
_PARTIAL = "partial-"
_MANIFESTS_KEPT = 3
_NO_SIZES: Column = np.zeros((0, 2), dtype=np.int64)
_MAPPED_FROM_BYTES = 16 * 1024 * 1024
"""Smaller arrays are read whole, so that no file stays open; larger ones (scores of many classes) are mapped."""


@dataclass(frozen=True, slots=True)
class ResultKey:
    """Where a result lies."""

    run: str
    """The run whose folder holds it: the training itself, or an evaluation of it."""
    folder: str
    """Its running number, `0007`; `partial-…` of one that is not finished."""

    @property
    def is_partial(self) -> bool:
        """Whether images are still being measured: it will give way to another one soon."""
        return self.folder.startswith(_PARTIAL)


@dataclass(frozen=True, slots=True, eq=False)
class ResultPlaces:
    """Where the files of a result lie."""

    folder: Path
    """Of the result."""
    run: RunFolder
    """Of the run that holds it."""

    def mask(self, image: int) -> Path:
        """The file of what was predicted for an image; there is one for each of the first `summary.masks`."""
        return self.folder / _MASKS / f"{image:06d}.png"


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """A result as pages show it. All columns have the images as first axis, N of them."""

    key: ResultKey
    summary: ResultSummary
    confusion: NDArray[np.int64] | None
    """(C, C), true class by predicted class, with one more row and column where there is a background; None where
    the task has none."""
    columns: Mapping[str, Column]
    """By name, as in summary.columns; none when the run kept no per-image results."""
    paths: tuple[str, ...]
    """(N,) of the images, relative to `root`."""
    root: Path | None
    """Where the images lie; None when nobody knows."""
    is_root_there: bool = True
    """Whether that folder was there when the result was opened."""
    arrays: Mapping[str, Column] = field(default_factory=dict[str, Column])
    """What is not one row an image, by name, as in summary.arrays: boxes, curves."""
    places: ResultPlaces | None = None
    """Where its files are; None for one that was never on a disk."""
    sizes: Column = field(default_factory=lambda: _NO_SIZES)
    """(N, 2) width and height of the images, upright; 0 where they are not known."""
    bound: float | None = None
    """At which bound its columns hold, where the user may move one; 0 to 1."""

    @property
    def images(self) -> int:
        """How many images the columns tell of."""
        return len(self.paths)

    @property
    def classes(self) -> tuple[str, ...]:
        return self.summary.class_names

    def column(self, name: str) -> Column:
        """Give a column.

        Raises:
            KeyError: for one that the result does not have.
        """
        return self.columns[name]

    def metric(self, name: str) -> float | None:
        """Give a metric by its name without prefix, `accuracy`."""
        return metric_in(self.summary.metrics, name)


def metric_in(metrics: Mapping[str, float], name: str) -> float | None:
    """Find a metric by its name without prefix: `accuracy` in `val/accuracy` or `test/accuracy`."""
    for full, value in metrics.items():
        if full.rpartition("/")[2] == name:
            return value
    return None


def newest_partial(home: Home, run: str) -> ResultKey | None:
    """Find what a run shows of the images that it is just measuring; None where it shows nothing. Reads the disk."""
    results = RunFolder(home.runs / run).results
    try:
        names = sorted(entry.name for entry in results.iterdir() if entry.name.startswith(_PARTIAL))
    except OSError:
        return None
    found = (ResultKey(run, name) for name in reversed(names))
    return next((key for key in found if summary_path(home, key).is_file()), None)


def summary_path(home: Home, key: ResultKey) -> Path:
    """The file that is written last: a result without it is not there."""
    return RunFolder(home.runs / key.run).results / key.folder / _SUMMARY


def open_result(home: Home, key: ResultKey) -> Result:
    """Read a result. Takes milliseconds to seconds: never in the GUI's thread.

    Raises:
        UserError: `result_missing` when it is not there any more, `result_damaged` when it cannot be read.
    """
    run = RunFolder(home.runs / key.run)
    folder = run.results / key.folder
    if not summary_path(home, key).is_file():
        raise UserError(
            "result_missing",
            f"The result {key.folder} of run {key.run} is not there any more.",
            "Choose another result, or evaluate a checkpoint of the run.",
        )
    try:
        summary = read_record(folder / _SUMMARY, ResultSummary)
        confusion = _confusion(folder, summary)
        # What gives way soon is read whole: on Windows a mapped file could not be taken away.
        read = _whole_array if key.is_partial else _array
        columns = {name: read(folder / f"image_{name}.npy") for name in summary.columns}
        arrays = {name: read(folder / f"{name}.npy") for name in summary.arrays}
    except (OSError, ValueError, EOFError, UserError) as error:
        raise damaged_result(folder, str(error)) from error
    _require_one_length(folder, columns)
    _require_classes(folder, summary, columns)
    paths, sizes = _images(run, columns)
    root = image_root(home, run, summary) if paths else None
    is_there = root is not None and root.is_dir()
    places = ResultPlaces(folder, run)
    return Result(key, summary, confusion, columns, paths, root, is_there, arrays, places, sizes)


def _array(path: Path) -> Column:
    mode = "r" if path.stat().st_size >= _MAPPED_FROM_BYTES else None
    return np.load(path, mmap_mode=mode, allow_pickle=False)


def _whole_array(path: Path) -> Column:
    return np.load(path, allow_pickle=False)


def _confusion(folder: Path, summary: ResultSummary) -> NDArray[np.int64] | None:
    path = folder / _CONFUSION
    if not path.is_file():
        return None
    matrix = _array(path)
    side = len(summary.class_names)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or matrix.shape[0] < side:
        raise ValueError(f"{_CONFUSION} has the shape {matrix.shape} for {side} classes")
    return matrix.astype(np.int64)


def _require_one_length(folder: Path, columns: Mapping[str, Column]) -> None:
    lengths = {name: len(column) if column.ndim else -1 for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise damaged_result(folder, f"its columns differ in length ({told})")


def _require_classes(folder: Path, summary: ResultSummary, columns: Mapping[str, Column]) -> None:
    """A class number beyond the names would only show when its tile is painted."""
    for name in ("target", "predicted"):
        values = columns.get(name)
        if values is None or not len(values) or values.ndim != 1:
            continue
        if int(values.min()) < 0 or int(values.max()) >= len(summary.class_names):
            raise damaged_result(folder, f"image_{name}.npy names a class that there is not")


def _images(run: RunFolder, columns: Mapping[str, Column]) -> tuple[tuple[str, ...], Column]:
    items = columns.get("item")
    if items is None or not len(items):
        return (), _NO_SIZES
    known, sizes = _items(run.manifest_path)
    if int(items.min()) < 0 or int(items.max()) >= len(known):
        raise damaged_result(run.results, "it tells of images that its dataset does not have")
    return tuple(known[int(item)] for item in items), sizes[items.astype(np.int64)]


@lru_cache(maxsize=_MANIFESTS_KEPT)
def _items(manifest: Path) -> tuple[tuple[str, ...], Column]:
    """Paths and sizes of a run's images. Its manifest is frozen, and takes long to read where there are many."""
    try:
        # Plain JSON: checking all that a manifest says of 50,000 images would take most of opening a result.
        items = json.loads(manifest.read_bytes())["items"]
        sizes = np.array([(item["width"], item["height"]) for item in items], dtype=np.int64).reshape(-1, 2)
        return tuple(str(item["path"]) for item in items), sizes
    except (OSError, ValueError, KeyError, TypeError):
        listed = Manifest.load(manifest).items  # says what is wrong with it
    sizes = np.array([(item.width, item.height) for item in listed], dtype=np.int64).reshape(-1, 2)
    return tuple(item.path for item in listed), sizes


def image_root(home: Home, run: RunFolder, summary: ResultSummary) -> Path | None:
    """Where the images of a result lie: where the dataset is now, else where the run read them."""
    try:
        return Library(home).root(summary.dataset, summary.dataset_version)
    except UserError:
        pass  # forgotten, or unplugged: the run may still know a place
    for attempt in reversed(run.attempts()):
        try:
            named = attempt.spec().placement.dataset_root
        except UserError:
            continue
        if named is not None:
            return Path(named)
    return None


def damaged_result(folder: Path, why: str) -> UserError:
    """Say that a result cannot be read."""
    return UserError(
        "result_damaged",
        f"The result in {folder} cannot be read: {why}.",
        "Choose another result, or evaluate the checkpoint again.",
    )
