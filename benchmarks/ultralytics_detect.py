"""Times Ultralytics' trainer on our data path (a YOLO dataset) in the form that comparisons of loops read."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from benchmarks.clock import Clock
from benchmarks.timed_loop import WatchedLoader, blank_meta, loop_options, run_timed
from engine.channel.control import Control
from engine.channel.reporter import Reporter
from engine.config.flat import flatten
from engine.data.loader import Loader, LoaderSettings, build_loader
from engine.datasets.library import Library
from engine.plugin import ModelMetadata, UltralyticsDetector
from engine.plugin.adapters.ultralytics_detector import UltralyticsDetectorConfig
from engine.plugin.full_control import PluginTraining, train_plugin
from engine.protocol.home import Home
from engine.protocol.job import Placement
from engine.protocol.run_folder import RunFolder
from engine.tasks.registry import task_named

NOMINAL_BATCH = 64
"""Images to an optimizer step of Ultralytics' own trainer."""


class AnyYolo(UltralyticsDetector):
    """The network that the command line names."""

    @classmethod
    def get_metadata(cls) -> ModelMetadata:
        return ModelMetadata(name="any-yolo", framework="ultralytics", task_type="detection")


def main(arguments: Sequence[str]) -> int:
    """Train, and write the times to `--out`."""
    parser = loop_options("ultralytics_detect", __doc__, size=160, batch=16)
    parser.add_argument("--data", type=Path, required=True, help="folder with a data.yaml")
    parser.add_argument("--arch", default="yolov8n", help="yolov8n, ultra:yolov8n.yaml (default yolov8n)")
    return run_timed(parser, arguments, train)


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
        meta=blank_meta(names, options.size, task.name),
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


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
