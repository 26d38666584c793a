"""What was dropped on the home page: data to import, or pictures to try."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

DropKind = Literal["data", "pictures", "unknown"]
_DATA_SUFFIXES: Final = frozenset({".zip", ".csv", ".tsv"})


def sort_dropped(paths: Sequence[Path]) -> tuple[DropKind, list[Path]]:
    """Say what was dropped, and give the paths that are meant; a folder counts more than pictures beside it.

    Asks the disk, so not for the GUI's thread.
    """
    from engine.datasets.decode import IMAGE_SUFFIXES  # brings PIL, which the first frame does not wait for

    data = [path for path in paths if path.is_dir() or path.suffix.lower() in _DATA_SUFFIXES]
    if data:
        return "data", data
    pictures = [path for path in paths if path.suffix.lower() in IMAGE_SUFFIXES]
    return ("pictures", pictures) if pictures else ("unknown", [])
