"""A run's page while its run is really on another machine: a real SSH server and runner, the stand-in does the work."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from desktop.context import Context
from desktop.pages.train_live import LiveView
from tests.desktop.pages.test_train_moved import cell
from tests.fixtures.desktop_with_host import Desktop
from tests.fixtures.ssh_host import SshHost
from tests.fixtures.stand_in_runs import LONG, end_all

pytestmark = pytest.mark.slow
WAIT_MS = 120_000


@pytest.fixture
def shaky(lensmith_home: Path, own_ssh_host: SshHost, context: Context) -> Iterator[Desktop]:
    """A desktop whose host may go away; the window listens."""
    made = Desktop(lensmith_home, own_ssh_host)
    assert context.live.listen()
    yield made
    made.end()
    end_all(made.home)


def follow(context: Context, qtbot: QtBot, run: str) -> LiveView:
    context.hosts.refresh()
    context.runs.refresh()
    view = LiveView(context)
    qtbot.addWidget(view)
    view.resize(1000, 800)
    view.show()
    qtbot.waitUntil(
        lambda: bool(context.hosts.hosts()) and context.runs.row(run) is not None, timeout=WAIT_MS
    )
    view.run.follow(run)
    qtbot.waitUntil(lambda: view.run.is_loaded, timeout=WAIT_MS)
    return view


def test_that_a_run_is_followed_through_silence_and_home_in_one_curve(
    shaky: Desktop, context: Context, qtbot: QtBot
) -> None:
    folder = shaky.run("away", LONG)
    view = follow(context, qtbot, "away")
    qtbot.waitUntil(lambda: len(view.run.series) > 0, timeout=WAIT_MS)
    assert view.header.machine.text() == "box"

    shaky.host.stop()
    qtbot.waitUntil(view.place.lost.isVisible, timeout=WAIT_MS)
    assert view.place.lost.accessibleName().startswith("box is out of reach, last seen ")
    assert view.run.row is not None
    assert view.run.row.state == "running"
    assert context.places.lost_contact("away") is not None

    shaky.host.start()
    qtbot.waitUntil(lambda: not view.place.lost.isVisible(), timeout=WAIT_MS)
    qtbot.waitUntil(view.header.buttons["move"].isVisible, timeout=WAIT_MS)

    context.actions.move("away", "local", then=view.run.reload)
    qtbot.waitUntil(lambda: context.places.place("away") == "local", timeout=WAIT_MS)
    qtbot.waitUntil(lambda: len(view.run.where.segments) == 2, timeout=WAIT_MS)
    assert [part.place for part in view.run.where.segments] == ["ssh:box", "local"]
    assert view.header.machine.text() == "This machine"
    steps = view.run.series["train/loss"].steps
    assert steps == sorted(set(steps))
    assert len(folder.attempts()) == 2


def test_that_what_was_left_there_is_brought_home_by_a_click(
    lensmith_home: Path, ssh_host: SshHost, context: Context, qtbot: QtBot
) -> None:
    desktop = Desktop(lensmith_home, ssh_host, bring_home="on_demand")
    folder = desktop.run("lean", {"epochs": 1, "steps": 5})
    desktop.wait(folder, "completed")
    view = follow(context, qtbot, "lean")
    view.show_view("checkpoints")
    qtbot.waitUntil(lambda: view.away.names == {"best", "last"}, timeout=WAIT_MS)
    table = view.checkpoints.table
    line = next(n for n in range(table.rowCount()) if cell(table, n, 0) == "last")
    assert cell(table, line, 5) == "on box"

    bring = table.cellWidget(line, 6)
    assert isinstance(bring, QPushButton)
    bring.click()

    qtbot.waitUntil(lambda: view.away.names == {"best"}, timeout=WAIT_MS)
    here = {path.name for path in (folder.checkpoints / "last").iterdir()}
    assert here > {"meta.json"}
    assert [path.name for path in (folder.checkpoints / "best").iterdir()] == ["meta.json"]
    desktop.end()
