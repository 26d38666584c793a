"""Times Ultralytics' trainer on our data path (a YOLO dataset) in the form that comparisons of loops read."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from benchmarks.clock import Clock, settle_of
from engine.channel.control import Control
from engine.channel.reporter import Reporter
from engine.config.flat import flatten
from engine.data.batch import Batch
from engine.data.loader import Loader, LoaderSettings, build_loader
from engine.datasets.library import Library
from engine.plugin import ModelMetadata, UltralyticsDetector
from engine.plugin.adapters.ultralytics_detector import UltralyticsDetectorConfig
from engine.plugin.full_control import PluginTraining, train_plugin
from engine.protocol.checkpoint import CheckpointMeta
from engine.protocol.home import Home
from engine.protocol.job import Placement
from engine.protocol.results import Problem
from engine.protocol.run_folder import RunFolder
from engine.tasks.registry import task_named

NOMINAL_BATCH = 64
"""Images to an optimizer step of Ultralytics' own trainer."""


@dataclass(slots=True)
class WatchedLoader:
    """The loader, with a clock beside it."""

    loader: Loader
    clock: Clock

    def __len__(self) -> int:
        return len(self.loader)

    @property
    def images(self) -> int:
        return self.loader.images

    @property
    def settings(self) -> LoaderSettings:
        return self.loader.settings

    def start(self, epoch: int, batch: int = 0) -> Iterator[Batch]:
        return self.clock.watch(self.loader.start(epoch, batch), len, expected=len(self.loader))

    def new_problems(self) -> list[Problem]:
        return self.loader.new_problems()


class AnyYolo(UltralyticsDetector):
    """The network that the command line names."""

    @classmethod
    def get_metadata(cls) -> ModelMetadata:
        return ModelMetadata(name="any-yolo", framework="ultralytics", task_type="detection")


def main(arguments: Sequence[str]) -> int:
    """Train, and write the times to `--out`."""
    parser = argparse.ArgumentParser(prog="benchmarks.ultralytics_detect", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with a data.yaml")
    parser.add_argument("--arch", default="yolov8n", help="yolov8n, ultra:yolov8n.yaml (default yolov8n)")
    parser.add_argument("--size", type=int, default=160, help="pixels (default 160)")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--workers", type=int, default=2, help="loader threads (default 2)")
    parser.add_argument("--threads", type=int, default=None, help="compute threads (default: all cores)")
    parser.add_argument("--device", default="cpu", help="cpu or cuda:0 (default cpu)")
    parser.add_argument("--precision", default="auto", help="auto, fp32, bf16 or fp16 (default auto)")
    parser.add_argument("--out", type=Path, required=True, help="JSON file to write")
    options = parser.parse_args(arguments)
    clock = Clock(settle=settle_of(options.device))
    with tempfile.TemporaryDirectory() as scratch:
        train(options, Home(Path(scratch)).ensure(), clock)
    clock.write(options.out)
    for number, epoch in enumerate(clock.epochs, start=1):
        print(
            f"epoch {number}: {epoch.images / epoch.wall:.1f} images/s, {epoch.images / epoch.cpu:.1f} per CPU-s"
        )
    return 0


def train(options: argparse.Namespace, home: Home, clock: Clock) -> None:
    """Train once in a scratch home, as a run does: with events, orders and a checkpoint an epoch."""
    library = Library(home)
    manifest = library.import_dataset(options.data, name="benchmark")
    config = _config(options)
    task = task_named("detection")
    settings = LoaderSettings(
        image_size=options.size,
        batch_size=options.batch,
        train=True,
        workers=options.workers,
        prefetch=config.prefetch,
        cache_folder=home.cache,
        augmentation=config.augmentation,
        framing=task.framing,
        annotations=library.annotations_file(manifest),
        pin_memory=options.device != "cpu",
    )
    loader = build_loader(manifest, library.root("benchmark"), "train", settings, task)
    folder = RunFolder(home.runs / "benchmark")
    reporter = Reporter(folder.attempt(1))
    names = tuple(manifest.classes)
    known = {"num_classes": len(names), "class_names": list(names), "device": options.device}
    job = PluginTraining(
        build=lambda flat: AnyYolo({**flat, **known}),
        config=flatten(config),
        run_config=config,
        task=task,
        train_loader=cast("Loader", WatchedLoader(loader, clock)),
        val_loader=None,
        folder=folder,
        reporter=reporter,
        control=Control(folder, 1, reporter),
        meta=_meta(options, names),
        placement=Placement(resource=options.device, threads=options.threads),
        reads_start_epoch=True,
    )
    try:
        train_plugin(job)
    finally:
        reporter.close()
        loader.close()


def _config(options: argparse.Namespace) -> UltralyticsDetectorConfig:
    """Give what the peer trains with: its batch, optimizer and clipping; our usual augmentation."""
    return UltralyticsDetectorConfig.from_flat(
        {
            "architecture": options.arch.removeprefix("ultra:").removesuffix(".yaml"),
            "pretrained": "off",
            "epochs": options.epochs,
            "batch_size": options.batch,
            "image_size": options.size,
            "precision": options.precision,
            "accumulate_steps": max(1, round(NOMINAL_BATCH / options.batch)),
            "optimizer.type": "sgd",
            "optimizer.lr": 0.01,
            "optimizer.momentum": 0.9,
            "optimizer.nesterov": True,
            "optimizer.weight_decay": 5e-4,
            "clip_norm": 10.0,
            "validation.enabled": False,
            "checkpoint.every_minutes": 0.0,
        }
    )


def _meta(options: argparse.Namespace, names: tuple[str, ...]) -> CheckpointMeta:
    return CheckpointMeta(
        kind="last",
        run="benchmark",
        attempt=1,
        epoch=0,
        step=0,
        plugin="any_yolo",
        plugin_hash="",
        config_hash="",
        task="detection",
        class_names=names,
        input_size=(3, options.size, options.size),
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
