"""What has failed while no window was open is told once by the next one."""

from __future__ import annotations

from pathlib import Path

from pytestqt.qtbot import QtBot

from desktop.bridge.actions import Told
from desktop.bridge.presence import LAST_SEEN, failed_between
from desktop.context import Context
from engine.protocol.home import Home
from tests.desktop.run_rows import row


def test_that_only_what_failed_in_between_counts() -> None:
    rows = [
        row("failed before", state="failed", ended=5.0),
        row("failed meanwhile", state="failed", ended=15.0),
        row("finished meanwhile", state="completed", ended=15.0),
        row("failed now", state="failed", ended=25.0),
        row("waiting", state="queued", ended=None),
    ]
    assert [found.run for found in failed_between(rows, 10.0, 20.0)] == ["failed meanwhile"]


def test_that_a_window_notes_when_it_was_last_open(qtbot: QtBot, lensmith_home: Path) -> None:
    context = Context(Home(lensmith_home).ensure())
    told: list[Told] = []
    context.told.connect(told.append)
    assert context.presence.since == 0.0
    context.start()
    qtbot.waitUntil(lambda: context.runs.is_loaded)
    context.close()
    later = Context(Home(lensmith_home))
    assert later.presence.since > 0
    assert later.settings.get(LAST_SEEN, 0.0) == later.presence.since
    assert told == []
    later.close()
