"""The line above the images of the Predict page: grid or one image, how far the models are, cancel, go on."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QProgressBar, QWidget

from desktop.models.predictions_board import PredictionBoard
from desktop.models.predictions_queue import PredictionQueue
from desktop.pages.predict_threshold import ThresholdBox
from desktop.theme.fonts import font
from desktop.theme.tokens import SPACE, TYPE
from desktop.widgets.buttons import button, on_click
from desktop.widgets.card import row
from desktop.widgets.labels import ElidedLabel
from desktop.widgets.segmented import Segmented

GRID, SINGLE = "grid", "single"
_BAR_WIDTH = 140


class ProgressLine(QWidget):
    """Says how far a `PredictionBoard` is answered.

    Args:
        board: with files and answers.
        threshold: stands at its end.
    """

    cancelled = Signal()
    """The user wants no more answers."""
    continued = Signal()
    """The user wants the answers that are missing after all."""
    view_chosen = Signal(str)
    """`GRID` or `SINGLE`."""

    def __init__(self, board: PredictionBoard, threshold: ThresholdBox) -> None:
        super().__init__()
        self._board = board
        line = row(SPACE.m)
        self.setLayout(line)
        self.view = Segmented([(GRID, "Grid"), (SINGLE, "Single")], SINGLE, "Images as")
        self.view.explain({GRID: "All images, to filter and sort  (G)", SINGLE: "One image, large  (Enter)"})
        self.view.setMinimumWidth(
            self.view.sizeHint().width() + SPACE.l
        )  # the chosen one's letters are wider
        self.view.changed.connect(self.view_chosen)
        line.addWidget(self.view)
        self.count = ElidedLabel("", "caption")
        self.count.setFont(font(TYPE.caption, tabular=True))
        line.addWidget(self.count, 1)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedWidth(_BAR_WIDTH)
        self.bar.setAccessibleName("Images looked at")
        line.addWidget(self.bar)
        self.cancel = button("Cancel", "ph.x", tip="Stop; what is answered stays")
        line.addWidget(self.cancel)
        self.go_on = button("Go on", "ph.play", tip="Look at the images that were left out")
        line.addWidget(self.go_on)
        line.addWidget(threshold)
        on_click(self.cancel, self.cancelled.emit)
        on_click(self.go_on, self.continued.emit)

    def show_progress(self, queues: Sequence[PredictionQueue]) -> None:
        """Say how far it is, with all models together."""
        waiting = [queue for queue in queues if queue.waits]
        done, total = sum(queue.done for queue in queues), sum(queue.total for queue in queues)
        is_loading = bool(waiting) and all(queue.is_loading_model for queue in waiting)
        self.cancel.setVisible(bool(waiting))
        self.bar.setVisible(bool(waiting))
        # Without an end while the model is loaded: nobody knows how long that takes.
        self.bar.setRange(0, 0 if is_loading else max(1, total))
        if not is_loading:
            self.bar.setValue(done)
        if waiting:
            loading = " · loading the model" if is_loading else ""
            self.count.setText(f"{done:,}/{total:,}{loading}")
            self.go_on.hide()
            return
        answered, unsure, unreadable = self._board.counts()
        self.go_on.setVisible(answered + unreadable < len(self._board))
        parts = [f"{answered:,} of {len(self._board):,}"]
        parts += [f"{unsure:,} unsure"] if unsure else []
        parts += [f"{unreadable:,} unreadable"] if unreadable else []
        self.count.setText(" · ".join(parts))
