"""HOME/datasets/NAME: the record of one dataset, the manifests of all its versions, files that Lensmith keeps."""

from __future__ import annotations

import shutil
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
        self, manifest: Manifest, root: Path, source: Path, annotations: Annotations | None = None
    ) -> None:
        """Make a version the present one: its objects and manifest first, then the record that names it."""
        place = self.annotations_path(manifest)
        if place is not None and annotations is not None and not place.is_file():
            annotations.save(place)
        manifest.save(self._manifest_path(manifest.version))
        self._write(manifest, root, source, {**self._roots(), manifest.version: str(root)})

    def move(self, root: Path) -> None:
        """Note that the files are at `root` now: for every version whose files lay where the present one's did."""
        record = self.record()
        roots = {version: str(root) if old == record.root else old for version, old in record.roots.items()}
        self._write(self.manifest(), root, root, {**roots, record.version: str(root)})

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

    def _write(self, manifest: Manifest, root: Path, source: Path, roots: Mapping[str, str]) -> None:
        record = DatasetRecord(
            name=manifest.name,
            version=manifest.version,
            root=str(root),
            source=str(source),
            format=manifest.format,
            roots=roots,
        )
        write_record(self.record_path, record)

    def _roots(self) -> Mapping[str, str]:
        try:
            return self.record().roots
        except UserError:  # not there yet, or damaged and about to be replaced
            return {}

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
