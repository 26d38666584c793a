"""The clock counts what the loop did, not what the loader prepared."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.clock import STARTED_VARIABLE, Clock, cpu_seconds


def test_that_each_epoch_counts_its_images() -> None:
    clock = Clock()

    for _ in range(2):
        for _batch in clock.watch([[1, 2], [3]], len):
            pass

    assert [epoch.images for epoch in clock.epochs] == [3, 3]
    assert all(epoch.wall >= 0 and epoch.cpu >= 0 for epoch in clock.epochs)


def test_that_the_first_step_ends_when_the_second_batch_is_asked_for() -> None:
    clock = Clock()
    batches = clock.watch([[1], [2]], len)

    next(batches)
    assert clock.first_step_s is None
    next(batches)
    assert clock.first_step_s is not None


def test_that_the_start_is_the_one_the_comparing_program_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(STARTED_VARIABLE, "12.5")

    assert Clock().started == 12.5


def test_that_the_file_has_the_names_that_comparisons_read(tmp_path: Path) -> None:
    clock = Clock()
    list(clock.watch([[1, 2]], len))

    clock.write(tmp_path / "out.json")

    document = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert set(document) == {"epochs", "t_first"}
    assert set(document["epochs"][0]) == {"wall", "cpu", "images"}


def test_that_cpu_seconds_grow_with_work() -> None:
    before = cpu_seconds()
    sum(i * i for i in range(2_000_000))

    assert cpu_seconds() > before


def test_that_an_epoch_whose_consumer_asks_for_no_more_counts_when_it_was_whole() -> None:
    clock = Clock()
    for stop_after in (1, 3):
        watched = clock.watch([[1], [2, 2], [3]], len, expected=3)
        for _ in range(stop_after):
            next(watched)
        del watched

    assert [epoch.images for epoch in clock.epochs] == [4]


def test_that_the_device_is_waited_for_before_each_look_at_the_time() -> None:
    seen: list[str] = []
    clock = Clock(settle=lambda: seen.append("settled"))

    seen.extend(clock.watch(["a", "b", "c"], len))

    # Before the epoch, after its first step and at its end.
    assert seen == ["settled", "a", "settled", "b", "c", "settled"]
