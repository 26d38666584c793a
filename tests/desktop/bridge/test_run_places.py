"""On which machine each run is, from its folder, and whether that machine is in reach, from what its runner says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from desktop.context import Context
from engine.protocol.home import Home
from engine.protocol.run_folder import write_record
from engine.store.database import Store
from tests.desktop.places import BACK, GONE, put_moved


@pytest.fixture
def context(qtbot: QtBot, lensmith_home: Path) -> Iterator[Context]:
    made = Context(Home(lensmith_home).ensure())
    yield made
    made.close()


def read(context: Context, qtbot: QtBot) -> None:
    with qtbot.waitSignal(context.runs.changed, raising=False, timeout=3_000):
        context.runs.refresh()


def test_that_a_run_is_where_its_newest_attempt_is(context: Context, qtbot: QtBot) -> None:
    put_moved(context.home, "there", ["local", "ssh:box"], "completed")
    put_moved(context.home, "back", ["ssh:box", "local"], "completed")
    read(context, qtbot)
    qtbot.waitUntil(lambda: context.places.places() == {"there": "ssh:box", "back": "local"})
    assert context.places.place("unheard of") == "local"


def test_that_a_waiting_run_that_was_sent_elsewhere_is_looked_up_anew(context: Context, qtbot: QtBot) -> None:
    folder = put_moved(context.home, "waits", ["ssh:box"], "queued")
    read(context, qtbot)
    qtbot.waitUntil(lambda: context.places.place("waits") == "ssh:box")
    spec = folder.attempt(1).spec()
    placement = spec.placement.model_copy(update={"executor": "ssh:lab"})
    write_record(folder.attempt(1).spec_path, spec.model_copy(update={"placement": placement}))
    with Store.open(context.home.store_path) as store:
        store.enqueue("waits", 1, "ssh:lab")
    with qtbot.waitSignal(context.places.changed):
        context.runs.refresh()
    assert context.places.place("waits") == "ssh:lab"


def test_that_a_run_whose_folder_is_gone_counts_as_here(context: Context, qtbot: QtBot) -> None:
    folder = put_moved(context.home, "gone", ["ssh:box"], "completed")
    folder.attempt(1).spec_path.unlink()
    read(context, qtbot)
    qtbot.waitUntil(lambda: context.places.places() == {"gone": "local"})


def test_that_a_window_opened_later_knows_that_the_machine_is_out_of_reach(
    context: Context, qtbot: QtBot
) -> None:
    put_moved(context.home, "away", ["ssh:box"], told=[GONE])
    put_moved(context.home, "seen", ["ssh:box"], told=[GONE, BACK])
    read(context, qtbot)
    qtbot.waitUntil(lambda: context.places.lost_contact("away") is not None)
    assert context.places.out_of_reach().keys() == {"away"}
    assert context.places.lost_contact("seen") is None


def test_that_contact_is_followed_as_it_is_told(context: Context, qtbot: QtBot) -> None:
    put_moved(context.home, "away", ["ssh:box"])
    read(context, qtbot)
    changed: list[str] = []
    context.places.changed.connect(changed.append)
    context.live.received.emit("away", 1, "supervision", GONE.model_copy(update={"seq": 5}))
    assert context.places.lost_contact("away") is not None
    context.live.received.emit("away", 1, "supervision", BACK.model_copy(update={"seq": 6}))
    assert context.places.lost_contact("away") is None
    assert changed.count("away") >= 2


def test_that_many_runs_are_looked_up_by_few_tasks(context: Context, qtbot: QtBot) -> None:
    for number in range(30):
        put_moved(context.home, f"run-{number}", ["ssh:box"], "completed")
    asked: list[object] = []
    run = context.background.run

    def count(function: Callable[..., object], *arguments: object, **how: Any) -> None:
        asked.append(function)
        run(function, *arguments, **how)

    context.background.run = count  # pyright: ignore[reportAttributeAccessIssue]  # counted, then really run
    context.runs.refresh()
    qtbot.waitUntil(lambda: len(context.places.places()) == 30)
    assert len(asked) <= 4
