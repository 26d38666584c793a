"""The plugins page: every model that can be trained, what is wrong with those that cannot, and a start for new ones."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QDateTime, Qt, QUrl
from PySide6.QtGui import QDesktopServices, QShowEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from desktop.bridge.model_cards import ModelCards
from desktop.context import Context
from desktop.models.plugin_cards import CardFilter, filtered, key_of, title_of
from desktop.models.run_words import plural
from desktop.pages.page import Page
from desktop.pages.plugins_card import PluginCard
from desktop.pages.plugins_detail import PluginDetail
from desktop.pages.plugins_filter import PluginFilterLine
from desktop.pages.plugins_new import NewPluginSheet
from desktop.theme.tokens import SPACE
from desktop.widgets.buttons import Button, on_click
from desktop.widgets.card import column, row
from desktop.widgets.empty_state import EmptyState
from desktop.widgets.flow_layout import FlowLayout
from desktop.widgets.labels import ElidedLabel, text_label
from desktop.widgets.message_banner import Banner
from desktop.widgets.skeleton import Skeleton
from engine.errors import UserError
from engine.protocol.catalog import PluginEntry

_CARD_WIDTH = 290
_CARD_HEIGHT = 176
_SKELETONS = 6


class PluginsPage(Page):
    """Cards, and beside them the details of one."""

    title = "Plugins"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._cards_of_models = ModelCards(context.home, self)
        self._open_key: tuple[str, str] | None = None
        self._wanted = ""
        self._was_shown_once = False
        self.cards: dict[tuple[str, str], PluginCard] = {}
        self.filter_line = PluginFilterLine()
        self.detail = PluginDetail(context, self._cards_of_models)
        self.detail.hide()
        self.reloaded = text_label("", "caption")
        self.banner = Banner("bad")
        self.banner.hide()
        self._compose()
        self.filter_line.changed.connect(self._show_cards)
        self.detail.closed.connect(self._closed)
        context.catalogue.changed.connect(self._changed)
        context.catalogue.loading.connect(self._loading)
        context.catalogue.failed.connect(self._failed)
        application = QCoreApplication.instance()
        if application is not None:
            application.aboutToQuit.connect(self._end_children)
        self._show_all()

    def open(self, **target: object) -> None:
        """Show the plugins; `plugin=NAME` opens the details of one."""
        self._wanted = str(target.get("plugin") or "")
        self._open_wanted()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self.context.catalogue.is_loaded and not self.context.catalogue.is_loading:
            self.context.catalogue.refresh()

    def open_plugin(self, key: tuple[str, str]) -> None:
        """Show the details of a plugin; of the open one again, put them away."""
        if key == self._open_key:
            self.detail.close_panel()
            return
        entry = self._entry(key)
        if entry is not None:
            self._open_key = key
            self.detail.show_entry(entry)
            self.detail.show()
            self.set_crumb(title_of(entry))
            self._mark()

    def shown_cards(self) -> list[tuple[str, str]]:
        """The keys of the cards that the filter lets through, in their order."""
        return [key for key, card in self.cards.items() if not card.isHidden()]

    def new_plugin(self) -> None:
        """Ask for a name and a start."""
        sheet = NewPluginSheet(self, self.context.home, self.context.catalogue.entries)
        sheet.made.connect(self._made)
        sheet.exec()
        sheet.deleteLater()

    # ---- composing

    def _compose(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE.page, SPACE.l, SPACE.page, SPACE.m)
        layout.setSpacing(SPACE.m)
        head = row(SPACE.s)
        head.addWidget(self.filter_line, 1)
        self.new_button = Button("New plugin…", "ph.plus")
        self.new_button.explain("Start a plugin of your own from an example")
        on_click(self.new_button, self.new_plugin)
        head.addWidget(self.new_button, alignment=Qt.AlignmentFlag.AlignTop)
        layout.addLayout(head)
        layout.addWidget(self.banner)
        middle = row(SPACE.m)
        middle.addWidget(self._stack(), 1)
        middle.addWidget(self.detail)
        layout.addLayout(middle, 1)
        layout.addLayout(self._foot())

    def _stack(self) -> QStackedWidget:
        self.stack = QStackedWidget()
        self._grid_holder = QWidget()
        self._grid = FlowLayout(SPACE.m, cell=_CARD_WIDTH)
        self._grid_holder.setLayout(self._grid)
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setWidget(self._grid_holder)
        self._skeletons = QWidget()
        flow = FlowLayout(SPACE.m, cell=_CARD_WIDTH)
        self._skeletons.setLayout(flow)
        for _ in range(_SKELETONS):
            block = Skeleton()
            block.setMinimumHeight(_CARD_HEIGHT)
            flow.addWidget(block)
        self.nothing = EmptyState(
            "ph.magnifying-glass", "No plugin fits", "Ask for less, or clear the filter.", "Clear the filter"
        )
        self.nothing.acted.connect(self.filter_line.clear)
        self.unread = EmptyState(
            "ph.puzzle-piece",
            "The plugins could not be read",
            "The engine did not say which there are.",
            "Try again",
        )
        self.unread.acted.connect(self.context.catalogue.refresh)
        for widget in (self._area, self._skeletons, self.nothing, self.unread):
            self.stack.addWidget(widget)
        return self.stack

    def _foot(self) -> QVBoxLayout:
        foot = column(SPACE.xs)
        line = row(SPACE.s)
        self.own = text_label("", "caption")
        line.addWidget(self.own)
        line.addWidget(ElidedLabel(str(self.context.home.plugins), "mono", middle=True), 1)
        line.addWidget(self.reloaded)
        folder = Button("Open", "ph.folder-open", "ghost")
        folder.explain("Open your plugin folder")
        on_click(folder, self._open_own_folder)
        line.addWidget(folder)
        foot.addLayout(line)
        return foot

    # ---- showing

    def _changed(self) -> None:
        if self._was_shown_once:
            self.reloaded.setText(f"Reloaded {QDateTime.currentDateTime().toString('HH:mm')}")
        self._show_all()

    def _show_all(self) -> None:
        entries = self.context.catalogue.entries
        self._was_shown_once = self._was_shown_once or self.context.catalogue.is_loaded
        self.banner.hide()
        self.filter_line.offer(entries)
        own = sum(not entry.builtin for entry in entries)
        self.own.setText(
            f"Your folder, {plural(own, 'plugin')}:"
            if own
            else "Add your own: put a folder with a model.py here, or press New plugin."
        )
        self._build_cards()
        self._show_cards()
        self._keep_detail_true()
        self._open_wanted()

    def _show_cards(self) -> None:
        catalogue = self.context.catalogue
        if not catalogue.is_loaded:
            waits = catalogue.is_loading or catalogue.error is None
            self.stack.setCurrentWidget(self._skeletons if waits else self.unread)
            return
        shown = {key_of(entry) for entry in filtered(catalogue.entries, self.filter_line.value())}
        for key, card in self.cards.items():
            card.setVisible(key in shown)
        self._grid.invalidate()
        self.stack.setCurrentWidget(self._area if shown else self.nothing)

    def _build_cards(self) -> None:
        """Make the cards anew, in their order; a filter only hides some."""
        self._grid.clear()
        self.cards = {}
        for entry in filtered(self.context.catalogue.entries, CardFilter()):
            card = PluginCard(entry)
            card.setMinimumHeight(_CARD_HEIGHT)
            card.opened.connect(self.open_plugin)
            self._grid.addWidget(card)
            self.cards[key_of(entry)] = card
        self._mark()

    def _keep_detail_true(self) -> None:
        """Show the open plugin as it is now; where its model's name has changed, by its folder."""
        if self._open_key is None:
            return
        entry = self._entry(self._open_key) or self._only_one_in(self._open_key[0])
        if entry is None:
            self.detail.close_panel()
            return
        self._open_key = key_of(entry)
        self.detail.show_entry(entry)
        self.set_crumb(title_of(entry))
        self._mark()

    def _open_wanted(self) -> None:
        entry = self.context.catalogue.entry(self._wanted) if self._wanted else None
        if entry is not None:
            self._wanted = ""
            if key_of(entry) != self._open_key:
                self.open_plugin(key_of(entry))

    def _mark(self) -> None:
        for key, card in self.cards.items():
            card.mark_open(key == self._open_key)

    def _closed(self) -> None:
        self._open_key = None
        self.detail.hide()
        self.set_crumb("")
        self._mark()

    # ---- what happens

    def _loading(self, _is_loading: bool) -> None:
        if not self.context.catalogue.is_loaded:
            self._show_cards()

    def _failed(self, error: UserError) -> None:
        self.banner.say("bad", error.message, error.hint)
        self.banner.clear_actions()
        self.banner.add_action("Try again", self.context.catalogue.refresh)
        self.banner.show()
        self._show_cards()

    def _made(self, folder: str) -> None:
        self._wanted = folder.replace("\\", "/").rstrip("/").rpartition("/")[2]
        self.filter_line.clear()
        self.context.toast("The plugin is written", "ok", f"Change {folder}, and it is read again by itself.")
        self.context.catalogue.refresh()

    def _open_own_folder(self) -> None:
        folder = self.context.home.plugins
        if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder))):
            self.context.toast("The folder cannot be opened", "warn", str(folder))

    def _end_children(self) -> None:
        """The application ends: a check and the counting of a model end with it."""
        self.detail.check.end()
        self._cards_of_models.close()

    def _entry(self, key: tuple[str, str]) -> PluginEntry | None:
        return next((entry for entry in self.context.catalogue.entries if key_of(entry) == key), None)

    def _only_one_in(self, folder: str) -> PluginEntry | None:
        found = [entry for entry in self.context.catalogue.entries if entry.folder == folder]
        return found[0] if len(found) == 1 else None
