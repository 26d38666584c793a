"""What lies ready for every job of a worker: run folder, attempt, voice and ear; and the data it works on."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from engine.channel.control import Control
from engine.channel.reporter import Reporter
from engine.config.train import RunConfig
from engine.data.loader import Loader, LoaderSettings, build_loader
from engine.datasets.manifest import Manifest
from engine.datasets.split import with_validation
from engine.device.choose import choose_workers
from engine.errors import UserError
from engine.protocol.job import AttemptSpec, JobSpec
from engine.protocol.run_folder import AttemptFolder, RunFolder
from engine.tasks.registry import task_named
from engine.tasks.task import Task

ANNOTATIONS_NAME = "annotations.npz"


@dataclass(frozen=True)
class Desk:
    """One attempt as the worker sees it."""

    folder: RunFolder
    attempt: AttemptFolder
    reporter: Reporter
    control: Control

    @cached_property
    def job(self) -> JobSpec:
        return self.folder.job()

    @cached_property
    def spec(self) -> AttemptSpec:
        return self.attempt.spec()

    @cached_property
    def config(self) -> dict[str, object]:
        """The flat configuration of this attempt: what was enqueued, and the overrides up to now."""
        return self.folder.effective_config(self.attempt.number)

    @cached_property
    def run_config(self) -> RunConfig:
        """What the engine honours for every plugin."""
        return RunConfig.from_flat(self.config)

    @cached_property
    def task(self) -> Task:
        return task_named(self.job.task)

    @property
    def cache_folder(self) -> Path:
        """The user's cache: run folders lie in HOME/runs."""
        return self.folder.path.parents[1] / "cache"

    @cached_property
    def manifest(self) -> Manifest:
        """The dataset, frozen at enqueue; with a validation split taken from the training images if it has none."""
        manifest = Manifest.load(self.folder.manifest_path)
        validation = self.run_config.validation
        return with_validation(manifest, validation.val_split) if validation.enabled else manifest

    @cached_property
    def dataset_root(self) -> Path:
        """Where the images lie on this machine.

        Raises:
            UserError: `dataset_unreachable`.
        """
        named = self.spec.placement.dataset_root
        root = Path(named) if named else None
        if root is None or not root.is_dir():
            raise UserError(
                "dataset_unreachable",
                f"The dataset's folder {named or '(not named)'} is not there.",
                "Connect the drive or share, or say where it is now with `lensmith data relocate`; then resume.",
            )
        return root

    def loader(self, split: str, *, train: bool, pin_memory: bool = False) -> Loader:
        """Open a split as the configuration says."""
        config = self.run_config
        images = sum(item.split == split and self.task.is_usable(item) for item in self.manifest.items)
        settings = LoaderSettings(
            image_size=config.image_size,
            batch_size=config.batch_size,
            seed=config.seed,
            train=train,
            workers=choose_workers(self.spec.placement.resource, config.workers),
            prefetch=config.prefetch,
            cache=config.cache,
            cache_folder=self.cache_folder,
            augmentation=config.augmentation if train else None,
            resize_method=config.preprocessing.resize_method,
            # A last batch of a single image has no variance: batch normalisation refuses it.
            drop_last=train and images % config.batch_size == 1,
            pin_memory=pin_memory,
            framing=self.task.framing,
            annotations=self.folder.manifest_path.with_name(ANNOTATIONS_NAME),
        )
        return build_loader(self.manifest, self.dataset_root, split, settings, self.task)

    def has_split(self, split: str) -> bool:
        return any(item.split == split and self.task.is_usable(item) for item in self.manifest.items)

    def config_hash(self) -> str:
        """sha256 (hex) of the attempt's configuration."""
        return hashlib.sha256(json.dumps(self.config, sort_keys=True, default=str).encode()).hexdigest()

    def relative(self, name: str) -> Path:
        """A path of the configuration: those that were frozen at enqueue are relative to the run folder."""
        path = Path(name)
        return path if path.is_absolute() else self.folder.path / path
