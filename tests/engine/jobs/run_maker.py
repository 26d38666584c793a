"""Run folders made by hand, and worked on in the test's own process."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from engine.config.schema import ConfigSchema
from engine.config.train import TrainConfig
from engine.datasets.formats.registry import read_layout
from engine.datasets.hashing import HashMemory
from engine.datasets.importing import make_manifest
from engine.protocol.checkpoint import list_checkpoints
from engine.protocol.events import Event, RunEnded, parse_event
from engine.protocol.job import AttemptSpec, DatasetRef, JobKind, JobSpec, Placement, PluginRef
from engine.protocol.run_folder import RunFolder, write_record
from engine.worker import main

REPOSITORY = Path(__file__).resolve().parents[3]
QUICK: dict[str, object] = {
    "epochs": 2,
    "batch_size": 4,
    "image_size": 16,
    "precision": "fp32",
    "channels_last": "off",
    "optimizer.lr": 0.01,
    "workers": 0,
}


def write_pictures(folder: Path, per_class: int = 6, side: int = 20) -> Path:
    """Write a folder with train and val of two classes: light and dark noise."""
    rng = np.random.default_rng(0)
    for split, count in (("train", per_class), ("val", 3)):
        for level, name in ((60, "dark"), (140, "light")):
            place = folder / split / name
            place.mkdir(parents=True)
            for number in range(count):
                pixels = rng.integers(level - 50, level + 50, (side + 4, side, 3)).astype(np.uint8)
                Image.fromarray(pixels).save(place / f"{number}.png")
    return folder


@dataclass
class MadeRun:
    """A run folder below HOME/runs, and what its newest attempt said."""

    folder: RunFolder

    def work(self) -> RunEnded:
        """Let the worker do the newest attempt in this process."""
        main(self.folder.path)
        ended = [event for event in self.events() if isinstance(event, RunEnded)]
        assert len(ended) == 1
        return ended[0]

    def events(self) -> list[Event]:
        lines = self.folder.latest_attempt().events_path.read_bytes().splitlines()
        return [event for line in lines if (event := parse_event(line)) is not None]

    def again(self, from_checkpoint: str | None = None, **overrides: object) -> MadeRun:
        """Write the next attempt."""
        before = self.folder.latest_attempt().spec()
        spec = AttemptSpec(
            attempt=before.attempt + 1,
            reason="resume",
            placement=before.placement,
            from_checkpoint=from_checkpoint,
            overrides=overrides,
        )
        write_record(self.folder.attempt(spec.attempt).spec_path, spec)
        return self

    def fingerprint(self) -> str:
        """A hash of what the training came to: weights, checkpoints' names and steps, validations."""
        digest = hashlib.sha256()
        for name, meta in list_checkpoints(self.folder.checkpoints):
            digest.update(f"{name} {meta.epoch} {meta.step} {sorted(meta.metrics.items())}".encode())
        weights = self.folder.checkpoints / "last" / "weights.safetensors"
        digest.update(weights.read_bytes())
        digest.update(str(sorted(entry.name for entry in self.folder.results.glob("*/*"))).encode())
        return digest.hexdigest()


def make_run(
    home: Path, data: Path, config: dict[str, object], plugin: Path | None = None, kind: JobKind = "train"
) -> MadeRun:
    """Write a run folder as `submit` does, without store and queue."""
    number = len(list((home / "runs").glob("*"))) + 1
    folder = RunFolder(home / "runs" / f"run-{number}")
    source = plugin or REPOSITORY / "plugins" / "example_minimal"
    shutil.copytree(source, folder.plugin, ignore=shutil.ignore_patterns("__pycache__"))
    manifest = make_manifest(read_layout(data), data, "pictures", HashMemory(None))
    manifest.save(folder.manifest_path)
    resolved = ConfigSchema.from_pydantic(TrainConfig).defaults(QUICK | config)
    job = JobSpec(
        run=folder.run,
        kind=kind,
        task=manifest.task,
        created="2026-01-01T00:00:00+00:00",
        plugin=PluginRef(id=source.name, model="", source_hash="0" * 64),
        dataset=DatasetRef(name="pictures", version=manifest.version),
        config=resolved | {name: value for name, value in config.items() if name not in resolved},
    )
    write_record(folder.job_path, job)
    spec = AttemptSpec(attempt=1, placement=Placement(dataset_root=str(data), threads=1))
    write_record(folder.attempt(1).spec_path, spec)
    return MadeRun(folder)
