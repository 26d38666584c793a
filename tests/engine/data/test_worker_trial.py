"""The number of loader threads is measured, and what is loaded does not depend on it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.config.augmentation import AugmentationConfig
from engine.data.loader import LoaderSettings, build_loader
from engine.data.worker_trial import (
    AdjustableLoader,
    CrewSize,
    counts_to_try,
    crews_to_try,
    fewest_that_pay,
    measure_crews,
    measure_workers,
)
from engine.datasets.formats.registry import read_layout
from engine.datasets.hashing import HashMemory
from engine.datasets.importing import make_manifest
from tests.engine.datasets.pictures import write_classes


class Scripted:
    """Is as fast as the script says for its number of threads. Implements `AdjustableLoader`."""

    batch_size = 32

    def __init__(self, speeds: dict[int, float]) -> None:
        self._speeds = speeds
        self._workers = 0
        self.tried: list[int] = []
        self.seconds = 0.0

    def use_workers(self, workers: int) -> None:
        self._workers = workers
        self.tried.append(workers)

    def images_per_second(self, batches: int) -> float:
        assert batches == 8
        self.seconds += batches * self.batch_size / self._speeds[self._workers]
        return self._speeds[self._workers]

    def clock(self) -> float:
        return self.seconds


@pytest.mark.parametrize(("most", "expected"), [(1, [1]), (2, [1, 2]), (6, [1, 2, 4, 6]), (8, [1, 2, 4, 8])])
def test_that_counts_double_up_to_the_most(most: int, expected: list[int]) -> None:
    assert counts_to_try(most) == expected


def test_that_the_fewest_threads_that_pay_are_chosen() -> None:
    given = Scripted({1: 1661, 2: 2792, 4: 4347, 8: 2991, 15: 2322})

    measured = measure_workers(given, [1, 2, 4, 8, 15])

    assert fewest_that_pay(measured) == 4
    assert fewest_that_pay({1: 95.0, 2: 100.0}) == 1


def test_that_no_more_are_tried_when_more_only_get_slower() -> None:
    given = Scripted({1: 100, 2: 90, 4: 80, 8: 1e9})

    assert measure_workers(given, [1, 2, 4, 8]) == {1: 100, 2: 90, 4: 80}
    assert given.tried[0] == 8  # decodes the files with as many as there may be


def test_that_a_run_does_not_wait_long_for_slow_files() -> None:
    given = Scripted({1: 12, 2: 24, 4: 48, 8: 96, 16: 190})

    measured = measure_workers(given, [1, 2, 4, 8, 16], given.clock)

    assert given.seconds < 30
    assert fewest_that_pay(measured) == 16


class ScriptedCrews:
    """Loads ten images a second with any crew. Implements `SpreadableLoader`."""

    batch_size = 32
    most_processes = 8
    process_ids = (1,)

    def __init__(self) -> None:
        self.seconds = 0.0

    def use_workers(self, workers: int, processes: int = 0) -> None:
        self._processes = processes

    def images_per_second(self, batches: int) -> float:
        assert batches == max(8, 4 * self._processes)
        self.seconds += 25.0
        return 10.0

    def clock(self) -> float:
        return self.seconds


def test_that_a_run_does_not_wait_long_for_slow_processes() -> None:
    given = ScriptedCrews()

    measured = measure_crews(given, [CrewSize(2, 2), CrewSize(4, 2)], None, given.clock)  # type: ignore[arg-type]  # a tuple does

    assert measured == {CrewSize(2, 2): 10.0}
    assert given.seconds == 50.0


def test_that_crews_use_half_of_the_cores_to_all_of_them_and_no_more_memory_than_there_is() -> None:
    assert crews_to_try(15, 16) == [CrewSize(3, 2), CrewSize(7, 2), CrewSize(15, 1)]
    assert crews_to_try(15, 4) == [CrewSize(3, 2), CrewSize(4, 2), CrewSize(4, 1)]
    assert crews_to_try(5, 16) == [CrewSize(2, 2), CrewSize(5, 1)]
    assert crews_to_try(15, 1) == []


def test_that_a_real_loader_gives_the_same_batches_after_its_threads_were_changed(tmp_path: Path) -> None:
    data = write_classes(tmp_path / "d", {"train/a": 7, "train/b": 6})
    manifest = make_manifest(read_layout(data), data, "d", HashMemory(None))
    settings = LoaderSettings(
        image_size=16, batch_size=4, train=True, augmentation=AugmentationConfig(), workers=1
    )
    given = build_loader(manifest, data, "train", settings)
    assert isinstance(given, AdjustableLoader)
    before = [batch.images.numpy() for batch in given.start(3)]

    measured = measure_workers(given, [1, 2])
    given.use_workers(2)

    assert set(measured) == {1, 2}
    assert all(speed > 0 for speed in measured.values())
    after = [batch.images.numpy() for batch in given.start(3)]
    assert all(np.array_equal(one, other) for one, other in zip(before, after, strict=True))
    given.close()
