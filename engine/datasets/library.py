"""The user's datasets: indexed in place, every version's manifest kept, roots on this machine beside them."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from engine.config.problems import nearest
from engine.datasets.annotations import Annotations, load_annotations
from engine.datasets.archive import extract_zip
from engine.datasets.dataset_folder import DatasetFolder, Step, dataset_name, folder_name
from engine.datasets.drawn_masks import with_drawn_masks
from engine.datasets.formats.registry import layout_names, read_layout, tasks
from engine.datasets.hashing import HashMemory, Progress, no_progress
from engine.datasets.importing import Imported, copy_files, for_tests, make_dataset
from engine.datasets.manifest import Manifest
from engine.datasets.source import is_archive, named, require_text, source_at
from engine.datasets.split import TEST, TRAIN, VAL, divide
from engine.errors import UserError
from engine.protocol.disk import write_error
from engine.protocol.home import Home
from engine.protocol.operating_system import try_lock, wait_for_lock

TASKS = tuple(tasks())
_LOCK_TIMEOUT_S = 3600.0
_CHECKED_ON_RELOCATION = 20


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How a dataset is imported."""

    format: str = "auto"
    task: str | None = None
    """None takes what the layout says."""
    copy: bool = False
    """Copy the images into the user's folder instead of indexing them where they are."""
    is_test_only: bool | None = None
    """Take all images for tests, whatever the folders say; None does as the import before, at first not."""


@dataclass(frozen=True, slots=True)
class _Import:
    """One import under way."""

    name: str
    source: Path
    draft: Path
    """Where files that Lensmith keeps are gathered."""
    options: ImportOptions
    progress: Progress


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
        source = source_at(path)
        _require_options(options)
        name = dataset_name(source, name)
        folder = self._folder(name)
        with self._locked(name, progress):
            _require_free(folder, name, source)
            options = replace(options, is_test_only=_is_for_tests(folder, options))
            draft = self._home.datasets / f".draft-{folder.path.name}"
            try:
                shutil.rmtree(draft, ignore_errors=True)  # of an import that was killed
                made, root = self._read(_Import(name, source, draft, options, progress))
                if root == draft:
                    root = folder.keep(draft, made.manifest)
                progress(0, 0, "Saving")
                folder.save(made.manifest, root, source, made.annotations, is_test_only=options.is_test_only)
            except OSError as error:
                raise write_error(error, folder.path) from error
            finally:
                shutil.rmtree(draft, ignore_errors=True)
        return made.manifest

    def list(self) -> list[Manifest]:
        """All datasets by name; one whose manifest is damaged is left out."""
        place = self._home.datasets
        manifests: list[Manifest] = []
        for entry in sorted(place.iterdir()) if place.is_dir() else []:
            folder = DatasetFolder(entry)
            if not entry.name.startswith(".") and folder.exists():
                try:
                    manifests.append(folder.manifest())
                except UserError:
                    continue
        return manifests

    def get(self, name: str, version: str | None = None) -> Manifest:
        """Give a dataset's present version, or an earlier one by its hash.

        Raises:
            UserError: `dataset_unknown` with the nearest name, `version_unknown`, `manifest_damaged`.
        """
        return self._existing(name).manifest(version)

    def imported_from(self, source: Path) -> str | None:
        """Give the name of the dataset that was imported from a folder, zip or table; None where there is none."""
        wanted = str(source_at(source))
        for manifest in self.list():
            if self._existing(manifest.name).record().source == wanted:
                return manifest.name
        return None

    def history(self, name: str) -> tuple[Step, ...]:
        """Give a dataset's versions from the first on; the last is the present one.

        Raises:
            UserError: `dataset_unknown`, `dataset_damaged`.
        """
        return self._existing(name).history()

    def root(self, name: str, version: str | None = None) -> Path:
        """Where the files of a dataset's present version, or of another one, lie on this machine.

        Raises:
            UserError: `dataset_unknown`, `dataset_unreachable`.
        """
        record = self._existing(name).record()
        root = Path(record.roots.get(version or record.version, record.root))
        if not root.is_dir():
            raise UserError(
                "dataset_unreachable",
                f"The folder {root} of the dataset {name} is not there.",
                f"Connect its drive, or say where it is now: lensmith data relocate {name} FOLDER",
            )
        return root

    def annotations_file(self, manifest: Manifest) -> Path | None:
        """Where the objects of a dataset's version are written; None when it has none.

        Raises:
            UserError: `dataset_unknown`.
        """
        return self._existing(manifest.name).annotations_path(manifest)

    def annotations(self, manifest: Manifest) -> Annotations | None:
        """Read the objects of a dataset's version; None when it has none.

        Raises:
            UserError: `dataset_unknown`, `annotations_damaged`.
        """
        file = self.annotations_file(manifest)
        return load_annotations(file) if file is not None else None

    def resplit(self, name: str, *, val: float, test: float, seed: int, replace: bool = False) -> Manifest:
        """Divide a dataset anew; a new version of it.

        Args:
            name: of the dataset.
            val: share of images for validation.
            test: share of images for test.
            seed: equal seeds divide equally.
            replace: divide also what has splits already: its test images may come to be trained on.

        Raises:
            UserError: `share_invalid`, `split_exists`.
        """
        if not (0 <= val < 1 and 0 <= test < 1 and val + test < 1):
            raise UserError(
                "share_invalid",
                f"The shares {val:g} for validation and {test:g} for test leave nothing to train on.",
                "Give shares from 0 to 1 whose sum is below 1, such as --val 0.2 --test 0.1.",
            )
        folder = self._existing(name)
        with self._locked(name):
            record = folder.record()
            manifest = folder.manifest()
            if not replace:
                _require_undivided(manifest)
            manifest = divide(manifest, {VAL: val, TEST: test}, seed)
            folder.save(manifest, Path(record.root), Path(record.source))
        return manifest

    def relocate(self, name: str, path: Path) -> None:
        """Say where a dataset's files are now.

        Raises:
            UserError: `path_missing`; `dataset_differs` when the content there is another.
        """
        root = path.expanduser().absolute()
        require_text(root)
        if not root.is_dir():
            raise UserError("path_missing", f"There is no folder {root}.", "Check the path.")
        folder = self._existing(name)
        with self._locked(name):
            _require_same(folder.manifest(), root)
            folder.move(root)

    def keeps_files(self, name: str) -> bool:
        """Say whether Lensmith itself holds the images (of a zip, or copied), so that deleting removes them."""
        folder = self._existing(name)
        return Path(folder.record().root).is_relative_to(folder.path)

    def delete(self, name: str) -> None:
        """Forget a dataset; images outside HOME are not touched."""
        folder = self._existing(name)
        with self._locked(name):
            gone = folder.path.with_name(f".deleted-{folder.path.name}")
            shutil.rmtree(gone, ignore_errors=True)
            try:
                folder.path.rename(gone)  # at once, so that no half of it stays known
            except OSError as error:
                raise write_error(error, folder.path) from error
            shutil.rmtree(gone, ignore_errors=True)

    def discard_drafts(self) -> None:
        """Remove what imports have left behind that were killed; those under way are not touched."""
        for draft in self._home.datasets.glob(".draft-*"):
            lock = try_lock(self._home.datasets / ".locks" / f"{draft.name.removeprefix('.draft-')}.lock")
            if lock is not None:
                shutil.rmtree(draft, ignore_errors=True)
                lock.release()

    def _read(self, task: _Import) -> tuple[Imported, Path]:
        """Give the dataset, and the root its paths are relative to: the draft, where Lensmith keeps the files."""
        source, draft = task.source, task.draft
        memory = HashMemory(self._home.cache / "hashes.json")
        with named(source, draft):
            if is_archive(source):
                extract_zip(source, draft, task.progress)
                target = root = draft
            else:
                target, root = source, source.parent if source.is_file() else source
            found = read_layout(target, task.options.format, task.options.task, task.progress)
            if task.options.is_test_only:
                found = for_tests(found)
            if found.draw is not None:
                found = with_drawn_masks(found, root, draft, task.progress)
                root = draft
            made = make_dataset(found, root, task.name, memory, task.progress)
        memory.save()
        if task.options.copy and root != draft:
            files = [root / path for path, _ in made.manifest.files()] + found.tables
            copy_files(list(dict.fromkeys(files)), root, draft, task.progress)
            root = draft
        return made, root

    def _folder(self, name: str) -> DatasetFolder:
        return DatasetFolder(self._home.datasets / folder_name(name))

    def _existing(self, name: str) -> DatasetFolder:
        folder = self._folder(name)
        if name and folder.exists():
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
    def _locked(self, name: str, progress: Progress = no_progress) -> Generator[None]:
        """One writer of a dataset at a time; others are not held up."""
        self._home.ensure()
        place = self._home.datasets / ".locks" / f"{folder_name(name)}.lock"
        place.parent.mkdir(exist_ok=True)
        lock = try_lock(place)
        if lock is None:
            progress(0, 0, "Waiting for another import")
            lock = wait_for_lock(place, timeout_s=_LOCK_TIMEOUT_S)
        if lock is None:
            raise UserError(
                "dataset_busy",
                f"Another process has been at work on the dataset {name} for an hour.",
                "Wait for it or end it, then try again.",
            )
        try:
            yield
        finally:
            lock.release()


