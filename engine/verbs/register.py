"""`lensmith register` and `lensmith versions`: runs as model versions in MLflow's registry."""

from __future__ import annotations

import argparse

from engine.runner.model_versions import ALIASES, ModelVersion, VersionWish, list_versions, register_version
from engine.verbs.reply import Parsers, Reply, Session, table

_HOW = "MLflow's stages are deprecated: aliases and tags say the same"


def add_parsers(parsers: Parsers, shared: argparse.ArgumentParser) -> None:
    register = parsers.add_parser(
        "register", parents=[shared], help="make a run a model version in MLflow's registry"
    )
    register.add_argument("run_id", metavar="RUN", help="id, beginning of an id, or name")
    register.add_argument(
        "--name", required=True, help="of the model; its versions are numbered by the registry"
    )
    register.add_argument("--checkpoint", default=None, help="best (default), last, epoch-0010 …")
    register.add_argument(
        "--export",
        default=None,
        metavar="FORMAT",
        help="register the newest export of the checkpoint, such as onnx",
    )
    register.add_argument("--alias", default="", help=f"{', '.join(ALIASES)}, or any word. {_HOW}")
    register.add_argument("--notes", default="", metavar="TEXT", help="what people should know of it")
    register.set_defaults(run=register_run)
    versions = parsers.add_parser(
        "versions", parents=[shared], help="list the model versions of MLflow's registry"
    )
    versions.add_argument("--name", default=None, help="of one model; without it all")
    versions.set_defaults(run=show_versions)


def register_run(session: Session, arguments: argparse.Namespace) -> Reply:
    wish = VersionWish(
        arguments.run_id,
        arguments.name,
        arguments.checkpoint,
        arguments.export,
        arguments.alias,
        arguments.notes,
    )
    made = register_version(session.home, wish)
    told = f"{made.name}, version {made.version}"
    if made.aliases:
        told += f", is now the {made.aliases[0]}"
        if made.moved_from is not None:
            told += f" in place of version {made.moved_from}"
    elif made.stage:
        told += f", is {made.stage}"
    return Reply(version_data(made), f"{told}.\n{made.source}")


def show_versions(session: Session, arguments: argparse.Namespace) -> Reply:
    found = list_versions(session.home, arguments.name)
    rows = [
        (
            made.name,
            made.version,
            ", ".join([*made.aliases, *([made.stage] if made.stage else [])]) or None,
            made.tags.get("run"),
            made.tags.get("checkpoint"),
            made.notes or None,
        )
        for made in found
    ]
    text = table(("Model", "Version", "Alias", "Run", "Checkpoint", "Notes"), rows)
    return Reply([version_data(made) for made in found], text if rows else "There is no model version yet.")


def version_data(made: ModelVersion) -> dict[str, object]:
    """A version as the JSON object that programs read."""
    return {
        "name": made.name,
        "version": made.version,
        "aliases": list(made.aliases),
        "stage": made.stage,
        "notes": made.notes,
        "source": made.source,
        "tags": dict(made.tags),
        "moved_from": made.moved_from,
    }
