"""What a Lensmith process is started with, and what it may know."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from engine.protocol.home import Home
from engine.protocol.interpreter import child_environment, engine_command, engine_interpreter


def test_that_a_child_learns_no_secret_and_nothing_of_qt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("QT_PLUGIN_PATH", "/somewhere")
    monkeypatch.setenv("PYTHONSTARTUP", "/somewhere/evil.py")

    names = set(child_environment())

    assert not names & {"AWS_SECRET_ACCESS_KEY", "QT_PLUGIN_PATH", "PYTHONSTARTUP"}
    assert {"PATH", "PYTHONPATH", "PYTHONUTF8", "LENSMITH_HOME"} <= names


def test_that_what_is_asked_for_lies_over_the_rest() -> None:
    environment = child_environment({"CUDA_VISIBLE_DEVICES": "1", "PYTHONUTF8": "0"})

    assert (environment["CUDA_VISIBLE_DEVICES"], environment["PYTHONUTF8"]) == ("1", "0")


def test_that_another_interpreter_can_be_named() -> None:
    assert engine_command("work", "RUN")[0] == sys.executable
    assert engine_command("work", interpreter="/other/python")[0] == "/other/python"
    assert engine_command("work", "RUN")[-3:] == ["engine", "work", "RUN"]


def test_that_a_child_finds_the_engine_and_not_what_lies_in_its_folder(tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('a plugin took the place of json')")
    (tmp_path / "engine").mkdir()
    (tmp_path / "engine" / "__init__.py").write_text("raise SystemExit('a plugin took our place')")
    command = [*engine_command()[:-2], "-c", "import json, engine.errors; print(engine.errors.__file__)"]

    ended = subprocess.run(
        command, cwd=tmp_path, env=child_environment(), capture_output=True, text=True, check=False
    )

    assert ended.returncode == 0, ended.stderr
    assert Path(ended.stdout.strip()).parent.name == "engine"
    assert tmp_path not in Path(ended.stdout.strip()).parents


def test_that_the_interpreter_of_engine_processes_is_the_one_of_the_settings(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert engine_interpreter(home) == sys.executable
    home.settings_path.write_text('{"engine": {"interpreter": " /opt/vision/bin/python "}}', encoding="utf-8")
    assert engine_interpreter(home) == "/opt/vision/bin/python"
    for damaged in ("{", "[]", '{"engine": 3}', '{"engine": {"interpreter": ""}}'):
        home.settings_path.write_text(damaged, encoding="utf-8")
        assert engine_interpreter(home) == sys.executable


@pytest.mark.parametrize("name", ["PYTORCH_CUDA_ALLOC_CONF", "TRITON_CACHE_DIR", "CUDA_VISIBLE_DEVICES"])
def test_that_what_is_said_about_the_gpu_reaches_the_worker(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "as said")

    assert child_environment()[name] == "as said"
