"""Opens the Validate page as tests need it: in front, with its runs known, at a result."""

from __future__ import annotations

from pytestqt.qtbot import QtBot

from desktop.context import Context
from desktop.pages.validate import ValidatePage

WAIT_MS = 30_000


def open_page(qtbot: QtBot, context: Context, **target: object) -> ValidatePage:
    context.runs.refresh()
    qtbot.waitUntil(lambda: context.runs.is_loaded, timeout=WAIT_MS)
    page = ValidatePage(context)
    qtbot.addWidget(page)
    page.resize(1368, 848)
    with qtbot.waitActive(page, timeout=WAIT_MS):  # keys reach only a window in front
        page.show()
        page.activateWindow()
    page.open(**target)
    return page


def opened(qtbot: QtBot, context: Context, **target: object) -> ValidatePage:
    page = open_page(qtbot, context, **target)
    qtbot.waitUntil(lambda: page.images.result is not None, timeout=WAIT_MS)
    return page


def shown_epoch(page: ValidatePage) -> int:
    return page.images.result.summary.epoch if page.images.result is not None else -1


def know(qtbot: QtBot, context: Context, run: str) -> None:
    """Let the window learn of a run that was made beside it."""
    context.runs.refresh()
    qtbot.waitUntil(lambda: context.runs.row(run) is not None, timeout=WAIT_MS)
