"""Milliseconds from a picture dropped on the Predict page to its answer on the screen, and of the bare model."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.figures import middle
from benchmarks.prediction_home import make_model, write_photos
from benchmarks.sides import Told
from engine.protocol.home import HOME_VARIABLE, Home

if TYPE_CHECKING:
    from engine.plugin.contract import BaseModel

DROPS = 40
WARM_UP = 5
PATIENCE_S = 120.0
_WAIT_MS, _REST_S = 10, 0.04
RESNET = "resnet18"
SIDES: dict[str, tuple[str, dict[str, object]]] = {
    RESNET: ("timm_classifier", {"architecture": "resnet18", "image_size": 224}),
    "classification": ("timm_classifier", {}),
    "detection": ("torchvision_detector", {}),
    "segmentation": ("timm_segmenter", {}),
}
"""By name the plugin and what differs from its defaults; the last three are what is recommended for a task."""


def main(arguments: Sequence[str]) -> int:
    """Drop pictures one by one on the real window with its real predictor process, and tell medians as JSON."""
    parser = argparse.ArgumentParser(prog="benchmarks.prediction", description=__doc__)
    parser.add_argument("--side", choices=tuple(SIDES), action="append", help="default: all")
    parser.add_argument("--drops", type=int, default=DROPS, help=f"pictures dropped (default {DROPS})")
    parser.add_argument("--out", type=Path, help="JSON file to write")
    options = parser.parse_args(arguments)
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtWidgets import QApplication

    application = QApplication(sys.argv[:1])
    told: Told = {}
    for side in options.side or list(SIDES):
        for name, value in measure(side, options.drops).items():
            told[f"{side}_{name}"] = value
            print(f"{side}_{name}: {value:.1f}", file=sys.stderr)
    application.processEvents()
    if options.out is not None:
        options.out.write_text(json.dumps(told), encoding="utf-8")
    print(json.dumps(told))
    return 0


def measure(side: str, drops: int) -> dict[str, float]:
    """Give one side's `drop_ms` to pixels, `model_ms` of the network alone, and `over_ms` between them: medians."""
    plugin, settings = SIDES[side]
    with tempfile.TemporaryDirectory(prefix="lensmith-bench-", ignore_cleanup_errors=True) as scratch:
        os.environ[HOME_VARIABLE] = scratch
        home = Home(Path(scratch) / "home").ensure()
        model = make_model(home, plugin, settings)
        photos = write_photos(Path(scratch) / "photos", drops + WARM_UP)
        call = _bare_call(model)
        dropped, bare = _drop(home, photos, call)
    return {
        "drop_ms": middle(dropped),
        "model_ms": middle(bare),
        "over_ms": middle([a - b for a, b in zip(dropped, bare, strict=True)]),
    }


def _bare_call(model: BaseModel) -> Callable[[], None]:
    """One picture through the network, in as many threads as the predictor has."""
    import torch

    from engine.plugin.adapters.torch_model import TorchModel

    assert isinstance(model, TorchModel)
    network = model.network.eval()
    pixels = torch.rand(1, 3, model.image_size, model.image_size)

    def call() -> None:
        with torch.inference_mode():
            network(pixels)

    return call


def _until(is_done: Callable[[], bool]) -> None:
    """Let the window work until something is so; between events it sleeps, as it does for a user.

    Raises:
        RuntimeError: it never was.
    """
    from PySide6.QtCore import QEventLoop, QTimer
    from PySide6.QtWidgets import QApplication

    limit = time.perf_counter() + PATIENCE_S
    beat = QTimer(interval=_WAIT_MS)
    beat.start()
    while not is_done():
        QApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
        if time.perf_counter() > limit:
            raise RuntimeError("the Predict page did not answer")
    beat.stop()


def _drop(home: Home, photos: Sequence[Path], call: Callable[[], None]) -> tuple[list[float], list[float]]:
    """Drop pictures one by one, each after the answer to the one before; between them call the bare network."""
    from PySide6.QtCore import QEvent, QObject
    from PySide6.QtWidgets import QWidget

    from benchmarks.desktop_home import open_window
    from desktop.pages.predict import PredictPage

    window = open_window(home, "predict")
    page = window.pages.page("predict")
    assert isinstance(page, PredictPage)

    class Painted(QObject):
        """Remembers when a widget was last painted."""

        at = 0.0

        def eventFilter(self, watched: QObject, event: QEvent) -> bool:
            if watched is words and event.type() == QEvent.Type.Paint:
                Painted.at = time.perf_counter()
            return False

    words: QWidget = page.answer.label
    watch = Painted()
    words.installEventFilter(watch)

    def is_answered(file: Path) -> bool:
        place = page.work.current
        entry = page.board.entry(place) if 0 <= place < len(page.board) else None
        return entry is not None and entry.path == file and entry.record is not None

    _until(lambda: page.chooser.model is not None)
    dropped: list[float] = []
    bare: list[float] = []
    for file in photos:
        call()
        began = time.perf_counter()
        call()
        bare.append((time.perf_counter() - began) * 1e3)
        began = time.perf_counter()
        page.intake.take([file])
        _until(lambda file=file: is_answered(file))
        Painted.at = 0.0
        _until(lambda: Painted.at > 0 or not words.isVisible())
        dropped.append(((Painted.at or time.perf_counter()) - began) * 1e3)
        settled = time.perf_counter() + _REST_S
        _until(lambda settled=settled: time.perf_counter() > settled)
    window.close()
    window.context.close()
    return dropped[WARM_UP:], bare[WARM_UP:]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
