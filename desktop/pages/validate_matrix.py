"""The left side of the Validate page: the confusion matrix, and a metric by class below it."""

from __future__ import annotations

from typing import cast

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QStackedWidget

from desktop.charts.class_bars import ClassBars
from desktop.charts.pair_bars import PairBars
from desktop.models.result import Result
from desktop.tasks.task import TaskView
from desktop.theme.tokens import SPACE
from desktop.viewers.confusion_matrix import MOST_CONFUSED, ConfusionMatrix
from desktop.viewers.matrix_data import Cell, MatrixData, Values
from desktop.widgets.card import Card, column, row
from desktop.widgets.labels import ElidedLabel, text_label
from desktop.widgets.segmented import Segmented

NARROWEST, WIDEST = 344, 424
CLASSES, PAIRS = "classes", "pairs"
"""Lists below the matrix."""
MOST_PAIRS = 50
_VALUE_TIPS = {
    "percent": "Percent of each true class: how much of it is recognized",
    "column": "Percent of each predicted class: how much of what is called so is right",
    "count": "Numbers",
}
_ROOM_FOR_HINT = 440
"""Pixels of height."""
MANY_CLASSES = 40
"""With more the matrix begins with those that are confused most."""
_HINT = "Rows add to 100%. Click a cell to filter the images."
_HINT_BACKGROUND = "Rows in %, background in numbers. Click to filter."
"""Of what was made up there is no share."""
_HINT_COLUMNS = "Columns add to 100%. Click a cell to filter the images."
_HINT_COLUMNS_BACKGROUND = "Columns in %, background in numbers. Click to filter."
_HINT_COUNTS = "Numbers of {counts}. Click a cell to filter the images."
_HINT_NO_IMAGES = "The run kept no results by image."
_HINT_NO_TRUTH = (
    "Nobody has told what the images show: nothing is right or wrong. Click a class to filter the images."
)


