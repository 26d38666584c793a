from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from desktop.bridge.interpreter_check import InterpreterReport, examine_interpreter
from engine.errors import UserError
from engine.protocol.home import Home


@pytest.fixture
def home(lensmith_home: Path) -> Home:
    return Home(lensmith_home)


def test_that_this_python_says_what_it_has(home: Home) -> None:
    report = examine_interpreter(sys.executable, home)

    assert report.can_train
    assert report.sentence().startswith(f"Python {sys.version_info.major}.{sys.version_info.minor}")
    assert "torch " in report.sentence()


def test_that_a_program_that_is_not_there_is_an_error(home: Home, tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        examine_interpreter(str(tmp_path / "python"), home)

    assert caught.value.code == "engine_missing"


@pytest.mark.skipif(os.name == "nt", reason="a shell script stands in for a program")
@pytest.mark.parametrize("answer", ["echo hello", "echo '{}'", "echo '[1]'", "echo no >&2; exit 3"])
def test_that_a_program_that_is_no_python_is_an_error(home: Home, tmp_path: Path, answer: str) -> None:
    program = tmp_path / "python"
    program.write_text(f"#!/bin/sh\n{answer}\n", encoding="utf-8")
    program.chmod(0o755)

    with pytest.raises(UserError) as caught:
        examine_interpreter(str(program), home)

    assert caught.value.code == "engine_not_python"


@pytest.mark.parametrize(
    ("report", "sentence"),
    [
        (
            InterpreterReport("3.11.9", "0.1.0", "2.14.1", "13.0", ["NVIDIA H100"]),
            "Python 3.11.9, torch 2.14.1, CUDA 13.0, NVIDIA H100.",
        ),
        (InterpreterReport("3.12.1", "0.1.0", "2.14.1", mps=True), "Python 3.12.1, torch 2.14.1, Apple GPU."),
        (
            InterpreterReport("3.11.9", missing="No module named 'torch'"),
            "Python 3.11.9 cannot run the engine: No module named 'torch'.",
        ),
    ],
)
def test_that_a_report_is_one_sentence(report: InterpreterReport, sentence: str) -> None:
    assert report.sentence() == sentence
