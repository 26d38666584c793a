"""A handful of results is kept open; only what is wanted last is read for the user."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from desktop.bridge.background import Background
from desktop.models.result import Result, ResultKey
from desktop.models.result_history_shelf import KEPT, ResultShelf
from engine.errors import UserError
from engine.protocol.home import Home
from tests.desktop.measured_runs import MeasuredRun, measured_run

WAIT_MS = 30_000


@pytest.fixture
def run(tmp_path: Path) -> MeasuredRun:
    return measured_run(Home(tmp_path / "home"), tmp_path, epochs=tuple(range(1, 10)))


@pytest.fixture
def shelf(qtbot: QtBot, run: MeasuredRun) -> Iterator[ResultShelf]:
    background = Background()
    made = ResultShelf(run.home, background, background)
    yield made
    background.wait()


def keys(run: MeasuredRun, *numbers: int) -> list[ResultKey]:
    return [ResultKey(run.run, f"{number:04d}") for number in numbers]


def test_that_neighbours_are_opened_ahead_and_only_a_handful_is_kept(
    qtbot: QtBot, shelf: ResultShelf, run: MeasuredRun
) -> None:
    prepared: list[Result] = []
    shelf.prepare = prepared.append
    every = keys(run, *range(1, 10))

    shelf.look_ahead(every)
    qtbot.waitUntil(lambda: shelf.get(every[-1]) is not None, timeout=WAIT_MS)

    assert [key for key in every if shelf.get(key) is None] == every[: len(every) - KEPT]
    assert [result.key for result in prepared] == every


def test_that_of_results_wanted_in_one_go_only_the_last_is_given(
    qtbot: QtBot, shelf: ResultShelf, run: MeasuredRun
) -> None:
    given: list[ResultKey] = []
    for key in keys(run, 1, 2, 3, 4):
        shelf.fetch(key, lambda result: given.append(result.key), _fail)

    qtbot.waitUntil(lambda: bool(given), timeout=WAIT_MS)

    assert given == keys(run, 4)
    assert shelf.get(keys(run, 2)[0]) is None, "those between are never opened"


def test_that_a_result_that_is_not_there_is_told_and_the_next_one_is_still_given(
    qtbot: QtBot, shelf: ResultShelf, run: MeasuredRun
) -> None:
    told: list[Exception] = []
    given: list[ResultKey] = []
    shelf.fetch(ResultKey(run.run, "0077"), _fail, told.append)
    qtbot.waitUntil(lambda: bool(told), timeout=WAIT_MS)

    shelf.fetch(keys(run, 1)[0], lambda result: given.append(result.key), _fail)
    qtbot.waitUntil(lambda: bool(given), timeout=WAIT_MS)

    assert isinstance(told[0], UserError)
    assert told[0].code == "result_missing"


def test_that_an_open_result_that_vanished_from_the_disk_is_closed_and_told(
    qtbot: QtBot, shelf: ResultShelf, run: MeasuredRun
) -> None:
    first = keys(run, 1)[0]
    shelf.look_ahead([first])
    qtbot.waitUntil(lambda: shelf.get(first) is not None, timeout=WAIT_MS)
    shutil.rmtree(run.folder.results / "0001")
    told: list[Exception] = []

    shelf.verify(first, told.append)
    qtbot.waitUntil(lambda: bool(told), timeout=WAIT_MS)

    assert shelf.get(first) is None


def test_that_what_was_forgotten_while_it_was_read_is_not_given(
    qtbot: QtBot, shelf: ResultShelf, run: MeasuredRun
) -> None:
    given: list[ResultKey] = []
    one, two = keys(run, 1, 2)
    shelf.fetch(one, lambda result: given.append(result.key), _fail)
    shelf.forget()
    shelf.fetch(two, lambda result: given.append(result.key), _fail)

    qtbot.waitUntil(lambda: bool(given), timeout=WAIT_MS)

    assert given == [two]
    assert shelf.get(one) is None


def _fail(told: object) -> None:
    pytest.fail(f"not expected: {told}")
