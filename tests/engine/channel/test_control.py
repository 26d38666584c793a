"""Orders reach the training once, in order, and only those meant for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.channel.control import Control
from engine.channel.reporter import Reporter
from engine.protocol.commands import CommandKind, write_command
from engine.protocol.events import CommandDone, parse_event
from engine.protocol.run_folder import RunFolder
from engine.protocol.times import COMMAND_POLL_S


class Clock:
    """Seconds that pass only when told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float = COMMAND_POLL_S + 0.001) -> None:
        self.now += seconds


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path / "r1")


@pytest.fixture
def reporter(folder: RunFolder) -> Iterator[Reporter]:
    reporter = Reporter(folder.attempt(2))
    yield reporter
    reporter.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def control(folder: RunFolder, reporter: Reporter, clock: Clock) -> Control:
    return Control(folder, 2, reporter, clock=clock)


def kinds(control: Control) -> list[CommandKind]:
    return [command.kind for command in control.poll()]


def test_that_each_order_is_given_once_and_in_order(
    control: Control, folder: RunFolder, clock: Clock
) -> None:
    write_command(folder.commands, "hold", 2)
    write_command(folder.commands, "resume", 2)
    assert kinds(control) == ["hold", "resume"]

    clock.wait()
    write_command(folder.commands, "stop", 2)
    assert kinds(control) == ["stop"]
    clock.wait()
    assert kinds(control) == []
    assert control.last_number == 3


def test_that_orders_for_other_attempts_are_passed_over(control: Control, folder: RunFolder) -> None:
    write_command(folder.commands, "pause", 1)
    write_command(folder.commands, "checkpoint", 2)
    write_command(folder.commands, "cancel", 3)

    assert kinds(control) == ["checkpoint"]
    assert control.last_number == 3


def test_that_orders_carried_out_before_a_resume_are_not_repeated(
    folder: RunFolder, reporter: Reporter
) -> None:
    for kind in ("checkpoint", "validate_now", "stop"):
        write_command(folder.commands, kind, 2)

    assert kinds(Control(folder, 2, reporter, last_number=2)) == ["stop"]


def test_that_the_folder_is_looked_into_five_times_a_second_at_most(
    control: Control, folder: RunFolder, clock: Clock
) -> None:
    assert kinds(control) == []
    write_command(folder.commands, "stop", 2)

    clock.wait(COMMAND_POLL_S / 2)
    assert kinds(control) == []
    clock.wait(COMMAND_POLL_S)
    assert kinds(control) == ["stop"]


@pytest.mark.parametrize(
    ("kind", "ends", "cancels"),
    [
        ("pause", True, False),
        ("stop", True, False),
        ("cancel", True, True),
        ("checkpoint", False, False),
        ("hold", False, False),
    ],
)
def test_that_long_work_can_ask_whether_an_end_waits_without_taking_the_order(
    control: Control, folder: RunFolder, kind: CommandKind, ends: bool, cancels: bool
) -> None:
    write_command(folder.commands, kind, 2)

    assert control.is_end_waiting() is ends
    assert control.is_cancel_waiting() is cancels
    assert kinds(control) == [kind]
    assert not control.is_end_waiting()


def test_that_an_order_is_acknowledged_with_its_number(
    control: Control, folder: RunFolder, reporter: Reporter
) -> None:
    write_command(folder.commands, "validate_now", 2)
    (command,) = control.poll()

    control.acknowledge(command, ok=False, message="There is no validation split.")
    reporter.flush()

    said = parse_event(folder.attempt(2).events_path.read_bytes())
    assert isinstance(said, CommandDone)
    assert (said.number, said.kind, said.ok, said.message) == (
        1,
        "validate_now",
        False,
        "There is no validation split.",
    )
