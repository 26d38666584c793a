"""A run that has moved, as parts of its curves: which machine trained from which epoch on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from desktop.models.place_words import place_label


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of the training on one machine."""

    place: str
    """`local`, or `ssh:NAME`."""
    begins: float
    """Epoch."""

    @property
    def words(self) -> str:
        return place_label(self.place)


@dataclass(frozen=True, slots=True)
class Point:
    """Where a measured value lies."""

    attempt: int
    step: int
    epoch: float


def begins_of(points: Sequence[Point]) -> dict[int, float]:
    """Give the epoch at which each attempt took over: that of the last value before its first one.

    Args:
        points: of all metrics, in any order; of a step that two attempts saw, the later one's.
    """
    first: dict[int, int] = {}
    for point in points:
        first[point.attempt] = min(point.step, first.get(point.attempt, point.step))
    begins: dict[int, float] = {}
    for attempt, step in first.items():
        before = [point.epoch for point in points if point.step < step and point.attempt < attempt]
        own = [point.epoch for point in points if point.step == step and point.attempt == attempt]
        begins[attempt] = max(before) if before else 0.0 if attempt == min(first) else min(own)
    return begins


def segments_of(places: Mapping[int, str], begins: Mapping[int, float]) -> list[Segment]:
    """Join attempts on the same machine; what an attempt has not measured has no part.

    Args:
        places: machine by attempt.
        begins: epoch by attempt.
    """
    found: list[Segment] = []
    for attempt in sorted(begins):
        place = places.get(attempt)
        if place is None or (found and found[-1].place == place):
            continue
        begin = begins[attempt]
        while found and found[-1].begins >= begin > 0:
            found.pop()  # an attempt that was taken back before all it had done
        if not found or found[-1].place != place:
            found.append(Segment(place, begin))
    return found
