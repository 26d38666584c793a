"""`lensmith runs`: look into runs, command them, resume, retry, extend, delete and restore them."""

from __future__ import annotations

import argparse
from pathlib import Path

from rich.console import Group

from engine.protocol.checkpoint import is_whole, list_checkpoints
from engine.protocol.commands import CommandKind
from engine.protocol.events import Event, Transfer
from engine.protocol.job import ACTIVE_STATES, Failure, RunState
from engine.protocol.run_folder import RunFolder
from engine.runner.attempts import extend_run, resume_run, retry_run
from engine.runner.commands import send_command
from engine.runner.deletion import delete_run, restore_run
from engine.runner.fetching import fetch_checkpoints
from engine.runner.move import move_run
from engine.runner.queue import tick
from engine.store.database import Store
from engine.verbs.profile import profile_tables, read_profile
from engine.verbs.reply import Parsers, Reply, Session, table
from engine.verbs.train import follow_to_end, run_data

COMMANDS: dict[str, tuple[CommandKind, str]] = {
    "pause": ("pause", "save a checkpoint, end the process and free the GPU"),
    "hold": ("hold", "stand still and keep the memory"),
    "stop": ("stop", "end now and keep the model"),
    "cancel": ("cancel", "end now and discard the run"),
    "checkpoint": ("checkpoint", "save a checkpoint now"),
    "validate": ("validate_now", "validate now"),
}

_ANY_RUN = "id, beginning of an id, or name"


def add_parsers(parsers: Parsers, shared: argparse.ArgumentParser) -> None:
    runs = parsers.add_parser("runs", help="look into runs and command them")
    verbs = runs.add_subparsers(dest="runs_verb", metavar="VERB", required=True)
    verbs.add_parser("list", parents=[shared], help="list the runs").set_defaults(run=list_runs)

    def verb(name: str, explanation: str, run: object, told: str = _ANY_RUN) -> argparse.ArgumentParser:
        parser = verbs.add_parser(name, parents=[shared], help=explanation)
        parser.add_argument("run_id", metavar="RUN", help=told)
        parser.set_defaults(run=run)
        return parser

    verb("show", "state, best value, folder, failure", show_run)
    verb("metrics", "every measured value", show_metrics).add_argument("--name", help="such as val/accuracy")
    verb("events", "the raw events", show_events)
    verb("log", "what the worker printed", show_log)
    verb("checkpoints", "list the checkpoints", show_checkpoints)
    compare = verbs.add_parser("compare", parents=[shared], help="only the settings and results that differ")
    compare.add_argument("run_ids", metavar="RUN", nargs="+", help="two runs or more")
    compare.set_defaults(run=compare_runs)
    for name, (_, explanation) in COMMANDS.items():
        verb(name, explanation, command_run)
    resume_verb = verb("resume", "go on: a held run at once, an ended one from its last checkpoint", resume)
    resume_verb.add_argument("--from", dest="checkpoint", help="checkpoint to go on from")
    resume_verb.add_argument("--detach", action="store_true", help="come back at once; the run goes on")
    retry_verb = verb("retry", "start a failed run again from its last good checkpoint", retry)
    retry_verb.add_argument("--remedy", action="store_true", help="apply the remedy of the failure's cause")
    retry_verb.add_argument("--detach", action="store_true", help="come back at once; the run goes on")
    extend_verb = verb("extend", "train a finished run for more epochs", extend)
    extend_verb.add_argument("--epochs", type=int, required=True, help="the new total")
    extend_verb.add_argument(
        "--schedule",
        choices=("continue", "flat", "restart"),
        default="continue",
        help="how the learning rate goes on",
    )
    extend_verb.add_argument("--detach", action="store_true", help="come back at once; the run goes on")
    move_verb = verb("move", "let a run go on at another place, from a checkpoint", move)
    move_verb.add_argument("--on", required=True, metavar="PLACE", help="local, or ssh:NAME of `hosts list`")
    fetch_verb = verb("fetch", "bring checkpoints home that were left on another machine", fetch)
    fetch_verb.add_argument("--checkpoint", help="its name; default: all that are not here")
    verb("delete", "move a run to the trash", delete)
    verb("restore", "take a run back out of the trash", restore, "id, or beginning of an id, in the trash")


