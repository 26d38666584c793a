"""Answers filtered and sorted by what was found, without looking at one record."""

from __future__ import annotations

import numpy as np
import pytest

from desktop.models.answer import Findings
from desktop.models.predictions_columns import (
    DIFFERING,
    DISAGREEMENT,
    DOUBT,
    FOUND,
    HIGHEST,
    LOWEST,
    MISSING,
    UNREADABLE,
    AnswerColumns,
    AnswerFilter,
    chosen,
    order,
)

CAT, DOG = 0, 1


def found(*pairs: tuple[int, float], margin: float = float("nan")) -> Findings:
    labels, scores = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    return Findings(np.array(labels, np.int16), np.array(scores, np.float32), margin)


@pytest.fixture
def columns() -> AnswerColumns:
    """Two boxes, one box, none, a broken file, and one that waits."""
    made = AnswerColumns()
    made.grow(5)
    made.put(0, found((CAT, 0.9), (DOG, 0.45)))
    made.put(1, found((DOG, 0.6)))
    made.put(2, found())
    made.put(3, None)
    return made


def shown(columns: AnswerColumns, wanted: AnswerFilter, threshold: float = 0.5) -> list[int]:
    return np.flatnonzero(chosen(columns, wanted, threshold)).tolist()


def test_that_pictures_are_shown_by_what_became_of_them(columns: AnswerColumns) -> None:
    assert shown(columns, AnswerFilter()) == [0, 1, 2, 3, 4]
    assert shown(columns, AnswerFilter(FOUND)) == [0, 1]
    assert shown(columns, AnswerFilter(MISSING)) == [2]
    assert shown(columns, AnswerFilter(MISSING), 0.7) == [1, 2]
    assert shown(columns, AnswerFilter(UNREADABLE)) == [3]
    assert columns.counts(0.7) == (3, 1, 1)


def test_that_a_class_is_found_where_one_of_its_scores_is_above_the_threshold(columns: AnswerColumns) -> None:
    assert shown(columns, AnswerFilter(label=DOG)) == [1]
    assert shown(columns, AnswerFilter(label=DOG), 0.4) == [0, 1]
    assert columns.best(DOG)[:2].tolist() == pytest.approx([0.45, 0.6])


def test_that_a_range_holds_for_the_surest_or_for_the_chosen_class(columns: AnswerColumns) -> None:
    assert shown(columns, AnswerFilter(lowest=0.55, highest=0.8)) == [1]
    assert shown(columns, AnswerFilter(label=DOG, lowest=0.0, highest=0.5), 0.1) == [0]


def test_that_where_two_models_differ_is_a_filter_and_an_order(columns: AnswerColumns) -> None:
    differing = np.array([False, True, False, False, False])
    agreement = np.array([1.0, 0.2, 0.8, np.nan, np.nan])

    assert chosen(columns, AnswerFilter(DIFFERING), 0.5, differing).tolist() == differing.tolist()
    placed = order(columns, AnswerFilter(sort=DISAGREEMENT), 0.5, agreement)
    assert placed is not None
    assert np.argsort(placed, kind="stable").tolist() == [1, 2, 0, 3, 4]


def test_that_orders_put_pictures_without_a_score_last(columns: AnswerColumns) -> None:
    def placed(sort: str, label: int | None = None) -> list[int]:
        numbers = order(columns, AnswerFilter(label=label, sort=sort), 0.5)
        assert numbers is not None
        return np.argsort(numbers, kind="stable").tolist()

    assert placed(HIGHEST) == [0, 1, 2, 3, 4]
    assert placed(LOWEST) == [1, 0, 2, 3, 4]
    assert placed(HIGHEST, DOG)[:2] == [1, 0]
    assert order(columns, AnswerFilter(), 0.5) is None


def test_that_the_least_sure_is_nearest_to_the_threshold_or_has_the_smallest_lead(
    columns: AnswerColumns,
) -> None:
    # 0.45 is nearer to 0.5 than 0.6.
    assert np.argsort(columns.doubt(0.5), kind="stable").tolist()[:2] == [0, 1]
    assert np.argsort(columns.doubt(0.61), kind="stable").tolist()[:2] == [1, 0]
    columns.put(0, found((CAT, 0.5), margin=0.3))
    columns.put(1, found((CAT, 0.4), margin=0.1))
    assert columns.doubt(0.0)[:2].tolist() == pytest.approx([0.3, 0.1])
    wanted = order(columns, AnswerFilter(sort=DOUBT), 0.0)
    assert wanted is not None
    assert wanted[:2].tolist() == pytest.approx([0.3, 0.1])


def test_that_an_answer_given_anew_takes_the_place_of_the_old_one(columns: AnswerColumns) -> None:
    assert columns.best()[2] != columns.best()[2]
    columns.put(2, found((DOG, 0.7)))
    assert columns.best()[2] == pytest.approx(0.7)

    columns.forget()
    assert columns.counts(0.0) == (0, 0, 0)
    assert len(columns) == 5
