"""Moves the Validate page through the validations of a run: what the slider offers, and what is opened ahead of it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QObject, Signal

from desktop.context import Context
from desktop.models.result import Result, ResultKey
from desktop.models.result_browser import ResultBrowser
from desktop.models.result_history import Moment, curve_of, moments, neighbours, place_of, without_images
from desktop.pages.validate_history import HistoryBar, TimeLine
from desktop.tasks.task import find_view

_REACH = 3
"""So many validations are opened ahead on each side."""


class TimeTravel(QObject):
    """Connects the slider with the browser of results.

    While a run trains its newest validation is followed, until the user goes to another one; back on the newest it is
    followed again.
    """

    travelled = Signal(object)
    """The user went to a validation: its `ResultKey`, or None for the newest, whichever that comes to be."""

    def __init__(self, context: Context, browser: ResultBrowser, bar: HistoryBar) -> None:
        super().__init__(browser)
        self._context = context
        self._browser = browser
        self._bar = bar
        browser.listed.connect(self._take_list)
        browser.opened.connect(self._take_result)
        browser.failed.connect(bar.stop)
        bar.moved.connect(self._go)

    @property
    def browser(self) -> ResultBrowser:
        return self._browser

    @property
    def moments(self) -> Sequence[Moment]:
        """The validations of the run, oldest first."""
        return self._bar.line.moments

    def _take_list(self) -> None:
        row = self._context.runs.row(self._browser.run)
        found = moments(self._browser.results, row.best_epoch if row is not None else None)
        view = find_view(row.task) if row is not None else None
        measure = view.headline[0] if view is not None and view.headline else ""
        line = TimeLine(found, frozenset(), curve_of(self._browser.results, found, measure))
        known = self._bar.line
        if (known.moments, known.curve) == (line.moments, line.curve):
            self._bar.show_line(known, self._shown())
            return
        self._bar.show_line(line, self._shown())
        self._context.background.run(
            without_images,
            self._context.home,
            found,
            then=partial(self._take_numbers_only, line),
            owner=self,
        )

    def _take_numbers_only(self, line: TimeLine, keys: frozenset[ResultKey]) -> None:
        if self._bar.line is line and keys:
            self._bar.show_line(TimeLine(line.moments, keys, line.curve), self._shown())

    def _take_result(self, result: Result) -> None:
        self._bar.arrive(result.key)
        place = place_of(self.moments, result.key)
        if place >= 0:
            self._browser.shelf.look_ahead(neighbours(self.moments, place, _REACH))

    def _go(self, key: ResultKey, is_last: bool) -> None:
        offered = self._browser.offered  # one that is just being measured is newer than the last of the line
        is_newest = is_last and bool(offered) and offered[0].key == key
        self._browser.choose(None if is_newest else key)
        self.travelled.emit(None if is_newest else key)

    def _shown(self) -> ResultKey | None:
        return self._browser.result.key if self._browser.result is not None else self._browser.wanted
