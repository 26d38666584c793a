"""What is known of the files that a model shall look at: waiting, answered or unreadable; and how that is saved."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.datasets.decode import IMAGE_SUFFIXES
from engine.protocol.results import PredictionRecord

UNSURE = "unsure"
TOP_SAVED = 5
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
        folders.sort()
        for name in sorted(names):
            if Path(name).suffix.lower() in IMAGE_SUFFIXES:
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

    @property
    def error(self) -> str:
        """Why the file could not be read; empty when it could, or waits."""
        return self.record.error or "" if self.record is not None else ""

    @property
    def is_answered(self) -> bool:
        return self.record is not None and not self.error

    @property
    def confidence(self) -> float:
        return (self.record.confidence or 0.0) if self.record is not None else 0.0

    @property
    def best(self) -> str:
        """The likeliest class, however unlikely; empty where there is no answer."""
        return self.record.top[0].label if self.record is not None and self.record.top else ""

    def label(self, threshold: float) -> str:
        """The class, or `unsure` where the model is less sure than `threshold`; empty where there is no answer."""
        if not self.is_answered:
            return ""
        return self.best if self.confidence >= threshold else UNSURE


def to_csv(predictions: Iterable[Prediction], threshold: float) -> str:
    """Write one line a file: name, label, confidence, the likeliest classes, what was wrong."""
    head = ["file", "label", "confidence"]
    for place in range(1, TOP_SAVED + 1):
        head += [f"top{place}", f"top{place}_confidence"]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*head, "error"])
    for entry in _settled(predictions):
        top = entry.record.top[:TOP_SAVED] if entry.record is not None else ()
        cells = [part for scored in top for part in (scored.label, f"{scored.confidence:.6f}")]
        cells += [""] * (2 * TOP_SAVED - len(cells))
        confidence = f"{entry.confidence:.6f}" if entry.is_answered else ""
        writer.writerow([spelled(entry.path), entry.label(threshold), confidence, *cells, entry.error])
    return out.getvalue()


def to_json(predictions: Iterable[Prediction], threshold: float, checkpoint: str) -> str:
    """Write the records as `lensmith predict --json` gives them, with what they were made by."""
    records = []
    for entry in _settled(predictions):
        assert entry.record is not None  # settled ones have a record
        sure = entry.is_answered and entry.confidence >= threshold
        label = entry.best if sure else None
        records.append(entry.record.model_copy(update={"label": label}).model_dump(mode="json"))
    document = {"checkpoint": checkpoint, "threshold": threshold, "predictions": records}
    return json.dumps(document, indent=1, ensure_ascii=False)


def _settled(predictions: Iterable[Prediction]) -> list[Prediction]:
    return [entry for entry in predictions if entry.record is not None]
