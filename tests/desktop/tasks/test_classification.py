"""What is said of a classifier's results: cards, orders, filters, tiles and details."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

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
