"""What is told of answers whose truth nobody knows, also where a model answers with no number."""

from __future__ import annotations

import numpy as np

from desktop.charts.figures import BarFigure
from desktop.models.result import Result, ResultKey
from desktop.tasks.unlabelled import answer_cards, confidence_figure
from engine.protocol.results import ResultSummary

NAN = float("nan")


def asked(confidences: list[float]) -> Result:
    summary = ResultSummary(
        task="classification", split="all", epoch=1, step=1, images=len(confidences), is_labelled=False
    )
    columns = {"confidence": np.array(confidences, np.float32)}
    paths = tuple(f"{number}.png" for number in range(len(confidences)))
    return Result(ResultKey("run", "0001"), summary, None, columns, paths, None)


def test_that_an_answer_that_is_no_number_counts_as_the_least_sure() -> None:
    result = asked([0.9, NAN, 0.6])

    (figure,) = confidence_figure(result)
    cards = {card.title: card.value for card in answer_cards(result, [], "of the images")}

    assert isinstance(figure, BarFigure)
    (stack,) = figure.stacks
    assert np.flatnonzero(stack.values).tolist() == [0, 11, 17]
    assert (cards["Mean confidence"], cards["Least sure"]) == ("50.0%", "0.0%")


def test_that_a_model_that_tells_no_confidence_has_no_chart_of_it() -> None:
    assert confidence_figure(asked([])) == []
