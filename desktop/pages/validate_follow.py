"""Keeps the Validate page true: new results of the run that is looked at, and the evaluation that was asked for."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal

from desktop.context import Context
from desktop.models.result import ResultKey, newest_partial
from desktop.models.result_browser import ResultBrowser
from engine.protocol.events import Event, ResultWritten
from engine.protocol.home import Home
from engine.protocol.job import ACTIVE_STATES, END_STATES
from engine.store.runs import RunRow

_SOON_MS = 250
_LATER_MS = 2_000
_WATCH_MS = 1_000
"""How often it is looked what is measured so far."""
"""The store may learn of a result a little after the window did."""


class ResultFollower(QObject):
    """Has the browser read its list again when there may be something new, while the page is in front."""

    evaluating = Signal(str)
    """What the evaluation that was asked for does, as a sentence; empty when none is under way."""
    evaluated = Signal(str)
    """The evaluation that was asked for is there: the id of its run."""
    failed = Signal(object)
    """The `RunRow` of the evaluation that was asked for and failed."""

    def __init__(self, context: Context, browser: ResultBrowser) -> None:
        super().__init__(browser)
        self._context = context
        self._browser = browser
        self._is_on = False
        self._asked = ""
        self._what = ""
        self._seen: dict[str, tuple[str, int]] = {}
        self._soon = _timer(self, _SOON_MS)
        self._later = _timer(self, _LATER_MS)
        self._soon.timeout.connect(browser.refresh)
        self._later.timeout.connect(browser.refresh)
        self._watching = QTimer(self)
        self._watching.setInterval(_WATCH_MS)
        self._watching.timeout.connect(self._watch)
        self._partials: list[ResultKey] = []
        browser.listed.connect(self._tell_progress)
        context.live.received.connect(self._hear)
        context.runs.run_changed.connect(self._look_at)

    def set_on(self, on: bool) -> None:
        """Follow, or rest: the page is in front, or not."""
        self._is_on = on
        if on:
            self._browser.refresh()
            self._watching.start()
        else:
            self._watching.stop()

    def expect(self, run: str, what: str) -> None:
        """An evaluation was asked for.

        Args:
            run: its id.
            what: `best on the test images`.
        """
        self._asked, self._what = run, what
        self.evaluating.emit(f"Evaluating {what}…")
        if self._context.runs.row(run) is not None:  # the list may not have it yet
            self._look_at(run)

    def _hear(self, run: str, _attempt: int, _source: str, event: Event) -> None:
        if isinstance(event, ResultWritten) and self._is_of_interest(run):
            self._refresh()

    def _watch(self) -> None:
        """Look whether something that is being measured has grown; it costs a look at one or two folders."""
        rows = [row for row in self._context.runs.rows() if row.state in ACTIVE_STATES]
        runs = [row.run for row in rows if self._is_of_interest(row.run)]
        if runs or self._partials:
            self._context.background.run(
                _partials_of, self._context.home, runs, then=self._take_partials, owner=self
            )

    def _take_partials(self, found: list[ResultKey]) -> None:
        if found != self._partials:
            self._partials = found
            self._browser.refresh()

    def _tell_progress(self) -> None:
        told = [f"Measured so far: {entry.title}" for entry in self._browser.partials[:1]]
        if told or not self._asked:
            self.evaluating.emit(told[0] if told else "")

    def _look_at(self, run: str) -> None:
        row = self._context.runs.row(run)
        if row is None:
            self._lose(run)
            return
        if run == self._asked:
            self._look_at_evaluation(row)
        now = (row.state, row.epoch)
        if self._is_of_interest(run) and self._seen.get(run) != now:
            self._seen[run] = now
            self._refresh()

    def _lose(self, run: str) -> None:
        """It was deleted."""
        if run == self._asked:
            self._asked = ""
            self.evaluating.emit("")
        is_listed = any(entry.key.run == run for entry in self._browser.offered)
        if is_listed and run != self._browser.run:  # the page itself sees when the training is gone
            self._refresh()

    def _look_at_evaluation(self, row: RunRow) -> None:
        if row.state == "queued":
            self.evaluating.emit(f"Waiting to evaluate {self._what}…")
        if row.state not in END_STATES:
            return
        self._asked = ""
        self.evaluating.emit("")
        if row.state == "completed":
            self.evaluated.emit(row.run)
        elif row.state in ("failed", "lost"):
            self.failed.emit(row)

    def _is_of_interest(self, run: str) -> bool:
        if not self._browser.run:
            return False
        row = self._context.runs.row(run)
        return run == self._browser.run or (row is not None and row.parent == self._browser.run)

    def _refresh(self) -> None:
        if self._is_on:
            self._soon.start()
            self._later.start()


def _partials_of(home: Home, runs: list[str]) -> list[ResultKey]:
    """In a thread."""
    found = (newest_partial(home, run) for run in runs)
    return [key for key in found if key is not None]


def _timer(owner: QObject, milliseconds: int) -> QTimer:
    made = QTimer(owner)
    made.setSingleShot(True)
    made.setInterval(milliseconds)
    return made
