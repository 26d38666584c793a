"""Opens MLflow's own pages on a run: its server is a child of the window, started when it is first wanted."""

from __future__ import annotations

import contextlib
import json
import socket
from typing import cast

import psutil
from PySide6.QtCore import QObject, QProcess, QTimer, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtNetwork import QTcpSocket

from desktop.bridge.processes import end_child, engine_child
from engine.protocol.home import Home
from engine.protocol.interpreter import engine_interpreter
from engine.protocol.run_folder import RunFolder
from engine.runner.tracking_settings import read_tracking_settings

CURSOR_NAME = "tracking.json"
_LOCAL = "127.0.0.1"
_POLL_MS = 500
_END_S = 3.0
_PATIENCE = 120
"""Looks at the port before it is given up: one minute."""


class MlflowPage(QObject):
    """One server for the window's life."""

    told = Signal(str, str, str)
    """A message: title, tone, text."""

    def __init__(self, home: Home, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._home = home
        self._process: QProcess | None = None
        self._port = 0
        self._looks = 0
        self._wanted = ""
        self._timer = QTimer(self)
        self._timer.setInterval(_POLL_MS)
        self._timer.timeout.connect(self._look)

    def open_run(self, folder: RunFolder) -> None:
        """Show a run; without one that was tracked, the list of all."""
        settings = read_tracking_settings(self._home)
        if settings is None:
            self.told.emit(
                "Tracking is off", "warn", "Turn it on under Settings, Tracking; it holds for new runs."
            )
            return
        self._wanted = _fragment(folder)
        if settings.local is None:
            QDesktopServices.openUrl(QUrl(f"{settings.uri.rstrip('/')}/#/{self._wanted}"))
            return
        if self._process is None:
            self._start(settings.uri)
            self.told.emit("MLflow is starting", "info", "Its page opens in the browser in a few seconds.")
        elif not self._timer.isActive():
            self._open()

    def close(self) -> None:
        """End the server with the processes that it has started itself."""
        self._timer.stop()
        process, self._process = self._process, None
        if process is None:
            return
        family: list[psutil.Process] = []
        with contextlib.suppress(psutil.Error):
            family = psutil.Process(process.processId()).children(recursive=True)
        end_child(process)
        for member in family:
            with contextlib.suppress(psutil.Error):
                member.terminate()
        for member in psutil.wait_procs(family, timeout=_END_S)[1]:
            with contextlib.suppress(psutil.Error):
                member.kill()

    def _start(self, uri: str) -> None:
        self._port = _free_port()
        process = engine_child(self._home, parent=self)
        process.setProgram(engine_interpreter(self._home))
        process.setArguments(
            ["-m", "mlflow", "ui", "--backend-store-uri", uri, "--host", _LOCAL, "--port", str(self._port)]
        )
        process.setStandardOutputFile(str(self._home.logs / "mlflow.log"))
        process.setStandardErrorFile(str(self._home.logs / "mlflow.log"), QProcess.OpenModeFlag.Append)
        process.finished.connect(self._ended)
        process.errorOccurred.connect(self._ended)
        self._process = process
        self._looks = 0
        process.start()
        self._timer.start()

    def _look(self) -> None:
        self._looks += 1
        probe = QTcpSocket(self)
        probe.connected.connect(self._open)
        probe.connected.connect(probe.deleteLater)
        probe.errorOccurred.connect(probe.deleteLater)
        probe.connectToHost(_LOCAL, self._port)
        if self._looks > _PATIENCE:
            self._timer.stop()
            self.told.emit(
                "MLflow does not answer",
                "bad",
                f"See {self._home.logs / 'mlflow.log'}, then try again.",
            )
            self.close()

    def _open(self) -> None:
        self._timer.stop()
        QDesktopServices.openUrl(QUrl(f"http://{_LOCAL}:{self._port}/#/{self._wanted}"))

    def _ended(self, *_how: object) -> None:
        self._timer.stop()
        if self._process is not None:
            self._process.deleteLater()
            self._process = None
            self.told.emit(
                "MLflow could not be started",
                "bad",
                f"The Python of the engine may lack it. See {self._home.logs / 'mlflow.log'}.",
            )


def _fragment(folder: RunFolder) -> str:
    """The part of MLflow's address that names a run."""
    try:
        found: object = json.loads((folder.path / CURSOR_NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    cursor = cast("dict[str, object]", found) if isinstance(found, dict) else {}
    run, experiment = cursor.get("run_id"), cursor.get("experiment_id")
    return f"experiments/{experiment}/runs/{run}" if run and experiment else ""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_LOCAL, 0))
        return int(probe.getsockname()[1])
