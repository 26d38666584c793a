"""What scenes have at hand: the window, its pages, data to show, and runs to start."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QAbstractButton, QApplication, QDialog, QWidget

from desktop.main_window import MainWindow
from desktop.pages.page import Page
from engine.config.validation import resolve_config
from engine.datasets.demo import write_demo_dataset
from engine.protocol.job import END_STATES
from engine.runner.submit import SubmitRequest
from engine.store.runs import RunRow
from tests.recorder.camera import Camera
from tests.recorder.play import Pause, Script, Until, later

Found = TypeVar("Found", bound=QWidget)
REPOSITORY = Path(__file__).resolve().parents[2]
LONG_S = 300.0


class Stage:
    """One window, and the runs started in it by the names that scenes gave them."""

    def __init__(self, window: MainWindow, camera: Camera) -> None:
        self.window = window
        self.context = window.context
        self.camera = camera
        self.size = window.size()
        self.runs: dict[str, str] = {}
        self.dataset = ""
        """Name of the one that the page has imported."""

    # ---- pages

    def go(self, page: str, **target: object) -> Script:
        """Open a page as a click on the rail does, or with something to show."""
        self.window.go(page, target)
        yield Pause(200)

    def page(self, name: str) -> Page:
        return self.window.pages.page(name)

    def find(self, kind: type[Found], words: str = "", within: QWidget | None = None) -> Found:
        """Give a visible widget of a kind whose text or accessible name begins with `words`.

        Raises:
            LookupError: there is none.
        """
        for widget in (within or self.window).findChildren(kind):
            names = (str(getattr(widget, "text", str)()), widget.accessibleName())
            if widget.isVisible() and any(name.startswith(words) for name in names):
                return widget
        raise LookupError(f"there is no visible {kind.__name__} {words!r}")

    def press(self, words: str, page: str) -> Script:
        """Press a button of a page; one that is not there is written down, and the scene goes on."""
        try:
            button = self.find(QAbstractButton, words, self.page(page))
        except LookupError as error:
            self.camera.miss(page, words.lower().replace(" ", "_"), str(error))
            return
        later(button.click)
        yield Pause(800)

    def small(self, page: str, state: str = "minimum") -> Script:
        """Picture a page at the smallest size that the window takes."""
        if not self.camera.wants(page):
            return
        self.window.resize(self.window.minimumSize())
        yield Pause(250)
        yield from self.camera.take(page, state)
        self.window.resize(self.size)
        yield Pause(250)

    def tidy(self) -> Script:
        """Close what a scene has left open."""
        for widget in QApplication.topLevelWidgets():
            if widget is not self.window and widget.isVisible() and isinstance(widget, QDialog):
                widget.reject()
        popup = QApplication.activePopupWidget()
        if popup is not None:
            popup.close()
        self.window.palette_box.close_palette()
        for _ in range(8):
            self.window.toasts.close_last()
        if self.window.size() != self.size:
            self.window.resize(QSize(self.size))
        yield Pause(200)

    # ---- data

    def pictures(self) -> Path:
        """Give a folder of pictures: the real dataset beside the checkout, or the demo's."""
        real = self.shared() / "classification_sign_digits"
        if real.is_dir():
            return real
        folder = self.context.home.cache / "recorder-shapes"
        if not folder.is_dir():
            write_demo_dataset(folder)
        return folder / "classification"

    def shared(self) -> Path:
        """Where real datasets may lie: beside the checkout, or where the environment says."""
        return Path(os.environ.get("LENSMITH_SHARED_DATA") or REPOSITORY.parent / "shared" / "data")

    def some_pictures(self, count: int) -> list[Path]:
        """Give test pictures of different classes."""
        classes = sorted(entry for entry in (self.pictures() / "test").iterdir() if entry.is_dir())
        of_each = [sorted(folder.iterdir()) for folder in classes]
        return [
            files[number // len(of_each)]
            for number in range(count)
            for files in [of_each[number % len(of_each)]]
        ]

    # ---- runs

    def start(self, name: str, plugin: str, values: Mapping[str, object], place: str = "local") -> Script:
        """Enqueue a training with these settings over the plugin's defaults, here or on another machine."""
        yield Until(lambda: self.context.catalogue.is_loaded, "the list of plugins", LONG_S)
        yield Until(lambda: self.context.datasets.get(self.dataset) is not None, "the dataset", LONG_S)
        entry = self.context.catalogue.entry(plugin)
        assert entry is not None, f"there is no plugin {plugin}"
        assert entry.config_schema is not None, f"{plugin} has no settings"
        config = resolve_config(entry.config_schema, values)
        self.context.actions.submit(SubmitRequest(entry, self.dataset, config, name=name, place=place))
        yield from self.named(name, lambda row: row.name == name)
        self.context.actions.tick()

    def named(self, name: str, is_it: Callable[[RunRow], bool]) -> Script:
        """Wait for a run that is not known yet to be in the list, and keep its id under a name."""
        known = set(self.runs.values())

        def found() -> list[str]:
            return [row.run for row in self.context.runs.rows() if row.run not in known and is_it(row)]

        yield Until(found, f"the run {name} in the list")
        self.runs[name] = found()[0]

    def row(self, name: str) -> RunRow:
        found = self.context.runs.row(self.runs[name])
        assert found is not None, f"the run {name} is not known"
        return found

    def until(self, name: str, *states: str) -> Until:
        """Wait for a run to be in one of these states."""
        run = self.runs[name]

        def is_there() -> bool:
            row = self.context.runs.row(run)
            return row is not None and row.state in states

        return Until(is_there, f"{name} {' or '.join(states)}", LONG_S)

    def until_ended(self, name: str) -> Until:
        return self.until(name, *END_STATES)

    def until_epoch(self, name: str, epoch: int) -> Until:
        """Wait for a run to be in this epoch, or over."""
        run = self.runs[name]

        def is_there() -> bool:
            row = self.context.runs.row(run)
            return row is not None and (row.epoch >= epoch or row.state in END_STATES)

        return Until(is_there, f"epoch {epoch} of {name}", LONG_S)
