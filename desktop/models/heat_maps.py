"""Asks the predictor where a model looks, keeps the last answers, and makes pictures of them off the GUI's thread."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from desktop.bridge.background import Background
from desktop.models.predictions_queue import Asks
from desktop.theme.heat_colors import heat_colors
from engine.errors import UserError

_KEPT = 32


@dataclass(frozen=True, slots=True)
class HeatSubject:
    """What is explained."""

    checkpoint: Path
    file: Path
    label: str = ""
    """The class; empty for the one that is predicted."""


@dataclass(frozen=True, slots=True, eq=False)
class Heat:
    """A heat map as it is drawn."""

    picture: QImage
    """The hotter, the less is seen through it."""
    area: tuple[float, float, float, float]
    """What it covers: left, top, right, bottom, pixels of the image."""
    size: tuple[int, int]
    """Width and height of the image."""
    label: str
    """The class whose grounds it shows."""
    is_empty: bool
    """Nothing in the image speaks for the class."""


class HeatMaps(QObject):
    """One question is under way at a time; asked about something else, the answer to the one before is dropped."""

    came = Signal(object, object)
    """The subject and its `Heat`."""
    failed = Signal(object, object)
    """The subject and a UserError."""

    def __init__(self, predictor: Asks, background: Background, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._predictor = predictor
        self._background = background
        self._kept: OrderedDict[HeatSubject, Heat] = OrderedDict()
        self._wanted: HeatSubject | None = None
        self._number = -1
        self._turn = 0
        """Counts how often all was forgotten: what is read of an answer from before is dropped."""

    def want(self, subject: HeatSubject | None) -> None:
        """Tell this subject's heat map, now when it is known, else when it is there; None wants nothing more."""
        if subject is not None and subject == self._wanted:
            return
        if self._number >= 0:
            self._predictor.forget(self._number)
            self._number = -1
        self._wanted = subject
        if subject is None:
            return
        known = self._kept.get(subject)
        if known is not None:
            self._tell(subject, known)
            return
        payload = {"checkpoint": str(subject.checkpoint), "file": str(subject.file), "class": subject.label}

        def take(answer: dict[str, object]) -> None:
            self._take(subject, answer)

        def refuse(error: Exception) -> None:
            self._refuse(subject, error)

        self._number = self._predictor.ask("explain", payload, take, refuse)

    def forget(self) -> None:
        """Drop all that is known: the model is another, or was written anew."""
        self.want(None)
        self._kept.clear()
        self._turn += 1

    def _take(self, subject: HeatSubject, answer: dict[str, object]) -> None:
        self._number, turn = -1, self._turn

        def keep(heat: Heat) -> None:
            if turn == self._turn:
                self._keep(subject, heat)

        def refuse(error: Exception) -> None:
            if turn == self._turn:
                self._refuse(subject, error)

        self._background.run(_heat, answer, then=keep, failed=refuse, owner=self)

    def _keep(self, subject: HeatSubject, heat: Heat) -> None:
        self._kept[subject] = heat
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        if subject == self._wanted:
            self._tell(subject, heat)

    def _tell(self, subject: HeatSubject, heat: Heat) -> None:
        self._wanted = None
        self.came.emit(subject, heat)

    def _refuse(self, subject: HeatSubject, error: Exception) -> None:
        if not isinstance(error, UserError):
            raise error
        if subject == self._wanted:
            self._wanted = None
            self._number = -1
            self.failed.emit(subject, error)


def _heat(answer: dict[str, object]) -> Heat:
    """Read an answer and its gray picture. In a thread.

    Raises:
        UserError: `answer_unknown`.
    """
    gray = QImage(str(answer.get("map"))).convertToFormat(QImage.Format.Format_Grayscale8)
    area, size = answer.get("area"), answer.get("size")
    if gray.isNull() or not isinstance(area, list) or not isinstance(size, list):
        raise UserError(
            "answer_unknown",
            "The heat map that the predictor wrote cannot be read.",
            "Switch it off and on again.",
        )
    height, width = gray.height(), gray.width()
    values = np.frombuffer(gray.constBits(), np.uint8).reshape(height, gray.bytesPerLine())[:, :width]
    pixels = np.ascontiguousarray(heat_colors()[values])
    picture = QImage(
        pixels.tobytes(), width, height, 4 * width, QImage.Format.Format_ARGB32_Premultiplied
    ).copy()
    edges = [float(edge) for edge in cast("Sequence[float]", area)]
    sides = [int(side) for side in cast("Sequence[int]", size)]
    return Heat(
        picture,
        (edges[0], edges[1], edges[2], edges[3]),
        (sides[0], sides[1]),
        str(answer.get("label", "")),
        answer.get("is_empty") is True,
    )
