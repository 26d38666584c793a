"""The engine's children that work on other machines: one a machine, with progress, a log and an end on demand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import shiboken6
from PySide6.QtCore import QObject, Signal

from desktop.bridge.host_documents import HostOrder
from desktop.bridge.host_state import HostLog, HostWork
from desktop.bridge.processes import EngineJob
from engine.errors import UserError
from engine.protocol.home import Home

Then = Callable[[Any], object]
Failed = Callable[[UserError], object]
_SHARED: Final = (
    "SSH_AUTH_SOCK",
    "DBUS_SESSION_BUS_ADDRESS",
    "XDG_CURRENT_DESKTOP",
    "DISPLAY",
    "WAYLAND_DISPLAY",
)
"""By these a child finds the key agent and the system's keyring."""
_PATIENCE_MS = 30_000
"""What a child that was told to end may take to end its work on the other machine."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Who gets the answer. A bound method of an object that is gone is not called."""

    then: Then | None = None
    failed: Failed | None = None


@dataclass(slots=True)
class _Task:
    order: HostOrder
    job: EngineJob
    waiting: list[Waiting]


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
        self._tasks: dict[str, _Task] = {}
        self._questions: list[_Task] = []
        self._work: dict[str, HostWork] = {}
        self._logs: dict[str, HostLog] = {}

    def work(self, name: str) -> HostWork | None:
        return self._work.get(name)

    def log(self, name: str) -> HostLog:
        return self._logs.get(name, HostLog())

    def begin(self, order: HostOrder, waiting: Waiting) -> None:
        """Start an order; while another works on the machine, it fails with `host_busy`."""
        under_way = self._tasks.get(order.name)
        if under_way is not None:
            self._join(under_way, order, waiting)
            return
        task = self._task(order, waiting)
        name = order.name
        self._tasks[name] = task
        self._work[name] = HostWork(order.verb)
        if order.verb == "prepare":
            self._logs[name] = HostLog()
        task.job.progress.connect(lambda done, total, phase: self._progressed(name, (done, total, phase)))
        task.job.said.connect(lambda line: self._note(name, line))
        task.job.start()
        self.changed.emit()

    def ask(self, order: HostOrder, waiting: Waiting) -> None:
        """Start an order that changes nothing, whatever else is under way."""
        task = self._task(order, waiting)
        self._questions.append(task)
        task.job.start()

    def cancel(self, name: str) -> None:
        """Tell what works on a machine to leave off."""
        task = self._tasks.get(name)
        if task is None:
            return
        self._work[name] = replace(self._work[name], is_ending=True)
        task.job.ask_to_end(_PATIENCE_MS)
        self.changed.emit()

    def close(self) -> None:
        """End all children."""
        jobs = [task.job for task in (*self._tasks.values(), *self._questions)]
        for job in jobs:
            job.ask_to_end(_PATIENCE_MS)
        for job in jobs:
            job.cancel()

    def _task(self, order: HostOrder, waiting: Waiting) -> _Task:
        job = EngineJob(self._home, ["hosts", order.verb, order.name, *order.arguments], parent=self)
        job.share(_SHARED)
        job.give_input(order.secret)
        task = _Task(order, job, [waiting])
        # The job is gone when it has ended, and these with it. `ended` comes before `finished` and `failed`.
        job.ended.connect(lambda: self._put_away(task))
        job.finished.connect(lambda document: self._finish(task, document))
        job.failed.connect(lambda error: self._fail(task, error))
        return task

    def _join(self, task: _Task, order: HostOrder, waiting: Waiting) -> None:
        """Asked twice for the same, one child answers both; something else must wait its turn."""
        if task.order == order and order.verb == "test":
            task.waiting.append(waiting)
            return
        error = UserError(
            "host_busy",
            f"Something else is done with {order.name} at the moment ({task.order.verb}).",
            "Wait until it has ended, or cancel it.",
        )
        self._tell_failure([waiting], error)

    def _progressed(self, name: str, told: tuple[int, int, str]) -> None:
        done, total, phase = told
        work = self._work.get(name)
        if work is None:
            return
        self._work[name] = replace(work, done=done, total=total, phase=phase)
        if phase != work.phase:
            self._note(name, phase)
        self.progress.emit(name, done, total, phase)

    def _note(self, name: str, line: str) -> None:
        work = self._work.get(name)
        if work is not None and work.verb == "prepare" and line:
            self._logs[name] = self.log(name).with_line(line)

    def _put_away(self, task: _Task) -> None:
        name = task.order.name
        task.job.deleteLater()
        if task in self._questions:
            self._questions.remove(task)
        elif self._tasks.get(name) is task:
            del self._tasks[name]
            del self._work[name]
            self.changed.emit()

    def _finish(self, task: _Task, document: object) -> None:
        value = task.order.answer(document)
        if isinstance(value, UserError):
            self._fail(task, value)
            return
        self.answered.emit(task.order, value)
        for one in task.waiting:
            if one.then is not None and _is_there(one.then):
                one.then(value)

    def _fail(self, task: _Task, error: UserError) -> None:
        if task.order.verb == "prepare":
            self._logs[task.order.name] = self.log(task.order.name).with_line(str(error))
        self.failed.emit(task.order, error)
        self._tell_failure(task.waiting, error)

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
