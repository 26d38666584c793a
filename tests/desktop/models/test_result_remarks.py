"""What is told beside the numbers of a test run."""

from __future__ import annotations

from desktop.models.result_remarks import remarks_on
from engine.protocol.results import ResultSummary

PLAIN = ResultSummary(task="classification", split="test", epoch=1, step=1)


def test_that_an_ordinary_result_has_no_remark() -> None:
    assert remarks_on(PLAIN) == ""


def test_that_all_that_makes_numbers_less_true_is_told() -> None:
    told = PLAIN.model_copy(
        update={"seen_in_training": 1200, "classes_left_out": tuple("abcdef"), "left_out": 1}
    )

    assert remarks_on(told) == (
        "The model has learnt from 1,200 of these images  ·  Left out: a, b, c, d and 2 more  ·  "
        "One image could not be read"
    )
