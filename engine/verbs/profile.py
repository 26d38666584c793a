"""`lensmith profile`: where the time of training steps goes, as a run of its own."""

from __future__ import annotations

import argparse

from rich.console import Group, RenderableType

from engine.config.validation import parse_assignments, resolve_config
from engine.datasets.library import Library
from engine.errors import UserError
from engine.protocol.profile import PROFILE_NAME, Profile
from engine.protocol.run_folder import RunFolder, read_record
from engine.runner.submit import SubmitRequest, submit
from engine.verbs.derived import run_to_end
from engine.verbs.reply import Parsers, Reply, Session, percent, table
from engine.verbs.train import resource_of, usable_entry

STEPS = 20
_MOST_STEPS = 1000
_NAME_LENGTH = 60


def add_parsers(parsers: Parsers, shared: argparse.ArgumentParser) -> None:
    profile = parsers.add_parser(
        "profile", parents=[shared], help="train some steps and tell where their time goes, with the remedy"
    )
    profile.add_argument("--plugin", required=True, help="see `lensmith plugins list`")
    profile.add_argument("--data", required=True, help="see `lensmith data list`")
    profile.add_argument("--preset", default=None, help="easy, medium or advanced")
    profile.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        dest="assignments",
        help="a setting; see `plugins schema`",
    )
    profile.add_argument("--steps", type=int, default=STEPS, help="steps that are timed (20)")
    profile.add_argument("--name", default="", help="a name for people")
    profile.add_argument(
        "--gpus", default=None, metavar="N", help="which GPU; default: the first free device"
    )
    profile.add_argument("--on", default="local", metavar="PLACE", help="local, or ssh:NAME of `hosts list`")
    profile.set_defaults(run=profile_training)


def profile_training(session: Session, arguments: argparse.Namespace) -> Reply:
    """Enqueue the run, follow it to its end, and show its table."""
    if not 1 <= arguments.steps <= _MOST_STEPS:
        raise UserError(
            "steps_invalid", f"--steps takes 1 to {_MOST_STEPS}, not {arguments.steps}.", "20 are enough."
        )
    home = session.home.ensure()
    entry = usable_entry(session, arguments.plugin)
    manifest = Library(home).get(arguments.data)
    assert entry.config_schema is not None  # a usable entry has one
    config = resolve_config(
        entry.config_schema, parse_assignments(arguments.assignments), preset=arguments.preset
    )
    request = SubmitRequest(
        entry=entry,
        dataset=manifest.name,
        config=config,
        preset=arguments.preset,
        name=arguments.name or f"profile {arguments.plugin}",
        resource=resource_of(arguments.gpus),
        kind="profile",
        task_options={"steps": arguments.steps},
        place=arguments.on,
    )
    folder = run_to_end(session, submit(request, home))
    found = read_profile(folder)
    if found is None:
        raise UserError(
            "profile_missing",
            f"Run {folder.run} was ended before it had measured anything.",
            "Start it again, and let it end by itself.",
        )
    data = {"run": folder.run, "folder": str(folder.profile), "profile": found.model_dump(mode="json")}
    return Reply(data, Group(*profile_tables(found), f"\n{folder.profile}"))


def read_profile(folder: RunFolder) -> Profile | None:
    """Read what a profile run has found; None for other runs, and before that."""
    path = folder.profile / PROFILE_NAME
    return read_record(path, Profile) if path.is_file() else None


def profile_tables(found: Profile) -> list[RenderableType]:
    """Lay out the parts of the time and the operators."""
    how = ", ".join(part for part in (found.device, found.precision) if part)
    title = (
        f"{found.steps} steps with a batch of {found.batch_size} ({how}): {found.images_per_s:.1f} images/s"
    )
    rows = [(row.name, f"{row.seconds:.2f} s", percent(row.share), row.remedy) for row in found.rows]
    parts: list[RenderableType] = [title, "", table(("Part", "Time", "Share", "What to do"), rows)]
    if found.operators:
        operators = [
            (one.name[:_NAME_LENGTH], one.calls, f"{one.seconds:.2f} s", percent(one.share))
            for one in found.operators
        ]
        parts += ["", table(("Operator", "Calls", "Own time", "Share"), operators)]
    if found.trace:
        parts += ["", f"The trace of {found.traced_steps} steps ({found.trace}) opens in ui.perfetto.dev."]
    return [*parts, *found.notes]
