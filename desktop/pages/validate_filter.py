"""What the images are filtered by, as chips that can be taken away; and ranges of numbers, typed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QDoubleValidator
from PySide6.QtWidgets import QGridLayout, QLineEdit, QMenu, QWidget, QWidgetAction

from desktop.tasks.measures import Measure, Span
from desktop.tasks.task import Selection
from desktop.theme.tokens import SPACE
from desktop.widgets.buttons import Button, button, on_click
from desktop.widgets.card import column
from desktop.widgets.flow_layout import FlowLayout
from desktop.widgets.labels import text_label

CELL, VERDICT = "cell", "verdict"
"""Keys of the chips that are no ranges."""
_FIELD = 84
_ANY = "any"


class FilterChips(QWidget):
    """One chip a filter, and one that clears all where there are several."""

    removed = Signal(str)
    """The key of a filter that the user took away."""
    cleared = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._flow = FlowLayout(SPACE.xs)
        self.setLayout(self._flow)
        self._chips: dict[str, Button] = {}
        self._clear = button("Clear all", None, "link", "Show all images again")
        on_click(self._clear, self.cleared.emit)
        self._flow.addWidget(self._clear)
        self.hide()

    def texts(self) -> list[str]:
        """What the chips say."""
        return [chip.text() for chip in self._chips.values()]

    def chip(self, key: str) -> Button | None:
        return self._chips.get(key)

    def show_filters(self, filters: Sequence[tuple[str, str]]) -> None:
        """Show filters by key and words, in this order."""
        if [(key, chip.text()) for key, chip in self._chips.items()] != list(filters):
            self._remake(filters)
        self._clear.setVisible(len(filters) > 1)
        self.setVisible(bool(filters))

    def _remake(self, filters: Sequence[tuple[str, str]]) -> None:
        had_focus = any(chip.hasFocus() for chip in self._chips.values())
        self._flow.removeWidget(self._clear)
        self._flow.clear()
        self._chips = {}
        for key, text in filters:
            made = Button(text, "ph.x")
            made.setProperty("chip", True)
            made.setToolTip(f"Show images beyond “{text}” again")
            made.setAccessibleName(f"Remove filter: {text}")
            on_click(made, partial(self.removed.emit, key))
            self._flow.addWidget(made)
            self._chips[key] = made
            made.show()
        self._flow.addWidget(self._clear)
        if had_focus and self._chips:
            next(iter(self._chips.values())).setFocus(Qt.FocusReason.OtherFocusReason)


class RangeFields(QMenu):
    """A menu with two fields a measure: the least and the largest number of the images shown."""

    changed = Signal(object)
    """A `Span`."""
    removed = Signal(str)
    """The key of a measure that is bounded no more."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAccessibleName("Ranges of numbers that images are filtered by")
        held = QWidget()
        body = column(SPACE.s)
        body.setContentsMargins(SPACE.m, SPACE.s, SPACE.m, SPACE.s)
        held.setLayout(body)
        place = QWidgetAction(self)
        place.setDefaultWidget(held)
        self.addAction(place)
        body.addWidget(text_label("Only images with", "section"))
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(SPACE.s)
        self._grid.setVerticalSpacing(SPACE.xs)
        body.addLayout(self._grid)
        self.fields: dict[str, tuple[QLineEdit, QLineEdit]] = {}
        self._measures: dict[str, Measure] = {}
        self._shown: dict[str, Span] = {}

    def offer(self, measures: Sequence[Measure]) -> None:
        """Offer other measures."""
        if list(self._measures.values()) == list(measures):
            return
        while (item := self._grid.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:  # pyright: ignore[reportUnnecessaryComparison]  # a layout's item has none
                widget.deleteLater()
        self.fields = {}
        self._measures = {measure.key: measure for measure in measures}
        for line, measure in enumerate(measures):
            name = text_label(measure.title, "muted")
            name.setToolTip(measure.tip)
            self._grid.addWidget(name, line, 0)
            low, high = (_field(measure, end) for end in ("from", "to"))
            for made in (low, high):
                made.editingFinished.connect(partial(self._read, measure.key))
            self._grid.addWidget(low, line, 1)
            self._grid.addWidget(text_label("to", "muted"), line, 2)
            self._grid.addWidget(high, line, 3)
            self._grid.addWidget(text_label("%" if measure.form == "share" else "", "muted"), line, 4)
            self.fields[measure.key] = (low, high)

    def show_selection(self, selection: Selection) -> None:
        """Show the ranges that hold; does not tell."""
        self._shown = {span.key: span for span in selection.spans}
        for key, ends in self.fields.items():
            span = self._shown.get(key)
            for made, value in zip(ends, (span.low, span.high) if span else (math.inf,) * 2, strict=True):
                made.setText(self._text(key, value))

    def _text(self, key: str, value: float) -> str:
        if math.isinf(value):
            return ""
        return f"{value * self._scale(key):.6g}"

    def _scale(self, key: str) -> float:
        return 100.0 if self._measures[key].form == "share" else 1.0

    def _read(self, key: str) -> None:
        """Take over what is typed; ends that are the wrong way round are turned."""
        scale = self._scale(key)
        texts = [made.text().strip().replace(",", ".") for made in self.fields[key]]
        kept = self._shown.get(key)
        if kept is not None and texts == [self._text(key, kept.low), self._text(key, kept.high)]:
            return  # only looked at: a bar's range keeps the ends that belong to it
        low, high = (_number(text) for text in texts)
        if low is None and high is None:
            if kept is not None:
                self.removed.emit(key)
            return
        ends = (-math.inf if low is None else low / scale, math.inf if high is None else high / scale)
        self.changed.emit(Span(key, min(ends), max(ends)))


def _field(measure: Measure, end: str) -> QLineEdit:
    made = QLineEdit()
    made.setFixedWidth(_FIELD)
    made.setPlaceholderText(_ANY)
    made.setAccessibleName(f"{measure.title} {end}{', percent' if measure.form == 'share' else ''}")
    made.setAlignment(Qt.AlignmentFlag.AlignRight)
    checks = QDoubleValidator(made)
    checks.setNotation(QDoubleValidator.Notation.StandardNotation)
    made.setValidator(checks)
    return made


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
