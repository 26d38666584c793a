from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import psutil
import pytest

from engine.plugin.isolation import Limits, Say, run_isolated

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot double a process")


def test_that_the_lines_of_a_copy_arrive_in_order() -> None:
    def work(say: Say) -> None:
        for number in range(3):
            say(f"line {number} é")

    isolated = run_isolated(work, Limits(10))

    assert isolated.lines == ["line 0 é", "line 1 é", "line 2 é"]
    assert (isolated.ending.exit_code, isolated.ending.timed_out) == (0, False)


def test_that_a_line_longer_than_a_pipe_holds_arrives_whole() -> None:
    isolated = run_isolated(lambda say: say("x" * 3_000_000), Limits(10))

    assert [len(line) for line in isolated.lines] == [3_000_000]


def test_that_what_was_said_before_the_copy_died_is_kept() -> None:
    def work(say: Say) -> None:
        say("whole")
        os._exit(4)

    isolated = run_isolated(work, Limits(10))

    assert isolated.lines == ["whole"]
    assert isolated.ending.exit_code == 4


def test_that_a_copy_changes_nothing_here() -> None:
    seen: list[str] = []

    def work(say: Say) -> None:
        seen.append("changed")
        os.chdir("/")
        say(str(len(seen)))

    before = Path.cwd()

    assert run_isolated(work, Limits(10)).lines == ["1"]
    assert seen == []
    assert Path.cwd() == before


def test_that_what_a_copy_raises_is_in_its_log() -> None:
    def work(say: Say) -> None:
        raise SystemExit("no more")

    isolated = run_isolated(work, Limits(10))

    assert isolated.ending.exit_code == 1
    assert "SystemExit: no more" in isolated.ending.log


def test_that_a_copy_ends_at_its_limit_and_says_where_it_was() -> None:
    def work(say: Say) -> None:
        say("begun")
        while True:
            pass

    start = time.monotonic()
    isolated = run_isolated(work, Limits(0.3))

    assert time.monotonic() - start < 10
    assert isolated.lines == ["begun"]
    assert isolated.ending.timed_out
    assert Path(__file__).name in isolated.ending.log


def test_that_processes_that_a_copy_started_end_with_it() -> None:
    def work(say: Say) -> None:
        pid = os.fork() if sys.platform != "win32" else -1
        if pid == 0:
            time.sleep(60)
        say(str(pid))

    (pid,) = run_isolated(work, Limits(10)).lines

    deadline = time.monotonic() + 10
    while _is_running(int(pid)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _is_running(int(pid))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows counts handles, not files")
def test_that_no_file_and_no_zombie_is_left() -> None:
    before = open_files()
    others = psutil.Process().children()  # what tests before this one have started and share

    for _ in range(3):
        run_isolated(lambda say: say("x"), Limits(10))

    assert open_files() == before
    assert psutil.Process().children() == others


def open_files() -> int:
    return psutil.Process().num_fds() if sys.platform != "win32" else 0


def _is_running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
