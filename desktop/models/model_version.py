"""What can be registered of a run as a model version: its checkpoints, and the files that were exported of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from desktop.models.result_checkpoints import CheckpointFact, checkpoints_of
from desktop.models.run_words import run_title
from engine.config.features import feature_status
from engine.errors import UserError
from engine.protocol.home import Home
from engine.runner.lineage_tags import exports_of
from engine.runner.tracking_settings import read_tracking_settings
from engine.store.database import Store

NO_ALIAS = ""
ALIASES: tuple[tuple[str, str], ...] = (
    (NO_ALIAS, "None"),
    ("candidate", "candidate"),
    ("champion", "champion"),
    ("archived", "archived"),
)
"""Key and title."""
ALIAS_WORDS: Mapping[str, str] = {
    NO_ALIAS: "The version is known by its number only.",
    "candidate": "To be looked at before it is used. The alias moves here from the version that has it now.",
    "champion": "The one that is used. The alias moves here from the version that has it now.",
    "archived": "Kept, and not used any more. A tag: any number of versions may have it.",
}
CHECKPOINT = "checkpoint"
"""Registered is the checkpoint itself, not an export."""


@dataclass(frozen=True, slots=True)
class Registrable:
    """What the sheet offers."""

    run: str
    title: str
    checkpoints: tuple[CheckpointFact, ...]
    """The best first."""
    exports: Mapping[str, tuple[str, ...]]
    """By checkpoint: formats of its exports that are still there."""
    name: str
    """What the model may be called."""
    obstacle: str = ""
    """Why nothing can be registered at all, as a sentence; empty where it can."""

    def forms(self, checkpoint: str) -> list[tuple[str, str]]:
        """Key and title of what can be registered of a checkpoint."""
        formats = self.exports.get(checkpoint, ())
        return [(CHECKPOINT, "Checkpoint"), *((name, f"{name.upper()} file") for name in formats)]


def registrable(home: Home, run: str) -> Registrable:
    """Read what can be registered of a training. Reads the disk: never in the GUI's thread.

    Raises:
        UserError: `run_unknown`, or `checkpoint_unknown` when it has no checkpoint here.
    """
    with Store.open(home.store_path) as store:
        row = store.run(run)
    checkpoints = checkpoints_of(home, row.run)
    if not checkpoints:
        raise UserError(
            "checkpoint_unknown",
            f"{run_title(row)} has no checkpoint on this machine.",
            "Wait for the end of its first epoch, or bring a checkpoint home on the Train page.",
        )
    exports = {
        fact.name: tuple(dict.fromkeys(e.format for e in exports_of(home, row.run, fact.name)))
        for fact in checkpoints
    }
    name = row.dataset or row.model or row.plugin
    return Registrable(row.run, run_title(row), checkpoints, exports, name, _obstacle(home))


def register_arguments(run: str, told: Mapping[str, str]) -> list[str]:
    """The command that registers what the sheet was told: name, checkpoint, form, alias, notes."""
    arguments = ["register", run, f"--name={told['name']}", f"--checkpoint={told['checkpoint']}"]
    if told["form"] != CHECKPOINT:
        arguments.append(f"--export={told['form']}")
    arguments += [f"--{key}={told[key].strip()}" for key in ("alias", "notes") if told[key].strip()]
    return arguments


def made_sentence(document: object) -> str:
    """Say what the registry made: `pets, version 3, in place of version 2`."""
    made = cast("dict[str, object]", document)
    told = f"{made.get('name')}, version {made.get('version')}"
    aliases = cast("list[str]", made.get("aliases") or [])
    if aliases:
        told += f", is now the {aliases[0]}"
    before = made.get("moved_from")
    return told + (f" in place of version {before}" if before is not None else "")


def _obstacle(home: Home) -> str:
    if read_tracking_settings(home) is None:
        return "Tracking with MLflow is off, and model versions are kept in MLflow's registry. Switch it on first."
    status = feature_status("tracking")
    return "" if status.available else f"{status.reason} {status.install}"