def list_runs(session: Session, _arguments: argparse.Namespace) -> Reply:
    tick(session.home.ensure())
    with Store.open(session.home.store_path) as store:
        rows = store.runs()
    data = [{"run": r.run, "name": r.name, "kind": r.kind, "state": r.state, "epoch": r.epoch} for r in rows]
    shown = [(r.run, r.name, r.kind, r.state, r.epoch, r.best_value) for r in rows]
    text: object = table(("Run", "Name", "Kind", "State", "Epoch", "Best"), shown)
    return Reply({"runs": data}, text if rows else "There is no run yet. Start one with `lensmith train`.")


def show_run(session: Session, arguments: argparse.Namespace) -> Reply:
    tick(session.home.ensure())
    data = run_data(session, arguments.run_id)
    failure = data["failure"]
    if isinstance(failure, Failure):
        data["failure"] = failure.model_dump(mode="json")
    data["config"] = RunFolder(Path(str(data["folder"]))).effective_config()
    rows = [(key, value) for key, value in data.items() if key not in ("config", "failure", "best")]
    best = data["best"]
    if isinstance(best, dict):
        rows.insert(3, ("best", f"{best['metric']} {best['value']:.4f} in epoch {best['epoch']}"))
    if isinstance(failure, Failure):
        rows += [("failure", failure.message), ("hint", failure.hint)]
    profile = read_profile(RunFolder(Path(str(data["folder"]))))
    if profile is None:
        return Reply(data, table(("", ""), rows))
    data["profile"] = profile.model_dump(mode="json")
    return Reply(data, Group(table(("", ""), rows), "", *profile_tables(profile)))


def move(session: Session, arguments: argparse.Namespace) -> Reply:
    run, _ = _state(session, arguments.run_id)
    move_run(run, session.home, arguments.on)
    return Reply(
        run_data(session, run),
        f"Run {run} goes on at {arguments.on} as soon as it is released. Watch it with `lensmith runs show {run}`.",
    )


def fetch(session: Session, arguments: argparse.Namespace) -> Reply:
    run, _ = _state(session, arguments.run_id)
    with session.progress("Bringing checkpoints home") as progress:

        def tell(event: Event) -> None:
            if isinstance(event, Transfer):
                progress(event.done_bytes, event.total_bytes, "bytes")

        brought = fetch_checkpoints(run, session.home, arguments.checkpoint, tell)
    return Reply(
        {"run": run, "checkpoints": brought}, f"Here now: {', '.join(brought) or 'all was here already'}."
    )


def show_metrics(session: Session, arguments: argparse.Namespace) -> Reply:
    run, _ = _state(session, arguments.run_id)
    with Store.open(session.home.store_path) as store:
        rows = store.metrics(run, arguments.name)
    data = [{"name": r.name, "epoch": r.epoch, "step": r.step, "value": r.value} for r in rows]
    return Reply(
        {"metrics": data}, table(("Name", "Epoch", "Step", "Value"), [tuple(row.values()) for row in data])
    )


def show_events(session: Session, arguments: argparse.Namespace) -> Reply:
    lines: list[str] = []
    for attempt in _folder(session, arguments.run_id).attempts():
        for path in (attempt.supervision_path, attempt.events_path):
            lines += path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return Reply({"events": lines}, "\n".join(lines))


def show_log(session: Session, arguments: argparse.Namespace) -> Reply:
    attempts = _folder(session, arguments.run_id).attempts()
    texts = [
        a.log_path.read_text(encoding="utf-8", errors="replace") for a in attempts if a.log_path.exists()
    ]
    return Reply({"log": "".join(texts)}, "".join(texts))


