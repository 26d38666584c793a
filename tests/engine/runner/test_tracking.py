"""Tracking in MLflow, with the library itself: what stands there afterwards, and what trouble costs the run."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.protocol.events import MetricsLogged, RunEnded
from engine.protocol.home import Home
from engine.protocol.interpreter import child_environment
from engine.runner.run_life import main
from engine.runner.tracking import Tracker, TrackingTiming, open_tracker
from engine.runner.tracking_settings import read_tracking_settings, without_credentials
from engine.store.database import Store
from tests.fixtures.stand_in_runs import FAST, claimed, enqueue, local, quiet_home, row, start_runner

NO_PATIENCE = TrackingTiming(backoff_s=(0.01, 0.01, 0.01), close_timeout_s=20.0)
TRACK_ONE = """
import sys
from pathlib import Path
from engine.protocol.events import MetricsLogged
from engine.protocol.home import Home
from engine.protocol.run_folder import RunFolder
from engine.runner.tracking import open_tracker
folder = RunFolder(Path(sys.argv[1]))
tracker = open_tracker(Home(folder.path.parents[1]), folder)
tracker.feed(1, "worker", MetricsLogged(seq=0, scope="step", epoch=1, step=1, values={"train/loss": 0.5}))
tracker.close()
print([notice.message for notice in tracker.new_notices()])
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return quiet_home(tmp_path / "a home")


@pytest.fixture(autouse=True)
def environment_as_it_was(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before = dict(os.environ)
    yield
    for name in set(os.environ) - set(before):
        del os.environ[name]
    os.environ.update(before)


def track(home: Home, **settings: object) -> None:
    home.settings_path.write_text(json.dumps({"tracking": settings}), encoding="utf-8")


def rows(home: Home, query: str) -> list[tuple[Any, ...]]:
    with sqlite3.connect(home.mlflow / "mlflow.db") as connection:
        return connection.execute(query).fetchall()


def notices(home: Home, run: str) -> list[tuple[str, str]]:
    with Store.open(home.store_path) as store:
        return [(notice.code, notice.message) for notice in store.notices(run)]


@pytest.mark.slow
def test_that_a_run_and_its_second_attempt_are_tracked_once(home: Home, tmp_path: Path) -> None:
    track(home)
    config: dict[str, object] = {
        "epochs": 3, "steps": 4, "step_s": 0.02, "optimizer.lr": 0.5,
        "fault": "kill", "fault_at": 6, "fault_attempts": 1,
    }  # fmt: skip
    folder = claimed(home, "r", config)
    assert start_runner(folder).wait(60) == 0
    assert start_runner(folder).wait(60) == 0  # a second runner reads it all again

    assert row(home, "r").state == "completed"
    assert rows(home, "SELECT name, status FROM runs") == [("name of r", "FINISHED")]
    params = dict(rows(home, "SELECT key, value FROM params"))
    assert (params["plugin"], params["optimizer.lr"], params["epochs"]) == ("tiny", "0.5", "3")
    accuracy = rows(home, "SELECT step, value FROM metrics WHERE key = 'val/accuracy' ORDER BY step")
    assert [step for step, _ in accuracy] == [4, 8, 12]
    losses = [step for (step,) in rows(home, "SELECT step FROM metrics WHERE key = 'train/loss'")]
    assert sorted(set(losses)) == list(range(1, 13))
    assert len(losses) == 12 + 2  # steps 5 and 6 were done twice
    artifacts = [path for path in (home.mlflow / "artifacts").rglob("*") if path.is_file()]
    assert {path.name for path in artifacts} == {"weights.safetensors", "meta.json", "job.json"}
    assert not (folder.path / "mlruns").exists()
    assert not Path("mlruns").exists()


@pytest.mark.slow
def test_that_runners_may_make_the_database_at_the_same_instant(home: Home) -> None:
    track(home)
    folders = [enqueue(home, f"r{number}") for number in range(2)]
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", TRACK_ONE, str(folder.path)],
            env=child_environment(),
            cwd=folder.path,
            stdout=subprocess.PIPE,
            text=True,
        )
        for folder in folders
    ]
    assert [process.communicate(timeout=120)[0].strip() for process in processes] == ["[]"] * 2

    assert rows(home, "SELECT name FROM experiments WHERE name != 'Default'") == [("Lensmith",)]
    assert len(rows(home, "SELECT * FROM runs")) == 2
    assert not any((folder.path / "mlruns").exists() for folder in folders)


