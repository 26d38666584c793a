"""The learning rate that a form or an extension asks for, drawn small beside its settings."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QHelpEvent, QPainter, QPainterPath, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from desktop.charts.schedule_curve import ScheduleCurve, has_schedule, schedule_curve
from desktop.charts.ticks import epoch_text
from desktop.theme.fonts import font
from desktop.theme.theme import theme
from desktop.theme.tokens import RADIUS, SPACE, TYPE
from engine.config.schedule import Extension

NOT_YET = "The curve appears when epochs, rate and schedule are right."
NONE_HERE = "This model sets its learning rate itself."
ON_PLATEAU = "falls when validation stalls"
_HEIGHT = 96
_LABEL_PX = 16
_FILL = 0.16


class SchedulePlot(QWidget):
    """A curve from the first epoch to the last, with its peak and its end in numbers.

    With an extension the rate that was is dashed, and the one to come is strong.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._curve: ScheduleCurve | None = None
        self._before: ScheduleCurve | None = None
        self._sentence = NOT_YET
        self.setFixedHeight(_HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Learning rate over the epochs")
        self._say()
        theme.changed.connect(self.update)

    def set_config(
        self, flat: Mapping[str, object], steps_per_epoch: int, extension: Extension | None = None
    ) -> None:
        """Draw what these settings ask for.

        Args:
            flat: resolved settings by dotted name; others than those of the rate may be wrong.
            steps_per_epoch: optimizer steps; the shape hardly depends on it.
            extension: show the rate before `from_epoch` and how it goes on to the new `epochs`.
        """
        self._curve = schedule_curve(flat, steps_per_epoch, extension)
        self._before = None
        if extension is not None and self._curve is not None:
            past = {**flat, "epochs": max(1, extension.from_epoch)}
            self._before = schedule_curve(past, steps_per_epoch)
            self._curve = self._curve.part(float(extension.from_epoch), self._curve.length)
        self._sentence = "" if self._curve else NOT_YET if has_schedule(flat) else NONE_HERE
        self._say()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(240, _HEIGHT)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent) and self._curve is not None:
            area = self._plot_area()
            share = min(max((event.pos().x() - area.left()) / area.width(), 0.0), 1.0)
            epoch = share * self._curve.length
            past = self._before is not None and epoch < self._curve.epochs[0]
            rate = (self._before if past and self._before else self._curve).at(epoch)
            QToolTip.showText(event.globalPos(), f"Epoch {epoch_text(epoch)}: {_rate(rate)}", self)
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002  # Qt gives it
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.color("line"), 1))
        painter.setBrush(theme.color("card"))
        painter.drawRoundedRect(
            QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), RADIUS.control, RADIUS.control
        )
        if self._curve is None:
            painter.setFont(font(TYPE.caption))
            painter.setPen(theme.color("text2"))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.rect().adjusted(SPACE.m, 0, -SPACE.m, 0), flags, self._sentence)
            return
        self._paint_curves(painter, self._curve)
        self._paint_words(painter, self._curve)

    def _paint_curves(self, painter: QPainter, curve: ScheduleCurve) -> None:
        area = self._plot_area()
        painter.setPen(QPen(theme.color("line"), 1))
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        line = self._path(curve, area)
        fill = QPainterPath(line)
        fill.lineTo(area.right(), area.bottom())
        fill.lineTo(self._across(curve.epochs[0], area), area.bottom())
        painter.fillPath(fill, theme.color("accent", _FILL))
        if self._before is not None:
            painter.strokePath(
                self._path(self._before, area), QPen(theme.color("text3"), 1.5, Qt.PenStyle.DashLine)
            )
            across = self._across(self._before.length, area)
            painter.setPen(QPen(theme.color("text3"), 1, Qt.PenStyle.DotLine))
            painter.drawLine(QPointF(across, area.top()), QPointF(across, area.bottom()))
        style = Qt.PenStyle.DashLine if curve.falls_on_plateau else Qt.PenStyle.SolidLine
        painter.strokePath(line, QPen(theme.color("accent"), 2, style))

    def _paint_words(self, painter: QPainter, curve: ScheduleCurve) -> None:
        painter.setFont(font(TYPE.overline, 500, tabular=True))
        row = QRectF(SPACE.s, SPACE.xs, self.width() - 2 * SPACE.s, _LABEL_PX)
        left, right = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight
        painter.setPen(theme.color("text2"))
        painter.drawText(row, left, f"peak {_rate(self._peak())}")
        painter.drawText(row, right, ON_PLATEAU if curve.falls_on_plateau else f"end {_rate(curve.end)}")
        row.moveBottom(self.height() - SPACE.xxs)
        painter.setPen(theme.color("text3"))
        painter.drawText(row, left, "0")
        painter.drawText(row, right, f"{curve.length:g} epochs" if curve.length != 1 else "1 epoch")
        if self._before is not None:
            middle = QRectF(0, row.top(), 2 * _LABEL_PX, row.height())
            middle.moveCenter(QPointF(self._across(self._before.length, self._plot_area()), row.center().y()))
            painter.drawText(middle, Qt.AlignmentFlag.AlignHCenter, f"{self._before.length:g}")

    def _plot_area(self) -> QRectF:
        top = SPACE.xs + _LABEL_PX + SPACE.xs
        return QRectF(SPACE.s, top, self.width() - 2 * SPACE.s, self.height() - top - _LABEL_PX - SPACE.xs)

    def _peak(self) -> float:
        return max(curve.peak for curve in (self._curve, self._before) if curve is not None)

    def _across(self, epoch: float, area: QRectF) -> float:
        length = self._curve.length if self._curve is not None else 1.0
        return area.left() + area.width() * epoch / length

    def _path(self, curve: ScheduleCurve, area: QRectF) -> QPainterPath:
        peak = self._peak() or 1.0
        path = QPainterPath()
        path.addPolygon(
            QPolygonF(
                [
                    QPointF(self._across(epoch, area), area.bottom() - area.height() * rate / peak)
                    for epoch, rate in zip(curve.epochs, curve.rates, strict=True)
                ]
            )
        )
        return path

    def _say(self) -> None:
        curve = self._curve
        if curve is None:
            self.setAccessibleDescription(self._sentence)
            return
        end = ON_PLATEAU if curve.falls_on_plateau else f"ends at {_rate(curve.end)}"
        begin = (
            f"Goes on from epoch {self._before.length:g}, at {_rate(curve.rates[0])}. "
            if self._before
            else ""
        )
        self.setAccessibleDescription(
            f"{begin}Peak {_rate(self._peak())}, {end}, over {curve.length:g} epochs."
        )


def _rate(rate: float) -> str:
    return f"{rate:.3g}"
