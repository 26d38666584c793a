"""The engine's children that work on other machines: one a machine, with progress, a log and an end on demand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import shiboken6
from PySide6.QtCore import QObject, Signal

from desktop.bridge.host_documents import HostOrder
from desktop.bridge.host_state import HostLog, HostWork
from desktop.bridge.processes import EngineJob
from engine.errors import UserError
from engine.protocol.home import Home
from engine.protocol.interpreter import KEYHOLDERS

Then = Callable[[Any], object]
Failed = Callable[[UserError], object]
_PATIENCE_MS = 30_000
"""What a child that was told to end may take to end its work on the other machine."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Who gets the answer. A bound method of an object that is gone is not called."""

    then: Then | None = None
    failed: Failed | None = None


class _Child(QObject):
    """One order under way, and who waits for it.

    When it is deleted it must not be the last that knows a page, and by it the desk: the desk would delete it a second
    time, from within. So it lets go of those who wait as soon as they are told.
    """

    progressed = Signal(object, int, int, str)
    said = Signal(object, str)
    finished = Signal(object, object)
    failed = Signal(object, object)
    ended = Signal(object)
    """Each carries this child first; `ended` comes before `finished` and `failed`."""

    def __init__(self, home: Home, order: HostOrder, waiting: Waiting, parent: QObject) -> None:
        super().__init__(parent)
        self.order = order
        self.waiting = [waiting]
        arguments = ["hosts", order.verb, order.name, *order.arguments]
        self.job = EngineJob(home, arguments, parent=self)
        self.job.share(KEYHOLDERS)
        self.job.give_input(order.secret)
        self.job.progress.connect(self._progress)
        self.job.said.connect(self._say)
        self.job.finished.connect(self._finish)
        self.job.failed.connect(self._fail)
        self.job.ended.connect(self._end)

    def let_go(self) -> list[Waiting]:
        """Give those who wait, and forget them."""
        waiting, self.waiting = self.waiting, []
        return waiting

    def _progress(self, done: int, total: int, phase: str) -> None:
        self.progressed.emit(self, done, total, phase)

    def _say(self, line: str) -> None:
        self.said.emit(self, line)

    def _finish(self, document: object) -> None:
        self.finished.emit(self, document)

    def _fail(self, error: UserError) -> None:
        self.failed.emit(self, error)

    def _end(self) -> None:
        self.ended.emit(self)


class HostChildren(QObject):
    """Runs orders; at most one that changes something for each machine, and any number of questions."""

    changed = Signal()
    """Some work began, ended, or was told to end."""
    progress = Signal(str, int, int, str)
    """Name, done, total (0 when unknown), phase."""
    answered = Signal(object, object)
    """The HostOrder, and what its `read` made of the answer. Before those who wait are told."""
    failed = Signal(object, object)
    """The HostOrder, and a UserError. Before those who wait are told."""
    unheard = Signal(object)
    """A UserError that nobody waited for."""

    def __init__(self, home: Home, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._home = home
        self._children: dict[str, _Child] = {}
        self._questions: list[_Child] = []
        self._work: dict[str, HostWork] = {}
        self._logs: dict[str, HostLog] = {}

    def work(self, name: str) -> HostWork | None:
        return self._work.get(name)

    def log(self, name: str) -> HostLog:
        return self._logs.get(name, HostLog())

    def begin(self, order: HostOrder, waiting: Waiting) -> None:
        """Start an order; while another works on the machine, it fails with `host_busy`."""
        under_way = self._children.get(order.name)
        if under_way is not None:
            self._join(under_way, order, waiting)
            return
        child = self._make(order, waiting)
        self._children[order.name] = child
        self._work[order.name] = HostWork(order.verb)
        if order.verb == "prepare":
            self._logs[order.name] = HostLog()
        child.progressed.connect(self._progressed)
        child.said.connect(self._said)
        child.job.start()
        self.changed.emit()

    def ask(self, order: HostOrder, waiting: Waiting) -> None:
        """Start an order that changes nothing, whatever else is under way."""
        child = self._make(order, waiting)
        self._questions.append(child)
        child.job.start()

    def cancel(self, name: str) -> None:
        """Tell what works on a machine to leave off."""
        child = self._children.get(name)
        if child is None:
            return
        self._work[name] = replace(self._work[name], is_ending=True)
        child.job.ask_to_end(_PATIENCE_MS)
        self.changed.emit()

    def close(self) -> None:
        """End all children. A preparation goes on on its machine; preparing it again follows it from where it is."""
        children = [*self._children.values(), *self._questions]
        for child in children:
            child.let_go()
            if child.order.verb == "prepare":
                child.job.leave()
            else:
                child.job.ask_to_end(_PATIENCE_MS)
        for child in children:
            child.job.cancel()

    def _make(self, order: HostOrder, waiting: Waiting) -> _Child:
        child = _Child(self._home, order, waiting, self)
        child.ended.connect(self._put_away)
        child.finished.connect(self._finish)
        child.failed.connect(self._fail)
        return child

    def _join(self, child: _Child, order: HostOrder, waiting: Waiting) -> None:
        """Asked twice for the same, one child answers both; something else must wait its turn."""
        if child.order == order and order.verb == "test":
            child.waiting.append(waiting)
            return
        error = UserError(
            "host_busy",
            f"Something else is done with {order.name} at the moment ({child.order.verb}).",
            "Wait until it has ended, or cancel it.",
        )
        self._tell_failure([waiting], error)

    def _progressed(self, child: _Child, done: int, total: int, phase: str) -> None:
        name = child.order.name
        work = self._work.get(name)
        if work is None:
            return
        self._work[name] = replace(work, done=done, total=total, phase=phase)
        if phase != work.phase:
            self._said(child, phase)
        self.progress.emit(name, done, total, phase)

    def _said(self, child: _Child, line: str) -> None:
        if child.order.verb == "prepare" and line:
            self._logs[child.order.name] = self.log(child.order.name).with_line(line)

    def _put_away(self, child: _Child) -> None:
        name = child.order.name
        child.deleteLater()
        if child in self._questions:
            self._questions.remove(child)
        elif self._children.get(name) is child:
            if self._work[name].is_ending:
                child.let_go()
            del self._children[name]
            del self._work[name]
            self.changed.emit()

    def _finish(self, child: _Child, document: object) -> None:
        value = child.order.answer(document)
        if isinstance(value, UserError):
            self._fail(child, value)
            return
        self.answered.emit(child.order, value)
        for one in child.let_go():
            if one.then is not None and _is_there(one.then):
                one.then(value)

    def _fail(self, child: _Child, error: UserError) -> None:
        self._said(child, str(error))
        self.failed.emit(child.order, error)
        self._tell_failure(child.let_go(), error)

    def _tell_failure(self, waiting: list[Waiting], error: UserError) -> None:
        for one in waiting:
            if one.failed is None:
                self.unheard.emit(error)
            elif _is_there(one.failed):
                one.failed(error)


def _is_there(callback: Callable[..., object]) -> bool:
    inner = callback.func if isinstance(callback, partial) else callback
    owner = getattr(inner, "__self__", None)
    return not isinstance(owner, QObject) or shiboken6.isValid(owner)
