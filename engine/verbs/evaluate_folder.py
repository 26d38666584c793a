"""What `lensmith evaluate --data` names: a dataset, a folder to import for tests only, or one without labels."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from engine.datasets.class_matching import match_classes, require_meaning
from engine.datasets.folder_look import look_at
from engine.datasets.library import ImportOptions, Library
from engine.errors import UserError
from engine.protocol.checkpoint import CheckpointMeta
from engine.verbs.reply import Session


@dataclass(frozen=True, slots=True)
class Taken:
    """What was named."""

    dataset: str | None = None
    """Name in the library; None for the data of the training."""
    classes: tuple[str, ...] = ()
    """Of that dataset."""
    folder: Path | None = None
    """Without labels."""


def take_folder(session: Session, arguments: argparse.Namespace, meta: CheckpointMeta) -> Taken:
    """Find what `--data` names, and import it where it is a folder with labels that is not known yet.

    Raises:
        UserError: `dataset_unknown`, `task_differs`, `classes_differ`, or one of an import.
    """
    data = arguments.data
    if data is None:
        return Taken()
    library = Library(session.home)
    manifests = {manifest.name: manifest for manifest in library.list()}
    if data in manifests:
        return Taken(data, manifests[data].classes)
    path = Path(data)
    if not path.exists():
        library.get(data)  # which says what there is
    if arguments.unlabelled:
        return Taken(folder=path)
    known = library.imported_from(path)
    if known is not None:
        return Taken(known, library.get(known).classes)
    with session.progress("Reading") as progress:
        look = look_at(path, meta.task, progress)
        if not look.is_labelled:
            session.tell([f"{path} holds {look.images:,} images and no labels: the model is only asked."])
            return Taken(folder=path)
        _require_some(look.classes, meta, arguments, path)
        options = ImportOptions(task=meta.task, is_test_only=True)
        manifest = library.import_dataset(path, name=arguments.name, options=options, progress=progress)
    problems = f", with {len(manifest.problems)} problems" if manifest.problems else ""
    session.tell([f"Imported {path} as {manifest.name}, for tests only{problems}."])
    session.tell([problem.message for problem in manifest.problems if problem.severity != "info"][:5])
    return Taken(manifest.name, manifest.classes)


def _require_some(
    classes: tuple[str, ...], meta: CheckpointMeta, arguments: argparse.Namespace, path: Path
) -> None:
    """Refuse what says nothing before it is imported; what `--map` tells is looked at later."""
    if not classes or arguments.map:
        return
    try:
        require_meaning(match_classes(classes, meta.class_names), path.name)
    except UserError as error:
        hint = f"{error.hint} If its folders are no classes, add --unlabelled."
        raise UserError(error.code, error.message, hint) from error
