"""Chance in the data path is a function of the seed and the place, and of nothing else."""

from __future__ import annotations

import itertools

import numpy as np

from engine.data.streams import epoch_order, mix_generator, sample_generator


def test_that_an_order_visits_every_sample_once_and_repeats_with_its_seed() -> None:
    order = epoch_order(3, 0, 100)

    assert sorted(order) == list(range(100))
    assert order.dtype == np.int64
    np.testing.assert_array_equal(order, epoch_order(3, 0, 100))


def test_that_seeds_and_epochs_have_orders_of_their_own() -> None:
    orders = [tuple(epoch_order(seed, epoch, 50)) for seed in range(3) for epoch in range(3)]

    assert len(set(orders)) == 9


def test_that_no_two_streams_draw_the_same() -> None:
    first = {
        generator(seed, epoch, index).integers(0, 2**62)
        for generator, seed, epoch, index in itertools.product(
            (sample_generator, mix_generator), (0, 1), (0, 1, 2), (0, 1, 2)
        )
    }

    assert len(first) == 2 * 2 * 3 * 3


def test_that_the_numbers_stay_those_of_the_first_version() -> None:
    # A resumed run must draw what the interrupted one would have drawn, also after an update.
    assert epoch_order(0, 0, 6).tolist() == [1, 4, 3, 0, 2, 5]
    assert int(sample_generator(0, 0, 0).integers(0, 1000)) == 979
    assert int(mix_generator(0, 0, 0).integers(0, 1000)) == 503
