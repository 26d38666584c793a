"""Many files asked about in portions: progress, cancelling, files that are gone, a predictor that dies."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from desktop.bridge.background import Background
from desktop.models.predictions import to_csv
from desktop.models.predictions_board import PredictionBoard
from desktop.models.predictions_queue import FIRST_PORTION, PORTION, PredictionQueue
from desktop.tasks.task import task_view
from engine.errors import UserError
from engine.protocol.results import PredictionRecord

Answer = dict[str, object]


class SlowOracle:
    """Stands for the predictor's process: questions are answered when the test says so."""

    def __init__(self) -> None:
        self.questions: dict[
            int, tuple[Mapping[str, object], Callable[..., object], Callable[..., object]]
        ] = {}
        self.asked: list[list[str]] = []

    def ask(
        self,
        verb: str,
        payload: Mapping[str, object],
        then: Callable[[Answer], object] | None = None,
        failed: Callable[[UserError], object] | None = None,
    ) -> int:
        assert verb == "predict"
        assert then is not None
        assert failed is not None
        files = payload["files"]
        assert isinstance(files, list)
        self.asked.append([str(file) for file in files])
        number = len(self.asked)
        self.questions[number] = (payload, then, failed)
        return number

    def forget(self, number: int) -> None:
        self.questions.pop(number, None)

    def answer(self) -> None:
        number = next(iter(self.questions))
        _, then, _ = self.questions.pop(number)
        records = [PredictionRecord(file=file, label="star").model_dump() for file in self.asked[number - 1]]
        then({"id": number, "ok": True, "predictions": records})

    def refuse(self, error: UserError) -> None:
        for number in list(self.questions):
            self.questions.pop(number)[2](error)

    def die(self) -> None:
        self.refuse(UserError("engine_died", "The engine ended.", "Try again."))


@pytest.fixture
def oracle() -> SlowOracle:
    return SlowOracle()


@pytest.fixture
def queue(oracle: SlowOracle, qtbot: QtBot) -> PredictionQueue:
    made = PredictionQueue(oracle, Background())
    made.use(Path("checkpoint"))
    return made


def make_files(folder: Path, count: int) -> list[Path]:
    files = [folder / f"{number:03}.png" for number in range(count)]
    for file in files:
        file.write_bytes(b"")
    return files


def test_that_files_are_asked_about_in_portions_and_answered_in_order(
    queue: PredictionQueue, oracle: SlowOracle, qtbot: QtBot, tmp_path: Path
) -> None:
    files = make_files(tmp_path, 2 * FIRST_PORTION + PORTION + 3)
    answered: list[str] = []
    queue.answered.connect(lambda records: answered.extend(record.file for record in records))

    queue.add(files)
    for portion in range(1, 5):
        qtbot.waitUntil(lambda portion=portion: len(oracle.asked) == portion)
        oracle.answer()

    assert [len(portion) for portion in oracle.asked] == [FIRST_PORTION, FIRST_PORTION, PORTION, 3]
    assert answered == [str(file) for file in files]
    assert (queue.done, queue.total, queue.waits) == (27, 27, False)


def test_that_slow_models_get_small_portions_and_quick_ones_large_ones(
    oracle: SlowOracle, qtbot: QtBot, tmp_path: Path
) -> None:
    now = [0.0]
    queue = PredictionQueue(oracle, Background(), clock=lambda: now[0])
    queue.use(Path("checkpoint"))
    queue.add(make_files(tmp_path, 40))

    # Seconds until each answer: loading does not count; then 0.125 s a picture, 1 s, and 0.001 s.
    for number, seconds in enumerate((30.0, 0.5, 4.0, 0.001, 0.001), start=1):
        qtbot.waitUntil(lambda number=number: len(oracle.asked) == number)
        now[0] += seconds
        oracle.answer()

    assert [len(portion) for portion in oracle.asked[:5]] == [FIRST_PORTION, FIRST_PORTION, 4, 1, PORTION]


def test_that_a_file_that_somebody_looks_at_is_asked_about_before_the_rest(
    queue: PredictionQueue, oracle: SlowOracle, qtbot: QtBot, tmp_path: Path
) -> None:
    files = make_files(tmp_path, 4 * FIRST_PORTION)
    part = tmp_path / "part.png"
    part.write_bytes(b"")
    queue.add(files)
    qtbot.waitUntil(lambda: len(oracle.asked) == 1)

    queue.hurry(files[-1])
    queue.add([part], first=True)
    oracle.answer()
    qtbot.waitUntil(lambda: len(oracle.asked) == 2)

    assert oracle.asked[1] == [str(path) for path in (part, files[-1], *files[FIRST_PORTION:][:2])]
    assert queue.total == len(files) + 1


def test_that_the_model_counts_as_loading_until_its_first_answer(
    queue: PredictionQueue, oracle: SlowOracle, qtbot: QtBot, tmp_path: Path
) -> None:
    queue.add(make_files(tmp_path, FIRST_PORTION + 1))
    qtbot.waitUntil(lambda: len(oracle.asked) == 1)
    assert queue.is_loading_model

    oracle.answer()
    assert not queue.is_loading_model
    assert queue.is_busy


def test_that_a_file_that_is_gone_has_its_reason_and_the_others_are_answered(
    queue: PredictionQueue, oracle: SlowOracle, qtbot: QtBot, tmp_path: Path
) -> None:
    there = make_files(tmp_path, 1)[0]
    (tmp_path / "folder.png").mkdir()
    told: list[PredictionRecord] = []
    queue.answered.connect(told.extend)

    queue.add([tmp_path / "gone.png", there, tmp_path / "folder.png"])
    qtbot.waitUntil(lambda: len(oracle.asked) == 1)
    oracle.answer()

    assert oracle.asked == [[str(there)]]
    assert [record.error is None for record in told] == [False, True, False]
    assert "no such file" in (told[0].error or "")
    assert "it is no file" in (told[2].error or "")


