"""Times one epoch of a loader alone, after a first one: ours, or torchvision's ImageFolder in a DataLoader."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.clock import Clock

SIDES = ("torch", "cold", "cached")


def main(arguments: Sequence[str]) -> int:
    """Read two epochs, and write `{"images_per_s", "images_per_cpu_s"}` of the second to `--out`."""
    parser = argparse.ArgumentParser(prog="benchmarks.loader", description=__doc__)
    parser.add_argument("--side", choices=SIDES, required=True)
    parser.add_argument("--data", type=Path, required=True, help="folder with train/CLASS/*.jpg")
    parser.add_argument("--size", type=int, default=224, help="pixels (default 224)")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--workers", type=int, default=2, help="threads of ours, processes of torch's")
    parser.add_argument(
        "--processes", type=int, default=0, help="processes of ours, each with that many threads"
    )
    parser.add_argument("--augmentation", choices=("peers", "default"), default="peers", help="of ours")
    parser.add_argument("--out", type=Path, required=True, help="JSON file to write")
    options = parser.parse_args(arguments)
    clock = Clock()
    with tempfile.TemporaryDirectory() as scratch:
        read, size, close = _torch(options) if options.side == "torch" else _ours(options, Path(scratch))
        for epoch in range(2):
            for _ in clock.watch(read(epoch), size):
                pass
        close()
    second = clock.epochs[-1]
    told = {
        "images_per_s": second.images / second.wall,
        "images_per_cpu_s": second.images / second.cpu,
        "first_batch_s": clock.first_step_s,
    }
    options.out.write_text(json.dumps(told), encoding="utf-8")
    return 0


Side = tuple[Callable[[int], Iterable[Any]], Callable[[Any], int], Callable[[], None]]
"""Reads an epoch, counts a batch's images, ends."""


def _torch(options: argparse.Namespace) -> Side:
    import torch

    from benchmarks.plain_loop import image_folder_loader

    torch.set_num_threads(1)
    loader = image_folder_loader(options.data, options.size, options.batch, options.workers)
    return lambda _epoch: loader, lambda pair: len(pair[0]), lambda: None


def _ours(options: argparse.Namespace, scratch: Path) -> Side:
    import torch

    from benchmarks.train import PEERS_SETTINGS
    from engine.config.train import TrainConfig
    from engine.data.loader import LoaderSettings, build_loader
    from engine.datasets.library import Library
    from engine.protocol.home import Home

    torch.set_num_threads(1)
    home = Home(scratch).ensure()
    manifest = Library(home).import_dataset(options.data, name="benchmark")
    settings = LoaderSettings(
        image_size=options.size,
        batch_size=options.batch,
        train=True,
        workers=options.workers,
        processes=options.processes,
        cache="memory" if options.side == "cached" else "off",
        augmentation=TrainConfig.from_flat(
            PEERS_SETTINGS if options.augmentation == "peers" else {}
        ).augmentation,
        drop_last=True,
    )
    loader = build_loader(manifest, Library(home).root("benchmark"), "train", settings)
    return loader.start, len, loader.close


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
