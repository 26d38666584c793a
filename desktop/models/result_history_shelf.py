"""A handful of opened results: going from one validation to the next shall not wait for a disk."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject

from desktop.bridge.background import Background
from desktop.models.result import Result, ResultKey, open_result, summary_path
from engine.protocol.home import Home

KEPT = 7
"""The one shown, and three on each side of it."""
Taker = Callable[[Result], object]
Failed = Callable[[Exception], object]


class ResultShelf(QObject):
    """Opens results in a thread, the wanted one first, then those that are likely to be wanted next.

    Only one is read at a time: where a slider is dragged over hundreds, those between are never opened.
    """

    def __init__(self, home: Home, background: Background, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._home = home
        self._background = background
        self._kept: OrderedDict[ResultKey, Result] = OrderedDict()
        self._wanted: tuple[ResultKey, Taker, Failed] | None = None
        self._ahead: list[ResultKey] = []
        self._reading: ResultKey | None = None
        self._turn = 0
        self.prepare: Taker | None = None
        """Called in the thread with each result that was read, so that showing it takes less."""

    def get(self, key: ResultKey) -> Result | None:
        """Give a result that is open."""
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
        return found

    def fetch(self, key: ResultKey, then: Taker, failed: Failed) -> None:
        """Open a result; one that was wanted before and is not there yet is not wanted any more."""
        self._wanted = (key, then, failed)
        self._read_next()

    def verify(self, key: ResultKey, failed: Failed) -> None:
        """Look whether a result that is open is still on the disk; if it is not, close it and say so."""

        def tell(error: Exception) -> None:
            self._kept.pop(key, None)
            failed(error)

        self._background.run(_require_there, self._home, key, failed=tell, owner=self)

    def look_ahead(self, keys: Sequence[ResultKey]) -> None:
        """Open these as long as nothing is wanted, the first first; those that were expected before are not."""
        self._ahead = [key for key in keys if key not in self._kept]
        self._read_next()

    def forget(self) -> None:
        """Close all: another run is looked at, or what lies on the disk may have changed."""
        self._kept.clear()
        self._ahead = []
        self._wanted = None
        self._reading = None
        self._turn += 1

    def _read_next(self) -> None:
        if self._reading is not None:
            return
        if self._wanted is not None:
            key = self._wanted[0]
        elif self._ahead:
            key = self._ahead.pop(0)
        else:
            return
        self._reading = key
        turn = self._turn
        self._background.run(
            self._open,
            key,
            then=lambda result: self._take(turn, result),
            failed=lambda error: self._give_up(turn, key, error),
            owner=self,
        )

    def _open(self, key: ResultKey) -> Result:
        """In the thread."""
        result = open_result(self._home, key)
        if self.prepare is not None:
            self.prepare(result)
        return result

    def _take(self, turn: int, result: Result) -> None:
        if turn != self._turn:
            return
        self._reading = None
        self._kept[result.key] = result
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        if self._wanted is not None and self._wanted[0] == result.key:
            then = self._wanted[1]
            self._wanted = None
            then(result)
        self._read_next()

    def _give_up(self, turn: int, key: ResultKey, error: Exception) -> None:
        if turn != self._turn:
            return
        self._reading = None
        if self._wanted is not None and self._wanted[0] == key:
            failed = self._wanted[2]
            self._wanted = None
            failed(error)
        self._read_next()


def _require_there(home: Home, key: ResultKey) -> None:
    """In the thread.

    Raises:
        UserError: `result_missing`.
    """
    if not summary_path(home, key).is_file():
        open_result(home, key)  # says so
