"""A dataset of bright squares as COCO has it, and run folders that learn from it in the test's own process."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
from PIL import Image

from engine.config.schema import ConfigSchema
from engine.config.train import TrainConfig
from engine.datasets.formats.registry import read_layout
from engine.datasets.hashing import HashMemory
from engine.datasets.importing import make_dataset
from engine.protocol.job import AttemptSpec, DatasetRef, JobKind, JobSpec, Placement, PluginRef
from engine.protocol.run_folder import RunFolder, write_record
from tests.engine.jobs.run_maker import MadeRun

CLASSES = ("light", "dark")
LEVELS = (235, 20)
SIZE = 64
QUICK: dict[str, object] = {
    "epochs": 1,
    "batch_size": 4,
    "image_size": SIZE,
    "precision": "fp32",
    "channels_last": "off",
    "optimizer.type": "adamw",
    "optimizer.lr": 2e-3,
    "augmentation.random_rotation": 0.0,
    "workers": 0,
}


def write_squares(folder: Path, counts: dict[str, int], with_masks: bool = False) -> Path:
    """Write images of 96 × 64 with a light and a dark square each on gray noise; each fourth image is empty."""
    rng = np.random.default_rng(4)
    for split, count in counts.items():
        (folder / split).mkdir(parents=True)
        images, annotations = [], []
        for number in range(count):
            pixels = rng.integers(90, 150, (64, 96, 3)).astype(np.uint8)
            name = f"{number:03d}.png"
            images.append({"id": number, "file_name": name, "width": 96, "height": 64})
            for label, level in enumerate(LEVELS if number % 4 != 3 else ()):
                side = int(rng.integers(14, 24))
                left, top = (
                    int(rng.integers(48 * label, 48 * label + 48 - side)),
                    int(rng.integers(0, 64 - side)),
                )
                pixels[top : top + side, left : left + side] = level
                box = [left, top, side, side]
                annotations.append({
                    "id": len(annotations), "image_id": number, "category_id": label + 1, "bbox": box,
                    "area": side * side, "iscrowd": 0, "segmentation": [outline(*box)] if with_masks else [],
                })  # fmt: skip
            Image.fromarray(pixels).save(folder / split / name)
        categories = [{"id": n + 1, "name": name} for n, name in enumerate(CLASSES)]
        content = {"images": images, "annotations": annotations, "categories": categories}
        place = folder / "annotations"
        place.mkdir(exist_ok=True)
        (place / f"instances_{split}.json").write_text(json.dumps(content), encoding="utf-8")
    return folder


def outline(left: int, top: int, width: int, height: int) -> list[int]:
    return [left, top, left + width, top, left + width, top + height, left, top + height]


def make_detection_run(
    home: Path, data: Path, plugin: Path, config: dict[str, object], kind: JobKind = "train"
) -> MadeRun:
    """Write a run folder as `submit` does, without store and queue."""
    number = len(list((home / "runs").glob("*"))) + 1
    folder = RunFolder(home / "runs" / f"run-{number}")
    shutil.copytree(plugin, folder.plugin, ignore=shutil.ignore_patterns("__pycache__"))
    made = make_dataset(read_layout(data), data, "squares", HashMemory(None))
    made.manifest.save(folder.manifest_path)
    assert made.annotations is not None
    made.annotations.save(folder.annotations_path)
    resolved = ConfigSchema.from_pydantic(TrainConfig).defaults(QUICK | config)
    job = JobSpec(
        run=folder.run,
        kind=kind,
        created="2026-01-01T00:00:00+00:00",
        plugin=PluginRef(id=plugin.name, model="", source_hash="0" * 64),
        dataset=DatasetRef(name="squares", version=made.manifest.version),
        task="detection",
        config=resolved | {name: value for name, value in config.items() if name not in resolved},
    )
    write_record(folder.job_path, job)
    spec = AttemptSpec(attempt=1, placement=Placement(dataset_root=str(data), threads=1))
    write_record(folder.attempt(1).spec_path, spec)
    return MadeRun(folder)
