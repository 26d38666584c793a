"""How long an event takes from a worker on another machine to the runner here, over a real SSH server."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.figures import Figure, middle, ninety_ninth, table
from benchmarks.transfer_server import OwnServer
from engine.executors.executor import Executor
from engine.executors.local import LocalExecutor
from engine.executors.ssh.connection import Connection
from engine.executors.ssh.executor import SshExecutor
from engine.protocol.events import parse_event
from engine.protocol.home import Home
from engine.protocol.job import AttemptSpec, JobSpec, PluginRef
from engine.protocol.run_folder import RunFolder, write_record
from engine.protocol.times import FOLLOW_POLL_S

AIM_S = 0.3
WORKER = [sys.executable, str(Path(__file__).with_name("far_events_worker.py"))]


def main(arguments: Sequence[str]) -> int:
    """Print the delays beside those of a worker on this machine."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks far_events", description=__doc__)
    parser.add_argument("--events", type=int, default=300, help="how many events")
    parser.add_argument("--pause", type=float, default=0.1, help="seconds between two of them")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="lensmith-far-events-") as place:
        home = Home(Path(place) / "home").ensure()
        near = delays(LocalExecutor(WORKER), a_run(home, "near", given.events, given.pause))
        with OwnServer(Path(place) / "server") as server:
            record = server.record(Path(place) / "host")
            with Connection(record, home, accept=server.fingerprint()):
                pass
            executor = SshExecutor(record, home, lambda *_: WORKER)
            far = delays(executor, a_run(home, "far", given.events, given.pause))
            executor.close()
    print(table([*figures("here", near), *figures("over SSH", far, AIM_S)]))
    return 0


def delays(executor: Executor, run: RunFolder) -> list[float]:
    """Follow a run as a runner does; seconds between an event's stamp and its arrival."""
    executor.place(run)
    executor.launch(run, 1)
    found: list[float] = []
    offset = 0
    while True:
        status = executor.status(run, 1)
        data = executor.read(run, 1, "events.jsonl", offset)
        arrived = time.time()
        whole = data[: data.rfind(b"\n") + 1]
        offset += len(whole)
        found += [arrived - event.time for event in map(parse_event, whole.splitlines()) if event is not None]
        if status == "gone":
            return found
        if not whole:
            time.sleep(FOLLOW_POLL_S)


def a_run(home: Home, name: str, events: int, pause_s: float) -> RunFolder:
    """A run folder that has its device."""
    folder = RunFolder(home.runs / name)
    plugin = PluginRef(id="none", model="None", source_hash="0" * 64)
    config: dict[str, object] = {"events": events, "pause_s": pause_s}
    write_record(
        folder.job_path, JobSpec(run=name, created="2026-01-01T00:00:00", plugin=plugin, config=config)
    )
    write_record(folder.attempt(1).spec_path, AttemptSpec(attempt=1))
    return folder


def figures(where: str, seconds: Sequence[float], aim_s: float | None = None) -> list[Figure]:
    """The middle, the 95th of 100, and the worst of them."""
    ordered = sorted(seconds)
    ninety_fifth = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
    return [
        Figure(f"{where}: median delay", middle(ordered) * 1000, "ms"),
        Figure(f"{where}: p95 delay", ninety_fifth * 1000, "ms", aim_s * 1000 if aim_s is not None else None),
        Figure(f"{where}: p99 delay", ninety_ninth(ordered) * 1000, "ms"),
    ]
