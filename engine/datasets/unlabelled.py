"""A folder of images that nobody has labelled, as data that a model can be asked about."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from engine.datasets.formats.layout import Found, FoundImage, image_files
from engine.datasets.hashing import HashMemory, Progress, no_progress
from engine.datasets.importing import make_dataset
from engine.datasets.manifest import Manifest
from engine.datasets.source import require_text
from engine.datasets.split import TEST
from engine.errors import UserError
from engine.protocol.results import Problem

FORMAT = "unlabelled"


def index_unlabelled(
    folder: Path, task: str, classes: Sequence[str], memory: HashMemory, progress: Progress = no_progress
) -> tuple[Manifest, int]:
    """Index the images of a folder and of those below it. What cannot be read is left out, with a problem each.

    Gives the manifest, and how many images were left out.

    Args:
        folder: where the images are.
        task: of the model that is asked about them.
        classes: that the model knows.
        memory: of hashes.
        progress: told of what takes long.

    Raises:
        UserError: `path_missing`, `path_not_text`, `folder_unreadable`, `no_images`.
    """
    require_text(folder)
    if not folder.is_dir():
        raise UserError("path_missing", f"There is no folder {folder}.", "Check the path.")
    files = list(image_files(folder))
    named = [file for file in files if _is_text(file)]
    if not named:
        raise UserError(
            "no_images",
            f"There is no image in {folder}.",
            "Give a folder that holds pictures, such as JPEG or PNG.",
        )
    problems: list[Problem] = []
    if len(named) < len(files):
        problems.append(
            Problem(
                code="name_not_text",
                message=f"Names that are not UTF-8 keep {len(files) - len(named)} of the images out.",
                remedy="Rename them, for example with `convmv -f latin1 -t utf8`.",
            )
        )
    found = Found(
        FORMAT, [FoundImage(file, None, TEST) for file in named], list(classes), problems=problems, task=task
    )
    manifest = make_dataset(found, folder, folder.name or "images", memory, progress).manifest
    return manifest, len(files) - len(manifest.items)


def _is_text(path: Path) -> bool:
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True
