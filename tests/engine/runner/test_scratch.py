"""A scratch folder goes with its process: at its end, on an error, and swept away after a kill."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from engine.errors import UserError
from engine.protocol.home import Home
from engine.runner.queue import tick
from engine.runner.scratch import scratch_folder, sweep_scratch

HOLD = """
import sys, time
from pathlib import Path
from engine.protocol.home import Home
from engine.runner.scratch import scratch_folder
with scratch_folder(Home(Path(sys.argv[1])), "held") as folder:
    (folder / "file").write_text("x")
    print("ready", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home").ensure()


def hold(home: Home) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(home.path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def test_that_nothing_is_left_when_the_block_ends(home: Home) -> None:
    with scratch_folder(home, "one") as folder:
        (folder / "deep").mkdir()
        (folder / "deep" / "file").write_text("x", encoding="utf-8")
    assert list(home.scratch.iterdir()) == []


def test_that_nothing_is_left_after_an_error(home: Home) -> None:
    with pytest.raises(ZeroDivisionError), scratch_folder(home, "one") as folder:
        (folder / str(1 / len(list(folder.iterdir())))).touch()
    assert list(home.scratch.iterdir()) == []


def test_that_a_living_process_keeps_its_folder_and_a_killed_one_loses_it(home: Home) -> None:
    process = hold(home)
    try:
        sweep_scratch(home)
        assert (home.scratch / "held" / "file").is_file()
        with pytest.raises(UserError, match="in use by another process"), scratch_folder(home, "held"):
            pass
        assert (home.scratch / "held" / "file").is_file()
    finally:
        process.kill()
        process.wait()
    assert (home.scratch / "held" / "file").is_file()
    tick(home)
    assert list(home.scratch.iterdir()) == []