class MatrixPanel(Card):
    """Tells which cell or class the user wants to see images of."""

    picked = Signal(object)
    """A `Cell`, or None when it was taken back."""

    def __init__(self) -> None:
        super().__init__()
        self._classes: tuple[str, ...] = ()
        self._cells: list[Cell] = []
        """The pairs of the list, in its order."""
        self._measure = ""
        self._has_images = False
        self._counts = "images"
        self._has_background = False
        self._is_labelled = True
        head = row()
        self._title = text_label("Confusion matrix", "section")
        head.addWidget(self._title)
        head.addStretch(1)
        self._scope = Segmented(
            [("confused", f"Worst {MOST_CONFUSED}"), ("all", "All")], "all", "Classes of the confusion matrix"
        )
        self._values = Segmented(
            [("percent", "% →"), ("column", "% ↓"), ("count", "Count")], name="Values of the confusion matrix"
        )
        self._values.explain(_VALUE_TIPS)
        self._scope.setToolTip("The classes that are confused with each other most, or all")
        head.addWidget(self._values)
        self.body.addLayout(head)
        self.body.addWidget(self._scope)
        self.matrix = ConfusionMatrix()
        self.body.addWidget(self.matrix, 3)
        self.told = ElidedLabel(_HINT, "caption")
        self.body.addWidget(self.told)
        self._no_truth = text_label(_HINT_NO_TRUTH, "caption", wrap=True)
        self._no_truth.hide()
        self.body.addWidget(self._no_truth)
        self.body.addSpacing(SPACE.xs)
        self._add_bars()
        self.setFixedWidth(WIDEST)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        self._values.changed.connect(self._change_values)
        self._scope.changed.connect(self._change_scope)
        self.matrix.picked.connect(self.picked)
        self.matrix.pointed.connect(self._tell)
        self.bars.picked.connect(self._pick_class)
        self.pairs.picked.connect(self._pick_pair)
        self._lists.changed.connect(self.show_list)

    def _add_bars(self) -> None:
        self._below = column(SPACE.xs)
        head = row()
        self._lists = Segmented([(CLASSES, "By class"), (PAIRS, "Most confused")], name="List of classes")
        head.addWidget(self._lists)
        self._order = ElidedLabel("", "caption")
        self._order.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        head.addWidget(self._order, 1)
        self._below.addLayout(head)
        self.bars = ClassBars()
        self.pairs = PairBars()
        self._bars = QStackedWidget()
        self._bars.addWidget(self.bars)
        self._bars.addWidget(self.pairs)
        self._below.addWidget(self._bars, 1)
        self.body.addLayout(self._below, 2)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Where there is little room, leave out what a tooltip says too: all of it would overlap."""
        self.told.setVisible(self._is_labelled and self.height() >= _ROOM_FOR_HINT)

    def show_result(self, result: Result, view: TaskView) -> None:
        """Show a result's matrix and classes."""
        self._show_truth(is_known=result.summary.is_labelled)
        if result.classes != self._classes:
            self._classes = result.classes
            many = len(result.classes) > MANY_CLASSES
            self._scope.choose("confused" if many else "all")
            self.matrix.show_only_confused(many)
        self._scope.setVisible(self._is_labelled and len(result.classes) > MOST_CONFUSED)
        self._has_images = result.images > 0
        self._counts = view.counts
        matrix = view.matrix(result)
        if matrix is not None:
            self.matrix.show_data(matrix)
        self._has_background = matrix is not None and matrix.has_background
        self.matrix.setVisible(matrix is not None)
        self._measure = view.class_measure
        self._show_pairs(matrix)
        values = view.class_values(result)
        self.bars.show_values(
            result.classes,
            [entry.value for entry in values],
            view.class_measure,
            [entry.count for entry in values],
            view.counts,
        )
        self._tell("")

    def show_list(self, name: str) -> None:
        """Show the classes below the matrix, or the pairs that are confused most."""
        name = name if self._lists.is_offered(name) else CLASSES
        self._lists.choose(name)
        self._bars.setCurrentWidget(self.pairs if name == PAIRS else self.bars)
        by_class = f"{self._measure}, {'worst' if self._is_labelled else 'rarest'} first"
        self._order.setText("most frequent first" if name == PAIRS else by_class)

    def _show_pairs(self, matrix: MatrixData | None) -> None:
        self._cells = matrix.pairs(MOST_PAIRS) if matrix is not None and self._is_labelled else []
        if matrix is not None:
            self.pairs.show_pairs(
                [matrix.title(cell) for cell in self._cells],
                [int(matrix.counts[cell.true or 0, cell.predicted or 0]) for cell in self._cells],
                [matrix.sentence(cell) for cell in self._cells],
            )
        self._lists.offer(PAIRS, bool(self._cells))
        is_gone = not self._cells and self._lists.current() == PAIRS
        self.show_list(CLASSES if is_gone else self._lists.current())

    def mark(self, cell: Cell | None) -> None:
        """Show which cell or class the images are filtered by; does not tell."""
        self.matrix.select(cell)
        one = None if cell is None or None not in (cell.true, cell.predicted) else cell
        self.pairs.set_picked(self._cells.index(cell) if cell in self._cells else None)
        self.bars.set_picked(None if one is None else one.true if self._is_labelled else one.predicted)

    def _pick_class(self, index: int) -> None:
        cell = Cell(index, None) if self._is_labelled else Cell(None, index)
        self.picked.emit(None if self.matrix.selected() == cell else cell)

    def _pick_pair(self, index: int) -> None:
        cell = self._cells[index]
        self.picked.emit(None if self.matrix.selected() == cell else cell)

    def _show_truth(self, *, is_known: bool) -> None:
        """Without truth there are no confusions: only how often each class is predicted."""
        self._is_labelled = is_known
        self._title.setText("Confusion matrix" if is_known else "Predictions")
        self._values.setVisible(is_known)
        self._fit()
        self._no_truth.setVisible(not is_known)

    def _change_values(self, values: str) -> None:
        self.matrix.show_values(cast("Values", values))
        self._tell("")

    def _change_scope(self, scope: str) -> None:
        self.matrix.show_only_confused(scope == "confused")

    def _tell(self, sentence: str) -> None:
        self.told.setText(sentence or (self._hint() if self._has_images else _HINT_NO_IMAGES))

    def _hint(self) -> str:
        if self._values.current() == "count":
            return _HINT_COUNTS.format(counts=self._counts)
        if self._values.current() == "column":
            return _HINT_COLUMNS_BACKGROUND if self._has_background else _HINT_COLUMNS
        return _HINT_BACKGROUND if self._has_background else _HINT
