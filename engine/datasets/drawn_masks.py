"""Mask files for layouts whose masks are told in another way: drawn once, beside links or copies of the images."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

from PIL import Image

from engine.datasets.formats.layout import Found, FoundImage
from engine.datasets.hashing import Progress
from engine.datasets.manifest import MaskValue
from engine.datasets.masks import IGNORE
from engine.datasets.problem_list import Kind, ProblemList
from engine.errors import UserError

_MASKS, _TABLE = "masks", "classes.json"


def with_drawn_masks(found: Found, root: Path, draft: Path, progress: Progress) -> Found:
    """Give what was found as a folder of masks below `draft`; masks that cannot be drawn are told.

    Args:
        found: with `draw`.
        root: where its images are.
        draft: a folder of Lensmith's own; it may be the root itself.
        progress: told image by image.

    Raises:
        OSError: when the disk is full.
    """
    assert found.draw is not None
    problems = ProblemList()
    images: list[FoundImage] = []
    for number, image in enumerate(found.images, start=1):
        name = image.path.relative_to(root)
        progress(number, len(found.images), "Drawing masks")
        try:
            pixels = found.draw(image)
        except UserError as error:
            told = error.message.replace(f"{root}{os.sep}", "")
            problems.tell(Kind(error.code, error.hint), told, name.as_posix())
            continue
        place = draft / _MASKS / name.with_suffix(".png")
        place.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(place)
        images.append(replace(image, path=_taken(image.path, draft / name), mask=place))
    for file in found.tables:
        if file.is_relative_to(draft):  # unpacked: the masks that were drawn stand in the place of these
            file.unlink(missing_ok=True)
    table = draft / _TABLE
    ignored = {"id": IGNORE, "name": "ignored", "ignore": True}
    rows = [*({"id": number, "name": name} for number, name in enumerate(found.classes)), ignored]
    table.write_text(json.dumps({"classes": rows}, ensure_ascii=False), encoding="utf-8")
    return replace(
        found,
        format="masks",
        images=images,
        problems=[*found.problems, *problems.listed()],
        tables=[table],
        mask_values=[
            *(MaskValue(value=number, label=number) for number in range(len(found.classes))),
            MaskValue(value=IGNORE),
        ],
        draw=None,
    )


def _taken(source: Path, target: Path) -> Path:
    if source != target:
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            target.hardlink_to(source.resolve())
        except OSError:  # another disk, or one without links
            shutil.copy2(source, target)
    return target