def test_that_a_dead_address_gives_a_notice_without_credentials_and_no_failed_run(home: Home) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    track(home, uri=f"http://anna:top-secret@127.0.0.1:{port}")
    folder = claimed(home, "r", {"epochs": 1, "steps": 2})
    began = time.monotonic()
    main(folder.path, local(), FAST)

    assert time.monotonic() - began < 60
    assert row(home, "r").state == "completed"
    told = notices(home, "r")
    assert told[-1][0] == "tracking_failed"
    for path in folder.path.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        assert b"top-secret" not in content
        assert b"anna" not in content


def test_that_a_server_that_does_not_answer_holds_the_end_up_for_a_moment_only(home: Home) -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        track(home, uri=f"http://127.0.0.1:{deaf.getsockname()[1]}")
        settings = read_tracking_settings(home)
        assert settings is not None
        tracker = Tracker(claimed(home, "r"), settings, TrackingTiming(close_timeout_s=0.5))
        tracker.feed(1, "worker", RunEnded(seq=0, state="completed"))
        began = time.monotonic()
        tracker.close()

        assert time.monotonic() - began < 5
        assert [notice.code for notice in tracker.new_notices()][-1] == "tracking_failed"


def test_that_trouble_is_tried_again_three_times_and_each_time_told(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise ConnectionError("refused by http://anna:top-secret@host/x\nand more")

    monkeypatch.setattr("engine.runner.tracking.MlflowRun", refused)
    settings = read_tracking_settings(home.ensure()) or read_tracking_settings(Home(home.path / "none"))
    assert settings is not None
    tracker = Tracker(claimed(home, "r"), settings, NO_PATIENCE)
    tracker.feed(1, "worker", MetricsLogged(seq=0, scope="step", epoch=1, step=1, values={"a": 1.0}))
    told: list[tuple[str, str]] = []
    deadline = time.monotonic() + 10
    while (not told or told[-1][0] != "tracking_failed") and time.monotonic() < deadline:
        told += [(notice.code, notice.message) for notice in tracker.new_notices()]
        time.sleep(0.01)
    tracker.close()

    assert [code for code, _ in told] == ["tracking_retry"] * 3 + ["tracking_failed"]
    assert "Trying again, 2 of 3." in told[1][1]
    assert all("ConnectionError: refused by http://***@host/x" in message for _, message in told)
    assert tracker.new_notices() == []


def test_that_tracking_can_be_switched_off(home: Home) -> None:
    folder = claimed(home, "r", {"epochs": 1})
    assert open_tracker(home, folder) is None
    main(folder.path, local(), FAST)

    assert not home.mlflow.exists()


@pytest.mark.parametrize("content", [None, "{half", "[]", '{"tracking": 5}', '{"tracking": {"uri": "  "}}'])
def test_that_without_usable_settings_runs_are_tracked_in_the_users_folder(
    home: Home, content: str | None
) -> None:
    home.settings_path.unlink()
    if content is not None:
        home.settings_path.write_text(content, encoding="utf-8")
    settings = read_tracking_settings(home)

    assert settings is not None
    assert settings.uri == f"sqlite:///{(home.mlflow / 'mlflow.db').as_posix()}"
    assert settings.artifacts == (home.mlflow / "artifacts").as_uri()


def test_that_credentials_leave_the_address(home: Home) -> None:
    track(home, uri="https://anna:p%40ss@host:8443/base?x=1")
    settings = read_tracking_settings(home)

    assert settings is not None
    assert (settings.uri, settings.user, settings.password) == ("https://host:8443/base?x=1", "anna", "p@ss")
    assert settings.artifacts is None
    assert without_credentials("no p@ss for https://u:w@host", settings) == "no *** for https://***@host"
