"""The settings page: its parts in a list at the left, the chosen one at the right."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QSize, Qt
from PySide6.QtGui import QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QFrame, QListView, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from desktop.context import Context
from desktop.pages.page import Page
from desktop.pages.settings_about import AboutSection
from desktop.pages.settings_appearance import AppearanceSection
from desktop.pages.settings_devices import DevicesSection
from desktop.pages.settings_diagnostics import DiagnosticsSection
from desktop.pages.settings_engine import EngineSection
from desktop.pages.settings_folders import FoldersSection
from desktop.pages.settings_logs import LogsSection
from desktop.pages.settings_machines import MachinesSection
from desktop.pages.settings_notifications import NotificationsSection
from desktop.pages.settings_section import Section
from desktop.pages.settings_tracking import TrackingSection
from desktop.theme.theme import theme
from desktop.theme.tokens import SIZE, SPACE
from desktop.widgets.card import row
from desktop.widgets.message_banner import Banner

SECTIONS: tuple[type[Section], ...] = (
    AppearanceSection,
    FoldersSection,
    EngineSection,
    DevicesSection,
    MachinesSection,
    TrackingSection,
    NotificationsSection,
    LogsSection,
    DiagnosticsSection,
    AboutSection,
)
_LIST_WIDTH = 190


class SettingsPage(Page):
    """Parts are made when they are first chosen."""

    title = "Settings"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.sections: dict[str, Section] = {}
        self._places: dict[str, QWidget] = {}
        self._model = QStandardItemModel(self)
        for kind in SECTIONS:
            item = QStandardItem(kind.title)
            item.setEditable(False)
            item.setSizeHint(QSize(_LIST_WIDTH - SPACE.l, SIZE.primary))
            self._model.appendRow(item)
        self.list = QListView()
        self.list.setModel(self._model)
        self.list.setFixedWidth(_LIST_WIDTH)
        self.list.setIconSize(QSize(SIZE.icon, SIZE.icon))
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setAccessibleName("Parts of the settings")
        self.stack = QStackedWidget()
        self._compose()
        self._draw()
        theme.changed.connect(self._draw)
        self.list.selectionModel().currentChanged.connect(self._chosen)
        self.list.setCurrentIndex(self._model.index(0, 0))

    def open(self, **target: object) -> None:
        """Show the settings; `section=KEY` chooses a part."""
        keys = [kind.key for kind in SECTIONS]
        wanted = str(target.get("section") or "")
        if wanted in keys:
            self.list.setCurrentIndex(self._model.index(keys.index(wanted), 0))
        self._current().come_into_view()

    def _compose(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE.page, SPACE.l, SPACE.page, SPACE.l)
        layout.setSpacing(SPACE.m)
        if self.context.settings.trouble:
            layout.addWidget(Banner("warn", "The settings could not be read", self.context.settings.trouble))
        line = row(SPACE.xl)
        line.addWidget(self.list)
        line.addWidget(self.stack, 1)
        layout.addLayout(line, 1)

    def _chosen(self, index: QModelIndex, _before: QModelIndex) -> None:
        if not index.isValid():
            return
        kind = SECTIONS[index.row()]
        if kind.key not in self.sections:
            section = kind(self.context)
            self.sections[kind.key] = section
            self._places[kind.key] = _scrolled(section)
            self.stack.addWidget(self._places[kind.key])
        self.stack.setCurrentWidget(self._places[kind.key])
        self.sections[kind.key].come_into_view()
        self.set_crumb(kind.title)

    def _current(self) -> Section:
        return self.sections[SECTIONS[self.list.currentIndex().row()].key]

    def _draw(self) -> None:
        for number, kind in enumerate(SECTIONS):
            self._model.item(number).setIcon(theme.icon(kind.icon, "text2"))


def _scrolled(section: Section) -> QScrollArea:
    holder = QWidget()
    line = row(0)
    holder.setLayout(line)
    section.column.addStretch(1)
    line.addWidget(section, 1)
    line.addStretch(0)
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(holder)
    return area
