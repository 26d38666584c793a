"""The menu of results that another one can be compared with; read when it is wanted."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject, QPoint
from PySide6.QtWidgets import QMenu, QWidget

from desktop.context import Context
from desktop.models.result import ResultKey
from desktop.models.result_comparison import Candidate, candidates
from engine.errors import UserError


class CompareMenu(QObject):
    """Opens under a button; `then` gets the key that was chosen."""

    def __init__(self, context: Context, under: QWidget, then: Callable[[ResultKey], object]) -> None:
        super().__init__(under)
        self._context = context
        self._under = under
        self._then = then
        self.menu: QMenu | None = None

    def ask(self, shown: ResultKey, without: tuple[ResultKey, ...] = ()) -> None:
        """Offer what a result can be compared with, but for some."""
        background = self._context.background
        show = partial(self._show, (shown, *without))
        background.run(candidates, self._context.home, shown, then=show, failed=self._complain, owner=self)

    def _show(self, taken: tuple[ResultKey, ...], offered: list[Candidate]) -> None:
        menu = QMenu(self._under)
        there = [entry for entry in offered if entry.key not in taken]
        for heading, entries in (
            ("This run", [entry for entry in there if entry.is_of_this_run]),
            ("Other runs", [entry for entry in there if not entry.is_of_this_run]),
        ):
            if entries:
                menu.addAction(heading).setEnabled(False)
            for entry in entries:
                action = menu.addAction(entry.title.replace("&", "&&"))
                action.triggered.connect(partial(self._choose, entry.key))
        if not there:
            menu.addAction("No other result on the same split: evaluate another checkpoint").setEnabled(False)
        self.menu = menu
        menu.popup(self._under.mapToGlobal(QPoint(0, self._under.height())))

    def _choose(self, key: ResultKey, _checked: bool = False) -> None:
        self._then(key)

    def _complain(self, error: Exception) -> None:
        told = error if isinstance(error, UserError) else UserError("bug", f"{type(error).__name__}: {error}")
        self._context.complain(told)
