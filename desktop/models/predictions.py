"""What is known of the files that a model shall look at: waiting, answered or unreadable; and how that is saved."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import overload

from desktop.models.answer import AnswerView
from desktop.models.predictions_answers import unpacked
from desktop.models.predictions_regions import Region, record_in_whole
from engine.datasets.decode import IMAGE_SUFFIXES
from engine.datasets.formats.layout import is_ignored
from engine.protocol.results import PredictionRecord

MOST_FILES = 100_000
"""More are not taken in at once: a wrong folder, such as a whole drive."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """What dropped paths come to."""

    files: tuple[Path, ...]
    """Files as they were given, and the images below folders, sorted; no file twice."""
    empty_folders: tuple[Path, ...]
    """Folders without an image."""
    is_cut: bool = False
    """There were more than `MOST_FILES`."""


def gather(paths: Sequence[Path]) -> Gathered:
    """Find the files that are meant by dropped paths. Walks folders: never in the GUI's thread.

    A file that is given by itself is kept whatever it is: it is told in its place why it cannot be read.
    """
    found: dict[Path, None] = {}
    empty: list[Path] = []
    for path in paths:
        below = list(_images_below(path, MOST_FILES + 1 - len(found))) if path.is_dir() else [path]
        if not below:
            empty.append(path)
        found.update(dict.fromkeys(below))
        if len(found) > MOST_FILES:
            break
    files = tuple(found)
    return Gathered(files[:MOST_FILES], tuple(empty), len(files) > MOST_FILES)


def _images_below(folder: Path, limit: int) -> Iterator[Path]:
    """Yield at most `limit` images below a folder; one that may not be read is passed over."""
    count = 0
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not is_ignored(name))
        for name in sorted(names):
            if Path(name).suffix.lower() in IMAGE_SUFFIXES and not is_ignored(name):
                yield Path(place, name)
                count += 1
                if count >= limit:
                    return


def spelled(path: Path) -> str:
    """Give a path as text that can be written anywhere; a name on disk need not be text."""
    return str(path).encode("utf-8", errors="replace").decode()


@dataclass(frozen=True, slots=True)
class Prediction:
    """One file of the list."""

    path: Path
    record: PredictionRecord | None = None
    """None while it waits."""
    region: Region | None = None
    """Where it was cut out, if it is a part of a picture."""

    @property
    def name(self) -> str:
        """What it is called."""
        return self.path.name if self.region is None else self.region.title

    @property
    def source(self) -> Path:
        """The picture's own file, also of a part of it."""
        return self.path if self.region is None else self.region.source

    @property
    def error(self) -> str:
        """Why the file could not be read; empty when it could, or waits."""
        return self.record.error or "" if self.record is not None else ""

    @property
    def is_answered(self) -> bool:
        return self.record is not None and not self.error


class Predictions(Sequence[Prediction]):
    """All files of a board as they stood, unpacked one at a time. In any thread.

    Args:
        paths: of the files.
        packed: what is known of each.
        regions: of those that are parts, by place.
    """

    def __init__(
        self, paths: Sequence[Path], packed: Sequence[bytes | None], regions: Mapping[int, Region]
    ) -> None:
        self._paths, self._packed, self._regions = paths, packed, regions

    def __len__(self) -> int:
        return len(self._paths)

    @overload
    def __getitem__(self, place: int) -> Prediction: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Prediction]: ...
    def __getitem__(self, place: int | slice) -> Prediction | Sequence[Prediction]:
        if isinstance(place, slice):
            return [self[number] for number in range(*place.indices(len(self)))]
        packed = self._packed[place]
        record = None if packed is None else unpacked(packed)
        return Prediction(self._paths[place], record, self._regions.get(range(len(self))[place]))


def to_csv(predictions: Sequence[Prediction], answers: AnswerView, threshold: float) -> str:
    """Write the lines of every file: its name, what the task tells of it, what was wrong.

    Parts of pictures have the name of their picture, and a column tells where they lie.
    """
    has_regions = any(entry.region is not None for entry in predictions)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["file", *(["region"] if has_regions else []), *answers.csv_head, "error"])
    for entry, record in _settled(predictions):
        empty = [[""] * len(answers.csv_head)]
        rows = empty if record.error else answers.csv_rows(record, threshold)
        own = [" ".join(map(str, entry.region.corners)) if entry.region is not None else ""] * has_regions
        writer.writerows([spelled(entry.source), *own, *cells, record.error or ""] for cells in rows)
    return out.getvalue()


def to_json(predictions: Sequence[Prediction], answers: AnswerView, threshold: float, checkpoint: str) -> str:
    """Write the records as `lensmith predict --json` gives them, with what they were made by.

    Of a part of a picture `region` tells left, top, right and bottom.
    """
    told: list[dict[str, object]] = []
    for entry, record in _settled(predictions):
        shown = record if record.error else answers.told(record, threshold)
        region = {} if entry.region is None else {"region": entry.region.corners}
        told.append({**shown.model_dump(mode="json"), **region})
    document = {"checkpoint": checkpoint, "threshold": threshold, "predictions": told}
    return json.dumps(document, indent=1, ensure_ascii=False)


def _settled(predictions: Iterable[Prediction]) -> Iterator[tuple[Prediction, PredictionRecord]]:
    """Yield what is known; of parts as of their picture."""
    for entry in predictions:
        if entry.record is not None:
            region = entry.region
            yield entry, entry.record if region is None else record_in_whole(entry.record, region)
