"""What a test run measures on: the data of its parent, another dataset, or a folder that nobody has labelled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from engine.datasets.annotations import Annotations
from engine.datasets.class_matching import (
    ClassMatch,
    is_labelled,
    match_classes,
    objects_with_classes,
    require_meaning,
    with_classes,
)
from engine.datasets.hashing import HashMemory, Progress, no_progress
from engine.datasets.library import Library
from engine.datasets.manifest import Item, Manifest
from engine.datasets.split import ALL, TRAIN, VAL, with_validation
from engine.datasets.unlabelled import index_unlabelled
from engine.errors import UserError
from engine.protocol.checkpoint import CheckpointMeta
from engine.protocol.home import Home
from engine.protocol.run_folder import RunFolder


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which images a model is tested on."""

    dataset: str | None = None
    """None takes the data of the training, as they were then."""
    folder: Path | None = None
    """A folder without labels: the model is only asked. Instead of a dataset."""
    split: str = "test"
    mapping: Mapping[str, str | None] = field(default_factory=dict[str, "str | None"])
    """For classes of the dataset the model's; None leaves one out."""


@dataclass(frozen=True, slots=True, eq=False)
class GivenData:
    """Data with the classes of a model."""

    manifest: Manifest
    root: Path
    objects: Annotations | Path | None = None
    """Of a dataset of objects: a table, or the file of one."""
    match: ClassMatch | None = None
    """How its classes were matched; None where they have no labels."""
    seen: int = 0
    """How many of the images that are asked for the model has learnt from, by their bytes."""
    unreadable: int = 0
    """How many images of a folder without labels were left out, since they cannot be read."""

    def told(self) -> dict[str, object]:
        """What a run's options tell of it."""
        told: dict[str, object] = {
            "labelled": self.match is not None,
            "seen_in_training": self.seen,
            "unreadable": self.unreadable,
        }
        if self.match is not None and not self.match.is_same:
            told["classes"] = self.match.document()
        return told


def give_data(
    wanted: Wanted, parent: RunFolder, meta: CheckpointMeta, home: Home, progress: Progress = no_progress
) -> GivenData:
    """Make ready what a checkpoint is tested on.

    Raises:
        UserError: `dataset_unknown`, `dataset_unreachable`, `task_differs`, `classes_differ`, `map_unknown`,
            `split_empty`, `no_images`; or what is wrong with the folder.
    """
    if wanted.folder is not None:
        memory = HashMemory(home.cache / "hashes.json")
        manifest, unreadable = index_unlabelled(
            wanted.folder.absolute(), meta.task, meta.class_names, memory, progress
        )
        memory.save()
        return GivenData(
            manifest,
            wanted.folder.absolute(),
            seen=seen_in_training(manifest.items, parent),
            unreadable=unreadable,
        )
    library = Library(home)
    is_own = wanted.dataset is None
    manifest = Manifest.load(parent.manifest_path) if is_own else library.get(wanted.dataset or "")
    _require_task(manifest, meta)
    root = _own_root(parent, manifest, library) if is_own else library.root(manifest.name)
    match = match_classes(manifest.classes, meta.class_names, wanted.mapping)
    require_meaning(match, manifest.name)
    seen_as = split_as_run(with_classes(manifest, match), parent.effective_config())
    items = images_of(seen_as, wanted.split)
    if not items:
        raise _empty(seen_as, wanted.split, match)
    learnt = 0 if is_own and wanted.split in (TRAIN, ALL) else seen_in_training(items, parent)
    objects: Annotations | Path | None = (
        parent.annotations_path if is_own else library.annotations_file(manifest)
    )
    if not manifest.annotations:
        objects = None
    manifest = with_classes(manifest, match)
    table = None if is_own or match.is_same else library.annotations(library.get(manifest.name))
    if table is not None:
        objects = objects_with_classes(table, match)
        manifest = manifest.model_copy(update={"annotations": objects.digest()})
    return GivenData(manifest, root, objects, match, learnt)


def split_as_run(manifest: Manifest, config: Mapping[str, object]) -> Manifest:
    """The dataset as a run's worker sees it, which may take validation images from the training ones."""
    share = config.get("validation.val_split")
    if config.get("validation.enabled") is True and isinstance(share, float):
        return with_validation(manifest, share)
    return manifest


def images_of(manifest: Manifest, split: str) -> list[Item]:
    """The images of a split, or of all, that can be measured on."""
    return [item for item in manifest.items if split in (ALL, item.split) and is_labelled(manifest, item)]


def split_sizes(manifest: Manifest) -> dict[str, int]:
    """How many images of each split can be measured on; those without any are left out."""
    return dict(Counter(item.split for item in manifest.items if is_labelled(manifest, item)))


def seen_in_training(items: Sequence[Item], parent: RunFolder) -> int:
    """Count the images whose bytes the model has learnt from."""
    trained = split_as_run(Manifest.load(parent.manifest_path), parent.effective_config())
    learnt = {item.sha256 for item in trained.items if item.split == TRAIN}
    return sum(item.sha256 in learnt for item in items)


def _own_root(parent: RunFolder, manifest: Manifest, library: Library) -> Path:
    """Where the data of a training are now; where it read them, if its dataset was forgotten meanwhile."""
    try:
        return library.root(manifest.name, manifest.version)
    except UserError as error:
        if error.code != "dataset_unknown":
            raise
        named = parent.latest_attempt().spec().placement.dataset_root
        if named is None or not Path(named).is_dir():
            raise
        return Path(named)


def _require_task(manifest: Manifest, meta: CheckpointMeta) -> None:
    if manifest.task != meta.task:
        raise UserError(
            "task_differs",
            f"The dataset {manifest.name} is for {manifest.task}, the model for {meta.task}.",
            f"Choose a dataset for {meta.task}: `lensmith data list` shows them.",
        )


def _empty(manifest: Manifest, split: str, match: ClassMatch) -> UserError:
    sizes = split_sizes(manifest)
    there = ", ".join(f"{name} ({count:,})" for name, count in sizes.items()) or "none"
    why = f" of the model's classes (left out: {', '.join(match.left_out[:5])})" if match.left_out else ""
    which = "" if split == ALL else f" in the split {split}"
    hint = f"Splits with images: {there}. `all` takes every image."
    if split == VAL and sizes:
        hint += " A validation split is made with `lensmith data split`."
    return UserError("split_empty", f"The dataset {manifest.name} has no labelled image{why}{which}.", hint)
