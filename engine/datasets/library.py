"""The user's datasets: indexed in place, every version's manifest kept, roots on this machine beside them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from engine.config.problems import nearest
from engine.datasets.archive import extract_zip
from engine.datasets.formats.registry import layout_names, read_layout
from engine.datasets.hashing import HashMemory, Progress, no_progress
from engine.datasets.importing import make_manifest
from engine.datasets.manifest import Item, Manifest
from engine.datasets.split import TEST, VAL, divide
from engine.errors import UserError
from engine.protocol.disk import write_error
from engine.protocol.home import Home
from engine.protocol.job import Frozen
from engine.protocol.operating_system import wait_for_lock
from engine.protocol.run_folder import read_record, write_record

TASKS = ("classification",)
_RECORD = "dataset.json"
_FILES = "files"
_SAFE = " ()[]+,="
_LONGEST_NAME = 100
_LOCK_TIMEOUT_S = 600.0
_CHECKED_ON_RELOCATION = 20


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How a dataset is imported."""

    format: str = "auto"
    task: str | None = None
    """None takes what the layout says."""
    copy: bool = False
    """Copy the images into the user's folder instead of indexing them where they are."""


class DatasetRecord(Frozen):
    """dataset.json: the present version, and where its files lie on this machine."""

    name: str
    version: str
    root: str
    source: str
    """What was imported: the folder, zip or table."""
    format: str


