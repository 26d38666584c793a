"""Thousands of answers take little room, and each of them is as it was."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from desktop.models.predictions_answers import MOST_ON_TILE, MOST_UNPACKED, ModelAnswers
from desktop.models.predictions_board import PredictionBoard
from desktop.models.predictions_columns import DIFFERING, DISAGREEMENT, NAME, AnswerFilter
from desktop.tasks.task import task_view
from engine.protocol.results import PredictionRecord, ScoredLabel

BOXES = 40


def detected(number: int) -> PredictionRecord:
    rng = np.random.default_rng(number)
    boxes = tuple(
        {"label": "dog", "confidence": round(1 - place / BOXES, 4), "box": rng.uniform(0, 500, 4).tolist()}
        for place in range(BOXES)
    )
    return PredictionRecord(file=f"{number}.png", size=(500, 400), boxes=boxes)


def classified(file: str, label: str, confidence: float = 0.8) -> PredictionRecord:
    top = (ScoredLabel(label=label, confidence=confidence),)
    return PredictionRecord(file=file, label=label, confidence=confidence, top=top)


def test_that_few_of_many_records_are_kept_unpacked_and_all_come_back_whole() -> None:
    answers = ModelAnswers()
    answers.view, answers.classes = task_view("detection"), ("cat", "dog")
    answers.grow(2_000)
    for place in range(2_000):
        answers.put(place, detected(place))

    assert answers.unpacked_count == MOST_UNPACKED
    assert answers.record(3) == detected(3)
    assert answers.record(1_999) == detected(1_999)
    assert answers.unpacked_count == MOST_UNPACKED
    packed = sum(len(entry) for entry in answers.packed() if entry is not None)
    assert packed < 2_000 * len(detected(0).model_dump_json())


def test_that_an_error_is_known_until_the_file_is_answered() -> None:
    answers = ModelAnswers()
    answers.view = task_view("classification")
    answers.grow(1)

    answers.put(0, PredictionRecord(file="a.png", error="It is cut off."))
    assert (answers.error(0), answers.answer(0, 0.0)) == ("It is cut off.", None)

    answers.put(0, classified("a.png", "dog"))
    told = answers.answer(0, 0.0)
    assert answers.error(0) == ""
    assert told is not None
    assert told.headline == "dog"


def test_that_a_small_picture_shows_only_the_surest_of_many_boxes() -> None:
    answers = ModelAnswers()
    answers.view, answers.classes = task_view("detection"), ("cat", "dog")
    answers.grow(1)
    answers.put(0, detected(0))

    small, told = answers.objects(0, 0.0), answers.answer(0, 0.0)

    assert small is not None
    assert told is not None
    assert len(small) == len(small.boxes) == len(small.scores) == MOST_ON_TILE < BOXES
    assert small.scores.min() >= 1 - MOST_ON_TILE / BOXES
    assert told.headline == f"{BOXES} boxes"


def compared_board() -> PredictionBoard:
    board = PredictionBoard()
    board.answers = task_view("classification")
    board.classes = ("cat", "dog")
    board.is_compared = True
    board.add([Path("b.png"), Path("A.png"), Path("c.png")])
    board.answer([classified("b.png", "cat"), classified("A.png", "cat"), classified("c.png", "cat")])
    board.answer([classified("b.png", "cat"), classified("A.png", "dog")], board.second)
    return board


def test_that_pictures_on_which_two_models_differ_are_found() -> None:
    board = compared_board()
    board.note_agreement([0, 1], [1.0, 0.1])

    mask, placed = board.arranged(AnswerFilter(DIFFERING, sort=DISAGREEMENT))

    assert mask.tolist() == [False, True, False]
    assert placed is not None
    assert np.argsort(placed, kind="stable").tolist() == [1, 0, 2]
    assert (board.tile(0).caption, board.tile(0).is_correct) == ("cat", True)
    assert (board.tile(1).caption, board.tile(1).is_correct) == ("cat | dog", False)
    assert board.tile(2).caption == "cat"
    assert "differ" in board.tile(1).spoken


def test_that_the_order_by_name_does_not_look_at_capitals() -> None:
    _, placed = compared_board().arranged(AnswerFilter(sort=NAME))

    assert placed is not None
    assert np.argsort(placed, kind="stable").tolist() == [1, 0, 2]


def test_that_clearing_forgets_answers_of_both_models() -> None:
    board = compared_board()
    board.clear()

    assert len(board) == len(board.first) == len(board.second) == 0
    assert board.add([Path("b.png")]) == [Path("b.png")]
    assert board.answer_of(0) is None
    assert not board.differing().any()
