"""Several runs over each other: one chart of a metric, and a table of only the settings that differ."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QRect, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStackedWidget,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from desktop.context import Context
from desktop.models.run_comparison import (
    ComparedRun,
    as_csv,
    as_markdown,
    differences,
    labels,
    load_runs,
    metric_names,
)
from desktop.models.run_comparison_table import RunComparisonModel
from desktop.models.run_words import metric_words
from desktop.pages.jobs_orders import copy_text
from desktop.theme.fonts import font
from desktop.theme.theme import theme
from desktop.theme.tokens import SERIES, SIZE, SPACE, TYPE
from desktop.widgets.buttons import Button, IconButton, button, on_click
from desktop.widgets.card import Card, row
from desktop.widgets.choice_box import ChoiceBox
from desktop.widgets.labels import text_label
from desktop.widgets.skeleton import Skeleton

_ROW = SIZE.control + SPACE.xs
_NAME_WIDTH = 220
_VALUE_WIDTH = 96
_PIECE = SPACE.l
_INSET = SPACE.s + SPACE.xxs


class CompareView(QWidget):
    """Shown instead of the lists while runs are compared."""

    closed = Signal()
    """Back to the lists."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        from desktop.charts.line_chart import LineChart

        self._context = context
        self._runs: list[ComparedRun] = []
        self._wanted: list[str] = []
        self._title = text_label("Compare", "section")
        self._metric = ChoiceBox("Metric", _NAME_WIDTH)
        self._metric.activated.connect(self._draw)
        self.chart = LineChart("Curves")
        self.chart.told.connect(self._tell)
        self.model = RunComparisonModel(self)
        self.table = _make_table(self.model)
        self._same = text_label("Their settings are the same.", "caption")
        self._stack = QStackedWidget()
        self._build()
        theme.changed.connect(self._recolor)

    def show_runs(self, runs: Sequence[str]) -> None:
        """Read these runs in the background, then show them."""
        self._wanted = list(runs)
        self._title.setText(f"Compare {len(runs)} runs")
        self._stack.setCurrentIndex(0)
        background, home = self._context.background, self._context.home
        background.run(load_runs, home, self._wanted, then=self._take, failed=self._fail, owner=self)

    def metrics(self) -> list[str]:
        return [str(self._metric.itemData(number)) for number in range(self._metric.count())]

    def choose_metric(self, name: str) -> None:
        self._metric.setCurrentIndex(max(0, self._metric.findData(name)))
        self._draw()

    def copy_csv(self) -> None:
        copy_text(as_csv(self.model.names, self.model.lines))
        self._context.toast("Copied as CSV", "ok")

    def copy_markdown(self) -> None:
        copy_text(as_markdown(self.model.names, self.model.lines))
        self._context.toast("Copied as Markdown", "ok")

    def event(self, event: QEvent) -> bool:
        is_escape = isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape
        if is_escape and event.type() == QEvent.Type.ShortcutOverride:
            event.accept()  # else the window's own Esc takes it
            return True
        if is_escape and event.type() == QEvent.Type.KeyPress:
            self.closed.emit()
            return True
        return super().event(event)

    def _take(self, runs: list[ComparedRun]) -> None:
        self._runs = runs
        chosen = self._metric.currentData()
        self._metric.clear()
        for name in metric_names(runs):
            self._metric.addItem(metric_words(name), name)
        self._metric.setCurrentIndex(max(0, self._metric.findData(chosen)))
        self._metric.setVisible(self._metric.count() > 0)
        self.model.show(labels(runs), differences(runs))
        self._same.setHidden(any(line.is_setting for line in self.model.lines))
        header = self.table.horizontalHeader()
        for column in range(1, self.model.columnCount()):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Stretch)
        self.table.setColumnWidth(0, _NAME_WIDTH)
        self._stack.setCurrentIndex(1)
        self._draw()

    def _draw(self) -> None:
        """Draw the chosen metric of every run that has it, each in its own colour."""
        metric = str(self._metric.currentData() or "")
        self.chart.clear()
        for number, (run, label) in enumerate(zip(self._runs, labels(self._runs), strict=True)):
            curve = run.curves.get(metric)
            if curve is not None:
                self.chart.set_series(run.row.run, label, SERIES[number % len(SERIES)])
                self.chart.replace(run.row.run, curve.epochs, curve.values)

    def _go_to_images(self) -> None:
        self._context.go("compare", runs=list(self._wanted), back="jobs")

    def _fail(self, error: Exception) -> None:
        self._context.toast("The runs cannot be compared", "bad", str(error))
        self.closed.emit()

    def _tell(self, sentence: str, tone: str) -> None:
        self._context.toast(sentence, tone)

    def _recolor(self) -> None:
        self.model.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, self.model.columnCount() - 1)
        self.table.viewport().update()

    def _build(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE.page, SPACE.l, SPACE.page, SPACE.l)
        layout.setSpacing(SPACE.m)
        head = row(SPACE.s)
        back = IconButton("ph.arrow-left", "Back to the runs", "Back to the runs  (Esc)")
        on_click(back, self.closed.emit)
        self.setFocusProxy(back)
        head.addWidget(back)
        head.addWidget(self._title)
        head.addStretch(1)
        head.addWidget(self._metric)
        images = button(
            "On images", "ph.image-square", tip="Compare their results on the same images, with intervals"
        )
        on_click(images, self._go_to_images)
        head.addWidget(images)
        layout.addLayout(head)
        both = QWidget()
        halves = QVBoxLayout(both)
        halves.setContentsMargins(0, 0, 0, 0)
        halves.setSpacing(SPACE.m)
        halves.addWidget(self.chart, 3)
        halves.addWidget(self._make_table_card(), 2)
        self._stack.addWidget(Skeleton(0))
        self._stack.addWidget(both)
        layout.addWidget(self._stack, 1)

    def _make_table_card(self) -> Card:
        card = Card(spacing=SPACE.s, margins=(SPACE.m, SPACE.s, SPACE.m, SPACE.s))
        head = row(SPACE.xs)
        head.addWidget(text_label("What differs", "strong"))
        head.addSpacing(SPACE.xs)
        head.addWidget(self._same)
        head.addStretch(1)
        for text, action in (("Copy as CSV", self.copy_csv), ("Copy as Markdown", self.copy_markdown)):
            made = Button(text, "ph.copy", "ghost")
            on_click(made, action)
            head.addWidget(made)
        card.body.addLayout(head)
        card.body.addWidget(self.table, 1)
        return card