def show_checkpoints(session: Session, arguments: argparse.Namespace) -> Reply:
    folder = _folder(session, arguments.run_id).checkpoints
    found = list_checkpoints(folder)
    here = {name: is_whole(folder / name, meta) for name, meta in found}
    data = [
        {"name": name, "here": here[name], **meta.model_dump(mode="json", exclude={"files"})}
        for name, meta in found
    ]
    rows = [
        (name, m.kind, m.epoch, m.step, f"{m.size_bytes / 1e6:.1f} MB", "" if here[name] else "not here yet")
        for name, m in found
    ]
    return Reply({"checkpoints": data}, table(("Checkpoint", "Kind", "Epoch", "Step", "Size", ""), rows))


def compare_runs(session: Session, arguments: argparse.Namespace) -> Reply:
    """Lay the runs side by side, leaving out the settings in which they agree."""
    columns: dict[str, dict[str, object]] = {}
    for run_id in arguments.run_ids:
        data = run_data(session, run_id)
        config = RunFolder(Path(str(data["folder"]))).effective_config()
        best = data["best"]
        columns[str(data["run"])] = {"best": best["value"] if isinstance(best, dict) else None} | config
    keys = sorted(
        {key for column in columns.values() for key in column}, key=lambda key: (key != "best", key)
    )
    differing = [
        key
        for key in keys
        if len({repr(column.get(key)) for column in columns.values()}) > 1 or key == "best"
    ]
    data = {run: {key: column.get(key) for key in differing} for run, column in columns.items()}
    rows = [(key, *(column.get(key) for column in columns.values())) for key in differing]
    return Reply({"runs": data}, table(("Setting", *columns), rows))


def command_run(session: Session, arguments: argparse.Namespace) -> Reply:
    kind = COMMANDS[arguments.runs_verb][0]
    run, state = _state(session, arguments.run_id)
    number = send_command(RunFolder(session.home.runs / run), kind, home=session.home)
    return Reply({"run": run, "state": state, "command": number}, f"Told run {run} to {arguments.runs_verb}.")


def resume(session: Session, arguments: argparse.Namespace) -> Reply:
    run, state = _state(session, arguments.run_id)
    if state in ACTIVE_STATES and arguments.checkpoint is None:
        number = send_command(RunFolder(session.home.runs / run), "resume", home=session.home)
        return Reply({"run": run, "state": state, "command": number}, f"Told run {run} to go on.")
    resume_run(run, session.home, checkpoint=arguments.checkpoint)
    return _followed(session, run, detach=arguments.detach)


def retry(session: Session, arguments: argparse.Namespace) -> Reply:
    run, _ = _state(session, arguments.run_id)
    retry_run(run, session.home, remedy=arguments.remedy)
    return _followed(session, run, detach=arguments.detach)


def extend(session: Session, arguments: argparse.Namespace) -> Reply:
    run, _ = _state(session, arguments.run_id)
    extend_run(run, session.home, epochs=arguments.epochs, schedule=arguments.schedule)
    return _followed(session, run, detach=arguments.detach)


def delete(session: Session, arguments: argparse.Namespace) -> Reply:
    run, _ = _state(session, arguments.run_id)
    delete_run(run, session.home)
    return Reply(
        {"deleted": run}, f"Run {run} is in the trash; `lensmith runs restore {run}` brings it back."
    )


def restore(session: Session, arguments: argparse.Namespace) -> Reply:
    run = restore_run(arguments.run_id, session.home.ensure())
    return Reply({"restored": run}, f"Run {run} is back.")


def _followed(session: Session, run: str, *, detach: bool) -> Reply:
    if detach:
        return Reply({"run": run, "state": "queued"}, f"Run {run} is queued.")
    return follow_to_end(session, run)


def _state(session: Session, run_id: str) -> tuple[str, RunState]:
    """Find a run, after runs that were left alone have been taken up."""
    tick(session.home.ensure())
    with Store.open(session.home.store_path) as store:
        row = store.run(run_id)
    return row.run, row.state


def _folder(session: Session, run_id: str) -> RunFolder:
    return RunFolder(session.home.runs / _state(session, run_id)[0])
