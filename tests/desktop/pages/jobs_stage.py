"""What tests of the jobs page share: opening it on a store, and looking at it."""

from __future__ import annotations

from PySide6.QtWidgets import QAbstractButton, QWidget
from pytestqt.qtbot import QtBot

from desktop.context import Context
from desktop.pages.jobs import JobsPage

WAIT_MS = 30_000


def open_page(qtbot: QtBot, context: Context, **target: object) -> JobsPage:
    page = JobsPage(context)
    qtbot.addWidget(page)
    page.resize(1028, 648)
    with qtbot.waitActive(page, timeout=WAIT_MS):  # keys reach only a window in front
        page.show()
        page.activateWindow()
    page.open(**target)
    refresh(qtbot, context)
    return page


def refresh(qtbot: QtBot, context: Context) -> None:
    with qtbot.waitSignal(context.runs.changed, timeout=WAIT_MS, raising=False):
        context.runs.refresh()


def history(page: JobsPage) -> list[str]:
    return [page.history.model.entry(n).row.run for n in range(page.history.model.rowCount())]


def visible_text(widget: QWidget) -> set[str]:
    return {button.text() for button in widget.findChildren(QAbstractButton) if button.isVisible()}


def press(page: QWidget, text: str) -> None:
    found = [b for b in page.findChildren(QAbstractButton) if b.isVisible() and b.text() == text]
    assert found, f"no button {text!r} among {visible_text(page)}"
    found[0].click()
