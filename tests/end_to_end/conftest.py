"""One small training, made once for all tests that look at what comes out of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.conftest import CommandLine

# Small enough for seconds, large enough for several steps an epoch.
QUICK = (
    "--set", "image_size=32", "--set", "batch_size=8", "--set", "optimizer.lr=0.01",
    "--set", "precision=fp32", "--set", "channels_last=off", "--set", "augmentation.random_crop=false",
)  # fmt: skip


@dataclass(frozen=True)
class Trained:
    """A finished run in a user folder of its own."""

    lensmith: CommandLine
    run: str
    folder: Path
    data: Path


def write_pictures(folder: Path, per_class: int = 16, side: int = 32) -> None:
    """Write train, val and test pictures of three classes: mostly red, green and blue, with noise."""
    rng = np.random.default_rng(3)
    for split, count in (("train", per_class), ("val", 6), ("test", 6)):
        for channel, name in enumerate(("red", "green", "blue")):
            place = folder / split / name
            place.mkdir(parents=True)
            for number in range(count):
                pixels = rng.integers(0, 150, (side, side, 3))
                pixels[..., channel] += 100
                Image.fromarray(pixels.astype(np.uint8)).save(place / f"{name} {number}.png")


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """Train the example plugin for three epochs on coloured noise."""
    place = tmp_path_factory.mktemp("a trained run")
    data = place / "Bilder ä 'quoted'"
    write_pictures(data)
    lensmith = CommandLine(place / "home folder")
    lensmith("data", "import", data, "--name", "colours")
    answer = lensmith(
        "train",
        "--plugin",
        "example_minimal",
        "--data",
        "colours",
        "--name",
        "first",
        "--set",
        "epochs=3",
        *QUICK,
    )
    return Trained(lensmith, answer["run"], Path(answer["folder"]), data)