class Library:
    """The datasets in HOME/datasets."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def import_dataset(
        self,
        path: Path,
        *,
        name: str | None = None,
        options: ImportOptions | None = None,
        progress: Progress = no_progress,
    ) -> Manifest:
        """Index a folder, a zip of one, or a table; the same source again makes the next version.

        Raises:
            UserError: `path_missing`, `not_a_dataset`, `dataset_exists`, or what reading it raises. Nothing is
                left of an import that failed.
        """
        options = options or ImportOptions()
        source = path.expanduser().absolute()
        _require_source(source)
        _require_options(options)
        name = _name_of(source, name)
        folder = self._folder(name)
        with self._locked():
            self._require_free(name, source)
            draft = folder.with_name(f".draft-{os.getpid()}-{folder.name}")
            try:
                root, files = self._prepare(source, draft, options, progress)
                found = read_layout(files if files.is_file() else root, options.format)
                memory = HashMemory(self._home.cache / "hashes.json")
                manifest = make_manifest(found, root, name, memory, progress)
                memory.save()
                if root.is_relative_to(draft):
                    shutil.rmtree(folder / _FILES, ignore_errors=True)
                    folder.mkdir(parents=True, exist_ok=True)
                    root = root.rename(folder / _FILES)
                self._save(manifest, root, source)
            except OSError as error:
                raise write_error(error, folder) from error
            finally:
                shutil.rmtree(draft, ignore_errors=True)
        return manifest

    def list(self) -> list[Manifest]:
        """All datasets by name; one whose manifest is damaged is left out."""
        folder = self._home.datasets
        manifests: list[Manifest] = []
        for entry in sorted(folder.iterdir()) if folder.is_dir() else []:
            if (entry / _RECORD).is_file():
                try:
                    manifests.append(self._current(entry))
                except UserError:
                    continue
        return manifests

    def get(self, name: str, version: str | None = None) -> Manifest:
        """Give a dataset's present version, or an earlier one by its hash.

        Raises:
            UserError: `dataset_unknown` with the nearest name, `manifest_damaged`.
        """
        folder = self._existing(name)
        if version is None:
            return self._current(folder)
        return Manifest.load(_manifest_path(folder, version))

    def root(self, name: str) -> Path:
        """Where a dataset's files lie on this machine.

        Raises:
            UserError: `dataset_unknown`, `dataset_unreachable`.
        """
        record = read_record(self._existing(name) / _RECORD, DatasetRecord)
        root = Path(record.root)
        if not root.is_dir():
            raise UserError(
                "dataset_unreachable",
                f"The folder {root} of the dataset {name} is not there.",
                f"Connect its drive, or say where it is now: lensmith data relocate {name} FOLDER",
            )
        return root

    def resplit(self, name: str, *, val: float, test: float, seed: int) -> Manifest:
        """Divide a dataset anew; a new version of it.

        Raises:
            UserError: `share_invalid`.
        """
        if not (0 <= val < 1 and 0 <= test < 1 and val + test < 1):
            raise UserError(
                "share_invalid",
                f"The shares {val:g} for validation and {test:g} for test leave nothing to train on.",
                "Give shares from 0 to 1 whose sum is below 1, such as --val 0.2 --test 0.1.",
            )
        with self._locked():
            record = read_record(self._existing(name) / _RECORD, DatasetRecord)
            manifest = divide(self.get(name), {VAL: val, TEST: test}, seed)
            self._save(manifest, Path(record.root), Path(record.source))
        return manifest

    def relocate(self, name: str, path: Path) -> None:
        """Say where a dataset's files are now.

        Raises:
            UserError: `dataset_differs` when the content there is another.
        """
        root = path.expanduser().absolute()
        with self._locked():
            manifest = self.get(name)
            _require_same(manifest, root)
            self._save(manifest, root, root)

    def delete(self, name: str) -> None:
        """Forget a dataset; images outside HOME are not touched."""
        with self._locked():
            shutil.rmtree(self._existing(name))

    def _prepare(
        self, source: Path, draft: Path, options: ImportOptions, progress: Progress
    ) -> tuple[Path, Path]:
        """Give the root that paths are relative to, and what the layout is read from."""
        if source.suffix.lower() == ".zip":
            extract_zip(source, draft, progress)
            return draft, draft
        root = source.parent if source.is_file() else source
        if not options.copy:
            return root, source
        shutil.copytree(root, draft)
        return draft, draft / source.name if source.is_file() else draft

    def _save(self, manifest: Manifest, root: Path, source: Path) -> None:
        folder = self._folder(manifest.name)
        manifest.save(_manifest_path(folder, manifest.version))
        record = DatasetRecord(
            name=manifest.name,
            version=manifest.version,
            root=str(root),
            source=str(source),
            format=manifest.format,
        )
        write_record(folder / _RECORD, record)

    def _current(self, folder: Path) -> Manifest:
        record = read_record(folder / _RECORD, DatasetRecord)
        return Manifest.load(_manifest_path(folder, record.version))

    def _require_free(self, name: str, source: Path) -> None:
        path = self._folder(name) / _RECORD
        if path.is_file() and read_record(path, DatasetRecord).source != str(source):
            raise UserError(
                "dataset_exists",
                f"There is a dataset named {name} already, from {read_record(path, DatasetRecord).source}.",
                "Give this one another name with --name.",
            )

    def _folder(self, name: str) -> Path:
        return self._home.datasets / quote(name, safe=_SAFE)

    def _existing(self, name: str) -> Path:
        folder = self._folder(name)
        if name and (folder / _RECORD).is_file():
            return folder
        known = [manifest.name for manifest in self.list()]
        close = nearest(name, known)
        hint = f"Did you mean {close}?" if close else f"There are: {', '.join(known) or 'none yet'}."
        raise UserError(
            "dataset_unknown",
            f"There is no dataset named {name!r}.",
            f"{hint} Import one with `lensmith data import FOLDER`.",
        )

    @contextmanager
    def _locked(self) -> Generator[None]:
        """One writer of the library at a time."""
        self._home.ensure()
        lock = wait_for_lock(self._home.datasets / ".lock", timeout_s=_LOCK_TIMEOUT_S)
        if lock is None:
            raise UserError(
                "library_busy", "Another import has been at work for long.", "Wait for it, then try again."
            )
        try:
            yield
        finally:
            lock.release()


def _manifest_path(folder: Path, version: str) -> Path:
    return folder / "versions" / f"{version}.json"


def _require_source(source: Path) -> None:
    if not source.exists():
        raise UserError("path_missing", f"There is no {source}.", "Check the path.")
    if source.is_file() and source.suffix.lower() not in (".zip", ".csv", ".tsv"):
        raise UserError(
            "not_a_dataset",
            f"{source} is a file; a dataset is a folder, a zip of one, or a table of labels beside its images.",
            "Give the folder that holds the images.",
        )


def _require_options(options: ImportOptions) -> None:
    if options.task is not None and options.task not in TASKS:
        raise UserError(
            "task_unknown",
            f"This version of Lensmith imports no dataset for {options.task!r}.",
            f"It imports: {', '.join(TASKS)}.",
        )
    if options.format not in ("auto", *layout_names()):
        raise UserError(
            "format_unknown",
            f"There is no dataset format {options.format!r}.",
            f"There are: auto, {', '.join(layout_names())}.",
        )


def _name_of(source: Path, given: str | None) -> str:
    name = (given if given is not None else source.stem if source.is_file() else source.name).strip()
    if source.is_file() and source.suffix.lower() in (".csv", ".tsv") and given is None:
        name = source.parent.name
    if not name or len(name) > _LONGEST_NAME or name.startswith("."):
        raise UserError(
            "name_invalid",
            f"{name!r} cannot be the name of a dataset.",
            f"Give one of 1 to {_LONGEST_NAME} characters with --name, not beginning with a dot.",
        )
    return name


def _require_same(manifest: Manifest, root: Path) -> None:
    """See that a folder holds the dataset: every file is there, and some of them have the same bytes."""
    missing = next((item for item in manifest.items if not (root / item.path).is_file()), None)
    changed: Item | None = None
    if missing is None:
        step = max(1, len(manifest.items) // _CHECKED_ON_RELOCATION)
        checked = manifest.items[::step]
        hashes = HashMemory(None).hash_all([root / item.path for item in checked])
        changed = next((item for item, sha in zip(checked, hashes, strict=True) if item.sha256 != sha), None)
    if missing is not None or changed is not None:
        what = (
            f"lacks {missing.path}"
            if missing is not None
            else f"has another {changed.path if changed else ''}"
        )
        raise UserError(
            "dataset_differs",
            f"{root} is not the dataset {manifest.name}: it {what}.",
            "Give the folder that the dataset was moved to, or import this one under another name.",
        )
