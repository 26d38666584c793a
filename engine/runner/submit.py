"""Put a run in the queue: freeze the plugin's source, the dataset's manifest and the configuration in its folder."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from engine.datasets.annotations import Annotations
from engine.datasets.library import Library
from engine.datasets.manifest import Manifest
from engine.errors import UserError
from engine.protocol.catalog import PluginEntry
from engine.protocol.disk import is_full
from engine.protocol.events import StateChanged
from engine.protocol.home import Home
from engine.protocol.hosts import LOCAL, HostBook, place_name, place_unknown
from engine.protocol.job import AttemptSpec, DatasetRef, JobKind, JobSpec, Placement, PluginRef
from engine.protocol.run_folder import RunFolder, write_record
from engine.runner.devices import host_resources, machine_resources
from engine.runner.frozen_weights import freeze_weights
from engine.runner.given_data import GivenData
from engine.runner.queue import tick
from engine.runner.supervision import add_supervision
from engine.store.database import Store

MODEL_FILE = "model.py"
FROM_WEIGHTS: tuple[JobKind, ...] = ("train", "profile")
"""Kinds that begin as a training does, from weights that their settings may name."""
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass(frozen=True, slots=True)
class SubmitRequest:
    """Everything about a run that is decided when it is enqueued."""

    entry: PluginEntry
    """The plugin; its `folder` is copied. A plugin of one file names that file."""
    dataset: str
    config: Mapping[str, object]
    preset: str | None = None
    name: str = ""
    resource: str | None = None
    """`cpu`, `cuda:0`, `cuda:0,cuda:1`; None takes what is free first."""
    kind: JobKind = "train"
    task_options: Mapping[str, object] = field(default_factory=dict[str, object])
    place: str = "local"
    """`local`, or `ssh:NAME`: the machine that runs it."""
    given: GivenData | None = None
    """Instead of what the library holds under that name: data looked at with a model's classes, or of no dataset."""


def submit(request: SubmitRequest, home: Home) -> str:
    """Enqueue a run and give its id. It starts as soon as its device is free.

    Raises:
        UserError: `dataset_unknown`, `task_differs`, `dataset_unreachable`, `weights_unknown`, `device_unknown`,
            `disk_full`, `home_read_only`, or one of the store's. Nothing is left of a run that was not enqueued.
    """
    home.ensure()
    wanted = wanted_device(home, request.place, request.resource)
    given = request.given
    require_same_task(request, Library(home).get(request.dataset) if given is None else given.manifest)
    run = new_run_id()
    draft = RunFolder(home.runs / f".draft-{run}")
    try:
        job = freeze_run(request, draft, run, home)
        told = add_supervision(draft.attempt(1), StateChanged(state="queued", attempt=1))
        draft.path.rename(home.runs / run)
    except OSError as error:
        raise _unwritable(error, home) from error
    finally:
        shutil.rmtree(draft.path, ignore_errors=True)
    try:
        with Store.open(home.store_path) as store, store.transaction():
            store.add_run(job)
            store.ingest(run, 1, "supervision", told)
            store.enqueue(run, 1, wanted)
    except BaseException:
        shutil.rmtree(home.runs / run, ignore_errors=True)  # nobody knows of it
        raise
    tick(home)
    return run


def freeze_run(request: SubmitRequest, folder: RunFolder, run: str, home: Home) -> JobSpec:
    """Write all that a run's first attempt needs into `folder`: plugin, dataset, weights, job and attempt.

    Raises:
        UserError: `dataset_unknown`, `dataset_unreachable`, `weights_unknown`, `disk_full`, `home_read_only`.
    """
    given = request.given or _given_by_name(Library(home), request.dataset)
    manifest, root = given.manifest, given.root
    file = _freeze_plugin(Path(request.entry.folder), folder.plugin, home)
    _freeze_dataset(given, folder)
    config = dict(request.config)
    if request.kind in FROM_WEIGHTS:
        config = freeze_weights(config, folder, home)
    job = JobSpec(
        run=run,
        kind=request.kind,
        name=request.name,
        created=datetime.now(UTC).isoformat(timespec="milliseconds"),
        task=request.entry.metadata.task_type if request.entry.metadata else manifest.task,
        plugin=PluginRef(
            id=request.entry.id,
            model=request.entry.model,
            source_hash=request.entry.source_hash,
            file=file,
        ),
        dataset=DatasetRef(name=manifest.name, version=manifest.version),
        preset=request.preset,
        config=config,
        task_options=dict(request.task_options),
    )
    write_record(folder.job_path, job)
    placement = Placement(executor=request.place, dataset_root=str(root), resource=request.resource or "cpu")
    write_record(folder.attempt(1).spec_path, AttemptSpec(attempt=1, placement=placement))
    return job


