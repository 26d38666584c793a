"""A transfer's speed, and how often it is told."""

from __future__ import annotations

import pytest

from engine.executors.ssh.pace import TOLD_EVERY_S, Pace, Sent


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def run(pace: Pace, clock: Clock, seconds: float, bytes_per_s: float) -> None:
    for _ in range(round(seconds * 10)):
        clock.now += 0.1
        pace.add(round(bytes_per_s / 10))


def test_that_a_steady_line_has_its_speed_from_the_first_moment_on() -> None:
    clock, told = Clock(), list[Sent]()
    pace = Pace(0, 10_000, told.append, clock)
    pace.look(at_once=True)

    run(pace, clock, 5, 1000)

    assert told[0] == Sent(0, 10_000, None, None)
    assert all(sent.bytes_per_s == pytest.approx(1000) for sent in told[1:])
    pace.look(at_once=True)
    assert told[-1].eta_s == pytest.approx(5)


def test_that_the_speed_follows_a_line_that_becomes_slower() -> None:
    clock = Clock()
    pace = Pace(0, 10**9, lambda _: None, clock)
    run(pace, clock, 20, 10_000)
    run(pace, clock, 1, 1000)
    assert 5000 < (pace.line.bytes_per_s or 0) < 9000

    run(pace, clock, 20, 1000)

    assert pace.line.bytes_per_s == pytest.approx(1000, rel=0.05)


def test_that_a_compressed_file_arrives_quicker_than_the_line_is() -> None:
    clock, told = Clock(), list[Sent]()
    pace = Pace(0, 10**6, told.append, clock)
    for _ in range(100):
        clock.now += 0.1
        pace.add(1000, 250)

    assert told[-1].bytes_per_s == pytest.approx(10_000)
    assert pace.line.bytes_per_s == pytest.approx(2500)


def test_that_it_is_told_a_few_times_a_second_only() -> None:
    clock, told = Clock(), list[Sent]()
    pace = Pace(0, 10**9, told.append, clock)
    for _ in range(1000):
        clock.now += 0.01
        pace.add(1)

    assert len(told) == pytest.approx(10 / TOLD_EVERY_S, rel=0.2)


def test_that_what_was_there_counts_as_done_and_says_nothing_of_the_speed() -> None:
    clock, told = Clock(), list[Sent]()
    pace = Pace(400, 1000, told.append, clock)
    pace.count_as_here(100)
    pace.look(at_once=True)

    assert told == [Sent(500, 1000, None, None)]


def test_that_nothing_left_needs_no_time() -> None:
    told = list[Sent]()
    Pace(1000, 1000, told.append).look(at_once=True)

    assert told == [Sent(1000, 1000, None, 0.0)]
