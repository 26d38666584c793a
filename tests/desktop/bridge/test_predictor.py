"""The predictor leaves a GPU at once, and whoever asked meanwhile gets his answer from the next process."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from PySide6.QtCore import QObject, QProcess
from pytestqt.qtbot import QtBot

from desktop.bridge import predictor as bridge
from desktop.bridge.predictor import Predictor
from engine.errors import UserError
from engine.protocol.home import Home

WAIT_MS = 30_000
STAND_IN = """
import json, os, sys

device, unusable, full = "cpu", "cuda:8", "cuda:9"
for line in sys.stdin:
    request = json.loads(line)
    verb, answer = request["verb"], {"id": request["id"], "ok": True, "pid": os.getpid()}
    if verb == "place":
        wanted = request["device"]
        device = "cpu" if wanted == unusable else wanted
        answer["problem"] = "cannot be used" if wanted == unusable else ""
        threads = request["threads"]
    elif verb == "predict" and device == full:
        answer |= {"ok": False, "error": {"code": "gpu_memory_full", "message": "It is full."}}
    elif verb in ("explain", "video_frame") and device != "cpu":
        continue  # as if it computed for long
    print(json.dumps({**answer, "device": device}), flush=True)
"""


@pytest.fixture
def predictor(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Predictor]:
    """One whose process answers with its own number and device."""

    def child(_home: Home, *_arguments: str, parent: QObject) -> QProcess:
        process = QProcess(parent)
        process.setProgram(sys.executable)
        process.setArguments(["-c", STAND_IN])
        return process

    monkeypatch.setattr(bridge, "engine_child", child)
    made = Predictor(Home(tmp_path))
    yield made
    made.close()


def ask(qtbot: QtBot, predictor: Predictor, verb: str = "predict") -> dict[str, Any]:
    """Wait for an answer."""
    answers: list[dict[str, Any]] = []
    errors: list[UserError] = []
    predictor.ask(verb, {}, answers.append, errors.append)
    qtbot.waitUntil(lambda: bool(answers or errors), timeout=WAIT_MS)
    assert not errors
    return answers[0]


def has_ended(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_that_it_computes_where_it_is_told_from_its_start(qtbot: QtBot, predictor: Predictor) -> None:
    assert not predictor.is_running
    predictor.use_place("cuda:0", None)
    assert not predictor.is_running, "nobody asked anything yet"

    assert ask(qtbot, predictor)["device"] == "cuda:0"


def test_that_it_goes_to_a_gpu_without_another_process(qtbot: QtBot, predictor: Predictor) -> None:
    before = ask(qtbot, predictor)

    predictor.use_place("cuda:0", None)
    after = ask(qtbot, predictor)

    assert (before["device"], after["device"], after["pid"]) == ("cpu", "cuda:0", before["pid"])


def test_that_the_process_ends_that_had_a_model_on_the_gpu(qtbot: QtBot, predictor: Predictor) -> None:
    predictor.use_place("cuda:0", None)
    before = ask(qtbot, predictor)

    with qtbot.waitSignal(predictor.moved):
        predictor.use_place("cpu", 1)

    qtbot.waitUntil(lambda: has_ended(before["pid"]), timeout=WAIT_MS)
    assert not predictor.is_running, "nothing is loaded where nobody waits"
    after = ask(qtbot, predictor)
    assert (after["device"], after["pid"] != before["pid"]) == ("cpu", True)


def test_that_a_gpu_without_a_model_is_left_without_another_process(
    qtbot: QtBot, predictor: Predictor
) -> None:
    predictor.use_place("cuda:0", None)
    before = ask(qtbot, predictor, "validate")
    predictor.use_place("cpu", None)

    assert ask(qtbot, predictor)["pid"] == before["pid"]


def test_that_another_number_of_threads_costs_no_model(qtbot: QtBot, predictor: Predictor) -> None:
    predictor.use_place("cuda:0", None)
    before = ask(qtbot, predictor)
    predictor.use_place("cuda:0", 2)
    assert ask(qtbot, predictor)["pid"] == before["pid"]

    with qtbot.waitSignal(predictor.moved):
        predictor.use_place("cpu", 2)


def test_that_what_was_asked_is_asked_anew_when_the_gpu_is_left(qtbot: QtBot, predictor: Predictor) -> None:
    predictor.use_place("cuda:0", None)
    busy = ask(qtbot, predictor)["pid"]
    answers: list[dict[str, Any]] = []
    errors: list[UserError] = []
    died: list[object] = []
    predictor.died.connect(died.append)
    predictor.ask("explain", {}, answers.append, errors.append)
    dropped = predictor.ask("predict", {}, answers.append, errors.append)
    predictor.ask("video_frame", {}, answers.append, errors.append)
    predictor.ask("validate", {}, answers.append, errors.append)
    predictor.forget(dropped)

    predictor.use_place("cpu", None)

    qtbot.waitUntil(lambda: len(answers) == 2, timeout=WAIT_MS)
    assert {answer["device"] for answer in answers} == {"cpu"}
    assert answers[0]["id"] < answers[1]["id"]
    ask(qtbot, predictor)
    assert (len(answers), errors, died) == (2, [], [])
    qtbot.waitUntil(lambda: has_ended(busy), timeout=WAIT_MS)


def test_that_the_cpu_answers_what_a_gpu_has_no_memory_for(qtbot: QtBot, predictor: Predictor) -> None:
    told: list[tuple[str, str]] = []
    predictor.gpu_failed.connect(lambda *given: told.append(given))
    predictor.use_place("cuda:9", None)

    assert ask(qtbot, predictor)["device"] == "cpu"
    assert told == [("cuda:9", "had too little memory for the model")]


def test_that_a_gpu_that_cannot_be_used_is_told_and_left_alone(qtbot: QtBot, predictor: Predictor) -> None:
    told: list[tuple[str, str]] = []
    predictor.gpu_unusable.connect(lambda *given: told.append(given))
    predictor.use_place("cuda:8", None)
    before = ask(qtbot, predictor)

    predictor.use_place("cpu", None)
    after = ask(qtbot, predictor)

    assert told == [("cuda:8", "cannot be used")]
    assert (after["device"], after["pid"]) == ("cpu", before["pid"])