def test_that_a_portion_of_files_that_are_all_gone_asks_nobody(
    queue: PredictionQueue, oracle: SlowOracle, qtbot: QtBot, tmp_path: Path
) -> None:
    with qtbot.waitSignal(queue.answered):
        queue.add([tmp_path / "gone.png", tmp_path / "lost.png"])

    assert oracle.asked == []
    assert not queue.waits


def test_that_a_file_that_goes_away_while_it_is_asked_about_stops_nobody(
    queue: PredictionQueue, oracle: SlowOracle, qtbot: QtBot, tmp_path: Path
) -> None:
    files = make_files(tmp_path, 3)
    told: list[PredictionRecord] = []
    failures: list[UserError] = []
    queue.answered.connect(told.extend)
    queue.failed.connect(failures.append)
    queue.add(files)
    qtbot.waitUntil(lambda: len(oracle.asked) == 1)

    files[1].unlink()
    oracle.refuse(UserError("file_missing", "There is no file 001.png."))
    qtbot.waitUntil(lambda: len(oracle.asked) == 2)
    oracle.answer()

    assert [record.error is None for record in told] == [True, False, True]
    assert failures == []


def test_that_a_file_that_only_the_engine_misses_is_told_and_not_asked_about_forever(
    queue: PredictionQueue, oracle: SlowOracle, qtbot: QtBot, tmp_path: Path
) -> None:
    failures: list[UserError] = []
    queue.failed.connect(failures.append)
    queue.add(make_files(tmp_path, 2))

    for number in (1, 2):
        qtbot.waitUntil(lambda number=number: len(oracle.asked) == number)
        oracle.refuse(UserError("file_missing", "There is no file 001.png."))

    assert [error.code for error in failures] == ["file_missing"]
    assert queue.waits


def test_that_cancelling_keeps_what_is_answered_and_drops_the_late_answer(
    queue: PredictionQueue, oracle: SlowOracle, qtbot: QtBot, tmp_path: Path
) -> None:
    files = make_files(tmp_path, FIRST_PORTION + PORTION)
    queue.add(files)
    qtbot.waitUntil(lambda: len(oracle.asked) == 1)
    oracle.answer()
    qtbot.waitUntil(lambda: len(oracle.asked) == 2)

    left = queue.cancel()

    assert left == files[FIRST_PORTION:]
    assert (queue.done, queue.total, queue.waits) == (FIRST_PORTION, FIRST_PORTION, False)
    assert oracle.questions == {}


def test_that_after_the_predictor_died_what_is_left_can_be_asked_again(
    queue: PredictionQueue, oracle: SlowOracle, qtbot: QtBot, tmp_path: Path
) -> None:
    files = make_files(tmp_path, FIRST_PORTION + 2)
    queue.add(files)
    qtbot.waitUntil(lambda: len(oracle.asked) == 1)
    with qtbot.waitSignal(queue.failed) as told:
        oracle.die()
    assert told.args is not None
    assert told.args[0].code == "engine_died"
    assert queue.waits
    assert not queue.is_busy

    queue.retry()
    qtbot.waitUntil(lambda: len(oracle.asked) == 2)

    assert oracle.asked[1] == [str(file) for file in files[:FIRST_PORTION]]


def test_that_another_checkpoint_drops_what_was_under_way(
    queue: PredictionQueue, oracle: SlowOracle, qtbot: QtBot, tmp_path: Path
) -> None:
    files = make_files(tmp_path, 2)
    queue.add(files)
    qtbot.waitUntil(lambda: len(oracle.asked) == 1)

    queue.use(Path("other"))
    queue.add(files)
    qtbot.waitUntil(lambda: len(oracle.asked) == 2)

    assert list(oracle.questions) == [2]
    assert oracle.questions[2][0]["checkpoint"] == "other"
    assert queue.total == 2


def test_that_without_a_model_files_wait(queue: PredictionQueue, oracle: SlowOracle, tmp_path: Path) -> None:
    queue.use(None)
    queue.add(make_files(tmp_path, 2))

    assert queue.waits
    assert oracle.asked == []


def test_that_a_name_that_is_no_text_has_its_reason_and_is_not_asked_about(
    queue: PredictionQueue, oracle: SlowOracle, qtbot: QtBot, tmp_path: Path
) -> None:
    odd = tmp_path / os.fsdecode(b"caf\xe9.png")
    try:
        odd.write_bytes(b"")
    except OSError:
        pytest.skip("this file system takes only names in UTF-8")
    board = PredictionBoard()

    with qtbot.waitSignal(queue.answered) as told:
        queue.add(board.add([odd]))

    assert told.args is not None
    assert board.answer(told.args[0]) == [0]
    assert "rename it" in board.entry(0).error
    assert oracle.asked == []
    assert "rename it" in to_csv(board.entries(), task_view("classification"), 0.0)


def test_that_one_file_is_asked_about_at_once_and_looked_for_when_the_engine_misses_it(
    queue: PredictionQueue, oracle: SlowOracle, qtbot: QtBot, tmp_path: Path
) -> None:
    (gone,) = make_files(tmp_path, 1)
    answered: list[PredictionRecord] = []
    queue.answered.connect(answered.extend)

    queue.add([gone], first=True)
    assert oracle.asked == [[str(gone)]], "before anything else is done"
    gone.unlink()
    oracle.refuse(UserError("file_missing", f"There is no file {gone}.", "Check the path."))
    qtbot.waitUntil(lambda: bool(answered))

    assert "no such file any more" in (answered[0].error or "")
    assert not queue.waits
