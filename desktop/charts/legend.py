"""The legend of a line chart: a chip a curve, which shows or hides it; with Alt it alone is shown."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from desktop.charts.curve import CurveStyle
from desktop.charts.paint import paint_focus, paint_sample
from desktop.theme.fonts import font
from desktop.theme.theme import theme
from desktop.theme.tokens import RADIUS, SPACE, TYPE

_HEIGHT = 24
_SAMPLE = 14
_MOST_TEXT = 180
_MANY = 4
_MOST_TEXT_OF_MANY = 112


class LegendChip(QAbstractButton):
    """The sample and name of one curve. Checked: the curve is shown; else the name is struck out."""

    soloed = Signal()
    """Alt and click, or Alt and Space: only this curve shall be shown; again: all."""

    def __init__(self, style: CurveStyle, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setCheckable(True)
        self.setChecked(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.set_style(style)

    def set_style(self, style: CurveStyle) -> None:
        """Take the curve's name and look."""
        self._style = style
        self.shorten(_MOST_TEXT)
        self.setAccessibleName(f"Show {style.label}")
        self.setToolTip("Click to show or hide this curve, Alt+click to see it alone.")
        self.update()

    def shorten(self, most_px: int) -> None:
        """Let the name be no wider than this."""
        self._shown_text = QFontMetricsF(font(TYPE.caption, 500)).elidedText(
            self._style.label, Qt.TextElideMode.ElideMiddle, most_px
        )
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        width = QFontMetricsF(font(TYPE.caption, 500)).horizontalAdvance(self._shown_text)
        return QSize(int(width) + _SAMPLE + 3 * SPACE.s + 1, _HEIGHT)

    def mouseReleaseEvent(self, e: QMouseEvent) -> None:
        if e.modifiers() & Qt.KeyboardModifier.AltModifier and self.rect().contains(e.position().toPoint()):
            self.setDown(False)
            self.soloed.emit()
            return
        super().mouseReleaseEvent(e)

    def keyPressEvent(self, e: QKeyEvent) -> None:
        if e.key() == Qt.Key.Key_Space and e.modifiers() & Qt.KeyboardModifier.AltModifier:
            self.soloed.emit()
            return
        super().keyPressEvent(e)

    def paintEvent(self, e: QPaintEvent) -> None:  # noqa: ARG002  # Qt gives it
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect())
        if self.underMouse():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("hover"))
            painter.drawRoundedRect(area, RADIUS.inner, RADIUS.inner)
        is_on = self.isChecked()
        sample = QRectF(SPACE.s, 0, _SAMPLE, self.height())
        paint_sample(
            painter,
            sample,
            theme.color(self._style.role if is_on else "line_strong"),
            dashed=self._style.dashed,
        )
        face = font(TYPE.caption, 500)
        face.setStrikeOut(not is_on)
        painter.setFont(face)
        painter.setPen(theme.color("text" if is_on else "text3"))
        text = area.adjusted(SPACE.s + _SAMPLE + SPACE.xs + SPACE.xxs, 0, 0, 0)
        painter.drawText(text, Qt.AlignmentFlag.AlignVCenter, self._shown_text)
        if self.hasFocus():
            paint_focus(painter, area, RADIUS.inner)


class Legend(QWidget):
    """Chips in one row beside a title, or in as many rows as they need."""

    changed = Signal()
    """Other curves are shown now."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._chips: dict[str, LegendChip] = {}
        self.is_alone = False
        """Whether it has rows of its own."""
        self._wanted = QSize(0, _HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return self._wanted

    def minimumSizeHint(self) -> QSize:
        return QSize(0, self._wanted.height())

    def put(self, key: str, style: CurveStyle) -> None:
        """Add a curve, or change how it looks."""
        chip = self._chips.get(key)
        if chip is not None:
            chip.set_style(style)
        else:
            chip = LegendChip(style, self)
            chip.toggled.connect(self._on_toggled)
            chip.soloed.connect(self._on_soloed)
            self._chips[key] = chip
            chip.show()

    def remove(self, key: str) -> None:
        chip = self._chips.pop(key, None)
        if chip is not None:
            chip.hide()
            chip.deleteLater()

    def is_shown(self, key: str) -> bool:
        return self._chips[key].isChecked()

    def chip(self, key: str) -> LegendChip:
        """Give the chip of a curve."""
        return self._chips[key]

    def solo(self, key: str) -> None:
        """Show one curve alone; all, when it was alone."""
        is_alone = all(chip.isChecked() == (name == key) for name, chip in self._chips.items())
        for name, chip in self._chips.items():
            chip.blockSignals(True)
            chip.setChecked(is_alone or name == key)
            chip.blockSignals(False)
            chip.update()
        self.changed.emit()

    def row_width(self) -> int:
        """Give how wide all chips are in one row."""
        self._shorten()
        return sum(chip.sizeHint().width() for chip in self._chips.values())

    def arrange(self, width: int, *, is_alone: bool) -> None:
        """Take at most this width: alone in rows, else in one row that is as wide as it must be."""
        self.is_alone = is_alone
        self._shorten()
        left, line = 0, 0
        for chip in self._chips.values():
            size = chip.sizeHint()
            if is_alone and left and left + size.width() > width:
                left, line = 0, line + 1
            chip.setGeometry(left, line * _HEIGHT, min(size.width(), width), size.height())
            left += size.width()
        self._wanted = QSize(width if is_alone else left, (line + 1) * _HEIGHT)
        self.updateGeometry()

    def _on_toggled(self) -> None:
        self.changed.emit()

    def _on_soloed(self) -> None:
        sender = self.sender()
        for key, chip in self._chips.items():
            if chip is sender:
                self.solo(key)
                return

    def _shorten(self) -> None:
        most = _MOST_TEXT_OF_MANY if len(self._chips) > _MANY else _MOST_TEXT
        for chip in self._chips.values():
            chip.shorten(most)
