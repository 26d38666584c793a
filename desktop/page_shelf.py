"""The pages by name, each made when it is first opened; one that cannot be made says why instead of taking all down."""

from __future__ import annotations

import importlib
import logging
import traceback
from collections.abc import Callable
from functools import partial
from typing import cast

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QStackedWidget, QVBoxLayout, QWidget

from desktop.context import Context
from desktop.pages.page import Page
from desktop.theme.tokens import SPACE
from desktop.widgets.message_banner import Banner

PAGES = {
    "home": ("desktop.pages.home", "HomePage"),
    "data": ("desktop.pages.data", "DataPage"),
    "train": ("desktop.pages.train", "TrainPage"),
    "validate": ("desktop.pages.validate", "ValidatePage"),
    "compare": ("desktop.pages.compare", "ComparePage"),
    "insight": ("desktop.pages.insight", "InsightPage"),
    "predict": ("desktop.pages.predict", "PredictPage"),
    "export": ("desktop.pages.export", "ExportPage"),
    "jobs": ("desktop.pages.jobs", "JobsPage"),
    "plugins": ("desktop.pages.plugins", "PluginsPage"),
    "settings": ("desktop.pages.settings", "SettingsPage"),
}
"""Name, then module and class."""
_LOG = logging.getLogger(__name__)


class PageShelf(QStackedWidget):
    """Holds the open page and those opened before."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._made: dict[str, Page] = {}

    def page(self, name: str) -> Page:
        """Give a page, making it if it is not there yet."""
        if name not in self._made:
            self._made[name] = self._make(name)
            self.addWidget(self._made[name])
        return self._made[name]

    def show_page(self, name: str, target: dict[str, object]) -> Page:
        """Bring a page to the front with something to show."""
        page = self.page(name)
        before = self.currentWidget()
        if isinstance(before, Page) and before is not page:
            self._let(before.leave, before.title)
        takes_keyboard = before is not page and _has_keyboard(before)
        if takes_keyboard:
            self.setFocus(Qt.FocusReason.OtherFocusReason)  # else the next button would have it, with a ring
        self.setCurrentWidget(page)
        if takes_keyboard:
            page.setFocus(Qt.FocusReason.OtherFocusReason)
        self._let(partial(page.open, **target), page.title)
        return page

    def _let(self, act: Callable[[], None], title: str) -> None:
        """Let a page do something; its bug must not leave the window between two pages."""
        try:
            act()
        except Exception as error:  # noqa: BLE001  # a page may raise anything
            _LOG.error("The page %s has a bug.", title, exc_info=error)
            self._context.toast(
                f"The page {title} cannot show that",
                "bad",
                f"{type(error).__name__}: {error}. Save a diagnostics file under Settings and report it.",
            )

    def _make(self, name: str) -> Page:
        module, wanted = PAGES[name]
        try:
            kind = cast("type[Page]", getattr(importlib.import_module(module), wanted))
            return kind(self._context)
        except Exception as error:  # noqa: BLE001  # a page's bug must not take the others down
            _LOG.error("The page %s cannot be shown.", name, exc_info=error)
            return BrokenPage(self._context, name, error)


def _has_keyboard(page: QWidget | None) -> bool:
    focused = QApplication.focusWidget()
    return page is not None and focused is not None and page.isAncestorOf(focused)


class BrokenPage(Page):
    """Stands in for a page with a bug."""

    def __init__(self, context: Context, name: str, error: Exception) -> None:
        super().__init__(context)
        self.title = name.capitalize()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE.page, SPACE.page, SPACE.page, SPACE.page)
        banner = Banner(
            "bad",
            "This page cannot be shown",
            f"{type(error).__name__}: {error}. The other pages work; save a diagnostics file under Settings.",
        )
        banner.offer_details("".join(traceback.format_exception(error)))
        layout.addWidget(banner)
        layout.addWidget(QWidget(), 1)
