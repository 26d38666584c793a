"""A live copy of the events for an open desktop: JSON lines on its local socket. Losing it loses nothing."""

from __future__ import annotations

import json
import threading
import time
from collections import deque

from engine.protocol.events import Event, Source
from engine.protocol.home import Home
from engine.protocol.operating_system import LocalSocket, connect_local_socket
from engine.protocol.times import TAP_RECONNECT_S, TAP_SEND_TIMEOUT_S

_KEPT = 10_000
_LINES_AT_ONCE = 500


class Tap:
    """Sends from a thread; what a slow or absent desktop does not take is dropped."""

    def __init__(self, home: Home, run: str) -> None:
        self._home = home
        self._run = run
        self._lines: deque[bytes] = deque(maxlen=_KEPT)
        self._wake = threading.Event()
        self._closing = False
        self._socket: LocalSocket | None = None
        self._thread = threading.Thread(target=self._send_until_closed, name="tap", daemon=True)
        self._thread.start()

    def send(self, attempt: int, source: Source, event: Event) -> None:
        """Hand an event over. Never waits."""
        head = json.dumps({"run": self._run, "attempt": attempt, "source": source})
        self._lines.append(f'{head[:-1]}, "event": {event.model_dump_json()}}}\n'.encode())
        self._wake.set()

    def close(self) -> None:
        """Send what is left, for a moment at most."""
        self._closing = True
        self._wake.set()
        self._thread.join(timeout=2 * TAP_SEND_TIMEOUT_S)

    def _send_until_closed(self) -> None:
        last_try = -TAP_RECONNECT_S
        while True:
            self._wake.wait()
            self._wake.clear()
            while self._lines:
                if self._socket is None and time.monotonic() - last_try >= TAP_RECONNECT_S:
                    last_try = time.monotonic()
                    self._socket = self._connect()
                if self._socket is None:
                    self._lines.clear()
                    break
                self._send_some(self._socket)
            if self._closing:
                if self._socket is not None:
                    self._socket.close()
                return

    def _send_some(self, socket: LocalSocket) -> None:
        chunk = b"".join(self._lines.popleft() for _ in range(min(len(self._lines), _LINES_AT_ONCE)))
        try:
            socket.send(chunk)
        except OSError:  # gone, or not reading: the store has everything
            socket.close()
            self._socket = None

    def _connect(self) -> LocalSocket | None:
        """Reach the desktop at the address it last wrote; None when there is none."""
        try:
            address = self._home.tap_path.read_text(encoding="utf-8").strip()
            return connect_local_socket(address, TAP_SEND_TIMEOUT_S) if address else None
        except (OSError, ValueError):  # nobody listens, or the file is not an address
            return None
