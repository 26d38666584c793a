"""A `QtBot` that waits as long as a loaded machine may take: what comes late has come, and nothing waits longer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pytestqt.qtbot import QtBot

PATIENCE_MS = 30_000


class PatientBot(QtBot):
    """Waits half a minute where a test says nothing else: five seconds, as in pytest-qt, are too few beside others."""

    def waitUntil(self, callback: Callable[[], bool | None], *, timeout: int = PATIENCE_MS) -> None:
        super().waitUntil(callback, timeout=timeout)

    def waitSignal(self, signal: Any, *, timeout: int = PATIENCE_MS, **wanted: Any) -> Any:
        return super().waitSignal(signal, timeout=timeout, **wanted)

    def waitSignals(self, signals: list[Any], *, timeout: int = PATIENCE_MS, **wanted: Any) -> Any:
        return super().waitSignals(signals, timeout=timeout, **wanted)

    def waitExposed(self, widget: Any, *, timeout: int = PATIENCE_MS) -> Any:
        return super().waitExposed(widget, timeout=timeout)

    def waitActive(self, widget: Any, *, timeout: int = PATIENCE_MS) -> Any:
        return super().waitActive(widget, timeout=timeout)
