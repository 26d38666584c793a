"""What is said of a detector's results and answers: cards, verdicts at a confidence, cells, drawings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from desktop.charts.figures import BarFigure, RateFigure
from desktop.models.result import Result, ResultKey, open_result
from desktop.tasks.found_objects import at_confidence
from desktop.tasks.task import Selection, task_view
from desktop.viewers.label_view import PREDICTION, TRUTH
from engine.errors import UserError
from engine.protocol.home import Home
from engine.protocol.results import PredictionRecord
from tests.desktop.task_runs import ANIMALS, CATS, DOGS, HEIGHT, WIDTH, detector_run

VIEW = task_view("detection")
BACKGROUND = len(ANIMALS)


@pytest.fixture
def result(lensmith_home: Path, tmp_path: Path) -> Result:
    home = Home(lensmith_home)
    return open_result(home, ResultKey(detector_run(home, tmp_path).run, "0002"))


def shown(result: Result, **filters: object) -> list[int]:
    return np.flatnonzero(VIEW.chosen(result, Selection(**filters))).tolist()  # pyright: ignore[reportArgumentType]  # names of fields


def test_that_cards_tell_precision_by_coco_and_f1_at_the_confidence(result: Result) -> None:
    cards = VIEW.cards(VIEW.at(result, 0.5), {"val/map": 0.0}, "epoch 1")

    assert [fact.title for fact in cards][:2] == ["mAP 50-95", "mAP 50"]
    assert cards[0].value == f"{result.summary.metrics['val/map']:.1%}"
    assert cards[0].note.endswith("since epoch 1")
    assert cards[3].title == "F1 at 50%"
    assert cards[4].value in ANIMALS


def test_that_a_result_at_the_stored_confidence_is_as_the_engine_counted_it(result: Result) -> None:
    anew = at_confidence(result, 0.25)

    assert anew.confusion is not None
    assert result.confusion is not None
    assert anew.confusion.tolist() == result.confusion.tolist()
    for name in ("true_positives", "false_positives", "false_negatives", "f1", "confidence"):
        assert anew.column(name).tolist() == pytest.approx(result.column(name).tolist()), name


def test_that_boxes_below_the_confidence_do_not_count(result: Result) -> None:
    at = VIEW.at(result, 0.7)

    assert at.column("false_positives").tolist() == [0, 1, 0, 0]
    assert at.column("false_negatives").tolist() == [0, 2, 1, 0]
    assert at.metric("recall") == pytest.approx((1 / 2 + 0) / 2)
    assert VIEW.at(result, 0.3).column("false_positives").tolist() == [0, 1, 1, 0]


def test_that_a_class_without_any_box_has_no_precision(result: Result) -> None:
    cat, dog = ANIMALS[CATS], ANIMALS[DOGS]

    assert VIEW.at(result, 0.75).summary.per_class["precision"] == {cat: 1.0, dog: 0.0}
    assert VIEW.at(result, 0.85).summary.per_class["precision"] == {cat: 1.0}
    assert VIEW.at(result, 0.85).summary.per_class["recall"][dog] == 0.0


@pytest.mark.parametrize(
    ("verdict", "images"),
    [("all", [0, 1, 2, 3]), ("incorrect", [1, 2]), ("missed", [1]), ("made_up", [1, 2]), ("correct", [0, 3])],
)
def test_that_verdicts_choose_images(result: Result, verdict: str, images: list[int]) -> None:
    assert shown(VIEW.at(result, 0.3), verdict=verdict) == images


def test_that_cells_of_the_matrix_choose_images(result: Result) -> None:
    at = VIEW.at(result, 0.3)

    assert shown(at, true=CATS, predicted=DOGS) == [1]
    assert shown(at, true=CATS) == [0, 1]
    assert shown(at, true=DOGS, predicted=BACKGROUND) == [1], "the dog that is missed"
    assert shown(at, true=BACKGROUND, predicted=CATS) == [2], "the cat that is not there"
    assert shown(at, predicted=DOGS) == [1, 2]


def test_that_the_matrix_has_a_background(result: Result) -> None:
    matrix = VIEW.matrix(VIEW.at(result, 0.3))

    assert matrix is not None
    assert matrix.names == (*ANIMALS, "background")
    assert matrix.counts.tolist() == [[1, 1, 0], [0, 1, 1], [1, 0, 0]]


@pytest.mark.parametrize(
    ("sort", "first"), [("worst", 1), ("made_up", 1), ("missed", 1), ("overlap", 2), ("objects", 1)]
)
def test_that_the_worst_images_come_first(result: Result, sort: str, first: int) -> None:
    order = VIEW.order(VIEW.at(result, 0.3), sort)

    assert order is not None
    assert int(np.argsort(order, kind="stable")[0]) == first


def test_that_tiles_and_details_tell_what_is_missed_and_made_up(result: Result) -> None:
    at = VIEW.at(result, 0.3)

    assert [VIEW.tile(at, image).caption for image in range(4)] == [
        "1 found",
        "2 missed · 1 false",
        "1 false",
        "nothing there",
    ]
    detail = VIEW.detail(at, 1)
    assert not detail.is_correct
    assert ("Missed", "2") in detail.facts
    assert [score.label for score in detail.scores if score.note == "missed"] == ["cat", "dog"]
    assert [score.label for score in detail.scores if score.is_wrong] == ["dog"]


def test_that_layers_draw_objects_with_their_polygons_and_boxes_above_the_confidence(result: Result) -> None:
    layers = VIEW.layers(VIEW.at(result, 0.5), 2)

    truth, prediction = layers[TRUTH], layers[PREDICTION]
    assert (truth.width, truth.height) == (WIDTH, HEIGHT)
    assert truth.boxes.tolist() == [[4, 4, 20, 20]]
    assert truth.has_masks
    assert prediction.boxes.tolist() == [[4, 4, 20, 18]]
    assert VIEW.layers(VIEW.at(result, 0.3), 2)[PREDICTION].words[1] == "40% ✕"


def test_that_predicted_masks_lie_with_their_boxes(lensmith_home: Path, tmp_path: Path) -> None:
    home = Home(lensmith_home)
    run = detector_run(home, tmp_path, masks=True)
    result = open_result(home, ResultKey(run.run, "0002"))

    masks = VIEW.layers(VIEW.at(result, 0.3), 2)[PREDICTION].masks

    assert masks is not None
    assert [int(mask.sum()) for mask in masks] == [16 * 14, 12 * 12]
    assert VIEW.cards(result, None, "")[2].title == "Mask mAP 50-95"


def test_that_charts_show_curves_by_class_and_histograms(result: Result) -> None:
    figures = VIEW.figures(VIEW.at(result, 0.6))

    titles = [figure.title for figure in figures]
    assert titles[:2] == ["Precision and recall", "F1 against confidence"]
    lines = [figure for figure in figures if isinstance(figure, RateFigure)]
    assert [line.label for line in lines[0].lines] == ["mean", *ANIMALS]
    assert lines[1].marked == 0.6
    bars = [figure for figure in figures if isinstance(figure, BarFigure)]
    assert sum(bars[0].total(number) for number in range(bars[0].bins)) == 4


def test_that_a_result_without_boxes_has_no_bound_and_still_its_numbers(result: Result) -> None:
    bare = replace(result, arrays={})

    assert VIEW.bound(bare) is None
    assert VIEW.at(bare, 0.5) is bare
    assert VIEW.figures(bare) == []
    assert VIEW.layers(bare, 0) == {}
    assert VIEW.tile(bare, 0).caption == "1 found"


def test_that_boxes_of_a_class_that_there_is_not_are_told_as_damage(result: Result) -> None:
    arrays = {**result.arrays, "box_labels": np.array([9, 0, 0, 0])}

    with pytest.raises(UserError) as told:
        VIEW.at(replace(result, arrays=arrays), 0.5)

    assert told.value.code == "result_damaged"


RECORD = PredictionRecord(
    file="a.png",
    size=(40, 30),
    boxes=(
        {"box": [1.0, 2.0, 11.0, 12.0], "label": "dog", "confidence": 0.9},
        {"box": [3.0, 4.0, 9.0, 9.0], "label": "cat", "confidence": 0.4},
    ),
)


def test_that_answers_count_boxes_above_the_threshold() -> None:
    answer = VIEW.answer(RECORD, ANIMALS, 0.3)

    assert (answer.headline, answer.why) == ("2 boxes", "1 dog · 1 cat")
    assert VIEW.answer(RECORD, ANIMALS, 0.5).headline == "1 box"
    nothing = VIEW.answer(RECORD, ANIMALS, 0.95)
    assert nothing.is_unsure
    assert "dog, has 90%" in nothing.why


def test_that_answers_are_drawn_and_saved_at_the_threshold() -> None:
    objects = VIEW.answer_objects(RECORD, ANIMALS, 0.5)

    assert objects is not None
    assert objects.classes.tolist() == [DOGS]
    assert len(VIEW.csv_rows(RECORD, 0.3)) == 2
    assert VIEW.csv_rows(RECORD, 0.5) == [["dog", "0.900000", "1.00", "2.00", "11.00", "12.00"]]
    assert len(VIEW.csv_rows(RECORD, 0.99)) == 1, "a file where nothing is found has a line too"
    assert len(VIEW.told(RECORD, 0.5).boxes or ()) == 1
