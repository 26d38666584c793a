"""A window with something on every page, and a way round all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop.context import Context
from desktop.main_window import MainWindow
from desktop.models.result import ResultKey
from desktop.page_shelf import PAGES, BrokenPage
from engine.store.database import Store
from tests.desktop.measured_runs import MeasuredRun, evaluation_of
from tests.desktop.run_rows import progress, put_run

_WAIT_MS = 30_000
_DESCRIBE_MS = 90_000
"""A child of the engine reads all plugins."""


@contextmanager
def tour_window(qtbot: QtBot, run: MeasuredRun) -> Iterator[MainWindow]:
    """Open a window on a finished run, its evaluation, and runs in other states; nothing is started."""
    with Store.open(run.home.store_path) as store:
        store.pause_queue()
    evaluation_of(run)
    put_run(run.home, "at work", "running", also=[progress(2, eta_s=65.0)])
    put_run(run.home, "broken", "failed")
    put_run(run.home, "waiting", "queued")
    context = Context(run.home)
    window = MainWindow(context)
    qtbot.addWidget(window)
    window.show()
    context.runs.refresh()
    context.datasets.refresh()
    context.catalogue.refresh()
    qtbot.waitUntil(lambda: context.runs.is_loaded and context.datasets.is_loaded, timeout=_WAIT_MS)
    qtbot.waitUntil(lambda: context.catalogue.is_loaded, timeout=_DESCRIBE_MS)
    yield window
    context.close()


def go_round(qtbot: QtBot, window: MainWindow, run: MeasuredRun) -> Iterator[str]:
    """Open every page, and what it can be asked to show; gives the name of each place when it is settled."""
    visits: list[tuple[str, Mapping[str, object]]] = [(name, {}) for name in PAGES]
    views = ("curves", "classes", "checkpoints", "log")
    visits += [
        *(("train", {"run": run.run, "view": view}) for view in views),
        ("train", {"run": "broken"}),
        ("train", {"dataset": run.manifest.name}),
        ("data", {"dataset": run.manifest.name}),
        ("validate", {"run": run.run}),
        ("compare", {"results": [ResultKey(run.run, number) for number in ("0001", "0002")]}),
        ("predict", {"run": run.run}),
        ("export", {"run": run.run}),
        ("jobs", {"compare": [run.run, "broken"]}),
    ]
    for page, target in visits:
        window.go(page, dict(target))
        assert not isinstance(window.pages.currentWidget(), BrokenPage)
        for _ in range(3):  # what was read may ask for more
            qtbot.waitUntil(lambda: window.context.background.wait(0), timeout=_WAIT_MS)
            QApplication.processEvents()
        yield f"{page} {dict(target)}"
