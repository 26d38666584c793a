"""The Predict page with the engine's own process and a model that was really trained."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from PySide6.QtWidgets import QAbstractButton
from pytestqt.qtbot import QtBot

from desktop.context import Context
from desktop.pages.predict import PredictPage
from desktop.tasks.task import task_view
from engine.store.database import Store
from engine.store.rebuild import take_run
from tests.engine.jobs.run_maker import make_run, write_pictures

WAIT_MS = 120_000
BELOW_NORMAL_ON_WINDOWS = 0x4000


@pytest.fixture
def data(context: Context, tmp_path: Path) -> Path:
    """Pictures on which a model was trained; the training is the only run."""
    folder = write_pictures(tmp_path / "pictures", per_class=40)
    trained = make_run(context.home.path, folder, {"epochs": 6})
    trained.work()
    with Store.open(context.home.store_path) as store:
        take_run(store, trained.folder)
    return folder


def predictor_process() -> psutil.Process | None:
    """The engine process that answers, a child of this one."""
    for child in psutil.Process().children(recursive=True):
        # What another test started may end while we look; a zombie has no command line to read.
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            if "serve" in child.cmdline():
                return child
    return None


def labels(page: PredictPage) -> list[str | None]:
    """What each image is taken for, as the page shows it."""
    answers = task_view("classification")
    return [
        answers.answer(entry.record, ("dark", "light"), 0.0).headline if entry.record is not None else None
        for entry in page.board.entries()
    ]


@pytest.mark.slow
def test_that_the_engine_answers_on_the_cpu_where_a_gpu_that_it_was_told_of_is_not_there(
    qtbot: QtBot, context: Context, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    page = PredictPage(context)
    qtbot.addWidget(page)
    page.show()
    context.predictor.use_place("cuda:0", 1)

    with qtbot.waitSignal(context.predictor.gpu_unusable, timeout=WAIT_MS) as told:
        page.open(drop=[data / "val" / "light"])
    qtbot.waitUntil(lambda: len(page.board) == 3 and not page.queue.waits, timeout=WAIT_MS)

    assert labels(page) == ["light"] * 3
    assert told.args == ["cuda:0", "cannot be used by the engine's PyTorch"]
    process = predictor_process()
    assert process is not None
    assert process.nice() in (BELOW_NORMAL_ON_WINDOWS, max(5, psutil.Process().nice()))


@pytest.mark.slow
def test_that_a_trained_model_answers_and_a_killed_process_is_started_anew(
    qtbot: QtBot, context: Context, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = PredictPage(context)
    qtbot.addWidget(page)
    page.resize(1200, 700)
    page.show()
    page.open(drop=[data / "val" / "light"])
    qtbot.waitUntil(lambda: len(page.board) == 3 and not page.queue.waits, timeout=WAIT_MS)
    assert labels(page) == ["light"] * 3

    process = predictor_process()
    assert process is not None
    ask = context.predictor.ask

    def ask_and_kill(*given: object) -> int:
        number = ask(*given)  # pyright: ignore[reportArgumentType]  # what the page gives
        monkeypatch.setattr(context.predictor, "ask", ask)
        process.kill()
        return number

    monkeypatch.setattr(context.predictor, "ask", ask_and_kill)
    page.intake.take([data / "val" / "dark"])
    qtbot.waitUntil(lambda: len(page.board) == 6 and page.banner.isVisible(), timeout=WAIT_MS)
    assert page.queue.waits

    next(button for button in page.banner.findChildren(QAbstractButton) if button.text() == "Retry").click()

    qtbot.waitUntil(lambda: not page.queue.waits, timeout=WAIT_MS)
    assert labels(page)[3:] == ["dark"] * 3
    assert page.banner.isHidden()
