"""The window in one environment, without torch; the engine in another, without Qt: together they train."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.protocol.home import Home
from tests.end_to_end.conftest import write_pictures
from tests.fixtures.environments import REPOSITORY, closure, make_environment, missing, requirements_of
from tests.fixtures.stand_in_runs import quiet_home

WINDOW = REPOSITORY / "tests" / "fixtures" / "window_without_torch.py"
LEARNING = ("torch", "torchvision", "timm", "cv2", "mlflow", "pandas", "scipy")
QT = ("PySide6", "shiboken6", "pyqtgraph", "qtawesome")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows"),
]


@pytest.fixture
def environments(tmp_path: Path) -> tuple[Path, Path]:
    """The Python of the window's environment, and that of the engine's."""
    window, engine = requirements_of("desktop"), requirements_of("engine")
    if away := missing([*window, *engine]):
        pytest.skip(f"not installed here, so it cannot be linked: {', '.join(away)}")
    return (
        make_environment(tmp_path / "window", closure(window).values()),
        make_environment(tmp_path / "engine", closure(engine).values()),
    )


def run(python: Path, *arguments: str, home: Home | None = None) -> str:
    """Run a program with nothing on its path but the checkout and what its environment holds; give its output."""
    dropped = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "LENSMITH_HOME")
    environment = {name: value for name, value in os.environ.items() if name not in dropped}
    environment |= {"PYTHONPATH": str(REPOSITORY), "CUDA_VISIBLE_DEVICES": "", "QT_QPA_PLATFORM": "offscreen"}
    if home is not None:
        environment["LENSMITH_HOME"] = str(home.path)
    ended = subprocess.run(
        [str(python), "-P", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert ended.returncode == 0, f"{ended.stdout}\n{ended.stderr}"
    return ended.stdout


def importable(python: Path, *names: str) -> list[str]:
    program = (
        "import json, sys; from importlib.util import find_spec\n"
        "print(json.dumps([name for name in sys.argv[1:] if find_spec(name) is not None]))"
    )
    return json.loads(run(python, "-c", program, *names))


def test_that_the_window_trains_with_the_python_of_another_environment(
    environments: tuple[Path, Path], lensmith_home: Path, tmp_path: Path
) -> None:
    window, engine = environments
    assert importable(window, *LEARNING, *QT) == list(QT)
    assert importable(engine, "torch", *QT) == ["torch"]
    home = quiet_home(lensmith_home)
    write_pictures(tmp_path / "pictures", per_class=8)

    told = json.loads(
        run(window, str(WINDOW), str(engine), str(tmp_path / "pictures"), home=home).splitlines()[-1]
    )

    assert told["state"] == "completed", told
    assert told["epoch"] == 1
    assert told["is_usable"]
    assert told["has_form"]
    assert told["messages"] == []
    assert told["found"] == ["PySide6"]
    assert told["loaded"] == []
