"""Model versions in MLflow's registry: a checkpoint of a run, or an export of it, under a name with a number.

MLflow's own stages are deprecated; aliases say the same and move from version to version. `archived` may be said of any
number of versions, so it is a tag.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, cast

from engine.config.features import require_feature
from engine.errors import UserError
from engine.protocol.checkpoint import META_NAME, PLUGIN_CHECKPOINT, WEIGHTS_NAME, read_meta
from engine.protocol.home import Home
from engine.protocol.job import ACTIVE_STATES
from engine.protocol.run_folder import RunFolder
from engine.runner.derived import checkpoint_in
from engine.runner.lineage_tags import PREFIX, exports_of, lineage_tags
from engine.runner.mlflow_run import MlflowRun, alone, open_client
from engine.runner.tracking import failure_words
from engine.runner.tracking_settings import TrackingSettings, read_tracking_settings, without_credentials
from engine.store.database import Store

ARCHIVED = "archived"
ALIASES = ("candidate", "champion", ARCHIVED)
"""Those that are offered; any other may be given."""
_STAGE = f"{PREFIX}stage"
_ALIAS = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,99}")
_RESERVED = re.compile(r"latest|v\d+", re.IGNORECASE)
_LONGEST_NAME = 200
_LONGEST_NOTES = 4_000
_FILES = (WEIGHTS_NAME, PLUGIN_CHECKPOINT, META_NAME)
_PATIENCE_S = 60
_STATUS = {"completed": "FINISHED", "failed": "FAILED"}
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class VersionWish:
    """What shall be registered."""

    run: str
    """Id, unique beginning or name."""
    name: str
    """Of the registered model."""
    checkpoint: str | None = None
    """None takes the best, else the last."""
    export: str | None = None
    """Format of an export of the checkpoint, which is registered in its place."""
    alias: str = ""
    notes: str = ""


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """One version of a registered model."""

    name: str
    version: int
    """Given by the registry."""
    aliases: tuple[str, ...] = ()
    stage: str = ""
    """`archived`, or empty."""
    notes: str = ""
    source: str = ""
    """Where its files lie."""
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    """Its lineage, without the prefix."""
    moved_from: int | None = None
    """The version that had the alias before."""


def register_version(home: Home, wish: VersionWish) -> ModelVersion:
    """Register a checkpoint or an export. Loads MLflow, which takes seconds.

    Raises:
        UserError: `tracking_off`, `feature_missing`, `model_name_invalid`, `model_alias_invalid`, `export_unknown`,
            `registry_failed`, or one of `checkpoint_in`.
    """
    settings = _settings(home)
    name, alias = _sound_name(wish.name), _sound_alias(wish.alias)
    with Store.open(home.store_path) as store:
        row = store.run(wish.run)
    folder = RunFolder(home.runs / row.run)
    checkpoint = checkpoint_in(folder, wish.checkpoint)
    meta = read_meta(checkpoint)
    tags = lineage_tags(home, folder, checkpoint.name, meta)
    files = _files(home, row.run, checkpoint, wish.export)
    if wish.export is not None:
        tags[f"{PREFIX}export"] = wish.export
    if alias == ARCHIVED:
        tags[_STAGE] = ARCHIVED
    digest = tags.get(f"{PREFIX}weights_sha256", "")[:12]
    place = "/".join(["versions", "-".join(part for part in (checkpoint.name, digest, wish.export) if part)])

    def work() -> ModelVersion:
        run = MlflowRun(folder, settings)
        if row.state not in ACTIVE_STATES and run.client.get_run(run.run_id).info.status == "RUNNING":
            run.client.set_terminated(run.run_id, _STATUS.get(row.state, "KILLED"))
        for path, below in files:
            run.client.log_artifact(run.run_id, str(path), f"{place}/{below}".rstrip("/"))
        source = f"{run.client.get_run(run.run_id).info.artifact_uri}/{place}"
        _ensure_model(run.client, name, meta.task)
        made = run.client.create_model_version(
            name,
            source=source,
            run_id=run.run_id,
            tags=tags,
            description=wish.notes.strip()[:_LONGEST_NOTES] or None,
            await_creation_for=_PATIENCE_S,
        )
        before = _give_alias(run.client, name, int(made.version), alias)
        aliases = (alias,) if alias and alias != ARCHIVED else ()
        return _version(made, {made.version: aliases}, settings, before)

    return _asked(work, settings)


def list_versions(home: Home, name: str | None = None) -> list[ModelVersion]:
    """List the versions of one model, or of all, the newest first. Loads MLflow, which takes seconds.

    Raises:
        UserError: `tracking_off`, `feature_missing` or `registry_failed`.
    """
    settings = _settings(home)

    def work() -> list[ModelVersion]:
        with alone(settings):
            client = open_client(settings)
        models = [model for model in _every(client.search_registered_models) if name in (None, model.name)]
        found: list[ModelVersion] = []
        for model in models:
            aliases: dict[int, list[str]] = {}
            for alias, version in cast("dict[str, Any]", model.aliases).items():
                aliases.setdefault(int(version), []).append(alias)
            versions = _every(client.search_model_versions, filter_string=f"name = '{_quoted(model.name)}'")
            found += [_version(made, aliases, settings) for made in versions]
        return sorted(found, key=lambda entry: (entry.name, -entry.version))

    return _asked(work, settings)


def _settings(home: Home) -> TrackingSettings:
    settings = read_tracking_settings(home)
    if settings is None:
        raise UserError(
            "tracking_off",
            "Tracking with MLflow is off, and model versions are kept in MLflow's registry.",
            "Switch on “Track runs with MLflow” under Settings, Tracking, then register the model again.",
        )
    require_feature("tracking")
    return settings


def _sound_name(name: str) -> str:
    name = name.strip()
    if (
        not name
        or len(name) > _LONGEST_NAME
        or any(letter in name for letter in "/:'\"\\")
        or not name.isprintable()
    ):
        raise UserError(
            "model_name_invalid",
            f"A model cannot be called “{name[:_LONGEST_NAME]}”.",
            f"Take 1 to {_LONGEST_NAME} letters, without slash, colon, quotes and line breaks.",
        )
    return name


def _sound_alias(alias: str) -> str:
    alias = alias.strip()
    if alias and (not _ALIAS.fullmatch(alias) or _RESERVED.fullmatch(alias)):
        raise UserError(
            "model_alias_invalid",
            f"“{alias}” cannot be an alias of a version.",
            "Take a word of letters, digits, - and _, such as candidate or champion; not latest, nor v1.",
        )
    return alias


def _files(home: Home, run: str, checkpoint: Path, export: str | None) -> Sequence[tuple[Path, str]]:
    """The files of a version, and in which folder below it each lies."""
    if export is None:
        there = [(checkpoint / name, name.rpartition("/")[0]) for name in _FILES]
        return [(path, below) for path, below in there if path.is_file()]
    written = exports_of(home, run, checkpoint.name)
    found = [entry for entry in written if entry.format == export]
    if not found:
        known = ", ".join(sorted({entry.format for entry in written}))
        raise UserError(
            "export_unknown",
            f"The checkpoint {checkpoint.name} of run {run} has no export in the format {export}.",
            f"It was exported as: {known}."
            if known
            else "Export it first, or register the checkpoint itself.",
        )
    # Weights that were too large for one file lie beside it.
    beside = sorted(path for path in found[-1].path.parent.iterdir() if path.is_file())
    return [(path, "") for path in beside]


def _ensure_model(client: Any, name: str, task: str) -> None:
    """Another process may make it at the same instant: then it is there all the same."""
    try:
        client.create_registered_model(name, tags={f"{PREFIX}task": task})
    except Exception as error:
        if getattr(error, "error_code", "") != "RESOURCE_ALREADY_EXISTS":
            raise


def _give_alias(client: Any, name: str, version: int, alias: str) -> int | None:
    """Give an alias to a version; tell which had it before."""
    if not alias or alias == ARCHIVED:
        return None
    before = cast("dict[str, Any]", client.get_registered_model(name).aliases).get(alias)
    client.set_registered_model_alias(name, alias, str(version))
    return None if before is None else int(before)


def _version(
    made: Any, aliases: Mapping[Any, Sequence[str]], settings: TrackingSettings, before: int | None = None
) -> ModelVersion:
    told = cast("dict[str, str]", made.tags or {})
    version = int(made.version)
    return ModelVersion(
        name=str(made.name),
        version=version,
        aliases=tuple(sorted(aliases.get(version, ()))),
        stage=told.get(_STAGE, ""),
        notes=str(made.description or ""),
        source=without_credentials(str(made.source), settings),
        tags={
            key.removeprefix(PREFIX): value
            for key, value in sorted(told.items())
            if key.startswith(PREFIX) and key != _STAGE
        },
        moved_from=before,
    )


def _every(search: Callable[..., Any], **options: object) -> list[Any]:
    """All pages of an answer."""
    found: list[Any] = []
    token: str | None = None
    while True:
        page = search(**options, page_token=token)
        found += list(page)
        token = page.token
        if not token:
            return found


def _quoted(text: str) -> str:
    return text.replace("'", "\\'")


def _asked(work: Callable[[], Answer], settings: TrackingSettings) -> Answer:
    try:
        return work()
    except UserError:
        raise
    except Exception as error:
        raise UserError(
            "registry_failed",
            f"MLflow's registry did not do it: {failure_words(error, settings)}.",
            "Check the address under Settings, Tracking, and whether its server keeps a registry, then try again.",
        ) from error