def _require_undivided(manifest: Manifest) -> None:
    counts = Counter(item.split for item in manifest.items)
    if set(counts) - {TRAIN}:
        listed = ", ".join(f"{count} {split}" for split, count in counts.items())
        raise UserError(
            "split_exists",
            f"The dataset {manifest.name} is divided already: {listed}.",
            "To divide all of it anew, test images included, add --replace; importing it again undoes that.",
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


def _require_free(folder: DatasetFolder, name: str, source: Path) -> None:
    if not folder.exists():
        return
    try:
        record = folder.record()
    except UserError:
        return  # damaged: importing it again is the remedy
    if record.source != str(source):
        raise UserError(
            "dataset_exists",
            f"There is a dataset named {name} already, from {record.source}.",
            "Give this one another name with --name.",
        )


def _is_for_tests(folder: DatasetFolder, options: ImportOptions) -> bool:
    if options.is_test_only is not None:
        return options.is_test_only
    try:
        return folder.exists() and folder.record().is_test_only
    except UserError:  # damaged: nobody knows what it was
        return False


def _require_same(manifest: Manifest, root: Path) -> None:
    """See that a folder holds the dataset: every file is there, and some of them have the same bytes."""
    files = list(manifest.files())
    missing = next((path for path, _ in files if not (root / path).is_file()), None)
    what = f"lacks {missing}" if missing is not None else None
    if missing is None:
        checked = files[:: max(1, len(files) // _CHECKED_ON_RELOCATION)]
        hashes = HashMemory(None).hash_all([root / path for path, _ in checked])
        changed = (path for (path, known), sha in zip(checked, hashes, strict=True) if known != sha)
        what = next((f"has another {path}" for path in changed), None)
    if what is not None:
        raise UserError(
            "dataset_differs",
            f"{root} is not the dataset {manifest.name}: it {what}.",
            "Give the folder that the dataset was moved to, or import this one under another name.",
        )