class CompareHeader(QHeaderView):
    """The names of the runs, each beside a piece of its curve."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setMinimumSectionSize(_VALUE_WIDTH)
        self.setFixedHeight(SIZE.primary)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        theme.changed.connect(self.viewport().update)

    def paintSection(self, painter: QPainter, rect: QRect, logicalIndex: int) -> None:
        name = str(self.model().headerData(logicalIndex, Qt.Orientation.Horizontal))
        color = self.model().headerData(
            logicalIndex, Qt.Orientation.Horizontal, Qt.ItemDataRole.ForegroundRole
        )
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(rect.x(), rect.bottom(), rect.width(), 1, theme.color("line"))
        inner = rect.adjusted(_INSET, 0, -_INSET, 0)
        painter.setFont(font(TYPE.caption, 600))
        room = inner.width() - _PIECE - SPACE.s
        shown = painter.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, room)
        width = painter.fontMetrics().horizontalAdvance(shown)
        left = inner.right() - width if logicalIndex else inner.x()
        painter.setPen(theme.color("text" if logicalIndex else "text3"))
        painter.drawText(
            QRect(left, inner.y(), width + 1, inner.height()), Qt.AlignmentFlag.AlignVCenter, shown
        )
        if isinstance(color, QColor):
            painter.setPen(QPen(color, 2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
            middle = inner.center().y() + 1
            painter.drawLine(left - SPACE.s - _PIECE, middle, left - SPACE.s, middle)
        painter.restore()


def _make_table(model: RunComparisonModel) -> QTableView:
    table = QTableView()
    table.setModel(model)
    table.setAccessibleName("Settings that differ")
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    table.setTabKeyNavigation(False)
    table.setShowGrid(False)
    table.verticalHeader().hide()
    table.verticalHeader().setDefaultSectionSize(_ROW)
    table.setHorizontalHeader(CompareHeader(table))
    return table
