"""`lensmith train`: freeze everything, enqueue, and follow the run to its end."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from engine.config.validation import parse_assignments, resolve_config
from engine.datasets.library import Library
from engine.errors import PluginError, UserError
from engine.plugin.describer import describe, find_entry
from engine.protocol.catalog import PluginEntry
from engine.protocol.events import Progress
from engine.protocol.job import END_STATES, Failure
from engine.protocol.run_folder import RunFolder
from engine.runner.commands import send_command
from engine.runner.submit import SubmitRequest, submit
from engine.store.database import Store
from engine.verbs.epoch_lines import EpochLines
from engine.verbs.following import EventTail, follow
from engine.verbs.reply import Parsers, Reply, Session


def add_parsers(parsers: Parsers, shared: argparse.ArgumentParser) -> None:
    train = parsers.add_parser("train", parents=[shared], help="train a model on a dataset")
    train.add_argument("--plugin", required=True, help="see `lensmith plugins list`")
    train.add_argument("--data", required=True, help="see `lensmith data list`")
    train.add_argument("--preset", default=None, help="easy, medium or advanced")
    train.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        dest="assignments",
        help="a setting; see `plugins schema`",
    )
    train.add_argument("--name", default="", help="a name for people")
    train.add_argument("--gpus", default=None, metavar="N", help="which GPU; default: the first free device")
    train.add_argument("--on", default="local", metavar="PLACE", help="local, or ssh:NAME of `hosts list`")
    train.add_argument("--detach", action="store_true", help="come back at once; the run goes on")
    train.set_defaults(run=train_model)


def train_model(session: Session, arguments: argparse.Namespace) -> Reply:
    home = session.home.ensure()
    entry = usable_entry(session, arguments.plugin)
    manifest = Library(home).get(arguments.data)
    assert entry.config_schema is not None  # a usable entry has one
    given = parse_assignments(arguments.assignments)
    config = resolve_config(entry.config_schema, given, preset=arguments.preset)
    session.tell(
        [f"Warning: {name} has no effect with these settings." for name in given if name not in config]
    )
    run = submit(
        SubmitRequest(
            entry=entry,
            dataset=manifest.name,
            config=config,
            preset=arguments.preset,
            name=arguments.name,
            resource=resource_of(arguments.gpus),
            place=arguments.on,
        ),
        home,
    )
    if arguments.detach:
        return Reply(
            {"run": run, "state": "queued", "best": None, "folder": str(home.runs / run)},
            f"Run {run} is queued. Watch it with `lensmith runs show {run}`.",
        )
    return follow_to_end(session, run)


def usable_entry(session: Session, name: str) -> PluginEntry:
    """Find a plugin by folder or model name and refuse a broken one with its first problem."""
    entry = find_entry(describe(session.home), name)
    if entry.is_usable:
        return entry
    if entry.missing_requirements:
        missing = " ".join(f"'{package}'" for package in entry.missing_requirements)
        raise PluginError(
            "plugin_requirements",
            f"The plugin {name!r} needs packages that are not installed: {', '.join(entry.missing_requirements)}.",
            f"Install them with `pip install {missing}`.",
        )
    first = next(problem for problem in entry.problems if problem.severity == "error")
    place = f" ({first.file}:{first.line})" if first.line else ""
    raise PluginError(first.code, f"The plugin {name!r} cannot be used: {first.message}{place}", first.hint)


def follow_to_end(session: Session, run: str) -> Reply:
    """Show a run's progress until it ends. Ctrl+C once stops and keeps it, twice does not wait for that."""
    folder = RunFolder(session.home.runs / run)
    interrupted = False
    lines = EpochLines()
    tails: dict[Path, EventTail] = {}
    with session.progress(f"Run {run}") as progress:
        watched = follow(session.home, run, tails)
        while True:
            try:
                for event in watched:
                    session.tell(lines.take(event))
                    if isinstance(event, Progress):
                        progress(event.step, event.steps_total, f"epoch {event.epoch}/{event.epochs}")
                break
            except KeyboardInterrupt:
                if interrupted:
                    return Reply(
                        run_data(session, run),
                        f"Run {run} is stopping by itself; see `lensmith runs show {run}`.",
                    )
                interrupted = True
                send_command(folder, "stop")
                session.errors.print(
                    "Stopping after this step and keeping the model. Ctrl+C again: do not wait for it."
                )
                watched = follow(session.home, run, tails)
    session.tell(lines.finish())
    return ended_reply(session, run)


def ended_reply(session: Session, run: str) -> Reply:
    """Say how a run ended; a failure gives its sentence, hint and exit code 2."""
    data = run_data(session, run)
    failure = data["failure"]
    if isinstance(failure, Failure):
        data["failure"] = failure.model_dump(mode="json")
        text = f"Run {run} failed: {failure.message}\n{failure.hint}"
        data["error"] = {"code": failure.code, "message": failure.message, "hint": failure.hint}
        return Reply(data, text, exit_code=2)
    best = data["best"]
    shown = (
        f" Best {best['metric']}: {best['value']:.4f} in epoch {best['epoch']}."
        if isinstance(best, dict)
        else ""
    )
    return Reply(data, f"Run {run} {data['state']}.{shown}\n{data['folder']}")


def run_data(session: Session, run: str) -> dict[str, object]:
    """Give the JSON that `train` and `runs show` share."""
    with Store.open(session.home.store_path) as store:
        row = store.run(run)
    best = None
    if row.best_metric is not None:
        best = {"metric": row.best_metric, "value": row.best_value, "epoch": row.best_epoch}
    return {
        "run": row.run,
        "state": row.state,
        "epoch": row.epoch,
        "best": best,
        "folder": str(session.home.runs / row.run),
        "place": _place(RunFolder(session.home.runs / row.run)),
        "failure": row.failure,
    }


def _place(folder: RunFolder) -> str:
    """Where the newest attempt runs: `local`, `ssh:box`."""
    try:
        return folder.latest_attempt().spec().placement.executor
    except UserError:  # a damaged folder: what the store knows is still worth showing
        return ""


def wait_until_ended(session: Session, run: str, poll_s: float = 0.2) -> None:
    """Block until the store says that the run is in an end state."""
    while True:
        with Store.open(session.home.store_path) as store:
            if store.run(run).state in END_STATES:
                return
        time.sleep(poll_s)


def resource_of(gpus: str | None) -> str | None:
    """Read `--gpus`; None leaves the choice to the queue.

    Raises:
        UserError: `gpus_invalid`, `gpus_several`.
    """
    if gpus is None:
        return None
    numbers = [part.strip() for part in gpus.split(",")]
    if not all(number.isdigit() for number in numbers):
        raise UserError(
            "gpus_invalid", f"--gpus takes a number like 0, not {gpus!r}.", "See `nvidia-smi -L`."
        )
    if len(numbers) > 1:  # else all but the first would be taken and stand idle
        raise UserError(
            "gpus_several",
            f"A run trains on one GPU, not on {len(numbers)}.",
            "Name one with --gpus, or enqueue several runs: each takes a free GPU.",
        )
    return f"cuda:{numbers[0]}"
