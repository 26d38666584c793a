"""A user folder with one model that looks trained: its settings as the form has them, its weights as they start."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from benchmarks.sides import REPOSITORY
from engine.config.validation import resolve_config
from engine.plugin.describer import describe, find_entry
from engine.protocol.events import CheckpointSaved, Event, RunEnded, StateChanged
from engine.protocol.home import Home
from engine.protocol.job import AttemptSpec, JobSpec, PluginRef
from engine.protocol.run_folder import RunFolder, write_record
from engine.runner.supervision import add_supervision
from engine.store.database import Store
from engine.store.rebuild import take_run

if TYPE_CHECKING:
    from engine.plugin.contract import BaseModel

CLASSES = tuple(f"class {number}" for number in range(10))
SIZE = (640, 480)
RUN = "20260101-000000-aaaa"


def make_model(home: Home, plugin: str, settings: Mapping[str, object]) -> BaseModel:
    """Write a finished run of a built-in plugin with a checkpoint `best`. Gives its model; loads torch."""
    from engine.plugin.restore import build_model

    entry = find_entry(describe(home), plugin)
    if entry.config_schema is None or entry.metadata is None:
        raise RuntimeError(f"the plugin {plugin} cannot be described")
    config = resolve_config(entry.config_schema, {"pretrained": "off", **settings})
    folder = RunFolder(home.runs / RUN)
    shutil.copytree(REPOSITORY / "plugins" / plugin, folder.plugin)
    job = JobSpec(
        run=RUN,
        task=entry.metadata.task_type,
        created="2026-01-01T00:00:00+00:00",
        plugin=PluginRef(id=plugin, model="", source_hash="0" * 64),
        config=config,
    )
    write_record(folder.job_path, job)
    write_record(folder.attempt(1).spec_path, AttemptSpec(attempt=1))
    model = build_model(folder, CLASSES, "cpu", config=config, fresh=False)
    _write_weights(folder, job, model)
    told: list[Event] = [
        StateChanged(state=state, attempt=1) for state in ("preparing", "starting", "running")
    ]
    told.append(CheckpointSaved(name="best", kind="best", epoch=1, step=1))
    told.append(RunEnded(state="completed", elapsed_s=1.0))
    add_supervision(folder.attempt(1), *told)
    with Store.open(home.store_path) as store:
        take_run(store, folder)
    return model


def _write_weights(folder: RunFolder, job: JobSpec, model: BaseModel) -> None:
    from engine.checkpoints.read import tensors_of
    from engine.checkpoints.write import write_checkpoint
    from engine.plugin.adapters.torch_model import TorchModel
    from engine.protocol.checkpoint import CheckpointMeta

    if not isinstance(model, TorchModel):
        raise TypeError(f"{job.plugin.id} trains by a loop of its own")
    mean, std = model.normalisation()
    meta = CheckpointMeta(
        kind="best",
        run=job.run,
        attempt=1,
        epoch=1,
        step=1,
        plugin=job.plugin.id,
        plugin_hash=job.plugin.source_hash,
        config_hash="0" * 64,
        task=job.task,
        class_names=CLASSES,
        input_size=(3, model.image_size, model.image_size),
        mean=mean,
        std=std,
    )
    write_checkpoint(folder.checkpoints / "best", tensors_of(model.network), {}, meta)


def write_photos(folder: Path, count: int) -> list[Path]:
    """Write JPEG files of a camera's kind of content, smooth with some noise."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    ramp = np.linspace(0, 200, SIZE[0])[None, :, None]
    files = [folder / f"{number}.jpg" for number in range(count)]
    for number, file in enumerate(files):
        noise = rng.integers(0, 55, (SIZE[1], SIZE[0], 3))
        Image.fromarray(np.roll((ramp + noise).astype(np.uint8), number * 7, axis=1)).save(file, quality=85)
    return files
