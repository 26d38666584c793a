"""The window's ear: a local socket on which the runners of all runs, whoever started them, tell their events."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import time
from pathlib import Path
from typing import cast

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from engine.protocol.events import MAX_LINE_BYTES, event_from
from engine.protocol.home import Home
from engine.protocol.run_folder import write_atomic

_BUDGET_S = 0.006
"""How long one turn may take; the rest of the lines waits for the next."""
_LONGEST_ADDRESS = 100
"""What a Unix socket's path may be long, with some room."""


class LiveFeed(QObject):
    """Listens, and says each event as it arrives.

    Losing a line loses nothing: the store has everything, and views read it when they open.
    """

    received = Signal(str, int, str, object)
    """Run, attempt, source, event."""
    connected = Signal(str)
    """The first line of a connection, that is a runner, has named its run."""

    def __init__(self, home: Home) -> None:
        super().__init__()
        self._home = home
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._accept)
        self._buffers: dict[QLocalSocket, bytearray] = {}
        self._greeted: set[QLocalSocket] = set()
        self._turn = QTimer(self)
        self._turn.setSingleShot(True)
        self._turn.timeout.connect(self._work)
        self.refused = 0
        """Lines that were no events."""

    def listen(self) -> str:
        """Open the socket and write its address where runners look. Gives the address, empty when it failed."""
        name = _address(self._home)
        if not self._server.listen(name):
            QLocalServer.removeServer(name)  # left by a window that was killed
            if not self._server.listen(name):
                return ""
        address = self._server.fullServerName()
        with contextlib.suppress(OSError):
            write_atomic(self._home.tap_path, address.encode())
        return address

    def close(self) -> None:
        """Stop listening; the address is taken away."""
        for socket in list(self._buffers):
            socket.disconnected.disconnect(self._gone)
            socket.abort()
        self._buffers.clear()
        with contextlib.suppress(OSError):
            if self._home.tap_path.read_text(encoding="utf-8") == self._server.fullServerName():
                self._home.tap_path.unlink()
        self._server.close()

    def _accept(self) -> None:
        while (socket := self._server.nextPendingConnection()) is not None:
            self._buffers[socket] = bytearray()
            socket.readyRead.connect(self._read)
            socket.disconnected.connect(self._gone)
            if socket.bytesAvailable():
                self._take(socket)

    def _read(self) -> None:
        self._take(cast("QLocalSocket", self.sender()))

    def _take(self, socket: QLocalSocket) -> None:
        buffer = self._buffers.get(socket)
        if buffer is None:
            return
        buffer += socket.readAll().data()
        if not self._turn.isActive():
            self._turn.start(0)

    def _gone(self) -> None:
        socket = cast("QLocalSocket", self.sender())
        self._take(socket)
        self._drain(socket, time.monotonic() + 1.0)
        self._buffers.pop(socket, None)
        self._greeted.discard(socket)
        socket.deleteLater()

    def _work(self) -> None:
        """Say events until the turn's time is over."""
        until = time.monotonic() + _BUDGET_S
        for socket in list(self._buffers):
            if not self._drain(socket, until):
                self._turn.start(1)
                return

    def _drain(self, socket: QLocalSocket, until: float) -> bool:
        """Say a connection's complete lines. False when the time is over before they are."""
        buffer = self._buffers.get(socket)
        if buffer is None:
            return True
        begin = 0
        while (end := buffer.find(b"\n", begin)) >= 0:
            self._say(socket, bytes(buffer[begin:end]))
            begin = end + 1
            if time.monotonic() > until:
                break
        if socket not in self._buffers:
            return True
        del buffer[:begin]
        if len(buffer) > MAX_LINE_BYTES and b"\n" not in buffer:
            buffer.clear()  # no event is as long as this
            self.refused += 1
        return b"\n" not in buffer

    def _say(self, socket: QLocalSocket, line: bytes) -> None:
        try:
            told = json.loads(line)
            run, attempt, source = told["run"], told["attempt"], told["source"]
            event = event_from(told["event"])
        except (ValueError, KeyError, TypeError, RecursionError):
            self.refused += 1
            return
        if event is None or not isinstance(run, str) or not isinstance(attempt, int):
            self.refused += 1
            return
        if socket not in self._greeted:
            self._greeted.add(socket)
            self.connected.emit(run)
        self.received.emit(run, attempt, str(source), event)


def _address(home: Home) -> str:
    """Name a socket that no other window has: short, since a Unix socket's path may not be long."""
    name = f"lensmith-{os.getpid()}-{time.monotonic_ns() % 1_000_000}"
    if os.name == "nt":
        return name
    for place in (os.environ.get("XDG_RUNTIME_DIR"), tempfile.gettempdir(), "/tmp"):  # the last resort
        if place and Path(place).is_dir() and len(f"{place}/{name}") < _LONGEST_ADDRESS:
            return f"{place}/{name}"
    return str(home.path / name)
