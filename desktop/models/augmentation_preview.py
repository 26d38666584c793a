"""What the augmentation makes of a few images: asked of the engine while the form changes, the newest answer wins."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QImage

from desktop.grids.picture import read_picture
from desktop.models.drawn_labels import DrawnLabels
from engine.errors import UserError

PAUSE_MS = 250
"""How long the user must rest before the engine is asked."""
_WITHOUT_EFFECT = (
    "epochs", "batch_size", "optimizer.", "scheduler.", "early_stopping.", "ema.", "checkpoint.", "max_hours",
    "deterministic", "workers", "prefetch", "cache", "precision", "channels_last", "compile", "accumulate_steps",
    "clip_norm", "label_smoothing", "freeze_epochs", "backbone_lr_factor", "start_from", "validation.metric",
)  # fmt: skip
"""Settings, or the beginnings of their names, that change no picture."""


class Asker(Protocol):
    """What this needs of the predictor."""

    def ask(
        self,
        verb: str,
        payload: Mapping[str, object],
        then: Callable[[dict[str, object]], object] | None = None,
        failed: Callable[[UserError], object] | None = None,
    ) -> int: ...


class Surroundings(Protocol):
    """What this needs of the window's context."""

    @property
    def predictor(self) -> Asker: ...

    @property
    def background(self) -> Any: ...


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is asked for.

    Attributes:
        images: how many.
        epochs: of each image, from the first one.
        side: longer side of the pictures at most, pixels.
    """

    images: int
    epochs: int
    side: int


@dataclass(frozen=True, slots=True)
class Subject:
    """Of what a preview is shown: a plugin's settings and a dataset."""

    plugin: str
    config: Mapping[str, object]
    dataset: str
    version: str = ""

    def same_pictures(self, other: Subject | None) -> bool:
        """Say whether another one makes equal pictures, as far as is known without asking."""
        return other is not None and _seen(self) == _seen(other)


@dataclass(frozen=True, slots=True)
class _Wish:
    subject: Subject
    extent: Extent
    pick: int

    def is_met_by(self, other: _Wish | None) -> bool:
        """Say whether the pictures of another wish are the ones of this."""
        return (
            other is not None
            and (other.extent, other.pick) == (self.extent, self.pick)
            and self.subject.same_pictures(other.subject)
        )


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One picture with what is drawn on it."""

    path: Path
    image: QImage
    labels: DrawnLabels
    words: str
    """What is on it, for those who do not see it."""


@dataclass(frozen=True, slots=True, eq=False)
class PreviewRow:
    """One image: as it is, and as each epoch sees it."""

    file: str
    """Relative to the dataset's folder."""
    label: str
    """Its class; empty where a class belongs to parts of it."""
    original: Sample
    variants: tuple[Sample, ...]


