"""Where everything lies, how much it is, and emptying what may be emptied."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from desktop.bridge.storage import StorageReport, clear_cache, empty_trash, measure_storage
from desktop.context import Context
from desktop.models.run_words import plural, size_words
from desktop.pages.settings_section import Section
from desktop.widgets.buttons import Button, on_click
from desktop.widgets.dialogs import confirm
from desktop.widgets.setting_row import SettingCard, SettingRow
from engine.errors import UserError
from engine.protocol.home import HOME_VARIABLE, Home
from engine.protocol.job import ACTIVE_STATES

_LOOKING = "Looking …"


class FoldersSection(Section):
    """Data, plugins, cache and trash."""

    key, title, icon = "folders", "Folders", "ph.folders"
    lead = (
        f"Everything of yours lies in one folder. To move it, set the environment variable {HOME_VARIABLE}."
    )

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        home = context.home
        self.data = SettingRow(
            "Data folder", str(home.path), [self.open_button(str(home.path), "the data folder")]
        )
        self.runs = SettingRow("Runs", _LOOKING, [self.open_button(str(home.runs), "the folder of runs")])
        self.plugins = SettingRow(
            "Plugins", str(home.plugins), [self.open_button(str(home.plugins), "your plugin folder")]
        )
        self.clear_button = Button("Clear cache")
        self.clear_button.explain("Delete decoded images and descriptions; they are made again when needed")
        on_click(self.clear_button, self.clear)
        self.cache = SettingRow("Cache", _LOOKING, [self.clear_button])
        self.empty_button = Button("Empty trash…", "ph.trash", "danger")
        on_click(self.empty_button, self.empty)
        self.trash = SettingRow("Trash", _LOOKING, [self.empty_button])
        self.add(SettingCard(self.data, self.runs, self.plugins))
        self.add(SettingCard(self.cache, self.trash))
        self._in_trash = 0

    def come_into_view(self) -> None:
        self.context.background.run(measure_storage, self.context.home, then=self._show, owner=self)

    def clear(self) -> None:
        """Clear the cache, unless a training may be reading it."""
        active = [row for row in self.context.runs.rows() if row.state in ACTIVE_STATES]
        if active:
            names = plural(len(active), "run")
            self.cache.say(f"{names} may be reading the cache: clear it when they have ended.", "error")
            return
        self._work(clear_cache, self._cleared, self._cache_failed)

    def empty(self) -> None:
        """Empty the trash after a question: what lies there is gone for good."""
        runs = plural(self._in_trash, "run")
        text = "Their checkpoints, results and logs are deleted and cannot be brought back."
        if confirm(self.window(), f"Delete the {runs} in the trash?", text, "Empty trash"):
            self._work(empty_trash, self._emptied, self._trash_failed)

    def _work(
        self, work: Callable[[Home], int], then: Callable[[int], None], failed: Callable[[Exception], None]
    ) -> None:
        self._lock(True)
        self.context.background.run(work, self.context.home, then=then, failed=failed, owner=self)

    def _show(self, report: StorageReport) -> None:
        self._in_trash = report.trash.entries
        free = size_words(report.disk_free_bytes)
        self.data.say(f"{self.context.home.path}\n{free} free on this disk.")
        runs = plural(report.runs.entries, "run")
        self.runs.say(f"{runs}, {size_words(report.runs.size_bytes)}.")
        self.cache.say(f"{size_words(report.cache.size_bytes)}. It is made again when needed.")
        if report.trash.entries:
            self.trash.say(
                f"{plural(report.trash.entries, 'deleted run')}, {size_words(report.trash.size_bytes)}."
            )
        else:
            self.trash.say("It is empty.")
        self.empty_button.setEnabled(bool(report.trash.entries))

    def _cleared(self, freed: int) -> None:
        self._lock(False)
        self.context.toast("The cache is cleared", "ok", f"{size_words(freed)} are free again.")
        self.context.catalogue.refresh()
        self.come_into_view()

    def _emptied(self, freed: int) -> None:
        self._lock(False)
        self.context.toast("The trash is empty", "ok", f"{size_words(freed)} are free again.")
        self.come_into_view()

    def _cache_failed(self, error: Exception) -> None:
        self._lock(False)
        self.cache.say(_words(error), "error")

    def _trash_failed(self, error: Exception) -> None:
        self._lock(False)
        self.trash.say(_words(error), "error")

    def _lock(self, is_working: bool) -> None:
        buttons: list[QWidget] = [self.clear_button, self.empty_button]
        for made in buttons:
            made.setEnabled(not is_working)


def _words(error: Exception) -> str:
    return str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
