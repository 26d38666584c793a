"""What every executor must do, whatever the place where its workers run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.executors.executor import Executor
from engine.executors.inline import InlineExecutor
from engine.protocol.commands import write_command
from engine.protocol.events import RunEnded, StateChanged, parse_event
from engine.protocol.home import Home
from engine.protocol.run_folder import RunFolder
from tests.fixtures import stand_in_worker
from tests.fixtures.ssh_host import SshHost
from tests.fixtures.stand_in_runs import LONG, claimed, local, quiet_home, wait_for

Make = Callable[[Home, pytest.FixtureRequest], Executor]


def over_ssh(home: Home, request: pytest.FixtureRequest) -> Executor:
    host: SshHost = request.getfixturevalue("ssh_host")
    return host.executor(home)


EXECUTORS: dict[str, Make] = {
    "local": lambda _home, _request: local(),
    "inline": lambda _home, _request: InlineExecutor(stand_in_worker.main),
    "ssh": over_ssh,
}


class Place:
    """An executor, and runs on it that end with the test."""

    def __init__(self, executor: Executor, home: Home) -> None:
        self.executor = executor
        self.home = home
        self.runs: list[RunFolder] = []

    def run(self, config: dict[str, object], name: str = "a-run") -> RunFolder:
        folder = claimed(self.home, name, config)
        self.runs.append(folder)
        self.executor.place(folder)
        self.executor.launch(folder, 1)
        return folder

    def read(self, run: RunFolder, name: str = "events.jsonl", offset: int = 0) -> bytes:
        return self.executor.read(run, 1, name, offset)

    def wait_until_gone(self, run: RunFolder) -> None:
        wait_for(lambda: self.executor.status(run, 1) == "gone", what="the worker to be gone")

    def wait_until_running(self, run: RunFolder) -> None:
        wait_for(lambda: b'"running"' in self.read(run), what="a worker that runs")


@pytest.fixture(params=sorted(EXECUTORS))
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    home = quiet_home(tmp_path / "Ordner mit 'Zitat' und \"ü\" 漢字")
    made = Place(EXECUTORS[request.param](home, request), home)
    yield made
    for run in made.runs:
        write_command(run.commands, "cancel", 1)
        made.executor.deliver_commands(run)
        made.executor.kill(run, 1)
        made.wait_until_gone(run)


def test_that_a_worker_runs_to_its_end_and_all_it_wrote_comes_back(place: Place) -> None:
    run = place.run({"epochs": 2, "steps": 3})

    place.wait_until_gone(run)
    place.executor.collect(run, 1)

    record = run.attempt(1).exit_record()
    assert record is not None
    assert record.state == "completed"
    assert (run.checkpoints / "last" / "meta.json").is_file()
    events = [parse_event(line) for line in run.attempt(1).events_path.read_bytes().splitlines()]
    assert [event.seq for event in events if event is not None] == list(range(len(events)))
    assert isinstance(events[-1], RunEnded)


def test_that_a_worker_is_alive_until_it_has_ended(place: Place) -> None:
    run = place.run(LONG)

    assert place.executor.status(run, 1) == "alive"
    write_command(run.commands, "stop", 1)
    place.executor.deliver_commands(run)
    place.wait_until_gone(run)


def test_that_a_worker_that_was_never_launched_is_gone(place: Place) -> None:
    run = claimed(place.home, "never-launched")

    assert place.executor.status(run, 1) == "gone"
    place.executor.terminate(run, 1)
    place.executor.kill(run, 1)


def test_that_launching_again_starts_no_second_worker(place: Place) -> None:
    run = place.run({"epochs": 1, "steps": 10, "step_s": 0.02})
    place.executor.launch(run, 1)
    place.wait_until_running(run)
    place.executor.launch(run, 1)
    place.wait_until_gone(run)
    place.executor.launch(run, 1)

    assert place.executor.status(run, 1) == "gone"
    started = [e for e in place.read(run).splitlines() if b'"running"' in e]
    assert len(started) == 1
    assert place.read(run, "log.txt").count(b"stand-in for attempt 1") == 1


def test_that_reading_goes_on_where_it_stopped(place: Place) -> None:
    run = place.run({"epochs": 2, "steps": 3})
    seen = b""

    def read_on() -> bool:
        nonlocal seen
        seen += place.read(run, offset=len(seen))
        return place.executor.status(run, 1) == "gone"

    wait_for(read_on)
    seen += place.read(run, offset=len(seen))

    assert seen == run.attempt(1).events_path.read_bytes()
    assert place.read(run, offset=len(seen)) == b""
    assert place.read(run, "no such file", 0) == b""


def test_that_orders_reach_the_worker_and_are_acknowledged(place: Place) -> None:
    run = place.run(LONG)
    place.wait_until_running(run)

    write_command(run.commands, "checkpoint", 1)
    write_command(run.commands, "pause", 1)
    place.executor.deliver_commands(run)
    place.executor.deliver_commands(run)
    place.wait_until_gone(run)
    place.executor.collect(run, 1)

    events = [parse_event(line) for line in place.read(run).splitlines()]
    done = [event for event in events if event is not None and hasattr(event, "number")]
    assert [getattr(event, "kind", "") for event in done] == ["checkpoint", "pause"]
    assert isinstance(events[-1], RunEnded)
    assert events[-1].state == "paused"
    assert any(isinstance(event, StateChanged) and event.state == "stopping" for event in events)


def test_that_the_heartbeat_changes_while_the_worker_lives(place: Place) -> None:
    run = place.run(LONG)
    wait_for(lambda: place.executor.heartbeat(run, 1) is not None)
    first = place.executor.heartbeat(run, 1)

    wait_for(lambda: place.executor.heartbeat(run, 1) != first, timeout_s=5)


def test_that_there_is_no_heartbeat_before_the_first(place: Place) -> None:
    assert place.executor.heartbeat(claimed(place.home, "never-launched"), 1) is None


def test_that_what_the_worker_prints_is_its_log(place: Place) -> None:
    run = place.run({"epochs": 1, "steps": 1})
    place.wait_until_gone(run)

    assert b"stand-in for attempt 1" in place.read(run, "log.txt")


def test_that_terminating_ends_the_worker_and_may_be_repeated(place: Place) -> None:
    run = place.run(LONG)
    place.wait_until_running(run)

    place.executor.terminate(run, 1)
    place.executor.terminate(run, 1)
    place.wait_until_gone(run)
    place.executor.terminate(run, 1)


def test_that_killing_ends_a_worker_that_ignores_a_polite_request(place: Place) -> None:
    run = place.run({**LONG, "ignores_sigterm": True})
    place.wait_until_running(run)

    place.executor.terminate(run, 1)
    place.executor.kill(run, 1)
    place.wait_until_gone(run)
    place.executor.kill(run, 1)


def test_that_two_runs_do_not_touch_each_other(place: Place) -> None:
    first, second = place.run(LONG, "first"), place.run(LONG, "second")
    place.wait_until_running(first)
    place.wait_until_running(second)

    place.executor.terminate(first, 1)
    place.wait_until_gone(first)

    assert place.executor.status(second, 1) == "alive"
