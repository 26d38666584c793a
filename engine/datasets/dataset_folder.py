"""HOME/datasets/NAME: the record of one dataset, the manifests of all its versions, files that Lensmith keeps."""

from __future__ import annotations

import shutil
import time
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field

from engine.datasets.annotations import Annotations
from engine.datasets.manifest import Manifest
from engine.errors import UserError
from engine.protocol.job import Frozen
from engine.protocol.run_folder import read_record, write_record

LONGEST_NAME = 100
_LONGEST_FOLDER_BYTES = 200
_FORBIDDEN = frozenset('<>:"/\\|?*%')
"""Not allowed in a file name on some system, and the escape itself."""


class Step(Frozen):
    """A version that became the present one."""

    version: str
    saved: float
    """Unix seconds."""
    images: int
    source: str = ""
    """What was imported; what was divided has the source of before."""


class DatasetRecord(Frozen):
    """dataset.json: the present version, and where its files lie on this machine."""

    name: str
    version: str
    root: str
    source: str
    """What was imported: the folder, zip or table."""
    format: str
    roots: Mapping[str, str] = Field(default_factory=dict)
    """Where the files of each version lie."""
    history: tuple[Step, ...] = ()
    """From the first version on; empty in records of earlier Lensmiths."""
    is_test_only: bool = False
    """All its images are for tests, whatever its folders say."""


