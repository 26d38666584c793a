"""How far two models agree on the images of the Predict page: reckoned in the background, some images at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PySide6.QtCore import QObject, QTimer, Signal

from desktop.bridge.background import Background
from desktop.models.answer import AnswerView
from desktop.models.predictions_answers import unpacked
from desktop.models.predictions_board import PredictionBoard
from engine.errors import UserError

AT_ONCE = 400
"""Images in one step; between two of them the threshold may move on."""
_REST_MS = 120
"""Answers and moves of a slider that come this close together are one."""

Pair = tuple[bytes, bytes]


class Agreement(QObject):
    """Keeps `PredictionBoard.agreement` true while two models are asked.

    Args:
        board: with the answers of both.
        background: where it is reckoned.
        parent: as in Qt.
    """

    changed = Signal()
    """More of it is known, or other values."""

    def __init__(self, board: PredictionBoard, background: Background, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._board = board
        self._background = background
        self._due: dict[int, None] = {}
        self._turn = 0
        self._is_busy = False
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST_MS)
        self._rest.timeout.connect(self._go_on)

    def answered(self, places: Iterable[int]) -> None:
        """Some images were answered by one of the models."""
        if self._board.is_compared:
            self._due.update(dict.fromkeys(places))
            self._rest.start()

    def start_anew(self) -> None:
        """The threshold, or a model, is another one."""
        self._turn += 1
        self._is_busy = False
        self._due = dict.fromkeys(range(len(self._board))) if self._board.is_compared else {}
        self._rest.start()

    def _go_on(self) -> None:
        board, view = self._board, self._board.answers
        if self._is_busy or view is None:
            return
        places: list[int] = []
        pairs: list[Pair] = []
        while self._due and len(places) < AT_ONCE:
            place = next(iter(self._due))
            del self._due[place]
            pair = board.pair(place)
            if pair is not None:
                places.append(place)
                pairs.append(pair)
        if not places:
            return
        self._is_busy = True
        turn = self._turn
        self._background.run(
            agreements,
            view,
            pairs,
            board.threshold,
            then=lambda values: self._take(turn, places, values),
            failed=lambda error: self._fail(turn, error),
            owner=self,
        )

    def _take(self, turn: int, places: Sequence[int], values: Sequence[float]) -> None:
        if turn != self._turn:
            return
        self._is_busy = False
        there = [
            (place, value) for place, value in zip(places, values, strict=True) if place < len(self._board)
        ]
        self._board.note_agreement([place for place, _ in there], [value for _, value in there])
        self.changed.emit()
        self._go_on()

    def _fail(self, turn: int, error: Exception) -> None:
        """Nothing of it is expected: those images stay without, and the next are compared."""
        if turn == self._turn:
            self._is_busy = False
            self._go_on()
        raise error


def agreements(view: AnswerView, pairs: Sequence[Pair], threshold: float) -> list[float]:
    """Compare packed records two by two; NaN where a mask cannot be read any more. In a thread."""
    return [_agreement(view, pair, threshold) for pair in pairs]


def _agreement(view: AnswerView, pair: Pair, threshold: float) -> float:
    first, second = unpacked(pair[0]), unpacked(pair[1])
    if first.error or second.error:
        return float("nan")
    try:
        return view.agreement(first, second, threshold)
    except UserError:
        return float("nan")
