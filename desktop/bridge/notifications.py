"""Tells the user that a run has ended, failed or is lost: on the desktop when the window is away, by webhook if set."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from urllib.parse import urlsplit

from PySide6.QtCore import QObject, QUrl
from PySide6.QtNetwork import QNetworkAccessManager, QNetworkReply, QNetworkRequest
from PySide6.QtWidgets import QApplication, QSystemTrayIcon

from desktop.bridge.run_directory import RunDirectory
from desktop.bridge.settings import Settings
from engine.store.runs import RunRow

TOLD_STATES = ("completed", "stopped", "failed", "lost")
WEBHOOK_TIMEOUT_MS = 10_000
_LOG = logging.getLogger(__name__)


class Notifications(QObject):
    """Listens to the run directory."""

    def __init__(self, settings: Settings, runs: RunDirectory) -> None:
        super().__init__()
        self._settings = settings
        self._runs = runs
        self._tray: QSystemTrayIcon | None = None
        self.webhook = Webhook(self)
        self.sent: list[str] = []
        """What was told, newest last."""
        runs.ended.connect(self._tell)

    def close(self) -> None:
        if self._tray is not None:
            self._tray.hide()

    def _tell(self, run: str, state: str) -> None:
        row = self._runs.row(run)
        if row is None or state not in TOLD_STATES:
            return
        text = ending_sentence(row)
        self.sent = [*self.sent, text][-100:]
        wanted = self._settings.get("notifications.desktop", True)
        if wanted and QApplication.activeWindow() is None:
            self._on_desktop(text)
        address = self._settings.get("notifications.webhook", "")
        if address:
            self.webhook.send(address, webhook_body(row, text))

    def _on_desktop(self, text: str) -> None:
        if _through_dbus(text):
            return
        if QSystemTrayIcon.isSystemTrayAvailable():
            if self._tray is None:
                self._tray = QSystemTrayIcon(QApplication.windowIcon(), self)
            self._tray.show()
            self._tray.showMessage("Lensmith", text)


class Webhook(QObject):
    """Posts JSON to an address of the user's own (Slack, Mattermost, ntfy and others take `text`)."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._network: QNetworkAccessManager | None = None

    def send(
        self, address: str, body: dict[str, object], done: Callable[[str], object] | None = None
    ) -> None:
        """Post; `done` gets an empty text, or a sentence why it failed. The address is never logged."""
        trouble = webhook_trouble(address)
        if trouble:
            if done is not None:
                done(trouble)
            return
        if self._network is None:
            self._network = QNetworkAccessManager(self)
        request = QNetworkRequest(QUrl(address))
        request.setHeader(QNetworkRequest.KnownHeaders.ContentTypeHeader, "application/json")
        request.setTransferTimeout(WEBHOOK_TIMEOUT_MS)
        reply = self._network.post(request, json.dumps(body).encode())

        def finished() -> None:
            failed = reply.error() != QNetworkReply.NetworkError.NoError
            status = reply.attribute(QNetworkRequest.Attribute.HttpStatusCodeAttribute)
            told = f"The webhook answered {status}." if status else "The webhook cannot be reached."
            if failed:
                _LOG.warning("%s", told)
            if done is not None:
                done(told if failed else "")
            reply.deleteLater()

        reply.finished.connect(finished)


def webhook_trouble(address: str) -> str:
    """Say what is wrong with an address; empty when it can be posted to."""
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return "A webhook is an address that begins with https:// (or http://)."
    return ""


def webhook_body(row: RunRow, text: str) -> dict[str, object]:
    """What is posted: a sentence for people, and the facts for programs."""
    return {
        "text": f"Lensmith: {text}",
        "run": row.run,
        "name": row.name,
        "state": row.state,
        "best_metric": row.best_metric,
        "best_value": row.best_value,
        "failure": row.failure.message if row.failure else None,
    }


def ending_sentence(row: RunRow) -> str:
    """Say in one sentence how a run ended."""
    name = row.name or row.model or row.run
    if row.state == "failed":
        why = f": {row.failure.message}" if row.failure else "."
        return f"{name} failed{why}"
    if row.state == "lost":
        return f"{name} does not answer any more; it is watched further."
    verb = "has finished" if row.state == "completed" else "was stopped"
    best = f" Best {row.best_metric} {row.best_value:.4g}." if row.best_value is not None else ""
    return f"{name} {verb}.{best}"


def _through_dbus(text: str) -> bool:
    """Ask the desktop's own notification service, where there is one."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        from PySide6.QtDBus import QDBusConnection, QDBusInterface, QDBusMessage
    except ImportError:
        return False
    bus = QDBusConnection.sessionBus()
    if not bus.isConnected():
        return False
    service = "org.freedesktop.Notifications"
    path = "/org/freedesktop/Notifications"
    if not QDBusInterface(service, path, service, bus).isValid():
        return False
    message = QDBusMessage.createMethodCall(service, path, service, "Notify")
    message.setArguments(["Lensmith", 0, "", "Lensmith", text, [], {}, 8_000])
    return bus.send(message)
