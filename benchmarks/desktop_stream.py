"""Plays runners: sends the events of simulated runs to an open window's socket, in time or as fast as it takes them."""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from engine.protocol.events import (
    BestImproved,
    CheckpointRemoved,
    CheckpointSaved,
    Event,
    LogLine,
    MetricsLogged,
    Progress,
    ResourcesSampled,
    event_line,
)
from engine.protocol.home import Home
from engine.protocol.operating_system import connect_local_socket
from engine.protocol.times import STEP_EVENT_INTERVAL_S
from engine.runner.tap import Tap

CLASSES = tuple(f"class {number}" for number in range(10))
HALF_S = 0.5
"""How often a real worker tells of its steps."""
STEPS_PER_S = 40
EPOCH_S = 60
EPOCHS = 10_000
PATIENCE_S = 120.0
_GIB = 2**30


class SimulatedRun:
    """The events of one training, half a second at a time, as dense as a real worker sends them at most."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._seq = 0
        self._halves = 0

    def half_second(self) -> list[Event]:
        """Give the next half second: step values, progress, every second the machine, at times an epoch's end."""
        self._halves += 1
        seconds = self._halves * HALF_S
        step = int(seconds * STEPS_PER_S)
        epoch = int(seconds // EPOCH_S) + 1
        told: list[Event] = []
        count = round(HALF_S / STEP_EVENT_INTERVAL_S)
        for number in range(count):
            at = step - int((count - 1 - number) * STEPS_PER_S * STEP_EVENT_INTERVAL_S)
            values = {"train/loss": self._loss(seconds), "train/lr": 0.01, "train/images_per_s": 1300.0}
            told.append(MetricsLogged(scope="step", epoch=epoch, step=at, values=values))
        total = EPOCHS * EPOCH_S * STEPS_PER_S
        told.append(
            Progress(epoch=epoch, epochs=EPOCHS, step=step, steps_total=total, eta_s=1e5, images_per_s=1300.0)
        )
        if self._halves % 2 == 0:
            told.append(self._machine())
        if seconds % EPOCH_S == 0:
            told += self._end_of_epoch(epoch - 1, step, seconds)
        return told

    def numbered(self, event: Event) -> Event:
        self._seq += 1
        return event.model_copy(update={"seq": self._seq})

    def _loss(self, seconds: float) -> float:
        return 2.0 / (1.0 + seconds / 600) + 0.1 * self._random.random()

    def _machine(self) -> ResourcesSampled:
        gpu = {"utilisation": 90 + 10 * self._random.random(), "memory_bytes": 9.0 * _GIB}
        return ResourcesSampled(
            cpu_percent=50 * self._random.random(),
            rss_bytes=3 * _GIB,
            ram_used_bytes=12 * _GIB,
            disk_free_bytes=200 * _GIB,
            gpus=[gpu],
        )

    def _end_of_epoch(self, epoch: int, step: int, seconds: float) -> list[Event]:
        accuracy = 1.0 - math.exp(-seconds / 7200) + 0.01 * self._random.random()
        values = {"val/accuracy": accuracy, "val/loss": self._loss(seconds), "val/f1": accuracy}
        per_class = {"recall": dict.fromkeys(CLASSES, accuracy)}
        metrics = {"val/accuracy": accuracy}
        return [
            MetricsLogged(scope="epoch", epoch=epoch, step=step, values={"train/loss": self._loss(seconds)}),
            MetricsLogged(scope="validation", epoch=epoch, step=step, values=values, per_class=per_class),
            BestImproved(metric="val/accuracy", value=accuracy, epoch=epoch, step=step),
            CheckpointSaved(
                name=f"epoch-{epoch:04}",
                kind="auto",
                epoch=epoch,
                step=step,
                metrics=metrics,
                size_bytes=10**7,
            ),
            CheckpointRemoved(name=f"epoch-{epoch - 3:04}"),
            LogLine(level="info", message=f"Epoch {epoch} ended."),
        ]


def main(arguments: Sequence[str]) -> int:
    """Send; runs in a process of its own."""
    parser = argparse.ArgumentParser(prog="benchmarks.desktop_stream", description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("runs", nargs="+")
    parser.add_argument("--seconds", type=float, default=20.0, help="in time: so long")
    parser.add_argument("--on-demand", action="store_true", help="for each line on stdin: so many seconds")
    options = parser.parse_args(arguments)
    home = Home(options.home)
    if options.on_demand:
        send_on_demand(home, options.runs[0])
    else:
        send_in_time(home, options.runs, options.seconds)
    return 0


def send_in_time(home: Home, runs: Sequence[str], seconds: float) -> None:
    """Send every run's events when they would happen, through the tap that real runners use."""
    taps = {run: Tap(home, run) for run in runs}
    simulated = {run: SimulatedRun(seed) for seed, run in enumerate(runs)}
    began = time.monotonic()
    halves = 0
    while time.monotonic() - began < seconds:
        for place, run in enumerate(runs):
            due = began + (halves + place / len(runs)) * HALF_S
            time.sleep(max(0.0, due - time.monotonic()))
            for event in simulated[run].half_second():
                taps[run].send(1, "worker", simulated[run].numbered(event))
        halves += 1
    for tap in taps.values():
        tap.close()


def send_on_demand(home: Home, run: str) -> None:
    """Read numbers from stdin; send so many simulated seconds for each, and a log line that says they are through."""
    socket = connect_local_socket(home.tap_path.read_text(encoding="utf-8").strip(), PATIENCE_S)
    head = json.dumps({"run": run, "attempt": 1, "source": "worker"})[:-1].encode()
    simulated = SimulatedRun(0)
    for line in sys.stdin:
        told = [event for _ in range(int(int(line) / HALF_S)) for event in simulated.half_second()]
        told.append(LogLine(level="info", message="through"))
        numbered = [simulated.numbered(event) for event in told]
        lines = [head + b', "event": ' + event_line(event, event.seq)[:-1] + b"}\n" for event in numbered]
        socket.send(b"".join(lines))
    socket.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
