"""Trained runs that the store knows, and test runs of them, enqueued as users do and done in the test's own process."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.datasets.manifest import Manifest
from engine.protocol.events import RunEnded, StateChanged
from engine.protocol.home import Home
from engine.protocol.job import RunState
from engine.protocol.results import ResultSummary
from engine.protocol.run_folder import RunFolder, read_record
from engine.runner.derived import Derived, submit_derived
from engine.runner.given_data import Wanted
from engine.runner.supervision import add_supervision
from engine.store.database import Store
from engine.store.rebuild import take_run
from tests.engine.jobs.run_maker import MadeRun


@dataclass
class Outcome:
    """A test run that has been done."""

    run: MadeRun
    summary: ResultSummary = field(init=False)

    def __post_init__(self) -> None:
        self.summary = read_record(self.folder / "summary.json", ResultSummary)

    @property
    def folder(self) -> Path:
        return self.run.folder.results / "0001"

    def run_manifest(self) -> Manifest:
        """What was measured on."""
        return Manifest.load(self.run.folder.manifest_path)

    def column(self, name: str) -> NDArray[np.generic]:
        return np.load(self.folder / f"image_{name}.npy", allow_pickle=False)

    def array(self, name: str) -> NDArray[np.generic]:
        return np.load(self.folder / f"{name}.npy", allow_pickle=False)


def known_to_store(run: MadeRun) -> MadeRun:
    """Let the store of a run's home know of it; nothing is started by its queue."""
    states: tuple[RunState, ...] = ("preparing", "starting", "running")
    told = [StateChanged(state=state, attempt=1) for state in states]
    add_supervision(run.folder.attempt(1), *told, RunEnded(state="completed"))
    home = home_of(run)
    with Store.open(home.ensure().store_path) as store:
        store.pause_queue()
        take_run(store, run.folder)
    return run


def home_of(run: MadeRun) -> Home:
    return Home(run.folder.path.parents[1])


def enqueued(run: MadeRun, wanted: Wanted, **changes: object) -> MadeRun:
    """A test run of a training's best checkpoint, not yet done."""
    derived = replace(Derived("evaluate", run.folder.run, data=wanted), **changes)  # pyright: ignore[reportArgumentType]
    home = home_of(run)
    return MadeRun(RunFolder(home.runs / submit_derived(derived, home)))


def outcome_of(run: MadeRun, wanted: Wanted, **changes: object) -> Outcome:
    """A test run of a training's best checkpoint."""
    made = enqueued(run, wanted, **changes)
    assert made.work().failure is None
    return Outcome(made)
