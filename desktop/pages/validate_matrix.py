"""The left side of the Validate page: the confusion matrix, and a metric by class below it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QSizePolicy

from desktop.charts.class_bars import ClassBars
from desktop.models.result import Result
from desktop.tasks.task import TaskView
from desktop.theme.tokens import SPACE
from desktop.viewers.confusion_matrix import MOST_CONFUSED, ConfusionMatrix
from desktop.viewers.matrix_data import Cell
from desktop.widgets.card import Card, column, row
from desktop.widgets.labels import ElidedLabel, text_label
from desktop.widgets.segmented import Segmented

NARROWEST, WIDEST = 344, 424
MANY_CLASSES = 40
"""With more the matrix begins with those that are confused most."""
_HINT = "Rows add to 100%. Click a cell to filter the images."
_HINT_BACKGROUND = "Rows in %, background in numbers. Click to filter."
"""Of what was made up there is no share."""
_HINT_COUNTS = "Numbers of {counts}. Click a cell to filter the images."
_HINT_NO_IMAGES = "The run kept no results by image."


class MatrixPanel(Card):
    """Tells which cell or class the user wants to see images of."""

    picked = Signal(object)
    """A `Cell`, or None when it was taken back."""

    def __init__(self) -> None:
        super().__init__()
        self._classes: tuple[str, ...] = ()
        self._has_images = False
        self._counts = "images"
        self._has_background = False
        head = row()
        head.addWidget(text_label("Confusion matrix", "section"))
        head.addStretch(1)
        self._scope = Segmented(
            [("confused", f"Worst {MOST_CONFUSED}"), ("all", "All")], "all", "Classes of the confusion matrix"
        )
        self._values = Segmented(
            [("percent", "%"), ("count", "Count")], name="Values of the confusion matrix"
        )
        self._scope.setToolTip("The classes that are confused with each other most, or all")
        head.addWidget(self._scope)
        head.addWidget(self._values)
        self.body.addLayout(head)
        self.matrix = ConfusionMatrix()
        self.body.addWidget(self.matrix, 3)
        self.told = ElidedLabel(_HINT, "caption")
        self.body.addWidget(self.told)
        self.body.addSpacing(SPACE.xs)
        self._add_bars()
        self.setFixedWidth(WIDEST)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        self._values.changed.connect(self._change_values)
        self._scope.changed.connect(self._change_scope)
        self.matrix.picked.connect(self.picked)
        self.matrix.pointed.connect(self._tell)
        self.bars.picked.connect(self._pick_class)

    def _add_bars(self) -> None:
        self._below = column(SPACE.xs)
        head = row()
        self._bars_title = text_label("", "section")
        head.addWidget(self._bars_title)
        head.addStretch(1)
        head.addWidget(text_label("worst first", "caption"))
        self._below.addLayout(head)
        self.bars = ClassBars()
        self._below.addWidget(self.bars, 1)
        self.body.addLayout(self._below, 2)

    def show_result(self, result: Result, view: TaskView) -> None:
        """Show a result's matrix and classes."""
        if result.classes != self._classes:
            self._classes = result.classes
            many = len(result.classes) > MANY_CLASSES
            self._scope.setVisible(len(result.classes) > MOST_CONFUSED)
            self._scope.choose("confused" if many else "all")
            self.matrix.show_only_confused(many)
        self._has_images = result.images > 0
        self._counts = view.counts
        matrix = view.matrix(result)
        if matrix is not None:
            self.matrix.show_data(matrix)
        self._has_background = matrix is not None and matrix.has_background
        self.matrix.setVisible(matrix is not None)
        self._bars_title.setText(f"{view.class_measure} by class")
        values = view.class_values(result)
        self.bars.show_values(
            result.classes,
            [entry.value for entry in values],
            view.class_measure,
            [entry.count for entry in values],
            view.counts,
        )
        self._tell("")

    def mark(self, cell: Cell | None) -> None:
        """Show which cell or class the images are filtered by; does not tell."""
        self.matrix.select(cell)
        self.bars.set_picked(cell.true if cell is not None and cell.predicted is None else None)

    def _pick_class(self, index: int) -> None:
        cell = Cell(index, None)
        self.picked.emit(None if self.matrix.selected() == cell else cell)

    def _change_values(self, values: str) -> None:
        self.matrix.show_values("count" if values == "count" else "percent")
        self._tell("")

    def _change_scope(self, scope: str) -> None:
        self.matrix.show_only_confused(scope == "confused")

    def _tell(self, sentence: str) -> None:
        self.told.setText(sentence or (self._hint() if self._has_images else _HINT_NO_IMAGES))

    def _hint(self) -> str:
        if self._values.current() == "count":
            return _HINT_COUNTS.format(counts=self._counts)
        return _HINT_BACKGROUND if self._has_background else _HINT
