"""One window for one user folder: a second start raises the first."""

from __future__ import annotations

import getpass
import hashlib

from PySide6.QtCore import QLockFile, QObject, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from engine.protocol.home import Home

_RAISE = b"raise\n"
_PATIENCE_MS = 10_000
"""A window that is just opening, on a busy machine, takes its time to answer."""


class SingleInstance(QObject):
    """Holds the folder's lock while the window is open."""

    asked_to_raise = Signal()

    def __init__(self, home: Home) -> None:
        super().__init__()
        self._lock = QLockFile(str(home.path / "desktop.lock"))
        self._lock.setStaleLockTime(0)  # a lock whose process is gone is stale, however old
        digest = hashlib.sha256(f"{getpass.getuser()}:{home.path}".encode()).hexdigest()[:16]
        self._name = f"lensmith-{digest}"
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._accept)

    def is_first(self) -> bool:
        """Take the lock. False when another window holds it."""
        if not self._lock.tryLock(0):
            return False
        QLocalServer.removeServer(self._name)
        self._server.listen(self._name)
        return True

    def raise_first(self) -> bool:
        """Ask the first window to come to the front. False when it does not answer."""
        socket = QLocalSocket()
        socket.connectToServer(self._name)
        if not socket.waitForConnected(_PATIENCE_MS):
            return False
        socket.write(_RAISE)
        socket.waitForBytesWritten(_PATIENCE_MS)
        # The answer may have come with the wait before: then waiting for more would wait in vain.
        heard = socket.bytesAvailable() > 0 or socket.waitForReadyRead(_PATIENCE_MS)
        socket.disconnectFromServer()
        return heard

    def release(self) -> None:
        self._server.close()
        self._lock.unlock()

    def _accept(self) -> None:
        while (socket := self._server.nextPendingConnection()) is not None:
            socket.write(_RAISE)
            socket.flush()
            socket.disconnected.connect(socket.deleteLater)
            self.asked_to_raise.emit()