@dataclass(frozen=True, slots=True)
class DatasetFolder:
    """One dataset's folder; it need not exist."""

    path: Path

    @property
    def record_path(self) -> Path:
        return self.path / "dataset.json"

    def exists(self) -> bool:
        return self.record_path.is_file()

    def record(self) -> DatasetRecord:
        """Read dataset.json.

        Raises:
            UserError: `dataset_damaged`.
        """
        try:
            return read_record(self.record_path, DatasetRecord)
        except UserError as error:
            raise UserError(
                "dataset_damaged",
                f"The dataset's record {self.record_path} is damaged.",
                "Import the dataset again under the same name; its images are not touched.",
            ) from error

    def manifest(self, version: str | None = None) -> Manifest:
        """Read the manifest of the present version, or of an earlier one.

        Raises:
            UserError: `dataset_damaged`, `version_unknown`, `manifest_damaged`.
        """
        path = self._manifest_path(version or self.record().version)
        if version is not None and not path.is_file():
            raise UserError(
                "version_unknown",
                f"The dataset {self.record().name} has no version {version}.",
                f"Its present version is {self.record().version}.",
            )
        return Manifest.load(path)

    def annotations_path(self, manifest: Manifest) -> Path | None:
        """Where the objects of a version are; versions with the same objects share a file. None without objects."""
        if not manifest.annotations:
            return None
        return self.path / "annotations" / f"{manifest.annotations}.npz"

    def save(
        self,
        manifest: Manifest,
        root: Path,
        source: Path,
        annotations: Annotations | None = None,
        *,
        is_test_only: bool | None = None,
    ) -> None:
        """Make a version the present one: its objects and manifest first, then the record that names it.

        `is_test_only` is noted; None leaves what was noted before.
        """
        place = self.annotations_path(manifest)
        if place is not None and annotations is not None and not place.is_file():
            annotations.save(place)
        manifest.save(self._manifest_path(manifest.version))
        before = self._before()
        roots: Mapping[str, str] = before.roots if before is not None else {}
        steps = self.history(before) if before is not None else ()
        if not steps or steps[-1].version != manifest.version:
            made = Step(
                version=manifest.version, saved=time.time(), images=len(manifest.items), source=str(source)
            )
            steps = (*steps, made)
        self._write(manifest, root, (source, {**roots, manifest.version: str(root)}, steps), is_test_only)

    def move(self, root: Path) -> None:
        """Note that the files are at `root` now: for every version whose files lay where the present one's did."""
        record = self.record()
        roots = {version: str(root) if old == record.root else old for version, old in record.roots.items()}
        self._write(self.manifest(), root, (root, {**roots, record.version: str(root)}, record.history))

    def keep(self, draft: Path, manifest: Manifest) -> Path:
        """Take the files of a version in; those that are there already stay, for a training may be reading them.

        Each version has a folder of its own, so that a run can go on with the files it began with.
        """
        place = self.path / "files" / manifest.version[:16]
        if place.is_dir() and all((place / path).is_file() for path, _ in manifest.files()):
            shutil.rmtree(draft)
            return place
        shutil.rmtree(place, ignore_errors=True)
        place.parent.mkdir(parents=True, exist_ok=True)
        return draft.rename(place)

    def history(self, record: DatasetRecord | None = None) -> tuple[Step, ...]:
        """Give the versions in the order in which they became the present one, the last one the present.

        Records that tell none are those of earlier Lensmiths: there the files of the versions tell by their times.

        Raises:
            UserError: `dataset_damaged`.
        """
        record = record or self.record()
        if record.history:
            return record.history
        steps: list[Step] = []
        for file in sorted((self.path / "versions").glob("*.json"), key=lambda file: file.stat().st_mtime):
            try:
                manifest = Manifest.load(file)
            except UserError:  # a damaged one tells nothing
                continue
            is_present = manifest.version == record.version
            saved = float("inf") if is_present else file.stat().st_mtime
            images = len(manifest.items)
            steps.append(Step(version=manifest.version, saved=saved, images=images, source=record.source))
        steps.sort(key=lambda step: step.saved)
        present = self._manifest_path(record.version)
        last = present.stat().st_mtime if present.is_file() else 0.0
        return tuple(
            step if step.version != record.version else step.model_copy(update={"saved": last})
            for step in steps
        )

    def _write(
        self,
        manifest: Manifest,
        root: Path,
        told: tuple[Path, Mapping[str, str], tuple[Step, ...]],
        is_test_only: bool | None = None,
    ) -> None:
        source, roots, history = told
        before = self._before()
        noted = before.is_test_only if before is not None else False
        record = DatasetRecord(
            name=manifest.name,
            version=manifest.version,
            root=str(root),
            source=str(source),
            format=manifest.format,
            roots=roots,
            history=history,
            is_test_only=noted if is_test_only is None else is_test_only,
        )
        write_record(self.record_path, record)

    def _before(self) -> DatasetRecord | None:
        try:
            return self.record()
        except UserError:  # not there yet, or damaged and about to be replaced
            return None

    def _manifest_path(self, version: str) -> Path:
        return self.path / "versions" / f"{folder_name(version)}.json"


def dataset_name(source: Path, given: str | None) -> str:
    """The name of a dataset: as given, or that of its folder, zip, or the folder of its table.

    Raises:
        UserError: `name_invalid`.
    """
    own = (
        source.name
        if source.is_dir()
        else source.stem
        if source.suffix.lower() == ".zip"
        else source.parent.name
    )
    name = unicodedata.normalize("NFC", given if given is not None else own).strip()
    if not name or name.startswith(".") or not _fits(name):
        raise UserError(
            "name_invalid",
            f"{name!r} cannot be the name of a dataset.",
            f"Give one of 1 to {LONGEST_NAME} characters with --name, not beginning with a dot.",
        )
    return name


def folder_name(name: str) -> str:
    """Spell a name so that every file system takes it, and no two names have one folder."""
    plain = unicodedata.normalize("NFC", name)
    last = len(plain) - 1
    return "".join(
        f"%{ord(letter):02X}"
        if letter in _FORBIDDEN or ord(letter) < 32 or (letter in ". " and place in (0, last))
        else letter
        for place, letter in enumerate(plain)
    )


def _fits(name: str) -> bool:
    try:
        return len(name) <= LONGEST_NAME and len(folder_name(name).encode()) <= _LONGEST_FOLDER_BYTES
    except UnicodeEncodeError:
        return False
