"""The window as a process of its own: killed while a run trains, opened again, started twice."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from pytestqt.qtbot import QtBot

from desktop.bridge.run_directory import POLL_VARIABLE
from desktop.context import Context
from desktop.pages.train import TrainPage
from engine.protocol.events import MetricsLogged
from engine.protocol.home import Home
from engine.protocol.run_folder import RunFolder
from tests.fixtures.stand_in_runs import (
    LONG,
    end_all,
    enqueue,
    quiet_home,
    row,
    runner_pid,
    spoken,
    wait_for,
    wait_for_state,
    worker_pid,
)

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def home(lensmith_home: Path) -> Iterator[Home]:
    made = quiet_home(lensmith_home)
    yield made
    end_all(made)


@pytest.fixture(autouse=True)
def one_device(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever this machine has."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")


@pytest.fixture
def windows() -> Iterator[list[subprocess.Popen[bytes]]]:
    opened: list[subprocess.Popen[bytes]] = []
    yield opened
    for window in opened:
        window.kill()
        window.wait()


def open_window(home: Home, *arguments: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "LENSMITH_HOME": str(home.path), "PYTHONPATH": str(REPOSITORY)}
    return subprocess.Popen([sys.executable, "-m", "desktop", *arguments], env=environment)


def is_open(home: Home) -> bool:
    return (home.path / "tap").exists()


def losses(folder: RunFolder) -> int:
    return sum(isinstance(event, MetricsLogged) and event.scope == "step" for event in spoken(folder, 1))


def test_that_a_run_outlives_a_killed_window_and_is_shown_again_without_a_gap(
    home: Home, windows: list[subprocess.Popen[bytes]], qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = enqueue(home, "long", LONG)
    windows.append(open_window(home, "train"))
    wait_for_state(home, "long", "running", timeout_s=60)
    assert (
        psutil.Process(runner_pid(folder)).ppid() != windows[0].pid
    )  # nobody's child: no zombie, no hang-up

    windows[0].kill()
    windows[0].wait()
    before = losses(folder)
    wait_for(lambda: losses(folder) > before + 20, what="the run goes on without a window")
    assert psutil.pid_exists(worker_pid(folder))

    monkeypatch.setenv(POLL_VARIABLE, "0")  # the socket alone keeps the page true
    context = Context(home)
    page = TrainPage(context)
    qtbot.addWidget(page)
    context.start()
    qtbot.waitUntil(lambda: "train/loss" in page.live.run.series, timeout=20_000)
    shown = page.live.run.series["train/loss"]
    loaded = shown.steps[-1]
    qtbot.waitUntil(lambda: shown_step(page) > loaded + 20 and is_unbroken(page), timeout=20_000)
    joined = shown_step(page)
    qtbot.waitUntil(lambda: shown_step(page) > joined + 20, timeout=20_000)
    assert is_unbroken(page)
    assert page.live.header.pill.text() == "Training"
    context.actions.command("long", "stop")
    wait_for_state(home, "long", "stopped")
    qtbot.waitUntil(lambda: page.live.header.pill.text() == "Stopped", timeout=10_000)
    context.close()


def is_unbroken(page: TrainPage) -> bool:
    steps = page.live.run.series["train/loss"].steps
    return steps == list(range(1, 1 + len(steps)))


def shown_step(page: TrainPage) -> int:
    series = page.live.run.series.get("train/loss")
    return series.steps[-1] if series is not None and series.steps else -1


def test_that_a_run_started_by_the_command_line_reaches_a_window_without_polling(
    home: Home, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(POLL_VARIABLE, "0")
    context = Context(home)
    context.start()
    qtbot.waitUntil(lambda: context.runs.is_loaded)
    assert context.runs.rows() == []
    enqueue(home, "elsewhere", LONG)
    command = [sys.executable, "-P", "-m", "engine", "queue", "list", "--json"]
    environment = {**os.environ, "LENSMITH_HOME": str(home.path), "PYTHONPATH": str(REPOSITORY)}
    subprocess.run(command, env=environment, check=True, capture_output=True)

    def progress() -> int:
        found = context.runs.row("elsewhere")
        return found.step if found is not None else 0

    qtbot.waitUntil(lambda: progress() > 0, timeout=30_000)
    seen = progress()
    qtbot.waitUntil(lambda: progress() > seen, timeout=20_000)
    assert row(home, "elsewhere").state == "running"
    context.close()


def test_that_a_second_start_raises_the_first_window_and_ends(
    home: Home, windows: list[subprocess.Popen[bytes]]
) -> None:
    windows.append(open_window(home))
    wait_for(lambda: is_open(home), timeout_s=60, what="the first window is open")
    second = open_window(home)
    windows.append(second)
    assert second.wait(timeout=60) == 0
    assert windows[0].poll() is None


def test_that_a_window_that_was_killed_does_not_keep_the_next_one_out(
    home: Home, windows: list[subprocess.Popen[bytes]]
) -> None:
    windows.append(open_window(home))
    wait_for(lambda: is_open(home), timeout_s=60, what="the first window is open")
    first_address = (home.path / "tap").read_text(encoding="utf-8")
    windows[0].kill()
    windows[0].wait()
    windows.append(open_window(home))
    wait_for(
        lambda: (home.path / "tap").read_text(encoding="utf-8") != first_address,
        timeout_s=60,
        what="the next window listens",
    )
    assert windows[1].poll() is None
