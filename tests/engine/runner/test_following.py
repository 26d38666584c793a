"""Following a file that is being written: every line once, whole, whatever the moment of the look."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import RemoteError
from engine.executors.local import LocalExecutor
from engine.protocol.events import CommandDone, LogLine, RunEnded, event_line
from engine.protocol.run_folder import RunFolder
from engine.runner.following import Follower
from engine.runner.listeners import Listeners
from tests.fixtures.stand_in_runs import claimed, counts, quiet_home


class Unreachable(LocalExecutor):
    def read(self, run: RunFolder, attempt: int, name: str, offset: int) -> bytes:
        raise RemoteError("unreachable", "The host does not answer.")


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return claimed(quiet_home(tmp_path), "r")


@pytest.fixture
def listeners(folder: RunFolder, tmp_path: Path) -> Iterator[Listeners]:
    made = Listeners(quiet_home(tmp_path), folder)
    yield made
    made.close()


def write(folder: RunFolder, content: bytes) -> None:
    folder.attempt(1).events_path.write_bytes(content)


def line(seq: int) -> bytes:
    return event_line(LogLine(time=1.5, level="info", message="ä" * seq), seq)


def test_that_a_file_read_byte_by_byte_gives_every_line_once(
    folder: RunFolder, listeners: Listeners, tmp_path: Path
) -> None:
    follower = Follower(LocalExecutor(), folder, 1, listeners)
    content = b"".join(line(seq) for seq in range(4))
    assert (
        sum(follower.read_new() for end in range(len(content) + 1) if write(folder, content[:end]) is None)
        == 4
    )

    assert listeners.store.last_seq("r", 1, "worker") == 3
    assert counts(quiet_home(tmp_path), "r")["gaps"] == 0


def test_that_half_a_line_that_the_writer_took_back_is_forgotten(
    folder: RunFolder, listeners: Listeners
) -> None:
    follower = Follower(LocalExecutor(), folder, 1, listeners)
    write(folder, line(0) + line(1)[:30])
    assert follower.read_new() == 1
    write(folder, line(0))
    assert follower.read_new() == 0
    ended = event_line(RunEnded(state="completed"), 1)
    write(folder, line(0) + ended)

    assert follower.read_new() == 1
    assert follower.ended is not None


def test_that_acknowledged_orders_are_noted(folder: RunFolder, listeners: Listeners) -> None:
    follower = Follower(LocalExecutor(), folder, 1, listeners)
    write(folder, event_line(CommandDone(number=7, kind="checkpoint"), 0) + b"no event at all\n")
    follower.read_new()

    assert follower.done_commands == {7}


def test_that_a_place_that_cannot_be_asked_has_nothing_new(folder: RunFolder, listeners: Listeners) -> None:
    assert Follower(Unreachable(), folder, 1, listeners).read_new() == 0
