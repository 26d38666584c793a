"""Times epochs from outside the loop: wraps a loader and watches when batches are asked for."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TypeVar

import psutil

# The comparing program starts us and names the second (Unix time) at which it did.
STARTED_VARIABLE = "PEERS_T0"

BatchT = TypeVar("BatchT")


@dataclass(frozen=True, slots=True)
class EpochTime:
    """Wall and CPU seconds (ours and our children's) of one epoch, and how many images it trained on."""

    wall: float
    cpu: float
    images: int


@dataclass(slots=True)
class Clock:
    """Collects the times of epochs and of the first step.

    Attributes:
        started: Unix time of the process's start, as the comparing program saw it.
        first_step_s: seconds from `started` to the end of the first step; None before it.
        first_step_cpu_s: seconds of the processor until then.
        stop_after_first: whether to break the loop off there.
        settle: waits until the device has done what it was given, so that an epoch's time is all of it.
    """

    started: float = field(default_factory=lambda: float(os.environ.get(STARTED_VARIABLE) or process_start()))
    epochs: list[EpochTime] = field(default_factory=list)
    first_step_s: float | None = None
    first_step_cpu_s: float = 0.0
    stop_after_first: bool = False
    settle: Callable[[], object] = lambda: None

    def watch(
        self, batches: Iterable[BatchT], size: Callable[[BatchT], int], expected: int | None = None
    ) -> Iterator[BatchT]:
        """Pass batches on. A request for the next one means that the step on the last one has ended.

        Args:
            batches: one epoch of them.
            size: images in a batch.
            expected: batches of an epoch: a consumer may also end by asking for no more after so many. One that ends
                earlier (a probe) leaves no time.
        """
        self.settle()
        wall, cpu, images, seen = time.perf_counter(), cpu_seconds(), 0, 0
        whole = False
        try:
            for batch in batches:
                images += size(batch)
                seen += 1
                yield batch
                if self.first_step_s is None:
                    self.settle()
                    self.first_step_s = time.time() - self.started
                    self.first_step_cpu_s = cpu_seconds()
                    if self.stop_after_first:
                        break
            whole = True
        finally:
            if whole or seen == expected:
                self.settle()
                self.epochs.append(EpochTime(time.perf_counter() - wall, cpu_seconds() - cpu, images))

    def write(self, path: Path) -> None:
        """Write `{"epochs": [{"wall", "cpu", "images"}], "t_first"}`."""
        document = {"epochs": [asdict(epoch) for epoch in self.epochs], "t_first": self.first_step_s}
        path.write_text(json.dumps(document), encoding="utf-8")


def settle_of(device: str) -> Callable[[], object]:
    """Give what waits for a device (`cpu`, `cuda:0`)."""
    if device == "cpu":
        return lambda: None
    import torch  # the window's benchmarks do without

    return lambda: torch.cuda.synchronize(device)


def process_start() -> float:
    return psutil.Process().create_time()


def cpu_seconds() -> float:
    """Give the CPU seconds of this process, of its ended children and of those that live."""
    own = psutil.Process().cpu_times()
    total = own.user + own.system + getattr(own, "children_user", 0.0) + getattr(own, "children_system", 0.0)
    for child in psutil.Process().children(recursive=True):
        try:
            times = child.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total
