"""A worker does its attempt alone, and always has a last word."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.protocol.events import ResourcesSampled, RunStarted
from engine.protocol.operating_system import process_identity, try_lock
from engine.worker import main
from tests.engine.jobs.run_maker import MadeRun, make_run, write_pictures


@pytest.fixture
def run(tmp_path: Path) -> MadeRun:
    return make_run(tmp_path / "home", write_pictures(tmp_path / "data"), {"epochs": 1})


def test_that_a_second_worker_of_an_attempt_does_nothing(run: MadeRun) -> None:
    attempt = run.folder.latest_attempt()
    lock = try_lock(attempt.path / ".worker.lock")
    assert lock is not None

    assert main(run.folder.path) == 0
    assert not attempt.events_path.exists()

    lock.release()
    assert run.work().state == "completed"


def test_that_it_says_who_it_is_and_what_it_runs_with(run: MadeRun) -> None:
    import os

    run.work()

    record = run.folder.latest_attempt().process()
    assert record is not None
    assert (record.pid, record.start_time) == (os.getpid(), process_identity(os.getpid()))
    (started,) = [event for event in run.events() if isinstance(event, RunStarted)]
    assert (started.kind, started.device) == ("train", "cpu")
    assert {"python", "torch"} <= set(started.versions)
    assert started.config["epochs"] == 1


def test_that_an_attempt_that_ended_badly_gives_exit_code_one(run: MadeRun) -> None:
    (run.folder.plugin / "model.py").write_text("1 / 0\n", encoding="utf-8")

    assert main(run.folder.path) == 1
    record = run.folder.latest_attempt().exit_record()
    assert record is not None
    assert record.state == "failed"


def test_that_a_dataset_of_one_class_is_refused(tmp_path: Path, run: MadeRun) -> None:
    text = run.folder.manifest_path.read_text(encoding="utf-8")
    run.folder.manifest_path.write_text(
        text.replace('["dark","light"]', '["dark"]').replace('"label":1', '"label":0')
    )

    failure = run.work().failure

    assert failure is not None
    assert (failure.cause, failure.code) == ("data", "one_class")


def test_that_resource_samples_hold_use_and_room(run: MadeRun) -> None:
    run.work()

    for sample in (event for event in run.events() if isinstance(event, ResourcesSampled)):
        assert sample.rss_bytes > 0
        assert sample.disk_free_bytes > 0
