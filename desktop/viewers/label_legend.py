"""The classes on an image with their colours and numbers; a click hides one, another shows it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QVBoxLayout, QWidget

from desktop.theme.fonts import font
from desktop.theme.label_colors import label_color
from desktop.theme.theme import theme
from desktop.theme.tokens import RADIUS, SPACE, TYPE
from desktop.widgets.labels import plain_tip, text_label

_ROW = 24
_SWATCH = 12
_MOST = 24


class LabelLegend(QWidget):
    """One row a class."""

    hidden_changed = Signal(object)
    """A frozenset of the numbers of classes that are not to be drawn."""

    def __init__(self) -> None:
        super().__init__()
        self._hidden: frozenset[int] = frozenset()
        self._rows: dict[int, _Row] = {}
        self._lines = QVBoxLayout(self)
        self._lines.setContentsMargins(0, 0, 0, 0)
        self._lines.setSpacing(0)

    def show_classes(self, names: Sequence[str], notes: Mapping[int, str]) -> None:
        """Show the classes of an image.

        Args:
            names: of all classes.
            notes: for each class on the image, what stands behind its name; in the order shown.
        """
        while (item := self._lines.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        self._rows.clear()
        for label, note in list(notes.items())[:_MOST]:
            made = _Row(label, names[label] if label < len(names) else f"Class {label}", note)
            made.setChecked(label not in self._hidden)
            made.toggled.connect(self._tell)
            self._rows[label] = made
            self._lines.addWidget(made)
        if len(notes) > _MOST:
            self._lines.addWidget(text_label(f"and {len(notes) - _MOST:,} more classes", "caption"))

    def set_hidden(self, hidden: frozenset[int]) -> None:
        """Mark classes as hidden, without telling."""
        self._hidden = hidden
        for label, made in self._rows.items():
            made.blockSignals(True)
            made.setChecked(label not in hidden)
            made.blockSignals(False)
            made.update()

    def _tell(self) -> None:
        here = {label for label, made in self._rows.items() if not made.isChecked()}
        self._hidden = (self._hidden - frozenset(self._rows)) | here
        self.hidden_changed.emit(self._hidden)


class _Row(QAbstractButton):
    def __init__(self, label: int, name: str, note: str) -> None:
        super().__init__()
        self._label, self._name, self._note = label, name, note
        self.setCheckable(True)
        self.setAccessibleName(f"{name}, {note}" if note else name)
        self.setToolTip(plain_tip(f"Show or hide {name}"))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(160, _ROW)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        whole = QRectF(self.rect())
        if self.underMouse() or self.hasFocus():
            painter.setPen(theme.color("accent") if self.hasFocus() else Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("hover"))
            painter.drawRoundedRect(whole.adjusted(0.5, 0.5, -0.5, -0.5), RADIUS.inner, RADIUS.inner)
        swatch = QRectF(SPACE.xs, whole.center().y() - _SWATCH / 2, _SWATCH, _SWATCH)
        is_on = self.isChecked()
        painter.setPen(label_color(self._label) if not is_on else Qt.PenStyle.NoPen)
        painter.setBrush(label_color(self._label) if is_on else Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(swatch, RADIUS.inner / 2, RADIUS.inner / 2)
        painter.setFont(font(TYPE.caption, 500, tabular=True))
        room = whole.adjusted(_SWATCH + SPACE.m, 0, -SPACE.xs, 0)
        painter.setPen(theme.color("text2"))
        painter.drawText(room, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, self._note)
        taken = painter.fontMetrics().horizontalAdvance(self._note) + SPACE.s
        painter.setPen(theme.color("text" if is_on else "text3"))
        name = painter.fontMetrics().elidedText(
            self._name, Qt.TextElideMode.ElideRight, max(0, int(room.width()) - taken)
        )
        painter.drawText(room, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, name)
