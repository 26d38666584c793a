"""Orders: each gets a number of its own, none is lost, a half-written one is waited for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from engine.protocol.commands import Command, read_commands, write_command

WRITERS = 4
ORDERS_EACH = 15


def test_that_orders_are_numbered_from_one_and_read_in_order(tmp_path: Path) -> None:
    numbers = [write_command(tmp_path / "commands", kind, 1) for kind in ("hold", "resume", "stop")]

    assert numbers == [1, 2, 3]
    assert read_commands(tmp_path / "commands", 0) == [
        Command(number=1, kind="hold", attempt=1),
        Command(number=2, kind="resume", attempt=1),
        Command(number=3, kind="stop", attempt=1),
    ]


def test_that_only_orders_after_the_given_number_are_read(tmp_path: Path) -> None:
    for _ in range(12):
        write_command(tmp_path, "checkpoint", 1)

    assert [command.number for command in read_commands(tmp_path, 9)] == [10, 11, 12]


def test_that_a_folder_that_is_not_there_holds_no_orders(tmp_path: Path) -> None:
    assert read_commands(tmp_path / "nothing", 0) == []


def test_that_no_draft_stays_behind(tmp_path: Path) -> None:
    write_command(tmp_path, "pause", 1)

    assert [path.name for path in tmp_path.iterdir()] == ["000001.json"]


def test_that_processes_that_write_at_once_get_numbers_of_their_own(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib\n"
        "from engine.protocol.commands import write_command\n"
        "sys.stdin.readline()\n"
        f"print(*[write_command(pathlib.Path(sys.argv[1]), 'hold', 1) for _ in range({ORDERS_EACH})])\n"
    )
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(WRITERS)
    ]
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("\n")
        writer.stdin.flush()
    numbers = [int(word) for writer in writers for word in writer.communicate(timeout=60)[0].split()]

    assert sorted(numbers) == list(range(1, WRITERS * ORDERS_EACH + 1))
    assert [command.number for command in read_commands(tmp_path, 0)] == sorted(numbers)


def test_that_threads_of_one_process_get_numbers_of_their_own(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda _: write_command(tmp_path, "hold", 1), range(200)))

    assert sorted(numbers) == list(range(1, 201))
    assert [command.number for command in read_commands(tmp_path, 0)] == sorted(numbers)


def test_that_a_half_written_order_is_waited_for_and_those_after_it_too(tmp_path: Path) -> None:
    for kind in ("hold", "resume", "stop"):
        write_command(tmp_path, kind, 1)
    second = tmp_path / "000002.json"
    whole = second.read_bytes()

    second.write_bytes(whole[:20])
    assert [command.kind for command in read_commands(tmp_path, 0)] == ["hold"]
    second.write_bytes(b"")
    assert [command.kind for command in read_commands(tmp_path, 0)] == ["hold"]
    second.write_bytes(whole)
    assert [command.kind for command in read_commands(tmp_path, 0)] == ["hold", "resume", "stop"]


def test_that_an_order_of_a_later_version_does_not_hold_up_the_others(tmp_path: Path) -> None:
    write_command(tmp_path, "hold", 1)
    (tmp_path / "000002.json").write_text(json.dumps({"number": 2, "kind": "levitate", "attempt": 1}))
    write_command(tmp_path, "stop", 1)

    assert [(command.number, command.kind) for command in read_commands(tmp_path, 0)] == [
        (1, "hold"),
        (3, "stop"),
    ]


def test_that_orders_can_be_written_where_files_cannot_be_linked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(source: object, target: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    (tmp_path / "000001.json").write_bytes(b"")

    assert write_command(tmp_path, "stop", 1) == 2
    assert read_commands(tmp_path, 1) == [Command(number=2, kind="stop", attempt=1)]
