"""Which result of which run is looked at: keeps the newest chosen while a run goes on, opens results in a thread."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from desktop.bridge.background import Background
from desktop.models.result import Result, ResultKey, metric_in, open_result
from desktop.models.result_checkpoints import CheckpointFact, checkpoints_of
from desktop.models.result_history_shelf import ResultShelf
from desktop.models.result_list import (
    ListedResult,
    comparable,
    list_partials,
    list_results,
    result_before,
)
from engine.errors import UserError
from engine.protocol.home import Home


class ResultBrowser(QObject):
    """The results of one run, and the one that is open."""

    listed = Signal()
    """The list is another one; also when it became empty."""
    opening = Signal()
    """A result is being read."""
    opened = Signal(object)
    """A `Result`, in the GUI's thread."""
    withdrawn = Signal()
    """The chosen test run was deleted; the newest result is followed from now on."""
    failed = Signal(object)
    """A `UserError`: the list or the chosen result cannot be read."""

    def __init__(self, home: Home, background: Background, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._home = home
        self._background = background
        self.shelf = ResultShelf(home, background, self)
        self.run = ""
        self.results: list[ListedResult] = []
        """Newest first; those that are finished."""
        self.partials: list[ListedResult] = []
        """What is just being measured, as far as it can be seen."""
        self.result: Result | None = None
        self._chosen: ResultKey | None = None
        self._wish = ""
        self._turn = 0
        """Counts the runs looked at: an answer about an earlier one is dropped."""
        self._is_listing = False
        self._is_listing_due = False
        self._opening: ResultKey | None = None
        self._unreadable: set[ResultKey] = set()
        """What gave way to the next one just when it was opened."""

    @property
    def follows_newest(self) -> bool:
        """Whether the newest result is shown, whichever that comes to be."""
        return self._chosen is None

    @property
    def wanted(self) -> ResultKey | None:
        """The result that should be open; None when there is none."""
        if self._chosen is not None:
            return self._chosen
        return self.offered[0].key if self.offered else None

    @property
    def offered(self) -> list[ListedResult]:
        """All that can be looked at, the newest first."""
        return [*self.partials, *self.results]

    def before(self, key: ResultKey) -> ListedResult | None:
        """Give the result that changes are told against; none for one that tells of other images yet."""
        return None if key.is_partial else result_before(self.results, key)

    def history(self, key: ResultKey, metric: str) -> list[float]:
        """Give a metric (named without prefix) of all results up to this one; none for no metric."""
        if not metric:
            return []
        values = [metric_in(entry.metrics, metric) for entry in comparable(self.offered, key)]
        return [value for value in values if value is not None]

    def choose_run(self, run: str, key: ResultKey | None = None) -> None:
        """Look at a run: at one of its results, or at the newest."""
        if run == self.run:
            self.choose(key)
            return
        self.run = run
        self.results = []
        self.partials = []
        self.result = None
        self._chosen = key
        self._opening = None
        self._is_listing = False
        self._turn += 1
        self.shelf.forget()
        self.listed.emit()
        self.refresh()

    def choose(self, key: ResultKey | None) -> None:
        """Look at a result of this run; None at the newest from now on."""
        self._chosen = key
        self._open_wanted()

    def wish_checkpoint(self, name: str) -> None:
        """Look at the result of a checkpoint as soon as the list is there: its newest evaluation, else its epoch's."""
        self._wish = name
        self._fulfil_wish()

    def refresh(self) -> None:
        """Read the list anew; a new result is opened where the newest is followed."""
        if not self.run:
            return
        if self._is_listing:
            self._is_listing_due = True
            return
        self._is_listing = True
        turn = self._turn
        self._background.run(
            _list_all,
            self._home,
            self.run,
            then=lambda found: self._take_list(turn, *found),
            failed=lambda error: self._take_failure(turn, error),
            owner=self,
        )

    def reopen(self) -> None:
        """Read the wanted result again, after it could not be."""
        self.result = None
        self._opening = None
        self.shelf.forget()
        self.refresh()

    def _take_list(self, turn: int, found: list[ListedResult], partials: list[ListedResult]) -> None:
        if turn != self._turn:
            return
        self._is_listing = False
        is_of_test_run = self._chosen is not None and self._chosen.run != self.run
        is_withdrawn = is_of_test_run and self._is_listed(self.results) and not self._is_listed(found)
        if found != self.results:
            self.results = found
        self.partials = [entry for entry in partials if entry.key not in self._unreadable]
        self._move_on()
        if is_withdrawn:
            self._chosen = None
            self.withdrawn.emit()
        self._fulfil_wish()
        self.listed.emit()
        self._open_wanted()
        if self._is_listing_due:
            self._is_listing_due = False
            self.refresh()

    def _is_listed(self, results: list[ListedResult]) -> bool:
        return any(entry.key == self._chosen for entry in results)

    def _move_on(self) -> None:
        """What was chosen while it was measured has grown, or is finished: look at what it has become."""
        chosen = self._chosen
        if chosen is None or not chosen.is_partial or any(entry.key == chosen for entry in self.partials):
            return
        self._chosen = next((entry.key for entry in self.offered if entry.key.run == chosen.run), None)

    def _fulfil_wish(self) -> None:
        name, turn = self._wish, self._turn
        if not name or not self.results:
            return
        self._wish = ""
        measured = next((entry for entry in self.results if entry.checkpoint == name), None)
        if measured is not None:
            self._choose_and_tell(measured.key)
            return

        def choose_epoch(facts: tuple[CheckpointFact, ...]) -> None:
            epochs = [fact.epoch for fact in facts if fact.name == name]
            found = next((entry for entry in self.results if entry.is_own and entry.epoch in epochs), None)
            if found is not None and turn == self._turn:
                self._choose_and_tell(found.key)

        self._background.run(
            checkpoints_of,
            self._home,
            self.run,
            then=choose_epoch,
            failed=lambda error: self._take_failure(turn, error),
            owner=self,
        )

    def _choose_and_tell(self, key: ResultKey) -> None:
        self.choose(key)
        self.listed.emit()

    def _open_wanted(self) -> None:
        key = self.wanted
        if key is None or key == self._opening:
            return
        if self.result is not None and self.result.key == key:
            self._opening = None
            return
        self._opening = key
        turn = self._turn
        if key.is_partial:
            self._open_partial(turn, key)
            return
        self.opening.emit()
        kept = self.shelf.get(key)
        if kept is not None:
            self._take_result(turn, kept)
            return
        self.shelf.fetch(
            key,
            lambda result: self._take_result(turn, result),
            lambda error: self._take_failure(turn, error),
        )

    def _open_partial(self, turn: int, key: ResultKey) -> None:
        """Not kept on the shelf, and nothing is said where it is gone already: the next one is there."""

        def fail(error: Exception) -> None:
            if not isinstance(error, UserError):
                raise error
            self._unreadable.add(key)
            if turn == self._turn and self._opening == key:
                self._opening = None
                self.refresh()

        self._background.run(
            open_result,
            self._home,
            key,
            then=lambda result: self._take_result(turn, result),
            failed=fail,
            owner=self,
        )

    def _take_result(self, turn: int, result: Result) -> None:
        if turn != self._turn or result.key != self._opening:
            return
        self._opening = None
        self.result = result
        self.opened.emit(result)
        self.shelf.verify(result.key, lambda error: self._take_vanished(turn, result, error))

    def _take_vanished(self, turn: int, result: Result, error: Exception) -> None:
        if self.result is result:
            self._take_failure(turn, error)

    def _take_failure(self, turn: int, error: Exception) -> None:
        if turn != self._turn:
            return
        self._is_listing = False
        self._opening = None
        if not isinstance(error, UserError):
            raise error
        self.failed.emit(error)


def _list_all(home: Home, run: str) -> tuple[list[ListedResult], list[ListedResult]]:
    return list_results(home, run), list_partials(home, run)
