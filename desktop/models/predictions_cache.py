"""Pictures that are needed for a while, in the cache: pasted ones, parts of others, masks that models draw."""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QRect
from PySide6.QtGui import QImage

from desktop.grids.picture import read_picture
from desktop.models.predictions_regions import Region
from engine.errors import UserError
from engine.protocol.disk import write_error
from engine.protocol.home import Home

LEAST_SIDE = 2
"""Pixels of a region; a smaller rectangle is a click."""
MODELS = ("first", "second")
"""Each has a folder for masks of its own: both name them by the picture."""
_MOST_BYTES = 200
_KEPT_S = 24 * 3600.0
"""Files older than this are removed when others are written."""


def free_name(folder: Path, stem: str, suffix: str) -> Path:
    """Give a file of this name that does not exist: `predictions.csv`, else `predictions-2.csv` …

    Without a suffix it is the name of a folder.
    """
    ending = f".{suffix}" if suffix else ""
    path = folder / f"{stem}{ending}"
    number = 2
    while path.exists():
        path = folder / f"{stem}-{number}{ending}"
        number += 1
    return path


def short_stem(path: Path) -> str:
    """Give the name of a file without its ending, cut where more is put behind it: a disk takes 255 bytes in all."""
    return path.stem.encode("utf-8", errors="replace")[:_MOST_BYTES].decode("utf-8", errors="ignore")


def masks_folder(home: Home) -> Path:
    """Give the folder for masks that models draw, without those of other days. Never in the GUI's thread.

    Raises:
        UserError: `disk_full` and its like.
    """
    folder = home.cache / "predicted-masks"
    try:
        for model in MODELS:
            (folder / model).mkdir(parents=True, exist_ok=True)
        remove_old(list(folder.rglob("*.png")))
    except OSError as error:
        raise write_error(error, folder) from error
    return folder


def keep_pasted(home: Home, image: QImage) -> Path:
    """Write a picture from the clipboard into the cache. Never in the GUI's thread.

    Raises:
        UserError: `disk_full` and its like, `paste_failed`.
    """
    folder = home.cache / "pasted"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        remove_old(list(folder.glob("*.png")))
        path = free_name(folder, f"pasted-{time.strftime('%H%M%S')}", "png")
    except OSError as error:
        raise write_error(error, folder) from error
    if not image.save(str(path)):
        raise UserError(
            "paste_failed",
            f"The pasted picture cannot be written to {folder}.",
            "Free some space, or save the picture as a file and drop that.",
        )
    return path


def cut_region(home: Home, source: Path, wanted: QRect) -> tuple[Path, Region]:
    """Write a part of a picture into the cache, pixel for pixel. Never in the GUI's thread.

    Raises:
        UserError: `image_unreadable`, `region_empty`, `disk_full` and its like.
    """
    picture = read_picture(source)
    inside = wanted.normalized().intersected(picture.rect())
    if inside.width() < LEAST_SIDE or inside.height() < LEAST_SIDE:
        raise UserError(
            "region_empty",
            f"The rectangle holds no part of {source.name}.",
            "Drag a larger rectangle on the picture.",
        )
    region = Region(
        source, inside.x(), inside.y(), inside.width(), inside.height(), (picture.width(), picture.height())
    )
    folder = home.cache / "regions"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        remove_old(list(folder.glob("*.png")))
        # Pictures of one name may lie in many folders.
        sign = hashlib.sha256(str(source).encode("utf-8", errors="replace")).hexdigest()[:8]
        path = free_name(folder, f"{short_stem(source)}-{sign}-{region.left}-{region.top}", "png")
    except OSError as error:
        raise write_error(error, folder) from error
    if not picture.copy(inside).save(str(path)):
        raise UserError(
            "region_unwritten",
            f"The part of {source.name} cannot be written to {folder}.",
            "Free some space, and try again.",
        )
    return path, region


def remove_old(files: Sequence[Path]) -> None:
    """Remove files that nobody needs any more."""
    for path in files:
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > _KEPT_S:
                path.unlink()
