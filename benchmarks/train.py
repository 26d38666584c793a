"""Times our training loop on an image folder (`train/`, `val/`) in the form that comparisons of loops read."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.clock import Clock
from benchmarks.networks import AnyNetwork
from benchmarks.timed_loop import WatchedLoader, blank_meta, loop_options, run_timed
from engine.channel.control import Control
from engine.channel.reporter import Reporter
from engine.config.train import TrainConfig
from engine.data.loader import LoaderSettings, build_loader
from engine.datasets.library import Library
from engine.protocol.home import Home
from engine.protocol.job import Placement
from engine.protocol.run_folder import RunFolder
from engine.training.job import TrainingJob
from engine.training.trainer import Trainer

# What the peers train with: torchvision's random crop and flip, and plain SGD.
PEERS_SETTINGS: dict[str, object] = {
    "optimizer.type": "sgd",
    "optimizer.lr": 0.01,
    "optimizer.momentum": 0.9,
    "optimizer.weight_decay": 1e-4,
    "scheduler.type": "constant",
    "augmentation.random_rotation": 0.0,
    "augmentation.color_jitter.enabled": False,
    "augmentation.resize_scale_min": 0.08,
    "augmentation.resize_scale_max": 1.0,
    "validation.enabled": False,
    "checkpoint.every_minutes": 0.0,
}


def main(arguments: Sequence[str]) -> int:
    """Train, and write the times to `--out`."""
    parser = loop_options("train", __doc__, size=64, batch=32)
    parser.add_argument("--data", type=Path, required=True, help="folder with train/CLASS/*.jpg")
    parser.add_argument(
        "--arch", default="resnet18", help="a timm architecture, or ultra:yolov8n-cls.yaml (default resnet18)"
    )
    parser.add_argument(
        "--processes", type=int, default=0, help="that load, each with those threads (default 0)"
    )
    parser.add_argument("--cache", default="auto", help="auto, memory, disk or off (default auto)")
    return run_timed(parser, arguments, train)


def train(options: argparse.Namespace, home: Home, clock: Clock) -> None:
    """Train once in a scratch home."""
    manifest = Library(home).import_dataset(options.data, name="benchmark")
    config = TrainConfig.from_flat(
        {
            **PEERS_SETTINGS,
            "epochs": options.epochs,
            "batch_size": options.batch,
            "image_size": options.size,
            "workers": options.workers,
            "precision": options.precision,
            "cache": options.cache,
        }
    )
    settings = LoaderSettings(
        image_size=options.size,
        batch_size=options.batch,
        train=True,
        workers=options.workers,
        processes=options.processes,
        prefetch=config.prefetch,
        cache=config.cache,
        cache_folder=home.cache,
        augmentation=config.augmentation,
        drop_last=True,
        pin_memory=options.device != "cpu",
    )
    loader = build_loader(manifest, Library(home).root("benchmark"), "train", settings)
    flat = {**config.to_flat(), "architecture": options.arch}
    model = AnyNetwork(
        {
            **flat,
            "num_classes": len(manifest.classes),
            "class_names": list(manifest.classes),
            "device": options.device,
        }
    )
    folder = RunFolder(home.runs / "benchmark")
    reporter = Reporter(folder.attempt(1))
    job = TrainingJob(
        trainable=model,
        config=config,
        train_loader=WatchedLoader(loader, clock),
        folder=folder,
        reporter=reporter,
        control=Control(folder, 1, reporter),
        meta=blank_meta(tuple(manifest.classes), options.size),
        placement=Placement(resource=options.device, threads=options.threads),
    )
    try:
        Trainer(job).run()
    finally:
        reporter.close()
        loader.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
