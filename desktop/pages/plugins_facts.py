"""Facts of a plugin as two columns, and how large its model is: counted by the engine, shown when it is known."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from desktop.models.plugin_cards import compute_text, parameters_text
from desktop.theme.fonts import font
from desktop.theme.tokens import SPACE
from desktop.widgets.labels import ElidedLabel, text_label
from engine.protocol.catalog import ModelCard

_NAME_WIDTH = 108
_LONG = ("Folder",)
"""Facts that are a path: one line, cut in the middle."""
_COUNTING = "counting …"
_TIP = "Without pretrained weights, for 1,000 classes and one image; a multiply-add counts as two operations."


class FactTable(QWidget):
    """Names at the left, values at the right; the size of the model first."""

    def __init__(self) -> None:
        super().__init__()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(SPACE.m)
        self._grid.setVerticalSpacing(SPACE.s)
        self._grid.setColumnMinimumWidth(0, _NAME_WIDTH)
        self._grid.setColumnStretch(1, 1)
        self.parameters = _value("")
        self.compute = _value("")
        self.values: dict[str, str] = {}

    def show_facts(self, facts: Sequence[tuple[str, str]]) -> None:
        """Show these; the size of the model is not known until one of the other calls."""
        while (item := self._grid.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        self.parameters, self.compute = _value(""), _value("")
        self._size_names = [text_label("Parameters", "muted"), text_label("Compute", "muted")]
        for line, (name, value) in enumerate(
            zip(self._size_names, (self.parameters, self.compute), strict=True)
        ):
            value.setToolTip(_TIP)
            self._put(line, name, value)
            name.hide()
            value.hide()
        for line, (words, text) in enumerate(facts, start=2):
            value = ElidedLabel(text, middle=True) if words in _LONG else _value(text)
            self._put(line, text_label(words, "muted"), value)
        self.values = dict(facts)

    def wait_for_size(self) -> None:
        """The engine is counting."""
        self._show_size(_COUNTING, _COUNTING)

    def show_size(self, card: ModelCard) -> None:
        self._show_size(parameters_text(card), compute_text(card), card.why_not)

    def show_no_size(self, why: str) -> None:
        self._show_size("not known", "not known", why)

    def _show_size(self, parameters: str, compute: str, why_not: str = "") -> None:
        for label, text in ((self.parameters, parameters), (self.compute, compute)):
            label.setText(text)
            label.setToolTip(why_not or _TIP)
            label.setAccessibleDescription(why_not)
            label.show()
        for name in self._size_names:
            name.show()
        self.values |= {"Parameters": parameters, "Compute": compute}

    def _put(self, line: int, name: QLabel, value: QLabel) -> None:
        self._grid.addWidget(name, line, 0, Qt.AlignmentFlag.AlignTop)
        self._grid.addWidget(value, line, 1)


def _value(text: str) -> QLabel:
    label = text_label(text, wrap=True)
    label.setFont(font(tabular=True))
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label
