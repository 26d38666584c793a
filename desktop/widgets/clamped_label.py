"""Plain text in a few lines at most, which ends in … where there is more."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent, QTextLayout, QTextOption
from PySide6.QtWidgets import QLabel

from desktop.widgets.labels import plain_tip, set_role


class ClampedLabel(QLabel):
    """Wrapped text; what has no room ends in …, and the whole of it is the tooltip.

    Args:
        text: what it says.
        role: as of `text_label`.
        lines: at most so many.
    """

    def __init__(self, text: str, role: str, lines: int) -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self.setAlignment(Qt.AlignmentFlag.AlignTop)
        set_role(self, "role", role)
        self._whole, self._most = text, lines
        self.setAccessibleName(text)
        self.setText(text)

    def whole_text(self) -> str:
        return self._whole

    def heightForWidth(self, width: int) -> int:
        lines = max(1, len(self._starts(width)))
        return min(lines, self._most) * self.fontMetrics().lineSpacing()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        starts = self._starts(self.width())
        shown = self._whole
        if len(starts) > self._most:
            last = starts[self._most - 1]
            rest = self._whole[last:].replace("\n", " ")
            shown = self._whole[:last] + self.fontMetrics().elidedText(
                rest, Qt.TextElideMode.ElideRight, self.width()
            )
        if shown != self.text():
            self.setText(shown)
        self.setToolTip(plain_tip(self._whole) if shown != self._whole else "")

    def _starts(self, width: int) -> list[int]:
        """Where each line of the whole text begins."""
        layout = QTextLayout(self._whole.replace("\n", "\N{LINE SEPARATOR}"), self.font())
        option = QTextOption()
        option.setWrapMode(QTextOption.WrapMode.WordWrap)
        layout.setTextOption(option)
        starts: list[int] = []
        layout.beginLayout()
        while (line := layout.createLine()).isValid():
            line.setLineWidth(width)
            starts.append(line.textStart())
        layout.endLayout()
        return starts
