"""Events reach the file in order and whole, whatever the disk does meanwhile."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine.channel.reporter import Reporter
from engine.errors import UserError
from engine.protocol.events import Event, LogLine, MetricsLogged, RunEnded, event_line, parse_event
from engine.protocol.run_folder import AttemptFolder


@pytest.fixture
def attempt(tmp_path: Path) -> AttemptFolder:
    return AttemptFolder(tmp_path / "attempts" / "0001")


def line(message: str) -> LogLine:
    return LogLine(level="info", message=message)


def measure(step: int) -> MetricsLogged:
    return MetricsLogged(scope="step", epoch=1, step=step, values={"train/loss": 1.0})


def events_in(attempt: AttemptFolder) -> list[Event]:
    lines = attempt.events_path.read_bytes().splitlines(keepends=True)
    assert all(text.endswith(b"\n") for text in lines)
    events = [parse_event(text) for text in lines]
    return [event for event in events if event is not None]


def messages_in(attempt: AttemptFolder) -> list[str]:
    return [event.message for event in events_in(attempt) if isinstance(event, LogLine)]


@contextmanager
def full_disk(path: Path, room: int = 0) -> Iterator[None]:
    """Let writes to `path` fail with ENOSPC after `room` more bytes."""
    write, there, left = os.write, path.stat().st_ino, [room]

    def limited(file: int, data: bytes) -> int:
        if os.fstat(file).st_ino != there:
            return write(file, data)
        if left[0] <= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        taken = write(file, bytes(data[: left[0]]))
        left[0] -= taken
        return taken

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "write", limited)
        yield


def test_that_events_are_numbered_from_zero_in_the_order_of_emission(attempt: AttemptFolder) -> None:
    reporter = Reporter(attempt)
    for index in range(100):
        reporter.emit(line(str(index)))
    reporter.flush()

    assert [event.seq for event in events_in(attempt)] == list(range(100))
    assert messages_in(attempt) == [str(index) for index in range(100)]
    reporter.close()


def test_that_closing_writes_the_rest_and_can_be_done_twice(attempt: AttemptFolder) -> None:
    reporter = Reporter(attempt)
    reporter.emit(line("last words"))
    reporter.close()
    reporter.close()

    assert messages_in(attempt) == ["last words"]
    assert reporter.failure is None


def test_that_events_of_several_threads_are_all_there_once(attempt: AttemptFolder) -> None:
    reporter = Reporter(attempt)

    def speak(name: str) -> None:
        for index in range(200):
            reporter.emit(line(f"{name}{index}"))

    threads = [threading.Thread(target=speak, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    reporter.close()

    assert [event.seq for event in events_in(attempt)] == list(range(600))
    for name in "abc":
        own = [message for message in messages_in(attempt) if message.startswith(name)]
        assert own == [f"{name}{index}" for index in range(200)]


def test_that_the_numbers_go_on_where_an_earlier_process_ended(attempt: AttemptFolder) -> None:
    first = Reporter(attempt)
    first.emit(line("one"))
    first.emit(line("two"))
    first.close()

    second = Reporter(attempt)
    second.emit(line("three"))
    second.close()

    assert [event.seq for event in events_in(attempt)] == [0, 1, 2]


@pytest.mark.parametrize("cut", [1, 10, 60])
def test_that_a_last_line_that_was_cut_off_is_removed(attempt: AttemptFolder, cut: int) -> None:
    attempt.path.mkdir(parents=True)
    whole = event_line(line("whole"), 0)
    attempt.events_path.write_bytes(whole + event_line(line("cut off by a kill"), 1)[:cut])

    reporter = Reporter(attempt)
    reporter.emit(line("next"))
    reporter.close()

    assert messages_in(attempt) == ["whole", "next"]
    assert [event.seq for event in events_in(attempt)] == [0, 1]


def test_that_a_full_disk_is_told_by_check_and_flush(attempt: AttemptFolder) -> None:
    reporter = Reporter(attempt)
    reporter.check()
    with full_disk(attempt.events_path):
        reporter.emit(line("no room"))
        with pytest.raises(UserError, match="disk is full") as told:
            reporter.flush()
        with pytest.raises(UserError):
            reporter.check()
        reporter.close()

    assert told.value.code == "disk_full"
    assert reporter.failure is not None
    assert reporter.failure.code == "disk_full"


@pytest.mark.parametrize("room", [0, 1, 50, 150])
def test_that_a_disk_that_fills_in_the_middle_leaves_whole_lines_only(
    attempt: AttemptFolder, room: int
) -> None:
    reporter = Reporter(attempt)
    reporter.emit(line("before"))
    reporter.flush()
    with full_disk(attempt.events_path, room):
        reporter.emit(line("a"))
        reporter.emit(line("b"))
        with pytest.raises(UserError):
            reporter.flush()
        assert messages_in(attempt) == (["before", "a"] if room == 150 else ["before"])
        read_meanwhile = attempt.events_path.read_bytes()
    reporter.close()

    assert attempt.events_path.read_bytes().startswith(read_meanwhile)
    assert messages_in(attempt) == ["before", "a", "b"]
    assert [event.seq for event in events_in(attempt)] == [0, 1, 2]


def test_that_the_last_events_are_written_when_room_returns_and_measures_give_way(
    attempt: AttemptFolder,
) -> None:
    reporter = Reporter(attempt)
    with full_disk(attempt.events_path):
        for step in range(50):
            reporter.emit(measure(step))
        reporter.emit(line("kept"))
        with pytest.raises(UserError):
            reporter.flush()
        reporter.emit(measure(51))
        reporter.emit(RunEnded(state="failed"))
        with pytest.raises(UserError):
            reporter.flush()
    reporter.close()

    assert [type(event) for event in events_in(attempt)] == [LogLine, RunEnded]
    assert [event.seq for event in events_in(attempt)] == [0, 1]


def test_that_a_folder_that_cannot_be_made_is_a_user_error(tmp_path: Path) -> None:
    (tmp_path / "attempts").write_text("a file in its place")

    with pytest.raises(UserError, match="failed"):
        Reporter(AttemptFolder(tmp_path / "attempts" / "0001"))
