"""A plugin's own numbers of epochs come to those of the run, however it counts."""

from __future__ import annotations

import pytest

from engine.plugin.epoch_numbers import EpochNumbers


@pytest.mark.parametrize(
    ("done", "reports", "finished"),
    [
        (0, [(0, 1), (1, 2), (2, 3)], [1, 2, 3]),
        (0, [(1, 1), (2, 2), (3, 3)], [1, 2, 3]),
        (2, [(0, 1), (1, 2)], [3, 4]),
        (2, [(1, 1), (2, 2)], [3, 4]),
        (2, [(2, 1), (3, 2)], [3, 4]),
        (2, [(3, 1), (4, 2)], [3, 4]),
        (1, [(1, 1), (2, 2)], [2, 3]),
        (0, [(5, 5), (10, 10)], [5, 10]),
        (0, [(4, 5), (9, 10)], [5, 10]),
        (10, [(4, 5), (9, 10)], [15, 20]),
        (10, [(15, 5), (20, 10)], [15, 20]),
        (0, [(0, 2), (1, 3)], [1, 2]),
        (0, [(1, 2), (2, 3)], [1, 2]),
        (0, [(0, 0), (1, 0)], [1, 2]),
        (0, [(7, 1), (8, 2)], [1, 2]),
        (0, [(0, 1), (0, 2), (0, 3)], [1, 2, 3]),
    ],
    ids=[
        "from 0",
        "from 1",
        "anew from 0",
        "anew from 1",
        "going on from 0",
        "going on from 1",
        "anew or going on",
        "every fifth from 1",
        "every fifth from 0",
        "every fifth anew",
        "every fifth going on",
        "images read once more before, from 0",
        "images read once more before, from 1",
        "epochs broken off",
        "from anywhere",
        "always the same number",
    ],
)
def test_that_numbers_become_finished_epochs_of_the_run(
    done: int, reports: list[tuple[int, int]], finished: list[int]
) -> None:
    numbers = EpochNumbers(done)

    assert [numbers.see(*report) for report in reports] == finished


def test_that_one_epoch_reported_in_two_calls_is_one() -> None:
    numbers = EpochNumbers(0)
    assert numbers.is_silent
    numbers.see(1, 1)

    assert numbers.is_repeated(1, 1)
    assert numbers.see(1, 1) == 1
    assert numbers.see(2, 2) == 2
    assert not numbers.is_silent
