"""Processes load images where threads do not keep up with the network, and only where they are much faster."""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import Any

import pytest

from engine.data.worker_trial import AdjustableLoader, SpreadableLoader
from engine.device.resolved import Resolved
from engine.protocol.events import Event
from engine.protocol.job import Placement
from engine.training.spreading import spread_over_processes, use_again

THREADS = {1: 1661.0, 2: 2792.0, 4: 4347.0, 8: 2991.0}


class Scripted:
    """Is as fast as the script says for its processes and threads. Implements `SpreadableLoader`."""

    batch_size = 256
    most_processes = 100

    def __init__(self, speeds: dict[tuple[int, int], float]) -> None:
        self._speeds = speeds
        self.used: list[tuple[int, int]] = []

    def use_workers(self, workers: int, processes: int = 0) -> None:
        self.used.append((processes, workers))

    def images_per_second(self, batches: int) -> float:
        assert batches >= 4 * self.used[-1][0]
        return self._speeds[self.used[-1]]

    @property
    def process_ids(self) -> list[int]:
        return list(range(self.used[-1][0] if self.used else 0))


class Refusing(Scripted):
    """Never gets any process."""

    @property
    def process_ids(self) -> list[int]:
        return []


SIXTEEN_CORES = {(3, 2): 7_000.0, (7, 2): 14_000.0, (15, 1): 16_000.0}


@pytest.fixture(autouse=True)
def _sixteen_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 16)


def job(loader: object, events: list[Event], resource: str = "cuda:0") -> Any:
    return SimpleNamespace(
        placement=Placement(resource=resource),
        train_loader=loader,
        reporter=SimpleNamespace(emit=events.append),
    )


def resolved(images_per_s: float | None, **changes: Any) -> Resolved:
    """Threads were measured, and the network takes so many images a second."""
    steps = {} if images_per_s is None else {"bf16": Scripted.batch_size / images_per_s}
    given = {"workers": 4, "workers_images_per_s": THREADS, "measured_s": steps}
    return Resolved(device_type="cuda", **(given | changes))


def test_that_the_smallest_crew_is_taken_that_keeps_up_with_the_network() -> None:
    events: list[Event] = []
    loader = Scripted(SIXTEEN_CORES)
    assert isinstance(loader, SpreadableLoader)

    found = spread_over_processes(job(loader, events), resolved(11_970))

    assert (found.processes, found.workers) == (7, 2) == loader.used[-1]
    assert found.processes_images_per_s == {"3 × 2": 7_000, "7 × 2": 14_000}
    (notice,) = events
    assert notice.code == "processes_chosen"  # type: ignore[attr-defined]  # a notice
    assert "14,000 images a second" in notice.message  # type: ignore[attr-defined]
    assert "the network takes 11,970" in notice.message  # type: ignore[attr-defined]


@pytest.mark.parametrize(("wanted", "expected"), [(30_000, (15, 1)), (None, (15, 1)), (6_000, (3, 2))])
def test_that_without_one_that_keeps_up_nearly_the_fastest_is_taken(
    wanted: float | None, expected: tuple[int, int]
) -> None:
    loader = Scripted(SIXTEEN_CORES)

    found = spread_over_processes(job(loader, []), resolved(wanted))

    assert (found.processes, found.workers) == expected == loader.used[-1]


def test_that_threads_stay_where_processes_are_hardly_faster() -> None:
    events: list[Event] = []
    loader = Scripted({(3, 2): 4_400.0, (7, 2): 4_500.0, (15, 1): 5_000.0})

    found = spread_over_processes(job(loader, events), resolved(11_970))

    assert (found.processes, found.workers) == (0, 4) == loader.used[-1]
    assert events == []


@pytest.mark.parametrize(
    ("resource", "given"),
    [
        ("cuda:0", resolved(3_900)),  # threads keep up
        ("cpu", resolved(11_970)),
        ("cuda:0", resolved(11_970, workers=None, workers_images_per_s={})),  # the user chose, or a short run
    ],
)
def test_that_nothing_is_tried_where_there_is_no_reason(resource: str, given: Resolved) -> None:
    loader = Scripted(SIXTEEN_CORES)

    assert spread_over_processes(job(loader, [], resource), given) == given
    assert loader.used == []


def test_that_threads_stay_where_processes_cannot_be_had() -> None:
    loader = Refusing(SIXTEEN_CORES)

    found = spread_over_processes(job(loader, []), resolved(11_970))

    assert (found.processes, found.workers) == (0, 4) == loader.used[-1]
    assert found.processes_images_per_s == {}


def test_that_so_many_processes_are_tried_as_there_is_memory_for(monkeypatch: pytest.MonkeyPatch) -> None:
    loader = Scripted({(2, 2): 5_000.0, (3, 2): 7_000.0, (3, 1): 5_500.0})
    monkeypatch.setattr(Scripted, "most_processes", 3)
    found = spread_over_processes(job(loader, []), resolved(11_970))
    monkeypatch.setattr(Scripted, "most_processes", 1)

    assert (found.processes, found.workers) == (3, 2)
    assert found.processes_images_per_s == {"3 × 2": 7_000, "3 × 1": 5_500}
    assert spread_over_processes(job(loader, []), resolved(11_970)).processes == 0


def test_that_a_later_attempt_loads_as_the_first_one_did() -> None:
    loader = Scripted({})

    use_again(loader, resolved(None, workers=2, processes=7))
    use_again(loader, resolved(None, workers=3))

    assert loader.used == [(7, 2), (0, 3)]
    assert isinstance(loader, AdjustableLoader)
