"""Loader threads that were chosen by measurement are written down, and used again by the next attempt."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from engine.config.schedule import Span
from engine.config.train import TrainConfig
from engine.device.resolved import read_resolved
from engine.protocol.events import Event
from engine.protocol.job import Placement
from engine.training import preparation

CPU = torch.device("cpu")
LONG = Span(300, 1)


class Scripted:
    """Loads twice as fast with two threads. Implements `AdjustableLoader`."""

    batch_size = 32

    def __init__(self) -> None:
        self.used: list[int] = []

    def use_workers(self, workers: int) -> None:
        self.used.append(workers)

    def images_per_second(self, batches: int) -> float:
        del batches
        return 100.0 * self.used[-1]


def job(tmp_path: Path, events: list[Event], **settings: object) -> Any:
    config = TrainConfig.from_flat({"deterministic": True, **settings})
    return SimpleNamespace(
        config=config,
        placement=Placement(resource="cpu", threads=1),
        folder=SimpleNamespace(resolved_path=tmp_path / "resolved.json"),
        reporter=SimpleNamespace(emit=events.append),
        train_loader=Scripted(),
    )


def test_that_the_choice_is_written_and_taken_again_without_measuring(tmp_path: Path) -> None:
    events: list[Event] = []
    first = job(tmp_path, events)
    preparation._choose_policy(first, CPU, LONG)

    resolved = read_resolved(tmp_path / "resolved.json", CPU)
    assert resolved is not None
    assert resolved.workers == first.train_loader.used[-1] == 2
    assert resolved.workers_images_per_s == {1: 100.0, 2: 200.0}
    assert [event.code for event in events] == ["workers_chosen"]  # type: ignore[attr-defined]  # notices

    again = job(tmp_path, events)
    preparation._choose_policy(again, CPU, LONG)
    assert again.train_loader.used == [2]
    assert len(events) == 1


@pytest.mark.parametrize(("settings", "span"), [({"workers": 3}, LONG), ({}, Span(199, 1))])
def test_that_nothing_is_measured_where_the_user_chose_or_the_run_is_short(
    tmp_path: Path, settings: dict[str, object], span: Span
) -> None:
    given = job(tmp_path, [], **settings)

    preparation._choose_policy(given, CPU, span)

    assert given.train_loader.used == []
