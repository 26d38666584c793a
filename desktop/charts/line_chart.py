"""A card with curves over the epochs: raw and smoothed, with legend, cross, zoom and marks."""

from __future__ import annotations

import math
from collections.abc import Sequence

from numpy.typing import ArrayLike
from PySide6.QtCore import Signal
from PySide6.QtGui import QColor, QContextMenuEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QWidget

from desktop.charts.chart_menu import ChartMenu
from desktop.charts.chart_tip import ChartTip, TipRow
from desktop.charts.curve import Curve, CurveStyle, Reading
from desktop.charts.legend import Legend
from desktop.charts.limits import inside, limits_of, span_of, zoomed
from desktop.charts.plot_area import PlotArea
from desktop.charts.plot_overlay import Mark
from desktop.charts.points import Floats
from desktop.charts.refresh import shared_refresh
from desktop.charts.ticks import epoch_text, number_text
from desktop.theme.theme import theme
from desktop.theme.tokens import SPACE
from desktop.widgets.buttons import icon_button
from desktop.widgets.card import Card, row
from desktop.widgets.labels import text_label

EMPTY = "The first values come after the first steps."
ALL_HIDDEN = "All curves are hidden. Click a name above to show one."
NOT_POSITIVE = "A logarithmic axis shows only values above zero, and there are none."
_NEAR_MARK_PX = 4


