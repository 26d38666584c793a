"""What is measured so far is written seldom enough, as a result that expects more, and is gone when all is measured."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.partial import Pace, PartialResults, partial_folders
from engine.evaluation.result_folder import ResultFacts
from engine.protocol.results import ResultSummary
from engine.protocol.run_folder import read_record
from engine.tasks.task import Judgement

FACTS = ResultFacts("points", "val", "val", 3, 30, ("a",))


@dataclass
class Clock:
    """Moves on by what the judging of an image takes."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Counted:
    """A collector that has seen some images."""

    clock: Clock
    judging_s: float = 0.0
    images: int = 0
    masks: int = 0
    judged: int = 0

    def judgement(self) -> Judgement:
        self.judged += 1
        self.clock.now += self.judging_s
        masks: dict[str, NDArray[np.generic]] = {"mask_files": np.zeros(self.masks, dtype=np.uint8)}
        return Judgement({"score": 0.5}, {}, columns={"item": np.arange(self.images)}, arrays=masks)


def summaries(results: Path) -> list[tuple[int, int]]:
    found = [read_record(results / name / "summary.json", ResultSummary) for name in partial_folders(results)]
    return [(summary.images, summary.expected) for summary in found]


def test_that_it_is_written_about_once_a_second_and_the_last_two_stay(tmp_path: Path) -> None:
    clock = Clock()
    partial = PartialResults(tmp_path, FACTS, 100, Pace(0.02, clock=clock))
    collector = Counted(clock)
    for step in range(1, 8):
        clock.now, collector.images = step * 0.5, step * 10
        partial.look(collector)
    assert collector.judged == 3
    assert summaries(tmp_path) == [(40, 100), (60, 100)]
    partial.close()
    assert list(tmp_path.iterdir()) == []


def test_that_it_takes_no_more_than_its_share_of_the_time(tmp_path: Path) -> None:
    clock = Clock()
    partial = PartialResults(tmp_path, FACTS, 10**9, Pace(0.02, clock=clock))
    collector = Counted(clock, judging_s=0.5)
    for _ in range(10_000):
        clock.now += 0.1
        collector.images += 1
        partial.look(collector)
    assert collector.judged > 10
    assert collector.judged * collector.judging_s <= 0.02 * clock.now + 0.5


def test_that_nothing_is_written_just_before_the_end_nor_where_only_numbers_are_kept(tmp_path: Path) -> None:
    clock = Clock(now=0.0)
    partial = PartialResults(tmp_path, FACTS, 100, Pace(0.02, clock=clock))
    numbers = PartialResults(
        tmp_path,
        ResultFacts("points", "val", "val", 3, 30, ("a",), per_image=False),
        100,
        Pace(0.02, clock=clock),
    )
    clock.now = 2.0
    partial.look(Counted(clock, images=90))
    numbers.look(Counted(clock, images=20))
    assert partial_folders(tmp_path) == []


def test_that_what_a_killed_measuring_left_is_taken_away(tmp_path: Path) -> None:
    (tmp_path / "partial-000007").mkdir()
    PartialResults(tmp_path, FACTS, 10, Pace(0.02))
    assert partial_folders(tmp_path) == []


def test_that_what_a_killed_process_had_just_begun_to_write_is_taken_away_and_results_stay(
    tmp_path: Path,
) -> None:
    for name in (".draft-4711", ".draft-partial-4711", "0001"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "image_item.npy").write_bytes(b"x")

    PartialResults(tmp_path, FACTS, 100, Pace(0.02, clock=Clock()))

    assert [entry.name for entry in tmp_path.iterdir()] == ["0001"]


def test_that_masks_that_are_too_large_wait_for_the_end(tmp_path: Path) -> None:
    clock = Clock()
    partial = PartialResults(tmp_path, FACTS, 100, Pace(0.02, clock=clock))
    for second, masks in ((2.0, 100), (4.0, 33 << 20)):
        clock.now = second
        partial.look(Counted(clock, images=10, masks=masks))
    first, second = (
        read_record(tmp_path / name / "summary.json", ResultSummary) for name in partial_folders(tmp_path)
    )
    assert (first.arrays, second.arrays) == (("mask_files",), ())
