"""Times our training loop on an image folder (`train/`, `val/`) in the form that comparisons of loops read."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.clock import Clock, settle_of
from benchmarks.networks import AnyNetwork
from engine.channel.control import Control
from engine.channel.reporter import Reporter
from engine.config.train import TrainConfig
from engine.data.batch import Batch
from engine.data.loader import Loader, LoaderSettings, build_loader
from engine.datasets.library import Library
from engine.protocol.checkpoint import CheckpointMeta
from engine.protocol.home import Home
from engine.protocol.job import Placement
from engine.protocol.results import Problem
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


@dataclass(slots=True)
class WatchedLoader:
    """The loader, with a clock beside it. Implements `engine.training.trainable.TrainLoader`."""

    loader: Loader
    clock: Clock

    def __len__(self) -> int:
        return len(self.loader)

    def start(self, epoch: int, batch: int = 0) -> Iterator[Batch]:
        return self.clock.watch(self.loader.start(epoch, batch), len, expected=len(self.loader))

    def new_problems(self) -> list[Problem]:
        return self.loader.new_problems()


def main(arguments: Sequence[str]) -> int:
    """Train, and write the times to `--out`."""
    parser = argparse.ArgumentParser(prog="benchmarks.train", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with train/CLASS/*.jpg")
    parser.add_argument(
        "--arch", default="resnet18", help="a timm architecture, or ultra:yolov8n-cls.yaml (default resnet18)"
    )
    parser.add_argument("--size", type=int, default=64, help="pixels (default 64)")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--workers", type=int, default=2, help="loader threads (default 2)")
    parser.add_argument(
        "--processes", type=int, default=0, help="that load, each with those threads (default 0)"
    )
    parser.add_argument("--threads", type=int, default=None, help="compute threads (default: all cores)")
    parser.add_argument("--device", default="cpu", help="cpu or cuda:0 (default cpu)")
    parser.add_argument("--precision", default="auto", help="auto, fp32, bf16 or fp16 (default auto)")
    parser.add_argument("--cache", default="auto", help="auto, memory, disk or off (default auto)")
    parser.add_argument("--out", type=Path, required=True, help="JSON file to write")
    options = parser.parse_args(arguments)
    clock = Clock(settle=settle_of(options.device))
    with tempfile.TemporaryDirectory() as scratch:
        train(options, Home(Path(scratch)).ensure(), clock)
    clock.write(options.out)
    for number, epoch in enumerate(clock.epochs, start=1):
        print(
            f"epoch {number}: {epoch.images / epoch.wall:.0f} images/s, {epoch.images / epoch.cpu:.0f} per CPU-s"
        )
    return 0


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


def blank_meta(classes: tuple[str, ...], size: int) -> CheckpointMeta:
    """What the checkpoints of a benchmark say about themselves."""
    return CheckpointMeta(
        kind="last",
        run="benchmark",
        attempt=1,
        epoch=0,
        step=0,
        plugin="any_network",
        plugin_hash="",
        config_hash="",
        class_names=classes,
        input_size=(3, size, size),
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
