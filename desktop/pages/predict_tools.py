"""The tools above the Predict page: one or two models, open, save, clear."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QMenu, QWidget

from desktop.pages.predict_checkpoint import CheckpointChooser
from desktop.pages.predict_device import DeviceLine
from desktop.theme.tokens import SPACE
from desktop.widgets.buttons import Button, button
from desktop.widgets.card import column, row

_FIRST = 100
"""A stretch beside which any other is nothing."""


class PredictTools(QWidget):
    """Holds the choosers of the models, and the buttons."""

    compared = Signal(bool)
    """The user wants a second model beside the first, or no longer."""

    def __init__(self) -> None:
        super().__init__()
        self._body = body = column(SPACE.xs)
        self.setLayout(body)
        line = row(SPACE.s)
        body.addLayout(line)
        self.chooser = CheckpointChooser()
        line.addWidget(self.chooser, _FIRST)
        self.compare = button(
            "Compare", "ph.columns", tip="Ask a second model too, and see where they differ"
        )
        self.compare.setCheckable(True)
        line.addWidget(self.compare)
        line.addStretch(1)
        self.open = button("Open…", "ph.folder-open", tip="Open images", shortcut="Ctrl+O")
        self.save = button("Save", "ph.floppy-disk", tip="Save the answers: tables, pictures, labels")
        self.clear = button("Clear", "ph.trash", tip="Take all images off this page; no file is deleted")
        self.camera = button("Camera", "ph.video-camera", tip="See what the model says of a camera's picture")
        for made in (self.open, self.camera, self.save, self.clear):
            line.addWidget(made)
        self.other = CheckpointChooser(spoken=" to compare with")
        self.other.title.setText("B")
        self._beside = QWidget()
        second = row(SPACE.s)
        self._beside.setLayout(second)
        second.addWidget(self.other, _FIRST)
        second.addStretch(1)
        self._beside.hide()
        body.addWidget(self._beside)
        self.compare.toggled.connect(self._compare)

    def offer_devices(self, line: DeviceLine) -> None:
        """Let the user say where models compute."""
        self._body.addWidget(line)
        line.align_with(self.chooser.title)

    @property
    def buttons(self) -> tuple[Button, Button, Button]:
        return self.open, self.save, self.clear

    def offer_saving(self, menu: QMenu) -> None:
        self.save.setMenu(menu)

    def show_video(self, on: bool) -> None:
        """Take away what is done with pictures, while a video or a camera is shown, or bring it back."""
        for made in (self.compare, self.save, self.clear):
            made.setVisible(not on)
        self._name_first(is_compared=self.compare.isChecked() and not on)

    def _name_first(self, *, is_compared: bool) -> None:
        self._beside.setVisible(is_compared)
        self.chooser.title.setText("A" if is_compared else "Model")

    def _compare(self, on: bool) -> None:
        self._name_first(is_compared=on)
        self.compared.emit(on)
