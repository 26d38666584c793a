"""Starts the real application and plays the scenes in it, in the order in which a user would come to them."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QCursor
from PySide6.QtWidgets import QApplication

from desktop import app
from desktop.main_window import MainWindow
from desktop.theme.theme import theme
from tests.recorder.camera import Camera
from tests.recorder.play import Pause, Player, Script, Until
from tests.recorder.scenes import SCENES
from tests.recorder.stage import Stage

_LOG = logging.getLogger(__name__)


def main() -> int:
    """Open the window, play, close it."""
    parser = argparse.ArgumentParser(prog="tests.recorder.director", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("themes")
    parser.add_argument("--scale", type=int, default=1)
    parser.add_argument("--only", default="")
    parser.add_argument("--size", default="1440x900")
    options = parser.parse_args()
    app.make_application()
    themes = options.themes.split(",")
    camera = Camera(options.folder, options.scale, themes, options.only)
    width, height = map(int, options.size.split("x"))
    player = Player(_play(camera, (width, height), themes[0]))
    player.ended.connect(_close)
    player.start()
    return app.main(["home"])


def _play(camera: Camera, size: tuple[int, int], first_theme: str) -> Script:
    yield Until(_window, "the window")
    window = _window()
    assert window is not None
    theme.choose("light" if first_theme == "light" else "dark")
    window.resize(*size)
    QCursor.setPos(window.screen().geometry().bottomRight())  # out of the way: it would hover over something
    camera.window = window
    stage = Stage(window, camera)
    for scene in SCENES:
        if not camera.wants(*scene.pages):
            continue
        try:
            yield from scene.play(stage)
        except Exception as error:  # noqa: BLE001  # a scene that fails keeps no other from being played
            _LOG.exception("The scene %s ended early.", scene.name)
            camera.miss(scene.pages[0], scene.name, f"{type(error).__name__}: {error}")
        yield from stage.tidy()
    yield Pause(100)


def _window() -> MainWindow | None:
    shown = [widget for widget in QApplication.topLevelWidgets() if isinstance(widget, MainWindow)]
    return next((window for window in shown if window.isVisible()), None)


def _close() -> None:
    for widget in QApplication.topLevelWidgets():
        widget.close()
    QCoreApplication.quit()


if __name__ == "__main__":
    sys.exit(main())
