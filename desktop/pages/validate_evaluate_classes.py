"""Which class of the data is which of the model's: a table of those that are not told by their names."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QWidget

from desktop.theme.tokens import SIZE, SPACE
from desktop.widgets.card import column
from desktop.widgets.choice_box import ChoiceBox
from desktop.widgets.labels import ElidedLabel, text_label
from desktop.widgets.scrolled import scrolled
from engine.datasets.class_matching import ClassMatch

_MOST_ROWS = 40
"""With more the rest is left out: they are for the command line."""
_MOST_NAMED = 6
_ROWS_SEEN = 5
_LEAVE_OUT = "Leave out"


class ClassPart(QWidget):
    """Hidden where all classes are the same."""

    changed = Signal()
    """The user chose for a class."""

    def __init__(self) -> None:
        super().__init__()
        layout = column(SPACE.xs)
        self.setLayout(layout)
        self._told = text_label("", "caption", wrap=True)
        self._rows = QWidget()
        self._grid = QGridLayout(self._rows)
        self._grid.setContentsMargins(0, 0, SPACE.s, 0)
        self._grid.setHorizontalSpacing(SPACE.m)
        self._grid.setVerticalSpacing(SPACE.xs)
        self._grid.setColumnStretch(0, 1)
        self._grid.setColumnStretch(1, 1)
        self._area = scrolled(self._rows, "Classes of the data and of the model")
        layout.addWidget(self._area)
        layout.addWidget(self._told)
        self._shown: tuple[object, ...] = ()
        self.boxes: dict[str, ChoiceBox] = {}
        self.hide()

    def show_match(self, match: ClassMatch | None) -> None:
        """Show what differs; what was chosen stays as long as the classes do."""
        if match is None or match.is_same:
            self._clear()
            self.hide()
            return
        if self._shown != (match.dataset, match.model):
            self._clear()
            self._shown = (match.dataset, match.model)
            self._fill(match)
        self._told.setText(" ".join(_told(match, len(self.boxes))))
        self.show()

    def mapping(self) -> dict[str, str | None]:
        """What was chosen, by class of the data; None leaves one out."""
        return {name: box.currentData() for name, box in self.boxes.items()}

    def _clear(self) -> None:
        self._shown, self.boxes = (), {}
        while (item := self._grid.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()

    def _fill(self, match: ClassMatch) -> None:
        renamed = dict(match.renamed)
        unequal = [name for name in match.dataset if name in renamed or name in match.left_out]
        self._grid.addWidget(text_label("In the data", "overline"), 0, 0)
        self._grid.addWidget(text_label("In the model", "overline"), 0, 1)
        for place, name in enumerate(unequal[:_MOST_ROWS], start=1):
            box = ChoiceBox(f"{name} is")
            box.addItem(_LEAVE_OUT, None)
            for known in match.model:
                box.addItem(known, known)
            if name in renamed:
                box.setCurrentIndex(match.model.index(renamed[name]) + 1)
            box.currentIndexChanged.connect(partial(self._tell, name))
            self.boxes[name] = box
            self._grid.addWidget(ElidedLabel(name), place, 0)
            self._grid.addWidget(box, place, 1)
        self._area.setVisible(bool(self.boxes))
        rows = min(len(self.boxes), _ROWS_SEEN) + 1
        self._area.setFixedHeight(rows * (SIZE.control + SPACE.xs))

    def _tell(self, _name: str, _place: int) -> None:
        self.changed.emit()


def _told(match: ClassMatch, asked: int) -> list[str]:
    """What the table does not show."""
    told: list[str] = []
    equal = len(match.dataset) - asked
    rest = len(match.left_out) - _MOST_ROWS
    if equal > 0:
        told.append(f"{equal:,} classes have equal names." if equal > 1 else "One class has an equal name.")
    if rest > 0:
        told.append(f"{rest:,} more are left out; `lensmith evaluate --map` can name them.")
    if match.missing:
        told.append(f"The data has nothing of {_listed(match.missing)}.")
    return told


def _listed(names: Sequence[str]) -> str:
    rest = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + rest
