"""Times a training loop as most are written: torchvision's pictures in loader processes, a timm network, autocast."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

from benchmarks.clock import Clock, settle_of
from benchmarks.networks import classifier
from engine.data.normalisation import IMAGENET_MEAN, IMAGENET_STD

Pair = tuple[Tensor, Tensor]
_SYNTHETIC_STEPS = 100


def main(arguments: Sequence[str]) -> int:
    """Train, and write the times to `--out`."""
    parser = argparse.ArgumentParser(prog="benchmarks.plain_loop", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with train/CLASS/*.jpg")
    parser.add_argument("--arch", default="resnet18", help="a timm architecture (default resnet18)")
    parser.add_argument("--size", type=int, default=64, help="pixels (default 64)")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--workers", type=int, default=2, help="loader processes (default 2)")
    parser.add_argument("--device", default="cpu", help="cpu or cuda:0 (default cpu)")
    parser.add_argument("--precision", default="fp32", choices=("fp32", "bf16"), help="(default fp32)")
    parser.add_argument("--channels-last", action="store_true", help="memory order of images and weights")
    parser.add_argument(
        "--synthetic", action="store_true", help="one batch again and again, on the device already"
    )
    parser.add_argument("--out", type=Path, required=True, help="JSON file to write")
    options = parser.parse_args(arguments)
    clock = Clock(settle=settle_of(options.device))
    train(options, clock)
    clock.write(options.out)
    for number, epoch in enumerate(clock.epochs, start=1):
        print(f"epoch {number}: {epoch.images / epoch.wall:.0f} images/s")
    return 0


def train(options: argparse.Namespace, clock: Clock) -> None:
    """Train from random weights with plain SGD."""
    torch.manual_seed(0)
    torch.backends.cudnn.benchmark = True
    device = torch.device(options.device)
    order = torch.channels_last if options.channels_last else torch.contiguous_format
    loader = image_folder_loader(
        options.data, options.size, options.batch, options.workers, pinned=options.device != "cpu"
    )
    classes = len({target for _, target in loader.dataset.samples})  # pyright: ignore[reportAttributeAccessIssue]  # an ImageFolder
    network = classifier(options.arch, classes)
    network.to(device).to(memory_format=order)  # pyright: ignore[reportCallIssue]  # torch's stubs lack this form
    network.train()
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4)
    kept = _one_batch(loader, device, order) if options.synthetic else None
    for _ in range(options.epochs):
        batches = iter(loader) if kept is None else _again(kept)
        for images, targets in clock.watch(batches, lambda pair: len(pair[0])):
            pixels = images.to(device, non_blocking=True, memory_format=order)
            goal = targets.to(device, non_blocking=True)
            with torch.autocast(device.type, torch.bfloat16, enabled=options.precision == "bf16"):
                loss = nn.functional.cross_entropy(network(pixels), goal)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)


def image_folder_loader(
    data: Path, size: int, batch: int, workers: int, pinned: bool = False
) -> DataLoader[Pair]:
    """Give torchvision's usual way from files to batches: PIL pictures, random crop and flip, processes."""
    varied = transforms.Compose(
        [
            transforms.RandomResizedCrop(size),
            transforms.RandomHorizontalFlip(),
            transforms.ToTensor(),
            transforms.Normalize(IMAGENET_MEAN, IMAGENET_STD),
        ]
    )
    return DataLoader(
        datasets.ImageFolder(str(data / "train"), varied),
        batch,
        shuffle=True,
        num_workers=workers,
        persistent_workers=workers > 0,
        pin_memory=pinned,
        drop_last=True,
    )


def _one_batch(loader: DataLoader[Pair], device: torch.device, order: torch.memory_format) -> Pair:
    images, targets = next(iter(loader))
    return images.to(device, memory_format=order), targets.to(device)


def _again(pair: Pair) -> Iterator[Pair]:
    for _ in range(_SYNTHETIC_STEPS):
        yield pair


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
