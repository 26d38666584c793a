"""What is said of a classifier's results: cards, orders, filters, tiles and details."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from desktop.charts.figures import RateFigure
from desktop.models.result import Result, ResultKey, open_result
from desktop.tasks.task import Selection, task_view
from engine.errors import UserError
from engine.protocol.home import Home
from tests.desktop.measured_runs import measured_run

VIEW = task_view("classification")


@pytest.fixture
def result(lensmith_home: Path, tmp_path: Path) -> Result:
    home = Home(lensmith_home)
    return open_result(home, ResultKey(measured_run(home, tmp_path).run, "0001"))


def test_that_cards_tell_the_change_and_whether_it_is_good(result: Result) -> None:
    before = {"val/accuracy": 0.70, "val/loss": 0.1, "val/f1_macro": result.metric("f1_macro") or 0}

    cards = {fact.title: fact for fact in VIEW.cards(result, before, "epoch 1")}

    assert cards["Top-1 accuracy"].value == "75.0%"
    assert cards["Top-1 accuracy"].note == "+5.0 pt since epoch 1"
    assert cards["Top-1 accuracy"].is_good is True
    assert cards["Log loss"].is_good is False, "a loss that rose is bad news"
    assert cards["Macro F1"].note == "no change"
    assert cards["Macro F1"].is_good is None
    assert cards["Weakest class"].value == "circle"


def test_that_cards_of_a_first_result_tell_how_much_was_measured(result: Result) -> None:
    cards = VIEW.cards(result, None, "")

    assert cards[0].note == "on 12 images"
    assert all(fact.is_good is None for fact in cards)


def test_that_images_with_the_highest_loss_come_first(result: Result) -> None:
    order = VIEW.order(result, VIEW.sorts[0].key)

    assert order is not None
    losses = result.column("loss")[np.argsort(order, kind="stable")]
    assert list(losses) == sorted(losses, reverse=True)


def test_that_a_loss_that_is_no_number_counts_as_the_worst(result: Result) -> None:
    loss = result.column("loss").astype(np.float32)
    loss[5] = np.nan
    changed = Result(
        result.key,
        result.summary,
        result.confusion,
        {**result.columns, "loss": loss},
        result.paths,
        result.root,
    )

    order = VIEW.order(changed, "loss")

    assert order is not None
    assert int(np.argmin(order)) == 5


def test_that_names_are_sorted_as_text(result: Result) -> None:
    order = VIEW.order(result, "name")

    assert order is not None
    shown = [result.paths[i] for i in np.argsort(order, kind="stable")]
    assert shown == sorted(result.paths)


@pytest.mark.parametrize(
    ("selection", "count"),
    [
        (Selection(), 12),
        (Selection("incorrect"), 3),
        (Selection("correct"), 9),
        (Selection(true=0), 4),
        (Selection(true=0, predicted=1), 3),
        (Selection("correct", predicted=1), 4),
        (Selection("correct", true=0, predicted=1), 0),
    ],
)
def test_that_a_selection_holds_verdict_and_cell_together(
    result: Result, selection: Selection, count: int
) -> None:
    assert int(VIEW.chosen(result, selection).sum()) == count


def test_that_a_tile_says_truth_and_prediction_where_they_differ(result: Result) -> None:
    assert VIEW.tile(result, 0).caption == "circle → cross"
    assert VIEW.tile(result, 0).is_correct is False
    assert VIEW.tile(result, 11).caption == "star"
    assert VIEW.tile(result, 11).is_correct is True


def test_that_a_detail_marks_the_true_class_among_the_likeliest(result: Result) -> None:
    detail = VIEW.detail(result, 0)

    assert detail.facts[:2] == (("Truth", "circle"), ("Prediction", "cross"))
    assert (detail.verdict, detail.is_correct) == ("Incorrect", False)
    assert detail.scores[0].label == "cross"
    assert [score.label for score in detail.scores if score.is_true] == ["circle"]
    assert sum(score.confidence for score in detail.scores) == pytest.approx(1)


def test_that_every_class_has_its_value_and_its_images(result: Result) -> None:
    values = VIEW.class_values(result)

    assert [entry.label for entry in values] == list(result.classes)
    assert [entry.count for entry in values] == [4, 4, 4]
    assert [round(entry.value, 3) for entry in values] == [0.4, 0.727, 1.0]


def test_that_a_class_without_images_has_no_value_and_is_not_the_weakest(result: Result) -> None:
    per_class = {**result.summary.per_class, "support": {"circle": 0.0, "cross": 4.0, "star": 4.0}}
    summary = result.summary.model_copy(update={"per_class": per_class})
    changed = Result(result.key, summary, result.confusion, result.columns, result.paths, result.root)

    assert np.isnan(VIEW.class_values(changed)[0].value)
    assert VIEW.cards(changed, None, "")[-1].value == "cross"


@pytest.mark.parametrize("name", ["keypoints", "task", "metric_facts", "../task", "", "Classification"])
def test_that_a_task_that_cannot_be_shown_is_told(name: str) -> None:
    with pytest.raises(UserError) as told:
        task_view(name)

    assert told.value.code == "task_unknown"


def test_that_answers_below_a_confidence_are_none(result: Result) -> None:
    """Twelve images, from 80 % on 0.5 surer a time; the first three, circles, are taken for crosses."""
    at = VIEW.at(result, 0.85)
    sure = np.flatnonzero(result.column("confidence") >= np.float32(0.85)).tolist()
    assert sure == list(range(5, 12))

    unsure = np.flatnonzero(VIEW.chosen(at, Selection("not_sure"))).tolist()
    assert unsure == list(range(5))
    assert np.flatnonzero(VIEW.chosen(at, Selection("incorrect"))).tolist() == []
    assert np.flatnonzero(VIEW.chosen(at, Selection("correct"))).tolist() == sure
    cards = {fact.title: (fact.value, fact.note) for fact in VIEW.cards(at, None, "")}
    assert cards["Accuracy from 85%"] == ("100.0%", "of 7 sure answers")
    assert cards["Coverage"] == ("58.3%", "5 not sure")
    assert VIEW.tile(at, 0).caption == "circle → not sure"
    assert VIEW.tile(at, 0).is_correct is None
    assert VIEW.tile(at, 0).spoken == "Not sure: true circle, likeliest cross, confidence 80%"
    assert (VIEW.detail(at, 0).verdict, VIEW.detail(at, 0).is_correct) == ("Not sure", None)
    verdict = next(column for column in VIEW.columns(at) if column.key == "verdict")
    assert verdict.words(np.array([0, 5])) == ["? Not sure", "✓ Correct"]


def test_that_the_matrix_has_a_column_of_what_got_no_answer(result: Result) -> None:
    matrix = VIEW.matrix(VIEW.at(result, 0.85))

    assert matrix is not None
    assert (matrix.names[-1], matrix.side, matrix.rows, matrix.classes) == ("not sure", 4, 3, 3)
    assert matrix.counts.tolist() == [[0, 0, 0, 4], [0, 3, 0, 1], [0, 0, 4, 0], [0, 0, 0, 0]]
    for true in range(3):
        for predicted in range(4):
            chosen = VIEW.chosen(VIEW.at(result, 0.85), Selection(true=true, predicted=predicted))
            assert chosen.sum() == matrix.counts[true, predicted], (true, predicted)


def test_that_without_a_confidence_all_is_as_it_was_measured(result: Result) -> None:
    bound = VIEW.bound(result)

    assert bound is not None
    assert bound.value == 0.0
    assert VIEW.at(result, bound.value) is result


def test_that_the_best_confidence_is_where_f1_is_highest_and_the_chart_says_so(result: Result) -> None:
    bound = VIEW.bound(result)
    assert bound is not None
    assert bound.best is not None

    by_trying = [VIEW.at(result, step / 100).metric("f1_macro") or 0.0 for step in range(101)]

    assert by_trying[round(100 * bound.best)] == pytest.approx(max(by_trying))
    chart = next(figure for figure in VIEW.figures(result) if figure.title == "Sure answers")
    assert isinstance(chart, RateFigure)
    lines = {line.label: line.y for line in chart.lines}
    np.testing.assert_allclose(lines["macro F1"], by_trying)
    assert VIEW.meant(result, chart, 0.437, 0) == 0.44
    assert chart.best == bound.best


def test_that_an_answer_that_is_no_number_is_never_sure(result: Result) -> None:
    confidence = result.column("confidence").astype(np.float32)
    confidence[11] = np.nan
    changed = replace(result, columns={**result.columns, "confidence": confidence})

    assert VIEW.chosen(VIEW.at(changed, 0.01), Selection("not_sure")).tolist() == [False] * 11 + [True]
    assert not VIEW.chosen(VIEW.at(changed, 0.0), Selection("not_sure")).any()


def test_that_nobody_is_asked_for_a_confidence_without_images(result: Result) -> None:
    assert VIEW.bound(replace(result, columns={}, paths=())) is None
