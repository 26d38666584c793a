"""The preview above the augmentation's settings: an image of the dataset as it is, and as the epochs will see it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QGridLayout, QWidget

from desktop.context import Context
from desktop.models.augmentation_preview import AugmentationModel, Extent, Sample, Subject
from desktop.pages.train_preview_panel import PreviewPanel, row_words
from desktop.theme.tokens import SPACE
from desktop.viewers.sample_tile import SampleTile
from desktop.widgets.buttons import IconButton, on_click
from desktop.widgets.card import column, row
from desktop.widgets.labels import ElidedLabel, set_role, text_label

EPOCHS = 2
_SIDE = 100
EXTENT = Extent(1, EPOCHS, 2 * _SIDE)
"""Twice as fine as a tile, for screens of that density."""
STARTING = "The engine is starting …"
HELD = "The preview waits until the marked settings are right."
_TITLE = "Training images"


class PreviewStrip(QWidget):
    """One image; beside it what the first epochs make of it. The panel shows more of them, larger.

    Args:
        context: the window's.
    """

    large_wanted = Signal()
    """The panel shall be shown beside the form."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._is_held = False
        self.model = AugmentationModel(context, EXTENT, self)
        self.panel = PreviewPanel(self.model)
        self.title = text_label(_TITLE, "caption")
        self.shuffle = IconButton("ph.shuffle", "Show other images")
        self.enlarge = IconButton("ph.arrows-out", "Show more of them, large, beside the form")
        on_click(self.shuffle, self.model.shuffle)
        on_click(self.enlarge, self.large_wanted.emit)
        self.note = text_label("", "caption", wrap=True)
        names = ["Original", *(f"Epoch {number}" for number in range(1, EPOCHS + 1))]
        self.tiles = [SampleTile(name, _SIDE) for name in names]
        self.file = ElidedLabel("", "caption", middle=True)
        self._compose(names)
        self.model.changed.connect(self._show)
        self._show()

    def show_subject(self, subject: Subject | None, *, is_held: bool = False) -> None:
        """Show another subject. While settings are wrong the last pictures stay, dimmed.

        Args:
            subject: None for none.
            is_held: settings are wrong, so nothing is asked.
        """
        self._is_held = is_held
        self.model.show(None if is_held else subject)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self.panel.isVisible():
            self.model.set_extent(EXTENT)
        self.model.set_looking("form", True)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.model.set_looking("form", False)

    def _compose(self, names: list[str]) -> None:
        layout = column(SPACE.xs)
        layout.setContentsMargins(0, 0, 0, SPACE.s)
        self.setLayout(layout)
        head = row(SPACE.xxs)
        head.addWidget(self.title, 1)
        head.addWidget(self.shuffle)
        head.addWidget(self.enlarge)
        layout.addLayout(head)
        grid = QGridLayout()
        grid.setHorizontalSpacing(SPACE.s)
        grid.setVerticalSpacing(SPACE.xs)
        for place, (name, tile) in enumerate(zip(names, self.tiles, strict=True)):
            tile.opened.connect(self.large_wanted)
            grid.addWidget(tile, 0, place)
            grid.addWidget(text_label(name, "caption"), 1, place, Qt.AlignmentFlag.AlignHCenter)
            grid.setColumnStretch(place, 1)
        layout.addLayout(grid)
        layout.addWidget(self.file)
        layout.addWidget(self.note)

    def _show(self) -> None:
        model = self.model
        is_stale = self._is_held or model.error is not None
        found = model.rows[0] if model.rows else None
        self.file.setText(row_words(found) if found is not None else "")
        self.file.setVisible(found is not None)
        samples: list[Sample | None] = [found.original, *found.variants] if found is not None else []
        samples += [None] * len(self.tiles)
        for tile, sample in zip(self.tiles, samples, strict=False):
            tile.set_dim(is_stale)
            if sample is None:
                tile.show_nothing()
            else:
                tile.show_sample(sample.image, sample.labels, sample.words)
        self.title.setText(f"{_TITLE}, updating …" if model.is_waiting and model.rows else _TITLE)
        self._say()

    def _say(self) -> None:
        model = self.model
        words = " ".join(model.notes)
        if self._is_held:
            words = HELD
        elif model.error is not None:
            words = str(model.error)
        elif not model.rows and model.is_waiting:
            words = STARTING
        is_error = model.error is not None and not self._is_held
        set_role(self.note, "role", "error" if is_error else "caption")
        self.note.setText(words)
        self.note.setVisible(bool(words))
