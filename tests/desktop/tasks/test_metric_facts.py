"""What a card says of the classes."""

from __future__ import annotations

from math import nan

import pytest

from desktop.tasks.metric_facts import weakest_fact
from desktop.tasks.task import ClassValue

NAMES = ("circle", "cross", "star")


@pytest.mark.parametrize(
    ("values", "value", "note"),
    [
        ((0.9, 0.4, 0.7), "cross", "F1 0.40"),
        ((1.0, 1.0, 1.0), "none", "F1 1.00 of all"),
        ((nan, 1.0, 0.5), "star", "F1 0.50"),
        ((nan, nan, 0.5), "star", "F1 0.50"),
        ((nan, nan, nan), "–", ""),
    ],
)
def test_that_the_weakest_class_is_named_where_there_is_one(
    values: tuple[float, ...], value: str, note: str
) -> None:
    told = [ClassValue(index, NAMES[index], value, 10) for index, value in enumerate(values)]

    fact = weakest_fact(told, "F1")

    assert (fact.value, fact.note) == (value, note)
