"""The window's socket: whole lines become events, everything else is passed over, and nothing is said twice."""

from __future__ import annotations

import json
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from desktop.bridge.live_feed import LiveFeed
from engine.protocol.events import Progress
from engine.protocol.home import Home


@pytest.fixture
def feed(qtbot: QtBot, lensmith_home: Path) -> Iterator[LiveFeed]:
    _ = qtbot
    made = LiveFeed(Home(lensmith_home).ensure())
    yield made
    made.close()


def connect(home: Path) -> socket.socket:
    assert sys.platform != "win32"  # there it would be a named pipe
    speaker = socket.socket(socket.AF_UNIX)
    speaker.connect((home / "tap").read_text(encoding="utf-8"))
    return speaker


def line(seq: int, run: str = "r") -> bytes:
    event = Progress(seq=seq, epoch=1, epochs=2, step=seq, steps_total=10)
    head = {"run": run, "attempt": 1, "source": "worker", "event": json.loads(event.model_dump_json())}
    return json.dumps(head).encode() + b"\n"


def test_that_events_of_several_runs_arrive_in_order(
    feed: LiveFeed, qtbot: QtBot, lensmith_home: Path
) -> None:
    heard: list[tuple[str, int]] = []
    feed.received.connect(lambda run, _attempt, _source, event: heard.append((run, event.seq)))
    feed.listen()

    speakers = {run: connect(lensmith_home) for run in ("one", "other")}

    def speak() -> None:
        for seq in range(300):
            for run, speaker in speakers.items():
                speaker.sendall(line(seq, run))

    threading.Thread(target=speak, daemon=True).start()

    qtbot.waitUntil(lambda: len(heard) == 600)
    for run in ("one", "other"):
        assert [seq for name, seq in heard if name == run] == list(range(300))


def test_that_half_a_line_waits_for_the_other_half(feed: LiveFeed, qtbot: QtBot, lensmith_home: Path) -> None:
    heard: list[int] = []
    feed.received.connect(lambda _run, _attempt, _source, event: heard.append(event.seq))
    feed.listen()
    whole = line(1)
    speaker = connect(lensmith_home)
    speaker.sendall(line(0) + whole[:20])
    qtbot.waitUntil(lambda: heard == [0])

    speaker.sendall(whole[20:])

    qtbot.waitUntil(lambda: heard == [0, 1])


def test_that_what_is_no_event_is_counted_and_hurts_nobody(
    feed: LiveFeed, qtbot: QtBot, lensmith_home: Path
) -> None:
    heard: list[int] = []
    feed.received.connect(lambda _run, _attempt, _source, event: heard.append(event.seq))
    feed.listen()
    speaker = connect(lensmith_home)

    speaker.sendall(
        b"nonsense\n[]\n{}\n" + b'{"run": 3, "attempt": 1, "source": "worker", "event": {"seq": 1}}\n'
    )
    speaker.sendall(b'{"run": "r", "attempt": 1, "source": "w", "event": null}\n' + line(7))

    qtbot.waitUntil(lambda: heard == [7])
    assert feed.refused == 5


def test_that_the_last_words_of_a_connection_that_ends_are_heard(
    feed: LiveFeed, qtbot: QtBot, lensmith_home: Path
) -> None:
    heard: list[int] = []
    feed.received.connect(lambda _run, _attempt, _source, event: heard.append(event.seq))
    feed.listen()
    speaker = connect(lensmith_home)
    speaker.sendall(b"".join(line(seq) for seq in range(50)))
    speaker.close()

    qtbot.waitUntil(lambda: heard == list(range(50)))


def test_that_the_address_is_taken_away_at_the_end(feed: LiveFeed, lensmith_home: Path) -> None:
    assert feed.listen()
    assert (lensmith_home / "tap").exists()
    feed.close()
    assert not (lensmith_home / "tap").exists()