def require_same_task(request: SubmitRequest, manifest: Manifest) -> None:
    """See that the plugin is for what the dataset teaches.

    Raises:
        UserError: `task_differs`.
    """
    metadata = request.entry.metadata
    if metadata is not None and metadata.task_type != manifest.task:
        raise UserError(
            "task_differs",
            f"The plugin {metadata.name} is for {metadata.task_type}, the dataset {manifest.name} for "
            f"{manifest.task}.",
            f"Choose a plugin for {manifest.task} (`lensmith plugins list`), or another dataset.",
        )


def new_run_id() -> str:
    """Make an id that sorts by time, can be said aloud, and does not occur twice."""
    moment = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    return f"{moment}-{''.join(secrets.choice(_ALPHABET) for _ in range(4))}"


def _given_by_name(library: Library, dataset: str) -> GivenData:
    manifest = library.get(dataset)
    return GivenData(manifest, library.root(dataset), library.annotations_file(manifest))


def _freeze_dataset(given: GivenData, draft: RunFolder) -> None:
    """Put the manifest and the table of objects into the run."""
    draft.manifest_path.parent.mkdir(parents=True)
    given.manifest.save(draft.manifest_path)
    objects = given.objects
    if objects is None:
        return
    if isinstance(objects, Annotations):
        objects.save(draft.annotations_path)
        return
    try:
        draft.annotations_path.hardlink_to(objects)  # never written to again; takes no room
    except OSError:  # another disk, or one without links
        shutil.copy2(objects, draft.annotations_path)


def _freeze_plugin(source: Path, target: Path, home: Home) -> str:
    """Copy a plugin's source; give the file that is imported."""

    def copy(file: str, copied: str) -> None:
        try:
            shutil.copy2(file, copied)
        except OSError as error:  # copytree would go on, and lose what kind of error it was
            raise _unwritable(error, home) from error

    if source.is_file():
        target.mkdir(parents=True)
        shutil.copy2(source, target / source.name)
        return source.name
    shutil.copytree(
        source, target, ignore=shutil.ignore_patterns("__pycache__", "*.pyc", ".*"), copy_function=copy
    )
    return MODEL_FILE


def wanted_device(home: Home, place: str, resource: str | None) -> str | None:
    """What a run asks the queue for. One that is nowhere would be waited for without end.

    Raises:
        UserError: `device_unknown`, `host_unknown`, `executor_unknown`.
    """
    name = place_name(place)
    if place != LOCAL and not name:
        raise place_unknown(place)
    if name:
        HostBook(home).get(name)
        there = [part.rpartition("/")[2] for part in host_resources(home) if part.startswith(f"{place}/")]
    else:
        there = machine_resources()
    missing = [part for part in (resource or "cpu").split(",") if part not in (*there, "cpu")]
    if missing:
        raise UserError(
            "device_unknown",
            f"{name or 'This machine'} has no device {missing[0]!r}.",
            f"It has: {', '.join(there)}. Leave the choice to the queue, or name one of them.",
        )
    if not name:
        return resource
    return f"{place}/{resource}" if resource else place


def _unwritable(error: OSError, home: Home) -> UserError:
    if is_full(error):
        return UserError(
            "disk_full", f"The disk of {home.path} is full.", "Free some space, then start again."
        )
    return UserError(
        "home_read_only",
        f"The run cannot be written to {home.runs} ({error.strerror or error}).",
        "Make the folder writable, or set LENSMITH_HOME to another one.",
    )