class AugmentationModel(QObject):
    """Asks once the form rests, one question at a time; while an answer is under way, only the newest wish waits.

    Args:
        context: whose predictor is asked.
        extent: how much is shown.
        parent: its owner.
    """

    changed = Signal()
    """Pictures, sentences or the waiting are others now."""

    def __init__(self, context: Surroundings, extent: Extent, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._extent = extent
        self._subject: Subject | None = None
        self._shown_for: _Wish | None = None
        self._asked_for: _Wish | None = None
        self._lookers: set[str] = set()
        self.pick = 0
        self.rows: list[PreviewRow] = []
        self.classes: list[str] = []
        self.notes: list[str] = []
        self.error: UserError | None = None
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE_MS)
        self._pause.timeout.connect(self._ask)

    @property
    def is_waiting(self) -> bool:
        """Whether other pictures are on their way."""
        return self._asked_for is not None or self._pause.isActive()

    def show(self, subject: Subject | None) -> None:
        """Show another subject; None keeps what is shown until there is one again."""
        self._subject = subject
        self._wake(PAUSE_MS if self.rows or self.error else 0)

    def set_looking(self, who: str, is_looking: bool) -> None:
        """Ask only while somebody looks."""
        self._lookers = self._lookers | {who} if is_looking else self._lookers - {who}
        self._wake(0)

    def set_extent(self, extent: Extent) -> None:
        """Ask for more, or for less."""
        if extent != self._extent:
            self._extent = extent
            self._wake(0)

    def shuffle(self, pick: int | None = None) -> None:
        """Show other images, or those of a number."""
        self.pick = self.pick + 1 if pick is None else pick
        self._wake(0)

    def _wake(self, pause_ms: int) -> None:
        wish = self._wish()
        if wish is None or not self._lookers or wish.is_met_by(self._asked_for or self._shown_for):
            self._pause.stop()
        else:
            self._pause.start(pause_ms)
        self.changed.emit()

    def _wish(self) -> _Wish | None:
        return None if self._subject is None else _Wish(self._subject, self._extent, self.pick)

    def _ask(self) -> None:
        wish = self._wish()
        if wish is None or self._asked_for is not None:
            return  # the answer under way asks again
        self._asked_for = wish
        payload = {
            "plugin": wish.subject.plugin,
            "config": sendable(wish.subject.config),
            "dataset": wish.subject.dataset,
            "count": wish.extent.images,
            "pick": wish.pick,
            "epochs": list(range(wish.extent.epochs)),
            "size": wish.extent.side,
        }
        self._context.predictor.ask("preview", payload, then=self._answered, failed=self._refused)
        self.changed.emit()

    def _answered(self, answer: dict[str, object]) -> None:
        done = partial(self._read, answer)
        self._context.background.run(read_rows, answer, then=done, failed=self._unread, owner=self)

    def _read(self, answer: Mapping[str, Any], rows: list[PreviewRow]) -> None:
        self.rows, self.error = rows, None
        self.classes = [str(name) for name in answer.get("classes", [])]
        self.notes = [str(note) for note in answer.get("notes", [])]
        if not rows:
            self.notes = [str(problem) for problem in answer.get("problems", [])][:1]
        self._settle()

    def _refused(self, error: UserError) -> None:
        self.error = error
        self._settle()

    def _unread(self, error: Exception) -> None:
        told = (
            error
            if isinstance(error, UserError)
            else UserError("bug", f"The pictures cannot be shown: {error}.")
        )
        self._refused(told)

    def _settle(self) -> None:
        self._shown_for, self._asked_for = self._asked_for, None
        self._wake(0)


def read_rows(answer: Mapping[str, Any]) -> list[PreviewRow]:
    """Read the files of an answer. For a thread.

    Raises:
        UserError: one of them cannot be read.
    """
    classes = [str(name) for name in answer["classes"]]
    return [
        PreviewRow(
            file=str(picture["path"]),
            label=str(picture["original"].get("label") or ""),
            original=_sample(picture["original"], classes),
            variants=tuple(_sample(variant, classes) for variant in picture["variants"]),
        )
        for picture in answer["pictures"]
    ]


def sendable(values: Mapping[str, object]) -> dict[str, object]:
    """Leave out what JSON cannot carry; the schema has refused that already."""
    plain = (bool, int, float, str, list, type(None))
    return {name: value for name, value in values.items() if isinstance(value, plain)}


def _seen(subject: Subject) -> tuple[object, ...]:
    config = {name: value for name, value in subject.config.items() if not name.startswith(_WITHOUT_EFFECT)}
    return subject.plugin, subject.dataset, subject.version, config


def _sample(record: Mapping[str, Any], classes: Sequence[str]) -> Sample:
    path = Path(record["image"])
    labels = DrawnLabels(int(record["width"]), int(record["height"]))
    mask = _numbers(Path(record["mask"])) if record.get("mask") else None
    if record.get("boxes") is None:
        label = str(record.get("label") or "")
        if mask is None:
            return Sample(path, read_picture(path), labels, label)
        numbers: list[int] = np.unique(mask).tolist()
        there = [classes[number] for number in numbers if number < len(classes)]
        return Sample(
            path, read_picture(path), replace(labels, class_map=mask.astype(np.uint8)), ", ".join(there)
        )
    boxes = cast("list[dict[str, Any]]", record["boxes"])
    names = [str(box["label"]) for box in boxes]
    drawn = replace(
        labels,
        boxes=np.array(
            [[box[side] for side in ("x0", "y0", "x1", "y1")] for box in boxes], np.float32
        ).reshape(-1, 4),
        classes=np.array([classes.index(name) for name in names], np.int64),
        masks=None if mask is None else mask[None] == np.arange(1, len(boxes) + 1)[:, None, None],
    )
    counted = ", ".join(f"{count} {name}" for name, count in Counter(names).items())
    return Sample(path, read_picture(path), drawn, counted or "nothing")


def _numbers(path: Path) -> NDArray[np.integer]:
    try:
        with Image.open(path) as image:
            return np.asarray(image)
    except OSError as error:
        raise UserError(
            "image_unreadable", f"The picture {path} cannot be read.", "Ask for others."
        ) from error
