"""What is measured so far, beside finished results: RUN/results/partial-…, seldom enough to cost little."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Protocol

from engine.evaluation.keeping import MASK_PREFIX
from engine.evaluation.result_folder import DRAFT_PREFIX, SUMMARY_NAME, ResultFacts, save_parts, summary_of
from engine.protocol.operating_system import replace_file
from engine.protocol.run_folder import write_record
from engine.tasks.task import Judgement

PARTIAL_PREFIX: Final = "partial-"
_LEAST_PAUSE_S: Final = 1.0
_KEPT: Final = 2
"""The one before stays for a while: a window may just be reading it."""
_MOST_MASK_BYTES: Final = 32 << 20
"""Masks beyond it come with the finished result only: they would be written again each time."""


class Judging(Protocol):
    """What has seen some images and can judge them; `engine.tasks.task.Collector` is one."""

    def judgement(self) -> Judgement: ...


@dataclass(frozen=True, slots=True)
class Pace:
    """How often it is written what is measured so far."""

    share: float
    """Of the time of measuring that the writing may take."""
    least_pause_s: float = _LEAST_PAUSE_S
    clock: Callable[[], float] = time.monotonic


class PartialResults:
    """Judges the images measured so far now and then, and writes them as a result that expects more.

    Each time takes as long as there are images; the pauses grow with it, so that the share stays.
    """

    def __init__(self, results: Path, facts: ResultFacts, expected: int, pace: Pace) -> None:
        self._results = results
        self._facts = facts
        self._expected = expected
        self._pace = pace
        self._number = 0
        self._began = pace.clock()
        self._due = self._began + pace.least_pause_s
        remove_partial(results)

    def look(self, collector: Judging) -> None:
        """Write what a collector has, if it is time again. Faults are left to the finished result to tell."""
        now = self._pace.clock()
        if now < self._due or not self._facts.per_image:
            return
        judgement = collector.judgement()
        left = self._expected - judgement.images
        if judgement.images and left > 0 and not self._ends_soon(now, judgement.images, left):
            with contextlib.suppress(OSError):
                self._write(judgement)
        spent = self._pace.clock() - now
        self._due = now + spent + max(self._pace.least_pause_s, spent / self._pace.share)

    def close(self) -> None:
        """The result is finished, or will not be: take away what was written."""
        remove_partial(self._results)

    def _ends_soon(self, now: float, done: int, left: int) -> bool:
        return (now - self._began) / done * left < self._pace.least_pause_s

    def _write(self, judgement: Judgement) -> None:
        shown = _without_large_masks(judgement)
        summary = summary_of(shown, self._facts).model_copy(update={"expected": self._expected})
        draft = self._results / f"{DRAFT_PREFIX}{PARTIAL_PREFIX}{os.getpid()}"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        save_parts(draft, shown, per_image=True)
        write_record(draft / SUMMARY_NAME, summary)
        # Never the name of an earlier one, also of another validation: a window would take it for the same.
        self._number = max(self._number + 1, time.time_ns() // 1_000_000)
        replace_file(draft, self._results / f"{PARTIAL_PREFIX}{self._number:014d}")
        for old in partial_folders(self._results)[:-_KEPT]:
            shutil.rmtree(self._results / old, ignore_errors=True)


def partial_folders(results: Path) -> list[str]:
    """Names of what is written of a measuring that goes on, the newest last."""
    try:
        return sorted(entry.name for entry in results.iterdir() if entry.name.startswith(PARTIAL_PREFIX))
    except OSError:
        return []


def remove_partial(results: Path) -> None:
    """Take away what is left of a measuring, also of one that was killed while it wrote."""
    drafts = [entry.name for entry in results.glob(f"{DRAFT_PREFIX}*")] if results.is_dir() else []
    for name in (*partial_folders(results), *drafts):
        shutil.rmtree(results / name, ignore_errors=True)


def _without_large_masks(judgement: Judgement) -> Judgement:
    masks = {name: array for name, array in judgement.arrays.items() if name.startswith(MASK_PREFIX)}
    if sum(array.nbytes for array in masks.values()) <= _MOST_MASK_BYTES:
        return judgement
    return replace(judgement, arrays={n: array for n, array in judgement.arrays.items() if n not in masks})
