"""The time of one step of the wheel over a grid of many thumbnails, painting included."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.figures import Figure, middle, ninety_ninth, to_json

IMAGES = 100_000
FILES = 2_000
"""So many are made; the others are further names (hard links) of these, each read for itself."""
STEPS = 400
AIM_MS, AIM_P99_MS = 33.0, 80.0
_SIDE = 128


def main(arguments: Sequence[str]) -> int:
    """Print the figures as JSON; runs in a process of its own."""
    parser = argparse.ArgumentParser(prog="benchmarks.desktop_scroll", description=__doc__)
    parser.add_argument("--images", type=int, default=IMAGES)
    parser.add_argument("--steps", type=int, default=STEPS)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="lensmith-bench-") as folder:
        write_pictures(Path(folder), options.images)
        steps_ms = scroll(Path(folder), options.images, options.steps)
    note = f"{options.steps} steps over {options.images:,} thumbnails"
    print(
        to_json(
            [
                Figure("scroll step, median", middle(steps_ms), "ms", AIM_MS, note),
                Figure("scroll step, 99th percentile", ninety_ninth(steps_ms), "ms", AIM_P99_MS, note),
            ]
        )
    )
    return 0


def write_pictures(folder: Path, count: int) -> None:
    """Write JPEG files of a camera's kind of content, smooth with some noise, named 0.jpg and so on."""
    from PIL import Image

    rng = np.random.default_rng(0)
    ramp = np.linspace(0, 200, _SIDE)[None, :, None]
    for number in range(min(count, FILES)):
        noise = rng.integers(0, 55, (_SIDE, _SIDE, 3))
        pixels = (ramp + noise).astype(np.uint8)
        Image.fromarray(np.roll(pixels, number, axis=1)).save(folder / f"{number}.jpg", quality=85)
    for number in range(FILES, count):
        (folder / f"{number}.jpg").hardlink_to(folder / f"{number % FILES}.jpg")


def scroll(folder: Path, images: int, steps: int) -> list[float]:
    """Turn the wheel in a real grid. Gives milliseconds from each turn to the end of its painting."""
    from PySide6.QtCore import QPoint, QPointF, Qt
    from PySide6.QtGui import QWheelEvent
    from PySide6.QtWidgets import QApplication

    from desktop.grids.image_grid import ImageGrid
    from desktop.grids.image_model import Images
    from desktop.grids.tile import judged_tile
    from desktop.theme.fonts import load_fonts

    application = QApplication(sys.argv[:1])
    load_fonts()
    grid = ImageGrid("Images")
    grid.resize(1100, 800)
    paths = [f"{number}.jpg" for number in range(images)]
    grid.images.set_images(Images(folder, paths, lambda number: judged_tile("cat", "dog", number % 100 / 99)))
    grid.show()
    taken: list[float] = []
    centre = QPointF(grid.viewport().rect().center())
    for step in range(steps):
        settle(application, 0.004)
        turn = QWheelEvent(
            centre, QPointF(grid.viewport().mapToGlobal(centre.toPoint())), QPoint(), QPoint(0, -120 * (1 + step % 5)),
            Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        began = time.perf_counter()
        QApplication.sendEvent(grid.viewport(), turn)
        grid.viewport().repaint()
        application.processEvents()
        taken.append((time.perf_counter() - began) * 1000)
    return taken[steps // 10 :]


def settle(application: object, seconds: float) -> None:
    """Let the readers' pictures come in, as between two turns of a finger."""
    from PySide6.QtWidgets import QApplication

    assert isinstance(application, QApplication)
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        application.processEvents()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
