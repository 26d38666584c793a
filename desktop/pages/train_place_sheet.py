"""The sheet that asks where to train: this machine, or one of the user's other machines."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QWidget

from desktop.context import Context
from desktop.pages.train_place_list import Offer, PlaceList
from desktop.widgets.buttons import Button
from desktop.widgets.dialogs import Sheet
from desktop.widgets.labels import text_label
from engine.protocol.hosts import place_name

SECTION = "machines"
"""Of the settings: where machines are added, tested and prepared."""


class PlaceSheet(Sheet):
    """A click on a machine chooses it; its button starts the training there at once."""

    chosen = Signal(str)
    """The place that shall be taken."""
    start_wanted = Signal(str)
    """The place where the training shall start now."""

    def __init__(self, context: Context, offer: Offer, chosen: str, parent: QWidget | None) -> None:
        super().__init__(parent, "Where to train")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._context = context
        told = "The run goes on there when this window is closed, and its curves and checkpoints come home."
        self.body.addWidget(text_label(told, "muted", wrap=True))
        self.list = PlaceList(context, offer, chosen)
        self.list.chosen.connect(self._choose)
        self.list.wanted.connect(self._start)
        self.list.remedy_wanted.connect(self._mend)
        self.body.addWidget(self.list, 1)
        self.manage = Button("Machines…", "ph.gear-six", "ghost")
        self.manage.explain("Add, test, prepare and remove machines")
        self.manage.clicked.connect(self._manage)
        self.foot.insertWidget(0, self.manage)
        self.add_button("Close").clicked.connect(self.reject)

    def _choose(self, place: str) -> None:
        self.chosen.emit(place)
        self.accept()

    def _start(self, place: str) -> None:
        self.accept()
        self.start_wanted.emit(place)

    def _mend(self, place: str) -> None:
        self.reject()
        self._context.go("settings", section=SECTION, host=place_name(place))

    def _manage(self) -> None:
        self.reject()
        self._context.go("settings", section=SECTION)
