"""What training images look like under a configuration: the training's own loader, asked for a few of them."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from engine.config.train import RunConfig
from engine.data.cache import MemoryCache
from engine.data.loader import Augment, Loader, LoaderSettings
from engine.data.samples import SampleSource, open_split
from engine.data.targets import SplitFiles
from engine.datasets.library import Library
from engine.datasets.manifest import Manifest
from engine.datasets.split import with_validation
from engine.errors import UserError
from engine.inference.label_records import labelled, no_larger, write_labelled
from engine.inference.preview_wish import Wish
from engine.tasks.registry import task_named

_ANSWERS_KEPT = 3
"""Answers whose files stay: the window may still be reading those of the one before."""
_MIXED = "Mixup and CutMix blend whole batches; they are not shown here."
_OFF = "Augment is off: every epoch sees the same picture."
_OWN = "This plugin varies its images itself, and this is what it makes of them."

NameOf = Callable[[str], Path]


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """What is known of a plugin and its configuration."""

    config: Mapping[str, object]
    """Flat and checked."""
    augment: Augment | None = None
    """The plugin's own, in the place of the configured one."""


Study = Callable[[str, Mapping[str, object], Manifest], Subject]
"""Takes a plugin, its configuration and the dataset. Raises UserError, `config_invalid` among them."""


class AugmentationPreview:
    """Answers wishes; keeps what it has read of the split it was asked about last.

    Args:
        library: of the user's datasets.
        study: checks a configuration, and finds out what the plugin does itself.
    """

    def __init__(self, library: Library, study: Study) -> None:
        self._library = library
        self._study = study
        self._kept: tuple[object, SampleSource, MemoryCache] | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._answers = 0

    def answer(self, wish: Wish) -> dict[str, object]:
        """Give a record an image: the original, and what each epoch makes of it, as files with their labels.

        Raises:
            UserError: `config_invalid`, `task_differs`, `split_empty`, `image_unknown`, `augmentation_hidden`,
                `augmentation_wrong`, or one of the dataset's.
        """
        manifest = self._library.get(wish.dataset)
        subject = self._study(wish.plugin, wish.config, manifest)
        config = RunConfig.from_flat(subject.config)
        if wish.seed is not None:
            config = config.model_copy(update={"seed": wish.seed})
        if config.validation.enabled:
            manifest = with_validation(manifest, config.validation.val_split)
        source, cache = self._open(manifest, wish.split, config)
        loader = Loader(source, cache, _settings(config, manifest.task))
        if subject.augment is not None:
            loader.augment_with(subject.augment)
        told = _Pictures(loader, cache, manifest, wish)
        folder = self._next_folder()
        pictures = [
            told.picture(position, partial(_file, folder, number))
            for number, position in enumerate(_positions(source, wish))
        ]
        return {
            "pictures": [picture for picture in pictures if picture is not None],
            "classes": list(manifest.classes),
            "task": manifest.task,
            "seed": config.seed,
            "notes": _notes(config, subject, manifest.task),
            "problems": [problem.message for problem in source.problems],
        }

    def _open(self, manifest: Manifest, split: str, config: RunConfig) -> tuple[SampleSource, MemoryCache]:
        method = config.preprocessing.resize_method
        division = hash(tuple(item.split for item in manifest.items))
        key = (manifest.name, manifest.version, split, division, config.image_size, method)
        if self._kept is None or self._kept[0] != key:
            files = SplitFiles(
                manifest,
                self._library.root(manifest.name),
                range(len(manifest.items)),
                self._library.annotations_file(manifest),
            )
            source = open_split(files, split, task_named(manifest.task), config.image_size, method)
            self._kept = key, source, MemoryCache(len(source))
        return self._kept[1], self._kept[2]

    def _next_folder(self) -> Path:
        """A folder for one answer; those of answers long ago go."""
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="lensmith-preview-", ignore_cleanup_errors=True)
        self._answers += 1
        shutil.rmtree(Path(self._folder.name) / str(self._answers - _ANSWERS_KEPT), ignore_errors=True)
        return Path(self._folder.name) / str(self._answers)


@dataclass(frozen=True, slots=True, eq=False)
class _Pictures:
    """Makes the records of one answer."""

    loader: Loader
    cache: MemoryCache
    manifest: Manifest
    wish: Wish

    def picture(self, position: int, name_of: Callable[[str], NameOf]) -> dict[str, object] | None:
        """The record of one image; None when a file of it cannot be read."""
        source, classes = self.loader.source, self.manifest.classes
        stored = source.sample(position, self.cache)
        if stored is None:
            return None
        original = no_larger(labelled(stored.image, stored.target, classes), self.wish.size)
        variants: list[dict[str, object]] = []
        for epoch in self.wish.epochs:
            sample = self.loader.load(position, epoch)
            assert sample is not None  # training puts another one in the place of what cannot be read
            shown = no_larger(labelled(sample.image, sample.target, classes), self.wish.size)
            variants.append({"epoch": epoch, **write_labelled(shown, name_of(f"epoch-{epoch}"))})
        return {
            "item": int(source.item_indices[position]),
            "path": source.items[position].path,
            "original": write_labelled(original, name_of("original")),
            "variants": variants,
        }


def _settings(config: RunConfig, task: str) -> LoaderSettings:
    """As a training loads its images, but in this thread and one at a time: neither changes a pixel."""
    return LoaderSettings(
        image_size=config.image_size,
        batch_size=1,
        seed=config.seed,
        train=True,
        workers=0,
        augmentation=config.augmentation,
        resize_method=config.preprocessing.resize_method,
        framing=task_named(task).framing,
    )


def _positions(source: SampleSource, wish: Wish) -> list[int]:
    """Positions in the split of the wished images; picked ones differ with `pick`."""
    if not wish.images:
        order = np.random.default_rng([0, wish.pick]).permutation(len(source))
        return [int(position) for position in order[: wish.count]]
    places = {int(index): position for position, index in enumerate(source.item_indices)}
    unknown = [index for index in wish.images if index not in places]
    if unknown:
        raise UserError(
            "image_unknown",
            f"The split {wish.split!r} has no usable image number {unknown[0]}.",
            "Choose another image.",
        )
    return [places[index] for index in wish.images]


def _notes(config: RunConfig, subject: Subject, task: str) -> list[str]:
    """What to know about the pictures, full sentences."""
    settings = config.augmentation
    notes = [_OWN] if subject.augment is not None else [] if settings.enabled else [_OFF]
    if task_named(task).mixes and (settings.mixup_alpha > 0 or settings.cutmix_alpha > 0):
        notes.append(_MIXED)
    return notes


def _file(folder: Path, number: int, variant: str) -> NameOf:
    def name_of(what: str) -> Path:
        return folder / f"{number}-{variant}-{what}.png"

    return name_of
