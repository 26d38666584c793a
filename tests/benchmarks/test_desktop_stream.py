"""The simulated run tells as much as a real worker at most does."""

from __future__ import annotations

from collections import Counter

from benchmarks.desktop_stream import EPOCH_S, HALF_S, SimulatedRun
from engine.protocol.events import MetricsLogged, event_line, parse_event
from engine.protocol.times import RESOURCE_SAMPLE_S, STEP_EVENT_INTERVAL_S


def test_that_an_epoch_has_as_many_events_as_the_intervals_of_a_worker_allow() -> None:
    run = SimulatedRun(0)

    told = [event for _ in range(int(EPOCH_S / HALF_S)) for event in run.half_second()]

    kinds = Counter(type(event).__name__ for event in told)
    steps = [event for event in told if isinstance(event, MetricsLogged) and event.scope == "step"]
    assert len(steps) == round(EPOCH_S / STEP_EVENT_INTERVAL_S)
    assert kinds["ResourcesSampled"] == round(EPOCH_S / RESOURCE_SAMPLE_S)
    assert kinds["CheckpointSaved"] == kinds["BestImproved"] == 1


def test_that_steps_and_sequence_numbers_rise_without_a_gap() -> None:
    run = SimulatedRun(0)

    told = [run.numbered(event) for _ in range(20) for event in run.half_second()]

    assert [event.seq for event in told] == list(range(1, len(told) + 1))
    steps = [event.step for event in told if isinstance(event, MetricsLogged)]
    assert steps == sorted(set(steps))


def test_that_every_event_is_one_the_window_can_read() -> None:
    run = SimulatedRun(0)

    for event in (event for _ in range(int(EPOCH_S / HALF_S)) for event in run.half_second()):
        read = parse_event(event_line(event, 1))
        assert type(read) is type(event)
