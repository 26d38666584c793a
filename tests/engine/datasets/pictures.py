"""Small picture files for the tests of datasets, and what an import leaves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from engine.protocol.home import Home


def write_picture(path: Path, seed: int = 0, size: tuple[int, int] = (12, 10)) -> Path:
    """Write noise of `size` (width, height); equal seeds give equal files."""
    path.parent.mkdir(parents=True, exist_ok=True)
    width, height = size
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def write_classes(root: Path, counts: dict[str, int], seed: int = 0) -> Path:
    """Write folders of different pictures: `{"train/cat": 3}`."""
    for folder, count in counts.items():
        for number in range(count):
            seed += 1
            write_picture(root / folder / f"{number}.png", seed)
    return root


def leftovers(home: Home) -> list[str]:
    """Names in the folder of datasets, but for the locks."""
    return [entry.name for entry in home.datasets.iterdir() if entry.name != ".locks"]
