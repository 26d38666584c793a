"""Static contracts miss what an import does at run time: these load the modules and look."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

CONTROL = ("protocol", "config", "datasets", "store", "executors", "runner", "comparison", "reports")
LEARNING = ("torch", "torchvision", "cv2", "timm", "albumentations", "ultralytics", "lightning_fabric")
ANALYSIS = ("pandas", "scipy", "sklearn", "torchmetrics", "onnx", "onnxruntime", "optuna")
SERVICES = ("mlflow", "boto3", "paramiko")
WINDOW = ("PySide6", "shiboken6", "pyqtgraph", "qtawesome")
OVER_SSH = "engine.executors.ssh"
LATER = ("pyqtgraph", "qtawesome", "numpy", "PIL")
"""What the window needs, but not for its first frame."""
HEAVY = (*LEARNING, *ANALYSIS, *SERVICES, *WINDOW)


def modules_of(folder: Path, package: str) -> list[str]:
    """List every module below a package of the engine, by its dotted name."""
    files = sorted(folder.glob("**/*.py"))
    names = [".".join(file.relative_to(folder).with_suffix("").parts) for file in files]
    return [
        f"{package}.{name}".removesuffix(".__init__").removesuffix("__init__").rstrip(".") for name in names
    ]


def loaded_after_importing(modules: list[str], watched: tuple[str, ...]) -> list[str]:
    """Import the modules in a fresh interpreter and give those watched that were loaded by it."""
    program = (
        "import importlib, json, sys\n"
        "modules, watched = json.loads(sys.argv[1])\n"
        "for name in modules: importlib.import_module(name)\n"
        "print(json.dumps([name for name in watched if name in sys.modules]))\n"
    )
    command = [sys.executable, "-c", program, json.dumps([modules, watched])]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout.splitlines()[-1])


@pytest.mark.parametrize("part", CONTROL)
def test_that_a_package_of_the_control_half_loads_nothing_heavy(part: str, repository: Path) -> None:
    modules = modules_of(repository / "engine" / part, f"engine.{part}")
    modules = [name for name in modules if not name.startswith(OVER_SSH)]

    assert loaded_after_importing(["engine.errors", *modules], HEAVY) == []


def test_that_the_executor_over_ssh_loads_its_own_client_and_nothing_else_heavy(repository: Path) -> None:
    modules = modules_of(repository / "engine" / "executors" / "ssh", OVER_SSH)
    assert len(modules) > 10

    assert loaded_after_importing(modules, HEAVY) == ["paramiko"]


def test_that_importing_the_plugin_contract_loads_neither_timm_nor_ultralytics() -> None:
    watched = ("timm", "ultralytics", "torchmetrics", "albumentations", "mlflow", *WINDOW)

    assert loaded_after_importing(["engine.plugin"], watched) == []


def test_that_importing_the_command_line_loads_nothing_heavy() -> None:
    assert loaded_after_importing(["engine.cli"], HEAVY) == []


def test_that_a_runner_begins_without_what_it_needs_later() -> None:
    assert loaded_after_importing(["engine.runner.run_life"], ("numpy", "PIL")) == []


def test_that_importing_the_worker_loads_no_window_and_no_service() -> None:
    watched = ("mlflow", "boto3", "paramiko", "pandas", "albumentations", "torchmetrics", *WINDOW)

    assert loaded_after_importing(["engine.worker"], watched) == []


def test_that_importing_the_window_loads_nothing_that_its_first_frame_can_do_without() -> None:
    assert loaded_after_importing(["desktop.app"], (*LEARNING, *ANALYSIS, *SERVICES, *LATER)) == []


def test_that_no_module_of_the_window_loads_the_learning_half(repository: Path) -> None:
    modules = [name for name in modules_of(repository / "desktop", "desktop") if name != "desktop.__main__"]
    assert len(modules) > 100

    assert loaded_after_importing(modules, (*LEARNING, *ANALYSIS, *SERVICES)) == []
