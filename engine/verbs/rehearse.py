"""`lensmith rehearse`: a minute of training with everything real, to know what the whole would take. Leaves nothing."""

from __future__ import annotations

import _thread
import argparse
import contextlib
import math
import os
import shlex
import sys
import threading
from collections.abc import Sequence

from rich.console import Group

from engine.config.validation import parse_assignments, resolve_config
from engine.datasets.library import Library
from engine.jobs.rehearsal_budget import BUDGET_S, Budget
from engine.protocol.home import Home
from engine.protocol.operating_system import Ending, heeding_termination
from engine.protocol.rehearsal import Proposal, Rehearsal, RehearsalWarning
from engine.protocol.run_folder import RunFolder
from engine.runner.devices import machine_resources
from engine.runner.scratch import scratch_folder
from engine.runner.submit import SubmitRequest, freeze_run, new_run_id, require_same_task, wanted_device
from engine.store.database import Store
from engine.verbs.rehearsal_text import rehearsal_table
from engine.verbs.reply import Parsers, Reply, Session
from engine.verbs.train import resource_of, usable_entry


def add_parsers(parsers: Parsers, shared: argparse.ArgumentParser) -> None:
    rehearse = parsers.add_parser(
        "rehearse",
        parents=[shared],
        help="a minute of training, to know memory, speed, time and disk of the whole",
    )
    rehearse.add_argument("--plugin", required=True, help="see `lensmith plugins list`")
    rehearse.add_argument("--data", required=True, help="see `lensmith data list`")
    rehearse.add_argument("--preset", default=None, help="easy, medium or advanced")
    rehearse.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        dest="assignments",
        help="a setting; see `plugins schema`",
    )
    rehearse.add_argument("--gpus", default=None, metavar="N", help="which GPU; default: the first one")
    rehearse.add_argument(
        "--seconds",
        type=_seconds,
        default=BUDGET_S,
        metavar="S",
        help="how long it tries things out; what it is at then is finished",
    )
    rehearse.add_argument(
        "--attended", action="store_true", help="end when standard input is closed: a program watches"
    )
    rehearse.set_defaults(run=rehearse_training)


def _seconds(text: str) -> float:
    """Read how long; an hour is more than anything here needs.

    Raises:
        ArgumentTypeError: no number, or none of 1 to 3600.
    """
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 1 <= seconds <= 3600:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds from 1 to 3600")
    return seconds


def rehearse_training(session: Session, arguments: argparse.Namespace) -> Reply:
    """Rehearse, and give the figures; nothing is kept, also when this is ended in the middle."""
    with heeding_termination() as ending, session.progress("Rehearsing") as progress:
        if arguments.attended:
            _end_with_input(ending)

        def tell(gone: int, whole: int, what: str) -> None:
            ending.insist()
            progress(gone, whole, what)

        budget = Budget(arguments.seconds, tell)
        home = session.home.ensure()
        entry = usable_entry(session, arguments.plugin)
        manifest = Library(home).get(arguments.data)
        assert entry.config_schema is not None  # a usable entry has one
        given = parse_assignments(arguments.assignments)
        request = SubmitRequest(
            entry=entry,
            dataset=manifest.name,
            config=resolve_config(entry.config_schema, given, preset=arguments.preset),
            resource=resource_of(arguments.gpus) or machine_resources()[0],
        )
        wanted_device(home, request.place, request.resource)
        require_same_task(request, manifest)
        found = _rehearse(request, home, budget)
        ending.insist()
    command = _command(arguments, found.proposals)
    return Reply({"rehearsal": found.model_dump(mode="json")}, Group(*rehearsal_table(found, command)))


def _rehearse(request: SubmitRequest, home: Home, budget: Budget) -> Rehearsal:
    """Rehearse in a folder like a run's, which goes when this is done."""
    busy = _busy(home, request.resource or "cpu")
    os.environ["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID"  # as the queue numbers GPUs; torch has asked for none yet
    name = new_run_id()
    with scratch_folder(home, name) as scratch:
        folder = RunFolder(scratch / "runs" / name)
        freeze_run(request, folder, name, home)
        budget.phase("Loading the engine")
        found = _measure(folder, budget)
    return found.model_copy(update={"warnings": (*found.warnings, *busy)})


def _measure(folder: RunFolder, budget: Budget) -> Rehearsal:
    from engine.channel.control import Control
    from engine.channel.reporter import Reporter
    from engine.inference.service import answers_only
    from engine.jobs.rehearsal import rehearse  # loads torch
    from engine.jobs.timed_loader import TrialDesk

    attempt = folder.attempt(1)
    reporter = Reporter(attempt)
    try:
        with answers_only():
            return rehearse(TrialDesk(folder, attempt, reporter, Control(folder, 1, reporter)), budget)
    finally:
        reporter.close()


def _busy(home: Home, resource: str) -> list[RehearsalWarning]:
    """Warn of a run that is at work on the device: it takes its part of speed and memory."""
    if not home.store_path.exists():
        return []
    with Store.open(home.store_path) as store:
        runs = [run for run, leased in store.leases().items() if resource in leased.split(",")]
    if not runs:
        return []
    return [
        RehearsalWarning(
            code="device_shared",
            message=f"Run {runs[0]} is at work on {resource}: the figures are worse than with the device free.",
            remedy="Rehearse again when it has ended.",
        )
    ]


def _end_with_input(ending: Ending) -> None:
    """Interrupt this process when standard input is closed, also on systems that know no polite signal."""

    def wait() -> None:
        # Past Python's buffer: its lock, held by a thread that waits, would break the end of this process.
        with contextlib.suppress(OSError, ValueError):
            while os.read(sys.stdin.fileno(), 1 << 10):
                pass
        ending.asked = KeyboardInterrupt()
        _thread.interrupt_main()

    threading.Thread(target=wait, name="standard-input", daemon=True).start()


def _command(arguments: argparse.Namespace, proposals: Sequence[Proposal]) -> str:
    """The training with the proposed settings, as it is typed; empty without any."""
    if not proposals:
        return ""
    parts = ["lensmith", "train", "--plugin", arguments.plugin, "--data", arguments.data]
    parts += ["--preset", arguments.preset] if arguments.preset else []
    parts += ["--gpus", arguments.gpus] if arguments.gpus else []
    proposed = {proposal.field: proposal.proposed for proposal in proposals}
    for assignment in arguments.assignments:
        if assignment.partition("=")[0].strip() not in proposed:
            parts += ["--set", assignment]
    for field, value in proposed.items():
        parts += ["--set", f"{field}={value}"]
    return shlex.join(parts)
