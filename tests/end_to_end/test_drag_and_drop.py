"""A folder dragged from another program into the window, over a real X server."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.datasets.library import Library
from engine.protocol.home import Home
from tests.desktop.pages.data_stage import make_pets
from tests.fixtures.stand_in_runs import quiet_home, wait_for
from tests.recorder.screen import screen

REPOSITORY = Path(__file__).resolve().parents[2]
TOOLS = ("Xvfb", "openbox", "xdotool")
SOURCE = REPOSITORY / "tests" / "fixtures" / "drag_source.py"
Xdotool = Callable[..., str]


@pytest.fixture
def environment(lensmith_home: Path) -> Iterator[dict[str, str]]:
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} must be installed; `dev.py test` does it as root")
    with screen() as shown:
        yield {
            **os.environ,
            **shown.variables,
            "LENSMITH_HOME": str(lensmith_home),
            "PYTHONPATH": str(REPOSITORY),
        }


@pytest.fixture
def processes() -> Iterator[list[subprocess.Popen[bytes]]]:
    started: list[subprocess.Popen[bytes]] = []
    yield started
    for process in started:
        process.kill()
        process.wait()


def window_of(xdotool: Xdotool, title: str) -> str:
    return xdotool("search", "--sync", "--onlyvisible", "--name", title).splitlines()[0]


@pytest.mark.slow
def test_that_a_folder_dragged_from_another_program_becomes_a_dataset(
    environment: dict[str, str], processes: list[subprocess.Popen[bytes]], lensmith_home: Path, tmp_path: Path
) -> None:
    def xdotool(*arguments: object) -> str:
        command = ["xdotool", *map(str, arguments)]
        return subprocess.run(
            command, env=environment, check=True, capture_output=True, text=True, timeout=60
        ).stdout

    home: Home = quiet_home(lensmith_home)
    pets = make_pets(tmp_path / "pets")
    processes.append(subprocess.Popen([sys.executable, "-m", "desktop", "data"], env=environment))
    wait_for(lambda: (home.path / "tap").exists(), timeout_s=60, what="the window is open")
    target = window_of(xdotool, "^Lensmith$")
    xdotool("windowmove", "--sync", target, 400, 40)
    processes.append(subprocess.Popen([sys.executable, str(SOURCE), str(pets)], env=environment))
    source = window_of(xdotool, "^drag source$")
    xdotool("windowmove", source, 20, 40)
    xdotool("windowactivate", "--sync", source)
    time.sleep(0.5)  # the window manager has no word for "all is in its place"

    xdotool("mousemove", "--window", source, 60, 60, "mousedown", 1)
    for step in range(20):  # as a hand does it: the window under the pointer must see it come
        xdotool("mousemove", "--window", target, 20 + 20 * step, 200 + 10 * step)
        time.sleep(0.02)
    xdotool("mouseup", 1)

    wait_for(lambda: [found.name for found in Library(home).list()] == ["pets"], timeout_s=60)
