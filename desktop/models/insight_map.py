"""The map of a result's images as it lies in the result's folder, and the engine process that makes it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from desktop.bridge.background import Background
from desktop.bridge.processes import EngineJob
from desktop.models.result import Result, ResultKey, damaged_result, open_result
from desktop.models.result_weights import Weights, weights_of
from engine.datasets.manifest import Manifest
from engine.errors import UserError
from engine.protocol.home import Home
from engine.protocol.results import MAP_NAME, ImageMap
from engine.protocol.run_folder import RunFolder, read_record


@dataclass(frozen=True, slots=True)
class AlikePair:
    """Two images that look almost the same to the model."""

    files: tuple[Path, Path]
    names: tuple[str, str]
    """`train: dogs/7.jpg`"""
    similarity: float
    is_leak: bool
    """They stand in different splits: what is measured was learnt from."""


@dataclass(frozen=True, slots=True, eq=False)
class ShownMap:
    """A result with its map, or without one yet."""

    result: Result
    weights: Weights
    """Whose features a new map would be of."""
    points: NDArray[np.float32] | None = None
    """(N, 2) in the order of the result's images."""
    pairs: tuple[AlikePair, ...] = ()
    checkpoint: str = ""


def open_map(home: Home, key: ResultKey, parent: str) -> ShownMap:
    """Read a result with its map. Never in the GUI's thread.

    Args:
        home: of the user.
        key: of the result.
        parent: the training whose checkpoints it may be of.

    Raises:
        UserError: one of the result's.
    """
    result = open_result(home, key)
    weights = weights_of(home, parent, result.summary)
    run = RunFolder(home.runs / key.run)
    folder = run.results / key.folder
    if not (folder / MAP_NAME).is_file():
        return ShownMap(result, weights)
    try:
        record = read_record(folder / MAP_NAME, ImageMap)
        points = np.load(folder / "map_points.npy")
        numbers = np.load(folder / "map_pairs.npy")
        alike = np.load(folder / "map_alike.npy")
    except (OSError, ValueError, UserError):
        return ShownMap(result, weights)  # it is made anew
    if points.shape != (result.images, 2) or len(numbers) != len(alike):
        raise damaged_result(folder, "its map tells of other images")
    pairs = _pairs(run, result, numbers, alike) if len(numbers) else ()
    return ShownMap(result, weights, points, pairs, record.checkpoint)


def _pairs(
    run: RunFolder, result: Result, numbers: NDArray[np.int64], alike: NDArray[np.float32]
) -> tuple[AlikePair, ...]:
    items = Manifest.load(run.manifest_path).items
    root = result.root or Path()
    told: list[AlikePair] = []
    for (first, second), similarity in zip(numbers.tolist(), alike.tolist(), strict=True):
        one, other = items[first], items[second]
        told.append(
            AlikePair(
                (root / one.path, root / other.path),
                (f"{one.split}: {one.path}", f"{other.split}: {other.path}"),
                float(similarity),
                one.split != other.split,
            )
        )
    return tuple(sorted(told, key=lambda pair: not pair.is_leak))


class MapMaker(QObject):
    """Opens maps, and has the engine make them; one at a time."""

    opened = Signal(object)
    """A `ShownMap`."""
    progress = Signal(int, int, str)
    failed = Signal(object)
    """A UserError."""

    def __init__(self, home: Home, background: Background, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._home = home
        self._background = background
        self._key: ResultKey | None = None
        self._parent_run = ""
        self._job: EngineJob | None = None

    @property
    def is_making(self) -> bool:
        return self._job is not None

    def open(self, key: ResultKey, parent: str) -> None:
        """Read a result and its map, if there is one."""
        self.cancel()
        self._key, self._parent_run = key, parent
        self._background.run(
            open_map,
            self._home,
            key,
            parent,
            then=partial(self._take, key),
            failed=partial(self._fail_opening, key),
            owner=self,
        )

    def make(self, checkpoint: Path) -> None:
        """Have the map of the open result made by the features of a checkpoint."""
        if self._key is None or self._job is not None:
            return
        key = self._key
        arguments = ("map", key.run, "--result", key.folder, "--checkpoint", str(checkpoint))
        self._job = EngineJob(self._home, arguments, parent=self)
        self._job.progress.connect(self.progress)
        self._job.finished.connect(self._made)
        self._job.failed.connect(self._fail)
        self._job.start()

    def cancel(self) -> None:
        """End what is being made."""
        job, self._job = self._job, None
        if job is not None:
            job.abandon()

    def _made(self, _document: object) -> None:
        self._job = None
        if self._key is not None:
            self.open(self._key, self._parent_run)

    def _take(self, key: ResultKey, shown: ShownMap) -> None:
        if key == self._key:
            self.opened.emit(shown)

    def _fail_opening(self, key: ResultKey, error: Exception) -> None:
        """What was wrong with the result before tells nothing of the one that is open now, or being mapped."""
        if key == self._key:
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        self._job = None
        if not isinstance(error, UserError):
            raise error
        self.failed.emit(error)
