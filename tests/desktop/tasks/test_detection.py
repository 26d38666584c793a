"""What is said of a detector's results and answers: cards, verdicts at a confidence, cells, drawings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from desktop.charts.figures import BarFigure, RateFigure
from desktop.models.result import Result, ResultKey, open_result
from desktop.tasks.found_objects import FoundObjects, at_confidence
from desktop.tasks.measures import Span, bar_span
from desktop.tasks.object_overlaps import nearest_overlaps
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


def test_that_a_range_of_confidence_chooses_images_with_such_boxes(result: Result) -> None:
    at = VIEW.at(result, 0.3)

    assert shown(at, spans=(Span("confidence", 0.5, 0.85),)) == [1, 2]
    assert shown(at, spans=(Span("confidence", 0.35, 0.45),)) == [2]
    assert shown(VIEW.at(result, 0.5), spans=(Span("confidence", 0.35, 0.45),)) == [], "it is left out"


def test_that_all_that_is_asked_for_holds_of_one_box(result: Result) -> None:
    at = VIEW.at(result, 0.3)
    sure, unsure = Span("confidence", 0.5, 1.0), Span("confidence", 0.0, 0.5)

    assert shown(at, predicted=DOGS, spans=(sure,)) == [1, 2]
    assert shown(at, predicted=CATS, spans=(sure,)) == [0], "the other cat is unsure"
    assert shown(at, verdict="made_up", spans=(unsure,)) == [2]
    assert shown(at, verdict="made_up", spans=(sure,)) == [1], "the sure dog of the third image is right"
    assert shown(at, true=DOGS, predicted=BACKGROUND, spans=(sure,)) == [], "what is missed is not sure"


def test_that_the_overlap_of_each_box_is_counted_as_the_engine_counts_it(result: Result) -> None:
    bars = next(f for f in VIEW.figures(VIEW.at(result, 0.25)) if f.title == "Boxes by overlap")
    assert isinstance(bars, BarFigure)

    assert bars.stacks[0].values.tolist() == result.arrays["iou_histogram"].tolist()


def test_that_nearest_overlaps_are_those_of_a_plain_loop() -> None:
    rng = np.random.default_rng(5)
    images, classes = 40, 3
    counts, there = rng.integers(0, 9, images), rng.integers(0, 6, images)
    boxes, objects = (_random_boxes(rng, int(number.sum())) for number in (counts, there))
    labels, object_labels = rng.integers(0, classes, len(boxes)), rng.integers(0, classes, len(objects))
    ignored = rng.random(len(objects)) < 0.1
    found = FoundObjects(
        box_starts=np.concatenate([[0], np.cumsum(counts)]),
        boxes=boxes,
        scores=rng.random(len(boxes)).astype(np.float32),
        labels=labels,
        overlaps=np.zeros(len(boxes), np.float32),
        partners=np.full(len(boxes), -1),
        partners_any=np.full(len(boxes), -1),
        object_starts=np.concatenate([[0], np.cumsum(there)]),
        objects=objects,
        object_labels=object_labels,
        ignored=ignored,
        box_image=np.repeat(np.arange(images), counts),
        object_image=np.repeat(np.arange(images), there),
    )

    expected = [
        max(
            (
                _iou(boxes[row], objects[other])
                for other in range(found.object_starts[image], found.object_starts[image + 1])
                if object_labels[other] == labels[row] and not ignored[other]
            ),
            default=0.0,
        )
        for row, image in enumerate(found.box_image)
    ]

    assert nearest_overlaps(found).tolist() == pytest.approx(expected)


@pytest.mark.parametrize("title", ["Boxes by confidence", "Boxes by overlap"])
def test_that_a_bar_shows_the_images_whose_boxes_it_counts(result: Result, title: str) -> None:
    at = VIEW.at(result, 0.3)
    bars = next(f for f in VIEW.figures(at) if f.title == title)
    assert isinstance(bars, BarFigure)

    for number in range(bars.bins):
        span = bar_span(bars, number)
        assert span is not None
        is_any = bool(shown(at, spans=(span,)))
        assert is_any == (bars.total(number) > 0), f"bar {number}"


def test_that_a_point_of_a_curve_names_its_confidence(result: Result) -> None:
    figures = {figure.title: figure for figure in VIEW.figures(result)}
    rates, recalls = figures["F1 against confidence"], figures["Precision and recall"]
    assert isinstance(rates, RateFigure)
    assert isinstance(recalls, RateFigure)
    dog = next(n for n, line in enumerate(recalls.lines) if line.label == ANIMALS[DOGS])

    assert VIEW.meant(result, rates, 0.42, 0) == 0.42
    assert VIEW.meant(result, recalls, 0.5, dog) == pytest.approx(0.6), "the only dog that is found"


def _random_boxes(rng: np.random.Generator, count: int) -> NDArray[np.float32]:
    corners = rng.integers(0, 30, (count, 2))
    return np.concatenate([corners, corners + rng.integers(1, 30, (count, 2))], axis=1).astype(np.float32)


def _iou(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    across = min(one[2], other[2]) - max(one[0], other[0])
    down = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(0.0, float(across)) * max(0.0, float(down))
    areas = [float((box[2] - box[0]) * (box[3] - box[1])) for box in (one, other)]
    return shared / (sum(areas) - shared)


def test_that_the_best_f1_is_marked_where_the_slider_begins(result: Result) -> None:
    figures = {figure.title: figure for figure in VIEW.figures(VIEW.at(result, 0.5))}
    rates, recall = figures["F1 against confidence"], figures["Recall against confidence"]
    bound = VIEW.bound(result)
    assert isinstance(rates, RateFigure)
    assert isinstance(recall, RateFigure)
    assert bound is not None

    assert rates.best == pytest.approx(bound.best)
    assert rates.marked == 0.5
    assert recall.best is None


def test_that_the_table_counts_truth_and_prediction_by_class(result: Result) -> None:
    columns = VIEW.columns(VIEW.at(result, 0.3))
    rows = {column.key: list(column.words(np.arange(4))) for column in columns}

    assert rows["truth"] == ["1 cat", "1 cat, 1 dog", "1 dog", "–"]
    assert rows["prediction"] == ["1 cat", "1 dog", "1 cat, 1 dog", "–"]
    assert rows["verdict"] == ["✓ Right", "✕ Wrong", "✕ Wrong", "✓ Right"]
    assert rows["missed"] == ["0", "2", "0", "0"]
    assert rows["confidence"] == ["90.0%", "80.0%", "60.0%", "–"]
    assert [column.values().tolist() for column in columns if column.key == "made_up"] == [[0, 1, 1, 0]]
