"""What timed loops of ours share: their options, the loader with a clock beside it, what their checkpoints say."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.clock import Clock, settle_of
from engine.data.batch import Batch
from engine.data.loader import Loader, LoaderSettings
from engine.protocol.checkpoint import CheckpointMeta
from engine.protocol.home import Home
from engine.protocol.results import Problem

Train = Callable[[argparse.Namespace, Home, Clock], None]
"""Trains once in a scratch home."""


def loop_options(name: str, description: str | None, size: int, batch: int) -> argparse.ArgumentParser:
    """Give the options that comparisons of loops know; `--data` and `--arch` are the loop's own.

    Args:
        name: of the benchmark's module.
        description: its first sentence.
        size: default side of the images, in pixels.
        batch: default batch size.
    """
    parser = argparse.ArgumentParser(prog=f"benchmarks.{name}", description=description)
    parser.add_argument("--size", type=int, default=size, help=f"pixels (default {size})")
    parser.add_argument("--batch", type=int, default=batch)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--workers", type=int, default=2, help="loader threads (default 2)")
    parser.add_argument("--threads", type=int, default=None, help="compute threads (default: all cores)")
    parser.add_argument("--device", default="cpu", help="cpu or cuda:0 (default cpu)")
    parser.add_argument("--precision", default="auto", help="auto, fp32, bf16 or fp16 (default auto)")
    parser.add_argument("--out", type=Path, required=True, help="JSON file to write")
    return parser


def run_timed(parser: argparse.ArgumentParser, arguments: Sequence[str], train: Train) -> int:
    """Train, and write the times to `--out`."""
    options = parser.parse_args(arguments)
    clock = Clock(settle=settle_of(options.device))
    with tempfile.TemporaryDirectory() as scratch:
        train(options, Home(Path(scratch)).ensure(), clock)
    clock.write(options.out)
    for number, epoch in enumerate(clock.epochs, start=1):
        per_second, per_cpu = epoch.images / epoch.wall, epoch.images / epoch.cpu
        print(f"epoch {number}: {per_second:.1f} images/s, {per_cpu:.1f} per CPU-s")
    return 0


@dataclass(slots=True)
class WatchedLoader:
    """The loader, with a clock beside it. Implements `engine.training.trainable.TrainLoader`."""

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


def blank_meta(classes: tuple[str, ...], size: int, task: str = "classification") -> CheckpointMeta:
    """What the checkpoints of a benchmark say about themselves."""
    return CheckpointMeta(
        kind="last",
        run="benchmark",
        attempt=1,
        epoch=0,
        step=0,
        plugin="benchmark",
        plugin_hash="",
        config_hash="",
        task=task,
        class_names=classes,
        input_size=(3, size, size),
    )
