"""Where on the epoch axis a run went to another machine."""

from __future__ import annotations

from desktop.models.place_segments import Point, Segment, begins_of, segments_of


def points(attempt: int, steps: range) -> list[Point]:
    """Ten steps an epoch."""
    return [Point(attempt, step, step / 10) for step in steps]


def test_that_an_attempt_begins_at_the_last_value_before_its_first() -> None:
    told = points(1, range(1, 31)) + points(2, range(31, 61))
    assert begins_of(told) == {1: 0.0, 2: 3.0}


def test_that_values_only_at_the_ends_of_epochs_do_not_move_the_border() -> None:
    told = points(1, range(10, 31, 10)) + points(2, range(40, 61, 10))
    assert begins_of(told)[2] == 3.0


def test_that_steps_trained_again_belong_to_the_later_attempt() -> None:
    told = points(1, range(1, 21)) + points(2, range(21, 25)) + points(1, range(25, 31))
    assert begins_of(told)[2] == 2.0


def test_that_attempts_on_one_machine_are_one_part() -> None:
    places = {1: "local", 2: "local", 3: "ssh:box", 4: "local"}
    parts = segments_of(places, {1: 0.0, 2: 1.0, 3: 2.0, 4: 5.0})
    assert parts == [Segment("local", 0.0), Segment("ssh:box", 2.0), Segment("local", 5.0)]
    assert [part.words for part in parts] == ["This machine", "box", "This machine"]


def test_that_an_attempt_without_values_has_no_part() -> None:
    assert segments_of({1: "local", 2: "ssh:box"}, {1: 0.0}) == [Segment("local", 0.0)]


def test_that_a_part_that_was_all_trained_again_elsewhere_is_gone() -> None:
    parts = segments_of({1: "local", 2: "ssh:a", 3: "ssh:b"}, {1: 0.0, 2: 2.0, 3: 2.0})
    assert parts == [Segment("local", 0.0), Segment("ssh:b", 2.0)]
