"""All keys, on one sheet."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QWidget

from desktop.theme.tokens import SPACE
from desktop.widgets.card import row
from desktop.widgets.dialogs import Sheet
from desktop.widgets.labels import text_label

KEYS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    (
        "Everywhere",
        (
            ("Ctrl+1 … Ctrl+7", "Home, Data, Train, Validate, Predict, Export, Jobs"),
            ("Ctrl+,", "Settings"),
            ("Ctrl+K", "Search or run a command"),
            ("Ctrl+Shift+L", "Dark or light"),
            ("Ctrl+Z", "Undo the last change"),
            ("Esc", "Close what lies on top"),
            ("F1 or ?", "This list"),
        ),
    ),
    (
        "Train",
        (
            ("Ctrl+Enter", "Start training"),
            ("Ctrl+P", "Pause or resume"),
            ("Ctrl+.", "Stop"),
            ("Ctrl+S", "Save a checkpoint"),
            ("Alt+click on a legend", "Show this curve alone"),
        ),
    ),
    (
        "Images",
        (
            ("Arrows", "Move through the grid or the matrix"),
            ("Enter", "Open the image"),
            ("← →", "From a large image to the one before or the next; from object to object (Validate)"),
            ("I, C", "Only incorrect, only correct (Validate)"),
            ("+ − 0", "Zoom in, out, to fit"),
            ("B, M, N", "Boxes, masks, names of classes on the large image"),
            ("H", "Where the model looks, on the large image"),
            ("T, P", "Truth, prediction on the large image (Validate, Compare)"),
            ("Ctrl+C", "Copy the rows of the table (Validate)"),
            ("E", "Only where truth and prediction differ, on the large image (Validate)"),
            ("[ ]", "The earlier, the later validation (Validate)"),
            ("Space held", "The large image without labels"),
            ("Space, ← →", "Play or pause a video, five seconds back or on (Predict)"),
            ("L", "Labels on the small images (Data)"),
            ("Ctrl+O, Ctrl+V", "Open or paste images (Predict)"),
        ),
    ),
    ("Jobs", (("Alt+Up, Alt+Down", "Move a waiting run in the queue"),)),
)
"""By place: key, what it does."""


class KeyList(Sheet):
    """Opened by F1."""

    def __init__(self, parent: QWidget | None) -> None:
        super().__init__(parent, "Keys")
        grid = QGridLayout()
        grid.setHorizontalSpacing(SPACE.xl)
        grid.setVerticalSpacing(SPACE.s)
        grid.setColumnStretch(1, 1)
        line = 0
        for place, keys in KEYS:
            grid.addWidget(text_label(place.upper(), "overline"), line, 0, 1, 2)
            line += 1
            for key, meaning in keys:
                shown = text_label(key)
                shown.setProperty("key", True)
                held = row()
                held.addWidget(shown)
                held.addStretch(1)
                grid.addLayout(held, line, 0)
                grid.addWidget(text_label(meaning), line, 1, Qt.AlignmentFlag.AlignVCenter)
                line += 1
        self.body.addLayout(grid)
