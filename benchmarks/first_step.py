"""Seconds from a click on Train to the end of the first step: with a spare process, without, and of a bare loop."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

from benchmarks.clock import Clock
from benchmarks.sides import Told
from engine.config.validation import resolve_config
from engine.datasets.library import Library
from engine.plugin.describer import describe, find_entry
from engine.protocol.events import PhaseChanged
from engine.protocol.home import HOME_VARIABLE, Home
from engine.protocol.job import END_STATES
from engine.protocol.run_folder import RunFolder
from engine.runner.commands import send_command
from engine.runner.queue import keep_spare
from engine.runner.submit import SubmitRequest, submit
from engine.store.database import Store
from engine.store.rebuild import read_events

SIDES = ("bare", "cold", "warm")
DATASET = "benchmark"
PATIENCE_S = 300.0
_POLL_S = 0.02
SETTINGS: dict[str, object] = {
    "architecture": "resnet18",
    "pretrained": "off",
    "image_size": 64,
    "batch_size": 32,
    "epochs": 1,
    "validation.enabled": False,
    "precision": "fp32",
    "channels_last": "off",
}


def main(arguments: Sequence[str]) -> int:
    """Start a training of ResNet-18 at 64 px once, and write `{"wall_s", "cpu_s"}` of its start."""
    parser = argparse.ArgumentParser(prog="benchmarks.first_step", description=__doc__)
    parser.add_argument("--side", choices=SIDES, required=True)
    parser.add_argument("--data", type=Path, required=True, help="folder with train/CLASS/*.jpg")
    parser.add_argument("--out", type=Path, required=True, help="JSON file to write")
    options = parser.parse_args(arguments)
    if options.side == "bare":
        told = bare(options.data)
    else:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
            os.environ[HOME_VARIABLE] = scratch
            told = clicked(Home(Path(scratch)).ensure(), options.data, with_spare=options.side == "warm")
    options.out.write_text(json.dumps(told), encoding="utf-8")
    print(json.dumps(told))
    return 0


def bare(data: Path) -> Told:
    """The start of a loop as most programs have it, in this very process."""
    clock = Clock(stop_after_first=True)
    from benchmarks.plain_loop import train  # what it loads is part of what is measured

    given = {"data": data, "arch": "resnet18", "size": 64, "batch": 32, "epochs": 1, "workers": 2}
    given |= {"device": "cpu", "precision": "fp32", "channels_last": False, "synthetic": False}
    train(argparse.Namespace(**given), clock)
    assert clock.first_step_s is not None  # it has done a step
    return {"wall_s": clock.first_step_s, "cpu_s": clock.first_step_cpu_s}


def clicked(home: Home, data: Path, *, with_spare: bool) -> Told:
    """A run as the window starts it; what the window has done before the click is not counted."""
    Library(home).import_dataset(data, name=DATASET)
    entry = find_entry(describe(home), "timm_classifier")
    assert entry.config_schema is not None  # it is built in
    config = resolve_config(entry.config_schema, SETTINGS)
    spare = _spare(home) if with_spare else None
    before = _cpu_s(spare)
    clicked_at = time.time()
    run = submit(SubmitRequest(entry=entry, dataset=DATASET, config=config, resource="cpu"), home)
    folder = RunFolder(home.runs / run)
    try:
        stepped_at = _first_step(folder)
        process = folder.attempt(1).process()
        worker = process.pid if process is not None else None
        cpu = _cpu_s(worker) - (before if worker == spare else 0.0)
        told: Told = {"wall_s": stepped_at - clicked_at, "cpu_s": cpu, "was_spare": worker == spare}
    finally:
        send_command(folder, "cancel", home)
        _wait_for_end(home, run)
    return told


def _spare(home: Home) -> int:
    keep_spare(home)
    path = home.path / "spare" / "ready.json"
    deadline = time.monotonic() + PATIENCE_S
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(_POLL_S)
    return int(json.loads(path.read_text(encoding="utf-8"))["pid"])


def _first_step(folder: RunFolder) -> float:
    """The time at which the first step ended, as the worker has told it."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        for event in read_events(folder.attempt(1).events_path):
            if isinstance(event, PhaseChanged) and event.name == "first_step" and event.edge == "end":
                return event.time
        time.sleep(_POLL_S)
    raise TimeoutError(folder.attempt(1).log_path.read_text(encoding="utf-8"))


def _wait_for_end(home: Home, run: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    with Store.open(home.store_path) as store:
        while store.run(run).state not in END_STATES and time.monotonic() < deadline:
            time.sleep(_POLL_S)


def _cpu_s(pid: int | None) -> float:
    if pid is None:
        return 0.0
    with contextlib.suppress(psutil.NoSuchProcess):
        times = psutil.Process(pid).cpu_times()
        return times.user + times.system
    return 0.0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
