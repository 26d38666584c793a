"""Trains with quicker ways from file to pixels and over several seeds: what costs accuracy may not become a default."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from benchmarks.figures import middle
from benchmarks.networks import AnyNetwork
from benchmarks.timed_loop import blank_meta
from engine.channel.control import Control
from engine.channel.reporter import Reporter
from engine.config.train import TrainConfig
from engine.data import preprocessing, samples
from engine.data.loader import Loader, LoaderSettings, build_loader
from engine.data.preprocessing import Image
from engine.datasets.library import Library
from engine.device.policy import SingleDevice
from engine.device.resolved import read_resolved
from engine.evaluation.measure import NetworkView, measure_network
from engine.protocol.home import Home
from engine.protocol.run_folder import RunFolder
from engine.training.job import TrainingJob
from engine.training.trainer import Trainer

DATASET = "accuracy"


def area(image: Image, width: int, height: int, method: str) -> Image:
    """As it was before: OpenCV's mean over areas."""
    del method
    return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def aliasing(image: Image, width: int, height: int, method: str) -> Image:
    """Nothing is smoothed: some pixels of the original are not looked at."""
    del method
    return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR), dtype=np.uint8)


def half_decoded(path: Path) -> Image:
    """A JPEG decoded at half its size, which is three to four times as fast."""
    data = np.frombuffer(path.read_bytes(), dtype=np.uint8)
    image = cv2.imdecode(data, cv2.IMREAD_REDUCED_COLOR_2)
    if image is None:
        raise ValueError(f"{path} is no JPEG")
    # As IMREAD_COLOR_RGB, which has no reduced form.
    return np.ascontiguousarray(image[:, :, ::-1], dtype=np.uint8)


def uncut(image: Image, image_size: int, method: str) -> Image:
    """Crops are taken from the original: nothing is kept at a smaller size."""
    del image_size, method
    return image


WAYS: dict[str, tuple[object, str, object] | None] = {
    "stored, smoothed (default)": None,
    "from originals": (samples, "to_stored", uncut),
    "stored, by areas": (preprocessing, "_shrink", area),
    "stored, aliasing": (preprocessing, "_shrink", aliasing),
    "half decoded, stored": (samples, "read_image", half_decoded),
}
"""What is put in the place of which function."""


def main(arguments: Sequence[str]) -> int:
    """Print the accuracy of each way, seed by seed; or train one and write it to `--out`."""
    parser = argparse.ArgumentParser(prog="benchmarks.accuracy", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="an image folder with train, val and test")
    parser.add_argument("--arch", default="test_resnet", help="a timm architecture (default test_resnet)")
    parser.add_argument("--size", type=int, default=40, help="pixels (default 40)")
    parser.add_argument("--epochs", type=int, default=25)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--way", choices=WAYS, help="train in this way only, with the seed --seed")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args(arguments)
    if options.way:
        with tempfile.TemporaryDirectory() as scratch:
            told = {"accuracy": trained(options, Home(Path(scratch)).ensure())}
        (options.out or Path("/dev/stdout")).write_text(json.dumps(told), encoding="utf-8")
        return 0
    for line in lines(compared(options)):
        print(line)
    return 0


def compared(options: argparse.Namespace) -> dict[str, list[float]]:
    """Train in each way and with each seed, each time in a process of its own, as patches last."""
    from benchmarks.sides import benchmark_command, run_side

    found: dict[str, list[float]] = {way: [] for way in WAYS}
    for seed in range(options.seeds):
        for way, accuracies in found.items():
            command = benchmark_command("accuracy", "--data", str(options.data), "--arch", options.arch)
            command += ["--size", str(options.size), "--epochs", str(options.epochs)]
            told = run_side([*command, "--way", way, "--seed", str(seed), "--out", "{out}"], threads=1)
            if told is not None:
                accuracies.append(told["accuracy"])
                print(f"  seed {seed}, {way}: {told['accuracy']:.3f}", file=sys.stderr, flush=True)
    return found


def lines(found: dict[str, list[float]]) -> list[str]:
    """Give one row of a table for each way."""
    rows = ["| way | test accuracy by seed | mean | median |", "| --- | --- | --- | --- |"]
    for way, accuracies in found.items():
        if accuracies:
            each = ", ".join(f"{accuracy:.3f}" for accuracy in accuracies)
            mean = sum(accuracies) / len(accuracies)
            rows.append(f"| {way} | {each} | {mean:.3f} | {middle(accuracies):.3f} |")
    return rows


def trained(options: argparse.Namespace, home: Home) -> float:
    """Train once and give the accuracy on the test images, which are read in that way too."""
    changed = WAYS[options.way]
    before = getattr(changed[0], changed[1]) if changed is not None else None
    if changed is not None:
        setattr(*changed)
    library = Library(home)
    manifest = library.import_dataset(options.data, name=DATASET)
    settings = {"epochs": options.epochs, "image_size": options.size, "seed": options.seed}
    fixed = {"batch_size": 32, "precision": "fp32", "channels_last": "on", "validation.enabled": False}
    config = TrainConfig.from_flat({**settings, **fixed, "optimizer.lr": 2e-3})

    def opened(split: str) -> Loader:
        wanted = LoaderSettings(
            image_size=options.size,
            batch_size=config.batch_size,
            seed=options.seed,
            train=split == "train",
            augmentation=config.augmentation if split == "train" else None,
        )
        return build_loader(manifest, library.root(DATASET), split, wanted)

    model = AnyNetwork(
        {**config.to_flat(), "architecture": options.arch, "num_classes": len(manifest.classes)}
    )
    folder = RunFolder(home.runs / "accuracy")
    reporter = Reporter(folder.attempt(1))
    meta = blank_meta(tuple(manifest.classes), options.size)
    training = opened("train")
    job = TrainingJob(model, config, training, folder, reporter, Control(folder, 1, reporter), meta)
    Trainer(job).run()
    if changed is not None and changed[2] is uncut:
        setattr(changed[0], changed[1], before)  # only crops can be taken from an original
    resolved = read_resolved(folder.resolved_path, model.device)
    assert resolved is not None  # the training has written it
    view = NetworkView(
        model.task, manifest.classes, model.loss, SingleDevice(model.device, resolved), meta.mean, meta.std
    )
    judgement = measure_network(model.network.eval(), opened("test"), view)
    reporter.close()
    training.close()
    assert judgement is not None  # nobody breaks it off
    return judgement.metrics["accuracy"]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
