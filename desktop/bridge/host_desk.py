"""The user's other machines: listed from HOME in the background; asked, prepared and changed by engine children."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

from PySide6.QtCore import QObject, QTimer, Signal

from desktop.bridge.actions import as_user_error
from desktop.bridge.background import Background
from desktop.bridge.host_children import Failed, HostChildren, Then, Waiting
from desktop.bridge.host_documents import (
    HostAnswers,
    HostOrder,
    HostStatus,
    KeptHost,
    answered,
    cleaned_of,
    environment_of,
    facts_of,
    kept_host_of,
    record_order,
    status_of,
)
from desktop.bridge.host_state import HostLog, HostState, HostWork, host_state
from engine.errors import UserError
from engine.protocol.home import Home
from engine.protocol.hosts import HostBook, HostFacts, HostRecord

_POLL_MS = 2_000
_TELLING = ("test", "prepare", "unlock")
"""Verbs whose failure says how the machine stands."""


@dataclass(frozen=True, slots=True)
class _Read:
    """HOME's hosts at one moment."""

    hosts: tuple[HostRecord, ...] = ()
    facts: dict[str, HostFacts] = field(default_factory=dict[str, HostFacts])


class HostDesk(QObject):
    """All machines that the user has named. Every method comes back at once.

    `then` gets the answer, `failed` a UserError; without `failed` the error is told by the signal. One verb at a
    time works on a machine; `status` may be asked beside it.
    """

    changed = Signal()
    """The list, some facts or some state are others."""
    progress = Signal(str, int, int, str)
    """Name, done, total (0 when unknown), phase."""
    failed = Signal(object)
    """A UserError that nobody waited for."""

    def __init__(self, home: Home, background: Background) -> None:
        super().__init__()
        self._home = home
        self._background = background
        self._now = _Read()
        self._troubles: dict[str, UserError] = {}
        self._list_trouble: UserError | None = None
        self._is_reading = False
        self._is_asked_again = False
        self.is_loaded = False
        self._children = HostChildren(home, self)
        self._children.changed.connect(self.changed)
        self._children.progress.connect(self.progress)
        self._children.answered.connect(self._answered)
        self._children.failed.connect(self._failed)
        self._children.unheard.connect(self.failed)
        self._poll = QTimer(self)
        self._poll.setInterval(_POLL_MS)
        self._poll.timeout.connect(self.refresh)

    # ---- what is known

    def hosts(self) -> list[HostRecord]:
        """All machines as last read, by name."""
        return list(self._now.hosts)

    def host(self, name: str) -> HostRecord | None:
        return next((host for host in self._now.hosts if host.name == name), None)

    def facts(self, name: str) -> HostFacts | None:
        """What was last found on a machine; None when it was never asked."""
        return self._now.facts.get(name)

    def state(self, name: str) -> HostState:
        return host_state(self.facts(name), self.work(name), self._troubles.get(name))

    def work(self, name: str) -> HostWork | None:
        """What is under way for a machine, status questions excepted."""
        return self._children.work(name)

    def log(self, name: str) -> HostLog:
        """What the last preparation of a machine has said while this window was open."""
        return self._children.log(name)

    def trouble(self, name: str) -> UserError | None:
        """Why the last attempt to do something with a machine failed; None when it did not."""
        return self._troubles.get(name)

    @property
    def list_trouble(self) -> UserError | None:
        """Why the list of machines cannot be read."""
        return self._list_trouble

    @property
    def known_hosts(self) -> Path:
        """The file of keys that the user has accepted."""
        return HostBook(self._home).known_hosts

    # ---- reading

    def start(self) -> None:
        """Read now, and look from now on for what the command line changes."""
        self._poll.start()
        self.refresh()

    def refresh(self) -> None:
        """Read the list and the facts in the background; asked again meanwhile, once more after."""
        if self._is_reading:
            self._is_asked_again = True
            return
        self._is_reading = True
        self._background.run(_read, self._home, then=self._take, failed=self._unread, owner=self)

    def close(self) -> None:
        """Look no more, and end the children."""
        self._poll.stop()
        self._children.close()

    # ---- verbs

    def add(
        self,
        record: HostRecord,
        then: Then | None = None,
        failed: Failed | None = None,
        answers: HostAnswers | None = None,
    ) -> None:
        """Connect to a machine and keep it; `then` gets a KeptHost.

        It fails with `host_key_unknown` (details: fingerprint, key_type, host) until the fingerprint is among the
        answers, and with `host_passphrase_needed` (details: key) until the passphrase is.
        """
        plain = HostRecord(name=record.name, host="")
        self._children.begin(record_order("add", record, plain, answers), Waiting(then, failed))

    def edit(
        self,
        record: HostRecord,
        then: Then | None = None,
        failed: Failed | None = None,
        answers: HostAnswers | None = None,
    ) -> None:
        """Change a machine that is on the list; as `add`."""
        known = self.host(record.name) or HostRecord(name=record.name, host="")
        self._children.begin(record_order("edit", record, known, answers), Waiting(then, failed))

    def remove(
        self, name: str, then: Then | None = None, failed: Failed | None = None, *, clean: bool = False
    ) -> None:
        """Forget a machine; with `clean` what Lensmith keeps there is removed first. `then` gets what was Cleaned."""
        order = HostOrder("remove", name, ("--clean",) if clean else (), cleaned_of)
        self._children.begin(order, Waiting(then, failed))

    def test(self, name: str, then: Then | None = None, failed: Failed | None = None) -> None:
        """Look at everything that a training needs there; `then` gets the HostFacts."""
        self._children.begin(HostOrder("test", name, read=facts_of), Waiting(then, failed))

    def prepare(
        self, name: str, then: Then | None = None, failed: Failed | None = None, *, again: bool = False
    ) -> None:
        """Make the environment there; `then` gets the EnvironmentFacts. Progress comes by the signal."""
        order = HostOrder("prepare", name, ("--again",) if again else (), environment_of)
        self._children.begin(order, Waiting(then, failed))

    def cancel(self, name: str) -> None:
        """Tell what works on a machine to leave off, there too; `changed` comes when it has."""
        self._children.cancel(name)

    def unlock(
        self, name: str, passphrase: str, then: Then | None = None, failed: Failed | None = None
    ) -> None:
        """Give the passphrase of the key for a machine; `then` gets a KeptHost, which says where it is kept."""
        order = answered(HostOrder("unlock", name, read=kept_host_of), HostAnswers(passphrase=passphrase))
        self._children.begin(order, Waiting(then, failed))

    def status(
        self,
        name: str,
        dataset: str = "",
        then: Callable[[HostStatus], object] | None = None,
        failed: Failed | None = None,
    ) -> None:
        """Ask a machine how it is now, and how much of a dataset it has yet to get; `then` gets the HostStatus."""
        order = HostOrder("status", name, ("--data", dataset) if dataset else (), status_of)
        self._children.ask(order, Waiting(then, failed))

    def forget_key(self, name: str, then: Then | None = None, failed: Failed | None = None) -> None:
        """Forget the key that a machine was known by; the next connection asks for the new one."""
        self._children.begin(HostOrder("forget-key", name), Waiting(then, failed))

    def clean(
        self, name: str, parts: Sequence[str], then: Then | None = None, failed: Failed | None = None
    ) -> None:
        """Remove what Lensmith keeps there: runs, data, environment; `then` gets what was Cleaned."""
        order = HostOrder("clean", name, tuple(f"--{part}" for part in parts), cleaned_of)
        self._children.begin(order, Waiting(then, failed))

    # ---- answers

    def _answered(self, order: HostOrder, value: object) -> None:
        """Hold at once what was answered; the files are read in a moment."""
        self._troubles.pop(order.name, None)
        if isinstance(value, HostStatus):
            value = value.facts
        if isinstance(value, HostFacts):
            self._now = replace(self._now, facts={**self._now.facts, order.name: value})
        elif isinstance(value, KeptHost):
            others = [host for host in self._now.hosts if host.name != order.name]
            hosts = tuple(sorted([*others, value.record], key=lambda host: host.name))
            facts = self._now.facts | ({order.name: value.facts} if value.facts is not None else {})
            self._now = _Read(hosts, facts)
        elif order.verb == "remove":
            hosts = tuple(host for host in self._now.hosts if host.name != order.name)
            self._now = replace(self._now, hosts=hosts)
        self.changed.emit()
        self.refresh()

    def _failed(self, order: HostOrder, error: UserError) -> None:
        is_about_it = error.code.startswith("host_") if order.verb == "status" else order.verb in _TELLING
        if self.host(order.name) is not None and is_about_it:
            self._troubles[order.name] = error
        self.changed.emit()
        self.refresh()

    # ---- the list

    def _take(self, read: object) -> None:
        self._is_reading = False
        found = cast("_Read", read)
        is_new = found != self._now or not self.is_loaded or self._list_trouble is not None
        for name, facts in found.facts.items():
            known = self.facts(name)
            if known is not None and facts.checked > known.checked:
                self._troubles.pop(name, None)  # the command line has asked it since
        self._list_trouble = None
        self._now = found
        self.is_loaded = True
        if is_new:
            self.changed.emit()
        self._read_again()

    def _unread(self, error: Exception) -> None:
        self._is_reading = False
        told = as_user_error(error)
        is_new = self._list_trouble is None or self._list_trouble.message != told.message
        self._list_trouble = told
        self.is_loaded = True
        if is_new:
            self.changed.emit()
        self._read_again()

    def _read_again(self) -> None:
        if self._is_asked_again:
            self._is_asked_again = False
            self.refresh()


def _read(home: Home) -> _Read:
    book = HostBook(home)
    hosts = tuple(book.list())
    found = {host.name: book.facts(host.name) for host in hosts}
    return _Read(hosts, {name: facts for name, facts in found.items() if facts is not None})
