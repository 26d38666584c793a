"""The manifest: what a dataset is made of, by content, free of this machine's paths."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Self

from pydantic import ValidationError, model_validator

from engine.errors import UserError
from engine.protocol.job import Frozen
from engine.protocol.results import Problem
from engine.protocol.run_folder import write_atomic


class Item(Frozen):
    """One image."""

    path: str
    """Relative to the dataset's root, with forward slashes."""
    label: int | None
    """Position in the manifest's classes; None when the image has no label."""
    split: str
    """train, val or test."""
    sha256: str
    """Of the file's bytes, hex."""
    width: int = 0
    """Upright, pixels; 0 when unknown."""
    height: int = 0
    mask: str | None = None
    """The file that tells the class of every pixel, relative to the root, with forward slashes."""
    mask_sha256: str = ""
    stratum: int | None = None
    """The rarest class that an image without a label of its own holds: splits are made by it."""


class MaskValue(Frozen):
    """How one value or colour of the masks is to be read."""

    value: int | None = None
    """The number of a pixel; None where a colour tells."""
    colour: tuple[int, int, int] | None = None
    """Red, green, blue, 0 to 255."""
    label: int | None = None
    """Position in the manifest's classes; None: such pixels do not count."""


class Manifest(Frozen):
    """One version of a dataset."""

    schema_version: int = 1
    name: str
    task: str
    format: str
    version: str
    """Hash of what is in it, hex: equal for equal content, whatever the machine and the order of files."""
    classes: tuple[str, ...]
    items: tuple[Item, ...]
    problems: tuple[Problem, ...] = ()
    annotations: str = ""
    """Hash of the table of objects, hex (`Annotations.digest`); empty where there is none."""
    mask_values: tuple[MaskValue, ...] = ()
    """How the pixels of masks are read; empty: a pixel's number is its class."""

    @model_validator(mode="after")
    def _require_labels(self) -> Self:
        """A label beyond the classes would only show in the middle of a training."""
        wrong = next(
            (i for i in self.items if i.label is not None and not 0 <= i.label < len(self.classes)), None
        )
        if wrong is not None:
            raise ValueError(f"{wrong.path} has the label {wrong.label} of {len(self.classes)} classes")
        values = (v.label for v in self.mask_values if v.label is not None)
        beyond = next((label for label in values if not 0 <= label < len(self.classes)), None)
        if beyond is not None:
            raise ValueError(f"a mask's value has the label {beyond} of {len(self.classes)} classes")
        return self

    def save(self, path: Path) -> None:
        """Write it atomically."""
        write_atomic(path, self.model_dump_json().encode())

    @classmethod
    def load(cls, path: Path) -> Manifest:
        """Read what `save` wrote.

        Raises:
            UserError: `manifest_damaged`.
        """
        try:
            return cls.model_validate_json(path.read_bytes())
        except (OSError, ValidationError) as error:
            raise UserError(
                "manifest_damaged",
                f"The dataset's manifest {path} cannot be read ({type(error).__name__}).",
                "Import the dataset again with `lensmith data import`.",
            ) from error

    def files(self) -> Iterator[tuple[str, str]]:
        """Yield path and hash of every image, then of every mask."""
        yield from ((item.path, item.sha256) for item in self.items)
        yield from ((item.mask, item.mask_sha256) for item in self.items if item.mask is not None)

    def with_items(self, items: Iterable[Item]) -> Manifest:
        """The same dataset with other items, and the version that follows from them."""
        listed = tuple(items)
        version = version_of(self.classes, listed, self.annotations, self.mask_values)
        return self.model_copy(update={"items": listed, "version": version})


def version_of(
    classes: Sequence[str],
    items: Sequence[Item],
    annotations: str = "",
    mask_values: Sequence[MaskValue] = (),
) -> str:
    """Hash the content of a dataset: every item's path, class name, split and bytes; its objects and masks, if any."""
    digest = hashlib.sha256()
    for name in classes:
        digest.update(f"class\0{name}\n".encode())
    lines = [
        f"{item.path}\0{'' if item.label is None else classes[item.label]}\0{item.split}\0{item.sha256}\n"
        for item in items
    ]
    for line in sorted(lines):
        digest.update(line.encode())
    masks = [f"{item.path}\0{item.mask}\0{item.mask_sha256}\n" for item in items if item.mask is not None]
    for line in sorted(masks):
        digest.update(line.encode())
    for entry in mask_values:
        digest.update(f"mask\0{entry.value}\0{entry.colour}\0{entry.label}\n".encode())
    if annotations:
        digest.update(f"annotations\0{annotations}\n".encode())
    return digest.hexdigest()
