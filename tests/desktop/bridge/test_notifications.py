"""What is told when a run ends, and to whom."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from pytestqt.qtbot import QtBot

from desktop.bridge.notifications import Webhook, ending_sentence, webhook_body, webhook_trouble
from tests.desktop.run_rows import OUT_OF_MEMORY, row


class Recorder(BaseHTTPRequestHandler):
    """Keeps what is posted; the path says with which status it answers."""

    heard: list[dict[str, object]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        Recorder.heard.append(json.loads(body))
        self.send_response(int(self.path.strip("/").split("?")[0] or 200))
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent."""


@pytest.fixture
def address() -> Iterator[str]:
    Recorder.heard = []
    server = HTTPServer(("127.0.0.1", 0), Recorder)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_that_each_end_is_a_sentence_with_the_runs_name() -> None:
    assert ending_sentence(row("shapes")) == "shapes has finished. Best val/accuracy 0.5."
    assert ending_sentence(row("shapes", state="stopped", best_value=None)) == "shapes was stopped."
    failed = ending_sentence(row("shapes", state="failed", failure=OUT_OF_MEMORY))
    assert failed == "shapes failed: The memory was not enough."
    assert "does not answer" in ending_sentence(row("shapes", state="lost"))


def test_that_a_webhook_gets_a_sentence_and_the_facts(qtbot: QtBot, address: str) -> None:
    told: list[str] = []
    finished = row("shapes")
    webhook = Webhook()
    webhook.send(f"{address}/200", webhook_body(finished, "It is done."), told.append)
    qtbot.waitUntil(lambda: told == [""])
    (body,) = Recorder.heard
    assert body["text"] == "Lensmith: It is done."
    assert (body["state"], body["best_value"]) == ("completed", 0.5)


def test_that_a_webhook_that_refuses_is_told_and_its_secret_is_not_logged(
    qtbot: QtBot, address: str, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[str] = []
    webhook = Webhook()
    with caplog.at_level(logging.DEBUG):
        webhook.send(f"{address}/500?token=canary", {"text": "x"}, told.append)
        qtbot.waitUntil(lambda: bool(told))
    assert told == ["The webhook answered 500."]
    assert "canary" not in caplog.text


@pytest.mark.parametrize("text", ["", "example.org", "ftp://example.org", "https://", "javascript:alert(1)"])
def test_that_what_is_no_address_is_said_before_anything_is_sent(qtbot: QtBot, text: str) -> None:
    _ = qtbot
    told: list[str] = []
    Webhook().send(text, {}, told.append)
    assert told == [webhook_trouble(text)]
    assert "https://" in told[0]
