"""Silence is counted on a monotonic clock, from changes that were seen."""

from __future__ import annotations

from engine.runner.silence import Silence


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def look(silence: Silence, clock: Clock, seconds: float, beat: str | None, every: float = 1.0) -> bool:
    """Look every second for a while, and give the last answer."""
    answer = False
    for _ in range(int(seconds / every)):
        clock.now += every
        answer = silence.is_too_long(beat)
    return answer


def test_that_a_heart_that_beats_is_never_silent() -> None:
    clock = Clock()
    silence = Silence(30.0, clock)

    assert not any(look(silence, clock, 2, str(beat)) for beat in range(100))


def test_that_silence_is_too_long_after_its_time_and_ends_with_a_beat() -> None:
    clock = Clock()
    silence = Silence(30.0, clock)
    look(silence, clock, 1, "a")

    assert not look(silence, clock, 29, "a")
    assert look(silence, clock, 3, "a")
    assert not look(silence, clock, 1, "b")


def test_that_a_worker_that_was_never_heard_is_silent_too() -> None:
    clock = Clock()

    assert look(Silence(30.0, clock), clock, 31, None)


def test_that_a_machine_that_slept_starts_the_count_anew() -> None:
    clock = Clock()
    silence = Silence(30.0, clock)
    look(silence, clock, 20, "a")
    clock.now += 8 * 3600

    assert not silence.is_too_long("a")
    assert not look(silence, clock, 29, "a")
    assert look(silence, clock, 3, "a")
