"""Bring a run to a host: its dataset by content, its own files, and last the attempt that makes it startable."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.datasets.manifest import Manifest
from engine.errors import RemoteError, UserError
from engine.executors.executor import CalledOff
from engine.executors.ssh.agent_link import AgentLink
from engine.executors.ssh.listing import listing
from engine.executors.ssh.mirror import run_folder_on_host
from engine.executors.ssh.pace import Sent
from engine.executors.ssh.packs import OutgoingFile
from engine.executors.ssh.upload import TreeEntry, build_tree, has_tree, send_files
from engine.protocol.checkpoint import is_whole, read_meta
from engine.protocol.events import Transfer
from engine.protocol.job import AttemptSpec
from engine.protocol.run_folder import RunFolder, write_record

DATA_FOLDER = "data"
TREES = ("plugin", "dataset", "artifacts")
"""Parts of a run's folder that nobody changes once it is enqueued."""


@dataclass(frozen=True, slots=True)
class Placing:
    """One run on its way to one host."""

    run: RunFolder
    link: AgentLink
    host: str
    tell: Callable[[Transfer], None]
    is_called_off: Callable[[], bool]


def place_data(placing: Placing) -> str | None:
    """Bring the dataset; give its folder below Lensmith's on the host, None for a run without one.

    Raises:
        UserError: `dataset_changed`, `dataset_unreachable`. RemoteError: the host cannot be reached or has no room.
        CalledOff: the user does not want it any more.
    """
    run = placing.run
    if not run.manifest_path.exists():
        return None
    manifest = Manifest.load(run.manifest_path)
    target = f"{DATA_FOLDER}/{manifest.version}"
    files = list(files_of(manifest, _dataset_root(run)))
    entries = [
        TreeEntry(path, file.sha256, file.size)
        for (path, _), file in zip(manifest.files(), files, strict=True)
    ]
    if not has_tree(placing.link, target, entries):
        _send(placing, "data", files)
        try:
            build_tree(placing.link, target, entries)
        except RemoteError as error:
            if error.code != "object_missing":
                raise
            _send(placing, "data", files)  # somebody has cleaned up there meanwhile
            build_tree(placing.link, target, entries)
    return target


def files_of(manifest: Manifest, root: Path) -> Iterator[OutgoingFile]:
    """The images and masks of a dataset as they lie on this machine, in the manifest's order.

    Raises:
        UserError: `image_missing`.
    """
    for name, sha256 in manifest.files():
        path = root / name
        try:
            yield OutgoingFile(path, sha256, path.stat().st_size)
        except OSError as error:
            raise UserError(
                "image_missing",
                f"The image {path} of the dataset {manifest.name} is not there.",
                "Connect its drive, or import the dataset again.",
            ) from error


def place_run(placing: Placing, placed: AttemptSpec) -> None:
    """Bring the run's own files; the worker can be started when `placed` is there, which comes last.

    Raises:
        RemoteError: the host cannot be reached or has no room. CalledOff.
    """
    run, link = placing.run, placing.link
    target = run_folder_on_host(run)
    for folder in TREES:
        if (run.path / folder).is_dir():
            _send_tree(placing, folder)
    if placed.from_checkpoint:
        _send_checkpoint(placing, placed.from_checkpoint)
    small = [run.job_path, run.resolved_path]
    small += [attempt.spec_path for attempt in run.attempts() if attempt.number < placed.attempt]
    for path in small:
        if path.exists():
            link.ask("put", path.read_bytes(), path=f"{target}/{path.relative_to(run.path).as_posix()}")
    draft = run.path / f".placed-{placed.attempt:04d}.json"
    write_record(draft, placed)
    try:
        name = run.attempt(placed.attempt).spec_path.relative_to(run.path).as_posix()
        link.ask("put", draft.read_bytes(), path=f"{target}/{name}")
    finally:
        draft.unlink(missing_ok=True)


def _send_tree(placing: Placing, folder: str) -> None:
    """Bring a folder of the run. One that is there under this name is the same: its content never changes."""
    files, entries = _files_in(placing.run.path / folder)
    target = f"{run_folder_on_host(placing.run)}/{folder}"
    if not has_tree(placing.link, target, entries):
        _send(placing, "run", files)
        placing.link.ask("remove", path=target)
        build_tree(placing.link, target, entries)


def _send_checkpoint(placing: Placing, folder: str) -> None:
    """Bring the checkpoint to go on from, unless the host has this very one: a name like `last` means many."""
    run, target = placing.run, f"{run_folder_on_host(placing.run)}/{folder}"
    files, entries = _files_in(run.path / folder)
    there = {name: sha for name, _, sha in listing(placing.link, target, hashes=True)}
    if all(there.get(entry.path) == entry.sha256 for entry in entries):
        return
    if not is_whole(run.path / folder, read_meta(run.path / folder)):
        raise UserError(
            "checkpoint_elsewhere",
            f"The checkpoint {folder} of run {run.run} is neither here nor on {placing.host}.",
            f"Bring it here first with `lensmith runs fetch {run.run}`, or resume from another one.",
        )
    _send(placing, "checkpoint", files)
    placing.link.ask("remove", path=target)
    build_tree(placing.link, target, entries, own=True)


def _files_in(folder: Path) -> tuple[list[OutgoingFile], list[TreeEntry]]:
    """A folder's files as they lie here, and under their names."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink()]
    files = [_hashed(path) for path in paths]
    names = [path.relative_to(folder).as_posix() for path in paths]
    return files, [TreeEntry(name, f.sha256, f.size) for name, f in zip(names, files, strict=True)]


def _send(placing: Placing, what: str, files: list[OutgoingFile]) -> None:
    def tell(sent: Sent) -> None:
        placing.tell(sent.as_event(placing.host, "there", what))

    if send_files(placing.link, files, progress=tell, cancelled=placing.is_called_off).cancelled:
        raise CalledOff


def _hashed(path: Path) -> OutgoingFile:
    with path.open("rb") as file:
        sha = hashlib.file_digest(file, "sha256").hexdigest()
    return OutgoingFile(path, sha, path.stat().st_size)


def _dataset_root(run: RunFolder) -> Path:
    named = run.latest_attempt().spec().placement.dataset_root
    root = Path(named or "")
    if named is None or not root.is_dir():
        raise UserError(
            "dataset_unreachable",
            f"The folder {named} of the run's dataset is not there.",
            "Connect its drive, or say where it is now: lensmith data relocate NAME FOLDER",
        )
    return root
