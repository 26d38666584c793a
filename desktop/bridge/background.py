"""Work away from the window's thread, and its result back in it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import shiboken6
from PySide6.QtCore import QObject, QRunnable, QThreadPool, Signal

_LOG = logging.getLogger(__name__)
_THREADS = 4


class _Relay(QObject):
    """Lives in the window's thread; its signal crosses over from the worker's."""

    ended = Signal(object, object)

    def __init__(
        self,
        then: Callable[[Any], object] | None,
        failed: Callable[[Exception], object] | None,
        owner: QObject | None,
    ) -> None:
        super().__init__()
        self._then, self._failed, self._owner = then, failed, owner
        self._is_owned = owner is not None
        self.ended.connect(self._take)

    def _take(self, value: object, error: object) -> None:
        owner_is_gone = self._is_owned and (self._owner is None or not shiboken6.isValid(self._owner))
        if owner_is_gone:
            return
        if isinstance(error, Exception):
            if self._failed is not None:
                self._failed(error)
            else:
                _LOG.error("A task in the background failed.", exc_info=error)
        elif self._then is not None:
            self._then(value)


class _Task(QRunnable):
    def __init__(self, work: Callable[[], object], relay: _Relay) -> None:
        super().__init__()
        self._work, self._relay = work, relay

    def run(self) -> None:
        value: object = None
        failure: Exception | None = None
        try:
            value = self._work()
        except Exception as error:  # noqa: BLE001  # whatever it is, it is told in the window's thread
            failure = error
        if shiboken6.isValid(self._relay):
            self._relay.ended.emit(value, failure)


class Background(QObject):
    """A few threads for reading and writing files."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(_THREADS)
        self._relays: set[_Relay] = set()

    def run(
        self,
        function: Callable[..., Any],
        *arguments: object,
        then: Callable[[Any], object] | None = None,
        failed: Callable[[Exception], object] | None = None,
        owner: QObject | None = None,
    ) -> None:
        """Call a function in a thread.

        Args:
            function: touches no widget.
            arguments: of the function.
            then: gets its result, in the window's thread.
            failed: gets what it raised; without it the error is logged.
            owner: when this object is gone, neither is called.
        """
        relay = _Relay(then, failed, owner)
        self._relays.add(relay)
        relay.ended.connect(self._forget)
        self._pool.start(_Task(lambda: function(*arguments), relay))

    def wait(self, milliseconds: int = 5_000) -> bool:
        """Wait for what is under way; for the end of the application. Gives whether all has ended."""
        return self._pool.waitForDone(milliseconds)

    def _forget(self, _value: object, _error: object) -> None:
        sender = self.sender()
        if isinstance(sender, _Relay):
            self._relays.discard(sender)