class LineChart(Card):
    """Curves by key. What is appended is drawn with the next beat of the shared clock, while the chart can be seen."""

    hovered = Signal(float)
    """The cross was moved by the user to this epoch; NaN when it went away."""
    told = Signal(str, str)
    """A sentence for the user about what was copied or saved, and its tone: info or bad."""

    def __init__(self, title: str, unit: str = "", parent: QWidget | None = None) -> None:
        super().__init__(spacing=SPACE.xs, margins=(SPACE.m, SPACE.s, SPACE.s, SPACE.s), parent=parent)
        self.title, self._unit = title, unit
        self._curves: dict[str, Curve] = {}
        self._marks: Sequence[Mark] = ()
        self._weight, self._is_log, self._has_no_outliers = 0.0, False, False
        self._part: tuple[float, float] | None = None
        self._cross: float | None = None
        self._refresh = shared_refresh()
        self.legend = Legend()
        self.plot = PlotArea()
        self._tip = ChartTip(self.plot)
        self._reset = icon_button("ph.magnifying-glass-minus", "Reset zoom", "Reset zoom (double click)")
        self._menu = ChartMenu(self)
        self._build()
        self._connect()

    def _build(self) -> None:
        more = icon_button("ph.dots-three-vertical-bold", f"More for {self.title}", "Copy, save, outliers")
        more.clicked.connect(self._open_menu)
        self._more = more
        self._head = row(SPACE.xs)
        self._name = text_label(self.title, "strong")
        self._head.addWidget(self._name)
        self._head.addStretch(1)
        for widget in (self.legend, self._reset, more):
            self._head.addWidget(widget)
        self.body.addLayout(self._head)
        self.body.addWidget(self.plot, 1)
        self._reset.hide()
        self.setAccessibleName(self.title)
        self.plot.setAccessibleName(f"{self.title}, curves over epochs")

    def _connect(self) -> None:
        self.legend.changed.connect(self._ask)
        self.plot.pointed.connect(self._point)
        self.plot.stepped.connect(self._step)
        self.plot.zoomed.connect(self.zoom)
        self.plot.scaled.connect(self._scale)
        self.plot.reset_asked.connect(self.reset_zoom)
        self.plot.resized.connect(self._ask)
        self._reset.clicked.connect(self.reset_zoom)
        theme.changed.connect(self._recolor)

    def rename(self, title: str) -> None:
        """Show another title: the chart shows another metric from now on."""
        self.title = title
        self._name.setText(title)
        self.setAccessibleName(title)
        self.plot.setAccessibleName(f"{title}, curves over epochs")
        self._place_legend()

    # --- data -----------------------------------------------------------------------------------------------------

    def set_series(self, key: str, label: str, role: str, dashed: bool = False) -> None:
        """Add a curve, or change how it looks. `role` is a colour of the theme, s1 to s6."""
        style = CurveStyle(label, role, dashed)
        if key in self._curves:
            self._curves[key].style = style
        else:
            self._curves[key] = curve = Curve(style, self._weight)
            self.plot.add_curve(curve.raw_item, curve.line_item)
        self.legend.put(key, style)
        self._place_legend()
        self._ask()

    def remove_series(self, key: str) -> None:
        """Take a curve away; nothing happens when it is not there."""
        curve = self._curves.pop(key, None)
        if curve is not None:
            self.plot.remove_curve(curve.raw_item, curve.line_item)
            self.legend.remove(key)
            self._place_legend()
            self._ask()

    def keys(self) -> list[str]:
        """Give the keys of all curves, in the order in which they were added."""
        return list(self._curves)

    def append(self, key: str, x: float, y: float) -> None:
        """Add a point to a curve. `x` in epochs; points at or after it go: a resumed attempt passes them again."""
        self._curves[key].points.append(x, y)
        self._ask()

    def replace(self, key: str, x: ArrayLike, y: ArrayLike) -> None:
        """Show other points, (N,) each, instead of those that a curve has."""
        self._curves[key].points.replace(x, y)
        self._ask()

    def clear(self) -> None:
        """Take all curves and marks away and show everything again."""
        for key in self.keys():
            self.remove_series(key)
        self._marks = ()
        self.reset_zoom()
        self.show_cross(math.nan)

    def curve_data(self) -> list[tuple[str, Floats, Floats, Floats]]:
        """Give the shown curves in the shown part: name, and x, y, smoothed y, (N,) each."""
        low, high = self._shown_part()
        found: list[tuple[str, Floats, Floats, Floats]] = []
        for curve in self._shown_curves():
            part = (curve.points.x >= low) & (curve.points.x <= high)
            smoothed = curve.smoothed_values()[part]
            found.append((curve.style.label, curve.points.x[part], curve.points.y[part], smoothed))
        return found

    # --- look -----------------------------------------------------------------------------------------------------

    def set_smoothing(self, weight: float) -> None:
        """Smooth the curves: 0 shows the values themselves, towards 0.99 the curve is calmer."""
        self._weight = weight
        for curve in self._curves.values():
            curve.set_weight(weight)
        self._ask()

    def set_log(self, on: bool) -> None:
        """Show equal ratios as equal heights. Values that are not above zero are left out."""
        self._is_log = on
        self.plot.set_log(on)
        self._ask()

    @property
    def ignores_outliers(self) -> bool:
        return self._has_no_outliers

    def set_ignore_outliers(self, on: bool) -> None:
        """Let values far from all others run out of the plot, so that the rest can be told apart."""
        self._has_no_outliers = on
        self._ask()

    def set_marks(self, marks: Sequence[Mark]) -> None:
        """Mark epochs: checkpoints by small arrows, the best one, starts of attempts and borders by lines."""
        self._marks = tuple(marks)
        self._ask()

    @property
    def is_zoomed(self) -> bool:
        return self._part is not None

    def zoom(self, low: float, high: float) -> None:
        """Show this part of the epochs; else the chart follows the end of its curves."""
        self._part = inside((low, high), self._whole())
        self._reset.setVisible(self.is_zoomed)
        self._ask()

    def reset_zoom(self) -> None:
        """Show all epochs and follow the end."""
        self._part = None
        self._reset.hide()
        self._ask()

    # --- cross ----------------------------------------------------------------------------------------------------

    def show_cross(self, x: float) -> None:
        """Show the cross at the measured epoch nearest to `x`; NaN hides it. `hovered` is not emitted."""
        readings = [] if math.isnan(x) else self._readings(x)
        if not readings:
            self._cross = None
            self.plot.overlay.show_cross(None)
            self._tip.hide()
            return
        self._cross = min((reading.x for _, reading in readings), key=lambda found: abs(found - x))
        self.plot.overlay.show_cross(self._cross, self._dots(readings))
        rows = [self._tip_row(curve, reading) for curve, reading in readings]
        across = self.plot.pixel_of(self._cross).x()
        self._tip.show_table(f"Epoch {epoch_text(self._cross)}", rows, self._note_near(across))
        self._tip.place(across, self.plot.plot_rect())

    def _point(self, x: float) -> None:
        self.show_cross(x)
        self.hovered.emit(x if self._cross is not None else math.nan)

    def _step(self, steps: int) -> None:
        """Move the cross along the points of the curve with the most points in view."""
        curve = max(self._shown_curves(), key=lambda found: len(found.points), default=None)
        if curve is None or not len(curve.points):
            return
        low, high = self._shown_part()
        at = curve.points.nearest(self._cross if self._cross is not None else high)
        per_column = (
            len(curve.points)
            * (high - low)
            / max(self._whole()[1], 1e-9)
            / self.plot.columns(low, high).count
        )
        index = min(max((at or 0) + steps * max(1, int(per_column)), 0), len(curve.points) - 1)
        self._point(min(max(float(curve.points.x[index]), low), high))

    def _readings(self, x: float) -> list[tuple[Curve, Reading]]:
        found = [(curve, curve.reading(x)) for curve in self._shown_curves()]
        return [(curve, reading) for curve, reading in found if reading is not None]

    def _dots(self, readings: Sequence[tuple[Curve, Reading]]) -> list[tuple[float, float, QColor]]:
        return [
            (reading.x, self._height(reading.smoothed), theme.color(curve.style.role))
            for curve, reading in readings
            if math.isfinite(self._height(reading.smoothed))
        ]

    def _tip_row(self, curve: Curve, reading: Reading) -> TipRow:
        style = curve.style
        raw = number_text(reading.raw) if self._weight > 0 else ""
        return TipRow(style.label, style.role, style.dashed, number_text(reading.smoothed) + self._unit, raw)

    def _note_near(self, across: float) -> str:
        near = [
            mark.text for mark in self._marks if abs(self.plot.pixel_of(mark.x).x() - across) <= _NEAR_MARK_PX
        ]
        return ", ".join(near)

    # --- drawing --------------------------------------------------------------------------------------------------

    def redraw(self) -> None:
        """Draw everything as it is now."""
        columns = self.plot.columns(*self._shown_part())
        drawn: list[Floats] = []
        for key, curve in self._curves.items():
            curve.is_shown = self.legend.is_shown(key)
            drawn += curve.draw(columns, is_log=self._is_log)
        limits = limits_of(drawn, without_outliers=self._has_no_outliers)
        self.plot.set_view(self._shown_part(), limits)
        overlay = self.plot.overlay
        overlay.show_marks(self._marks)
        overlay.show_single(self._single_points())
        overlay.show_sentence(self._sentence(drawn))
        self.plot.setAccessibleDescription(self._in_words())
        if self._cross is not None:
            self.show_cross(self._cross)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_legend()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._ask()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self._menu.open_at(event.globalPos())

    def _open_menu(self) -> None:
        self._menu.open_at(self._more.mapToGlobal(self._more.rect().bottomLeft()))

    def _ask(self) -> None:
        self._refresh.ask(self)

    def _recolor(self) -> None:
        self.plot.recolor()
        self._ask()

    def _scale(self, factor: float, center: float) -> None:
        shown = self._shown_part()
        if math.isnan(center):
            center = self._cross if self._cross is not None else sum(shown) / 2
        part = zoomed(shown, self._whole(), factor, center)
        if part is None:
            self.reset_zoom()
        else:
            self.zoom(*part)

    def _place_legend(self) -> None:
        """Beside the title where there is room, else in rows of its own below."""
        margins = self.body.contentsMargins()
        width = self.width() - margins.left() - margins.right()
        taken = self._name.sizeHint().width() + 2 * self._more.sizeHint().width()
        self.legend.arrange(width, is_alone=self.legend.row_width() > width - taken - SPACE.xl)
        place = self.body if self.legend.is_alone else self._head
        if place.indexOf(self.legend) < 0:
            place.insertWidget(1 if self.legend.is_alone else 2, self.legend)

    def _shown_curves(self) -> list[Curve]:
        return [curve for key, curve in self._curves.items() if self.legend.is_shown(key)]

    def _whole(self) -> tuple[float, float]:
        return span_of([curve.points.x for curve in self._shown_curves()])

    def _shown_part(self) -> tuple[float, float]:
        return self._part or self._whole()

    def _height(self, value: float) -> float:
        """Where a value stands, in units of the plot; NaN where it cannot."""
        if not self._is_log:
            return value
        return math.log10(value) if value > 0 else math.nan

    def _single_points(self) -> list[tuple[float, float, QColor]]:
        lone = [(curve, curve.reading(0.0)) for curve in self._shown_curves() if len(curve.points) == 1]
        return self._dots([(curve, reading) for curve, reading in lone if reading is not None])

    def _sentence(self, drawn: Sequence[Floats]) -> str:
        if not any(len(curve.points) for curve in self._curves.values()):
            return EMPTY
        if not self._shown_curves():
            return ALL_HIDDEN
        is_blank = not any(math.isfinite(float(value)) for values in drawn for value in values[:1])
        if self._is_log and is_blank and not any((values == values).any() for values in drawn):
            return NOT_POSITIVE
        return ""

    def _in_words(self) -> str:
        said = [
            f"{curve.style.label} {number_text(reading.smoothed)}{self._unit}"
            for curve, reading in self._readings(math.inf)
        ]
        if not said:
            return EMPTY
        end = max(float(curve.points.x[-1]) for curve in self._shown_curves() if len(curve.points))
        borders = [
            f" At epoch {epoch_text(mark.x)}: {mark.text}." for mark in self._marks if mark.kind == "border"
        ]
        return f"Epoch {epoch_text(end)}: {', '.join(said)}.{''.join(borders)}"
