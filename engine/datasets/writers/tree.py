"""A folder that a dataset is written into: places for its images, linked or copied byte for byte."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from engine.datasets.annotations import Annotations, Objects
from engine.datasets.hashing import Progress, no_progress
from engine.datasets.manifest import Item, Manifest

_MOST_BYTES = 200
"""Of a name that is made from folders; disks take 255, and a label file's ending may be longer."""
_SIGN = 12


@dataclass(frozen=True, slots=True)
class Source:
    """What is written."""

    manifest: Manifest
    root: Path
    """Where its files are."""
    annotations: Annotations | None


@dataclass(frozen=True, slots=True)
class Placed:
    """One image on its way."""

    index: int
    """In the manifest."""
    item: Item
    name: str
    """Of its file: as it was, or with its folders where another image of the split has the same."""


@dataclass(slots=True)
class Tree:
    """The target, and what could not be written in its layout."""

    folder: Path
    source: Source
    copy: bool = False
    """Copy files also where links could be made."""
    progress: Progress = no_progress
    notes: list[str] = field(default_factory=list[str])
    _done: int = 0

    def splits(self, *, distinct_stems: bool = True, across: bool = False) -> dict[str, list[Placed]]:
        """Give the images by split, with names that differ within one.

        Args:
            distinct_stems: names differ without their endings too, for layouts with a label file each.
            across: names differ between splits too, for layouts with all images in one folder.
        """
        items = self.source.manifest.items
        # Also where A.jpg and a.jpg are one file.
        keys = [
            (
                "" if across else item.split,
                (Path(item.path).stem if distinct_stems else Path(item.path).name).casefold(),
            )
            for item in items
        ]
        counts = Counter(keys)
        names = [
            Path(item.path).name if counts[key] == 1 else _own_name(item.path)
            for key, item in zip(keys, items, strict=True)
        ]
        splits: dict[str, list[Placed]] = {}
        for index, (item, name) in enumerate(zip(items, names, strict=True)):
            splits.setdefault(item.split, []).append(Placed(index, item, name))
        return splits

    def put(self, file: str, place: str) -> None:
        """Bring a file of the source to a place below the folder, without a change of its bytes.

        Raises:
            FileExistsError: something lies there already. It may be a link to another file of the source, which a
                copy would write over.
        """
        source = (self.source.root / file).resolve()
        target = self.folder / place
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
        if self.copy:
            shutil.copy2(source, target)
        else:
            try:
                target.hardlink_to(source)
            except OSError:  # another disk, or one without links
                shutil.copy2(source, target)
        self._done += 1
        self.progress(
            min(self._done, len(self.source.manifest.items)), len(self.source.manifest.items), "Writing"
        )

    def write(self, place: str, text: str) -> None:
        target = self.folder / place
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8", newline="\n")

    def objects(self, placed: Placed) -> Objects:
        assert self.source.annotations is not None
        return self.source.annotations.of(placed.index)


def _own_name(path: str) -> str:
    """A name that no other image has: with its folders, and its ending said twice, as `a.jpg` and `a.png` differ.

    Where names of folders make it too long for a disk, a hash stands for the first of them. No colon of a drive is in
    it, which Windows takes in no name.
    """
    plain = path[0] + path[2:] if path[1:3] == ":/" else path
    flat = Path(plain.lstrip("/").replace("/", "__"))
    name = f"{flat.stem}_{flat.suffix[1:]}{flat.suffix}"
    if len(name.encode(errors="replace")) <= _MOST_BYTES:
        return name
    sign = hashlib.sha256(path.encode(errors="replace")).hexdigest()[:_SIGN]
    end = name.encode(errors="replace")[-(_MOST_BYTES - _SIGN - 1) :].decode(errors="ignore")
    return f"{sign}_{end}"
