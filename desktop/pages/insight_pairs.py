"""Pairs of images that look almost the same to the model, with both pictures of the chosen one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QWidget

from desktop.grids.file_actions import show_in_folder
from desktop.models.insight_map import AlikePair
from desktop.theme.tokens import SPACE
from desktop.viewers.image_view import ImageView
from desktop.widgets.buttons import button, on_click
from desktop.widgets.card import Card, column, row
from desktop.widgets.labels import ElidedLabel, plain_tip, text_label

_NONE = "No two images look almost the same to the model."
_SOME = "Pairs in two splits come first: the model may have learnt from what it is measured on."


class PairList(QWidget):
    """A list, and below it the two pictures, which are zoomed together."""

    def __init__(self) -> None:
        super().__init__()
        self._pairs: Sequence[AlikePair] = ()
        body = column(SPACE.s)
        self.setLayout(body)
        self.words = text_label(_NONE, "caption", wrap=True)
        body.addWidget(self.words)
        self.list = QListWidget()
        self.list.setAccessibleName("Pairs of images that look almost the same")
        self.list.setUniformItemSizes(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.list.currentRowChanged.connect(self._show)
        body.addWidget(self.list, 1)
        beside = row(SPACE.s)
        self.views = (ImageView("First image of the pair"), ImageView("Second image of the pair"))
        self.views[0].link(self.views[1])
        self.names = (ElidedLabel("", "caption", middle=True), ElidedLabel("", "caption", middle=True))
        for place, (view, name) in enumerate(zip(self.views, self.names, strict=True)):
            frame = Card(margins=(1, 1, 1, 1))
            frame.body.addWidget(view, 1)
            side = column(SPACE.xs)
            side.addWidget(frame, 1)
            side.addWidget(name)
            opening = button("Show in folder", "ph.folder-open")
            on_click(opening, partial(self._open_folder, place))
            side.addWidget(opening)
            beside.addLayout(side, 1)
        body.addLayout(beside, 2)

    def show_pairs(self, pairs: Sequence[AlikePair]) -> None:
        """List these."""
        self._pairs = pairs
        self.list.clear()
        for pair in pairs:
            entry = QListWidgetItem(_line(pair), self.list)
            entry.setToolTip(plain_tip(entry.text()))
        self.words.setText(_SOME if pairs else _NONE)
        self.list.setCurrentRow(0 if pairs else -1)

    def _show(self, number: int) -> None:
        pair = self._pairs[number] if 0 <= number < len(self._pairs) else None
        for place, (view, name) in enumerate(zip(self.views, self.names, strict=True)):
            view.show_file(None if pair is None else pair.files[place])
            name.setText("" if pair is None else pair.names[place])

    def _open_folder(self, place: int) -> None:
        number = self.list.currentRow()
        if 0 <= number < len(self._pairs):
            show_in_folder(self._pairs[number].files[place])


def _line(pair: AlikePair) -> str:
    leak = "across splits · " if pair.is_leak else ""
    return f"{pair.similarity:.3f} · {leak}{pair.names[0]} · {pair.names[1]}"
