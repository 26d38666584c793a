"""The worker in a thread of the runner."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from engine.executors.inline import InlineExecutor
from tests.fixtures.stand_in_runs import claimed, quiet_home, wait_for


def test_that_workers_side_by_side_give_the_terminal_back_when_both_have_ended(tmp_path: Path) -> None:
    home = quiet_home(tmp_path)
    before = (sys.stdout, sys.stderr)
    goes_on = {"first": threading.Event(), "second": threading.Event()}

    def worker(path: Path) -> int:
        goes_on[path.name].wait(10)
        sys.stdout.write(f"said by {path.name}\n")
        return 0

    executor = InlineExecutor(worker)
    runs = {name: claimed(home, name) for name in goes_on}
    for name in ("first", "second"):
        executor.launch(runs[name], 1)
    for name in ("first", "second"):
        goes_on[name].set()
        wait_for(lambda name=name: executor.status(runs[name], 1) == "gone")

    assert (sys.stdout, sys.stderr) == before
    assert b"said by second" in executor.read(runs["second"], 1, "log.txt", 0)
