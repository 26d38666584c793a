"""Asks the predictor about many files in small portions, so that progress is seen and the rest can be cancelled."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol, cast

from pydantic import ValidationError
from PySide6.QtCore import QObject, Signal

from desktop.bridge.background import Background
from desktop.models.predictions import spelled
from engine.errors import UserError
from engine.protocol.results import PredictionRecord

FIRST_PORTION = 4
"""Small, so that the first answers come soon, and to learn how long a picture takes."""
PORTION = 16
"""As many as the engine looks at in one batch."""
PORTION_S = 0.5
"""A portion takes about this long: what is cancelled goes on no longer, and what is hurried waits no longer."""
LEAST_SCORE = 0.001
"""Raw scores from here on are asked for once; the threshold chooses among them without asking again."""

Answer = dict[str, object]


class Asks(Protocol):
    """What the queue needs of the predictor."""

    def ask(
        self,
        verb: str,
        payload: Mapping[str, object],
        then: Callable[[Answer], object] | None = None,
        failed: Callable[[UserError], object] | None = None,
    ) -> int: ...

    def forget(self, number: int) -> None: ...


class PredictionQueue(QObject):
    """One portion is under way at a time; answers come in the order of the files."""

    changed = Signal()
    """Another count of files waits, is done, or the model is there."""
    answered = Signal(list)
    """`PredictionRecord`s of a portion."""
    failed = Signal(object)
    """A `UserError`: the model cannot be loaded, or the predictor died. What waits stays, for `retry`."""

    def __init__(
        self,
        predictor: Asks,
        background: Background,
        parent: QObject | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(parent)
        self._clock = clock
        self._asked_at = 0.0
        self._size = FIRST_PORTION
        self._predictor = predictor
        self._background = background
        self._waiting: deque[Path] = deque()
        self._portion: tuple[Path, ...] = ()
        self._missing: dict[str, PredictionRecord] = {}
        self._refused: tuple[Path, ...] = ()
        self._number = -1
        self._turn = 0
        self._checkpoint: Path | None = None
        self._is_model_known = False
        self.classes: Sequence[str] = ()
        """Of the model that answered last."""
        self.masks: Path | None = None
        """Where files of masks go; None lets the predictor choose, which keeps them as long as it lives."""
        self.total = 0
        """Files of this batch: since the queue was empty."""
        self.done = 0

    @property
    def is_busy(self) -> bool:
        return bool(self._portion)

    @property
    def is_loading_model(self) -> bool:
        """Whether the first answer of this checkpoint is waited for."""
        return self.is_busy and not self._is_model_known

    @property
    def waits(self) -> bool:
        """Whether files are left, under way or not."""
        return bool(self._portion or self._waiting)

    def use(self, checkpoint: Path | None) -> None:
        """Ask another checkpoint from now on; what was under way is dropped."""
        if checkpoint != self._checkpoint:
            self.cancel()
            self._checkpoint = checkpoint
            self.forget_model()

    def add(self, files: Sequence[Path], *, first: bool = False) -> None:
        """Look at more files.

        Args:
            files: that nothing is known of.
            first: before all that wait: somebody looks at them.
        """
        if not self.waits:
            self.total = self.done = 0
        if first:
            self._waiting.extendleft(reversed(files))
        else:
            self._waiting.extend(files)
        self.total += len(files)
        self._go_on()

    def hurry(self, file: Path) -> None:
        """Look at a file next, if it waits."""
        if file in self._waiting:
            self._waiting.remove(file)
            self._waiting.appendleft(file)

    def cancel(self) -> list[Path]:
        """Forget what is left, and give it."""
        left = [*self._portion, *self._waiting]
        self._drop_portion()
        self._waiting.clear()
        self.total = self.done
        self.changed.emit()
        return left

    def forget_model(self) -> None:
        """The predictor has lost its models: the next answer takes longer again."""
        self._is_model_known = False
        self._size = FIRST_PORTION

    def retry(self) -> None:
        """Ask again about what is left, after a failure."""
        self._go_on()

    def _drop_portion(self) -> None:
        if self._number >= 0:
            self._predictor.forget(self._number)
        self._turn += 1
        self._number = -1
        self._portion = ()

    def _go_on(self) -> None:
        if self._portion or not self._waiting or self._checkpoint is None:
            self.changed.emit()
            return
        size = min(self._size, len(self._waiting))
        self._portion = tuple(self._waiting.popleft() for _ in range(size))
        turn = self._turn
        if size == 1 and self._portion != self._refused and _is_spelled(self._portion[0]):
            self._ask(turn, {})  # somebody may wait for it: if it is gone, the engine says so
        else:
            # One file that is gone would make the engine refuse the whole portion: look first, off this thread.
            self._background.run(
                _missing,
                self._portion,
                then=lambda missing: self._ask(turn, missing),
                failed=self._refuse,
                owner=self,
            )
        self.changed.emit()

    def _ask(self, turn: int, missing: dict[str, PredictionRecord]) -> None:
        if turn != self._turn or self._checkpoint is None:
            return
        self._missing = missing
        files = [str(path) for path in self._portion if spelled(path) not in missing]
        if not files:
            self._settle({})
            return
        payload: dict[str, object] = {
            "checkpoint": str(self._checkpoint),
            "files": files,
            "threshold": LEAST_SCORE,
        }
        if self.masks is not None:
            payload["masks"] = str(self.masks)
        self._asked_at = self._clock()
        self._number = self._predictor.ask("predict", payload, self._take, self._refuse)

    def _take(self, answer: Answer) -> None:
        try:
            given = cast("list[object]", answer.get("predictions") or [])
            records = [PredictionRecord.model_validate(entry) for entry in given]
            self.classes = tuple(str(name) for name in cast("list[object]", answer.get("classes") or []))
        except (ValidationError, TypeError) as error:
            self._refuse(UserError("answer_unknown", f"The predictor's answer cannot be read: {error}."))
            return
        if self._is_model_known and records:  # the first answer waited for the model
            each = (self._clock() - self._asked_at) / len(records)
            self._size = max(1, min(PORTION, int(PORTION_S / max(each, PORTION_S / PORTION))))
        self._is_model_known = True
        self._settle({record.file: record for record in records})

    def _settle(self, by_file: Mapping[str, PredictionRecord]) -> None:
        known = {**by_file, **self._missing}
        records = [known[spelled(path)] for path in self._portion if spelled(path) in known]
        if len(records) < len(self._portion):
            self._refuse(UserError("answer_unknown", "The predictor did not answer about every file."))
            return
        self.done += len(records)
        self._drop_portion()
        self.answered.emit(records)
        self._go_on()

    def _refuse(self, error: Exception) -> None:
        portion = self._portion
        self._waiting.extendleft(reversed(portion))
        self._drop_portion()
        if isinstance(error, UserError) and error.code == "file_missing" and portion != self._refused:
            self._refused = portion  # one of them went away after it was looked for: look again, once
            self._go_on()
            return
        self.forget_model()
        self.changed.emit()
        if not isinstance(error, UserError):
            raise error
        self.failed.emit(error)


def _missing(files: Sequence[Path]) -> dict[str, PredictionRecord]:
    """The answers about files that cannot be asked about, by file."""
    reasons = {spelled(path): _reason(path) for path in files}
    return {
        name: PredictionRecord(file=name, error=f"The image {Path(name).name} cannot be read: {why}.")
        for name, why in reasons.items()
        if why
    }


def _reason(path: Path) -> str:
    if not path.is_file():
        return "it is no file" if path.exists() else "there is no such file any more"
    return "" if _is_spelled(path) else "its name is not text in UTF-8; rename it"


def _is_spelled(path: Path) -> bool:
    """Whether the engine can be told of it: its name is text."""
    return spelled(path) == str(path)
