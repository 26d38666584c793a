"""What a model can be tested on: its own data, other datasets of the library, folders; and how their classes fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from desktop.bridge.place_history import was_elsewhere
from desktop.models.result_checkpoints import CheckpointFact, checkpoints_of
from engine.datasets.class_matching import ClassMatch, match_classes, require_meaning, with_classes
from engine.datasets.folder_look import look_at
from engine.datasets.library import Library
from engine.datasets.manifest import Manifest
from engine.datasets.split import ALL, TEST, TRAIN, VAL
from engine.errors import UserError
from engine.protocol.checkpoint import CheckpointMeta, read_meta
from engine.protocol.home import Home
from engine.protocol.run_folder import RunFolder
from engine.runner.devices import machine_resources
from engine.runner.given_data import images_of, seen_in_training, split_as_run, split_sizes

_OFFERED = (TEST, VAL, TRAIN)
"""In the order in which they are offered: what the model has never seen comes first."""
Chosen = Mapping[str, str | None]
"""For classes of a dataset the model's; None leaves one out."""


@dataclass(frozen=True, slots=True)
class Evaluable:
    """What a run offers to be measured."""

    run: str
    checkpoints: tuple[CheckpointFact, ...]
    """The best first, then the last, then the rest from new to old."""
    splits: tuple[tuple[str, int], ...]
    """Of the data it was trained on: name and number of labelled images; those without images are left out."""
    task: str = ""
    dataset: str = ""
    """Name of the data it was trained on."""
    datasets: tuple[tuple[str, str], ...] = ()
    """Name and task of all datasets of the library, those of the model's task first."""
    devices: tuple[str, ...] = ()
    """GPUs of this machine."""
    batch_size: int = 1
    """Of the training."""


@dataclass(frozen=True, slots=True)
class Source:
    """What the user has chosen to measure on; nothing at all is the data of the training."""

    dataset: str = ""
    folder: Path | None = None
    is_labelled: bool = True
    """Whether the folder is looked through for labels."""


@dataclass(frozen=True, slots=True, eq=False)
class DataOffer:
    """What a source offers a model to be measured on."""

    source: Source
    splits: tuple[tuple[str, int], ...] = ()
    """Name and number of labelled images, `all` last; none for a folder that is not imported."""
    match: ClassMatch | None = None
    """None without labels."""
    seen: Mapping[str, int] = field(default_factory=dict[str, int])
    """By split, how many images the model has learnt from; not told of the training's own data."""
    images: int = 0
    """In a folder."""
    format: str = ""
    """Of a folder's labels; empty where it has none."""
    problem: UserError | None = None
    """Why it cannot be measured on."""

    @property
    def is_new(self) -> bool:
        """Say whether it has labels and must be imported first."""
        return self.source.folder is not None and self.source.is_labelled


def evaluable(home: Home, run: str) -> Evaluable:
    """Say what can be measured of a run. Reads the disk: never in the GUI's thread.

    Raises:
        UserError: `checkpoint_unknown` when it has no checkpoint, `checkpoint_elsewhere` when none is here, or what is
            wrong with its dataset.
    """
    folder = RunFolder(home.runs / run)
    checkpoints = checkpoints_of(home, run)
    if not checkpoints and was_elsewhere(folder):
        raise UserError(
            "checkpoint_elsewhere",
            "No checkpoint of this run is on this machine yet.",
            "Bring one home from the list of checkpoints on the Train page.",
        )
    if not checkpoints:
        raise UserError(
            "checkpoint_unknown",
            "This run has no checkpoint yet.",
            "Wait for the end of its first epoch, or save a checkpoint on the Train page.",
        )
    config = folder.effective_config()
    manifest = split_as_run(Manifest.load(folder.manifest_path), config)
    known = [(one.name, one.task) for one in Library(home).list()]
    size = config.get("batch_size")
    return Evaluable(
        run,
        checkpoints,
        _sizes(manifest)[:-1],
        manifest.task,
        manifest.name,
        tuple(sorted(known, key=lambda pair: (pair[1] != manifest.task, pair[0].casefold()))),
        tuple(name for name in machine_resources() if name != "cpu"),
        size if isinstance(size, int) else 1,
    )


def offer_of(home: Home, run: str, checkpoint: str, source: Source, mapping: Chosen) -> DataOffer:
    """Say what a source offers a checkpoint. Reads the disk: never in the GUI's thread.

    What is wrong with it stands in the offer: the user chooses something else.
    """
    folder = RunFolder(home.runs / run)
    try:
        meta = read_meta(folder.checkpoints / checkpoint)
        if source.folder is not None:
            return _of_folder(home, meta, source, mapping)
        return _of_dataset(home, folder, meta, source, mapping)
    except UserError as error:
        return DataOffer(source, problem=error)


def _of_dataset(
    home: Home, folder: RunFolder, meta: CheckpointMeta, source: Source, mapping: Chosen
) -> DataOffer:
    library = Library(home)
    frozen = Manifest.load(folder.manifest_path)
    manifest = library.get(source.dataset) if source.dataset else frozen
    if manifest.task != meta.task:
        raise UserError(
            "task_differs",
            f"The dataset {manifest.name} is for {manifest.task}, the model for {meta.task}.",
            f"Choose a dataset for {meta.task}.",
        )
    if source.dataset:
        library.root(manifest.name)  # which says when its drive is away
    match = match_classes(manifest.classes, meta.class_names, mapping)
    shown = split_as_run(with_classes(manifest, match), folder.effective_config())
    splits = _sizes(shown)
    seen = (
        {name: seen_in_training(images_of(shown, name), folder) for name, _ in splits}
        if source.dataset
        else {}
    )
    problem = _why_not(match, manifest.name, has_images=bool(splits))
    return DataOffer(source, splits, match, seen, problem=problem)


def _of_folder(home: Home, meta: CheckpointMeta, source: Source, mapping: Chosen) -> DataOffer:
    assert source.folder is not None
    known = Library(home).imported_from(source.folder) if source.is_labelled else None
    if known is not None:
        return DataOffer(Source(dataset=known))  # looked at anew, by its name
    look = look_at(source.folder, meta.task) if source.is_labelled else None
    if look is None or not look.is_labelled:
        images = look.images if look is not None else 0
        return DataOffer(Source(folder=source.folder, is_labelled=False), images=images)
    match = match_classes(look.classes, meta.class_names, _known(mapping, look.classes))
    problem = _why_not(match, source.folder.name, has_images=True) if look.classes else None
    return DataOffer(
        source, match=match if look.classes else None, images=look.images, format=look.format, problem=problem
    )


def _known(mapping: Chosen, classes: Sequence[str]) -> Chosen:
    return {name: wanted for name, wanted in mapping.items() if name in classes}


def _why_not(match: ClassMatch, name: str, *, has_images: bool) -> UserError | None:
    try:
        require_meaning(match, name)
    except UserError as error:
        return error
    if has_images:
        return None
    return UserError(
        "split_empty",
        f"{name} has no labelled image that the model could be measured on.",
        "Choose other data, or say which class is which.",
    )


def _sizes(manifest: Manifest) -> tuple[tuple[str, int], ...]:
    """By split in the order in which they are offered, all images last."""
    sizes = split_sizes(manifest)
    listed = tuple((name, sizes[name]) for name in _OFFERED if sizes.get(name))
    return (*listed, (ALL, sum(sizes.values()))) if listed else ()
