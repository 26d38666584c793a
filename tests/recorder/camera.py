"""Takes pictures of the window in every theme asked for, and writes down which, and which could not be taken."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from PySide6.QtCore import QPoint
from PySide6.QtGui import QGuiApplication, QPainter, QPixmap
from PySide6.QtWidgets import QApplication, QWidget

from desktop.theme.theme import theme
from tests.recorder.play import Pause, Script
from tests.recorder.shot import Shot

SETTLE_MS = 350
"""A theme is switched and a page painted in less; fades and skeletons take about as long."""


class Camera:
    """Pictures go to `folder`; only those of `only`, when it names pages, with commas between them."""

    def __init__(self, folder: Path, scale: int, themes: Sequence[str], only: str = "") -> None:
        self._folder = folder
        self._scale = scale
        self._themes = themes
        self._only = set(only.split(",")) - {""}
        self.shots: list[Shot] = []
        self.window: QWidget | None = None

    def wants(self, *pages: str) -> bool:
        return not self._only or not self._only.isdisjoint(pages)

    def take(self, page: str, state: str) -> Script:
        """Picture what is on the screen, in one theme after the other; the first is the one it stays in."""
        if not self.wants(page):
            return
        yield Pause(SETTLE_MS)
        for name in self._themes:
            if name != theme.tokens.name:
                theme.choose("light" if name == "light" else "dark")
                yield Pause(SETTLE_MS)
            shot = Shot(page, state, name, self._scale)
            if not self._picture().save(str(self._folder / shot.file)):
                shot = Shot(page, state, name, self._scale, "The picture could not be written.")
            self._note(shot)
        if theme.tokens.name != self._themes[0]:
            theme.choose("light" if self._themes[0] == "light" else "dark")
            yield Pause(SETTLE_MS)

    def place_for(self, page: str, state: str) -> Path:
        """Give where a picture goes that another program takes, and write it down."""
        shot = Shot(page, state, self._themes[0], self._scale)
        self._note(shot)
        return self._folder / shot.file

    def miss(self, page: str, state: str, trouble: str) -> None:
        """Write down that a state could not be reached."""
        if self.wants(page):
            self._note(Shot(page, state, self._themes[0], self._scale, trouble))

    def _note(self, shot: Shot) -> None:
        self.shots.append(shot)
        words = f"{shot.file}: {shot.trouble}" if shot.trouble else shot.file
        sys.stdout.write(f"{words}\n")
        sys.stdout.flush()
        record = self._folder / f"shots-{self._scale}x.jsonl"
        with record.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(shot)) + "\n")

    def _picture(self) -> QPixmap:
        window = self.window
        assert window is not None
        if QGuiApplication.platformName() == "offscreen":
            return _put_together(window)
        screen = window.screen()
        place = window.geometry()
        return screen.grabWindow(0, place.x(), place.y(), place.width(), place.height())


def _put_together(window: QWidget) -> QPixmap:
    """Draw the window with the dialogs and menus above it, as a screen would show them."""
    picture = window.grab()
    painter = QPainter(picture)
    corner = window.mapToGlobal(QPoint(0, 0))
    for above in QApplication.topLevelWidgets():
        if above is not window and above.isVisible():
            painter.drawPixmap(above.mapToGlobal(QPoint(0, 0)) - corner, above.grab())
    painter.end()
    return picture
