"""The curves of a run: loss at the left, a metric of choice at the right, other runs laid over them if wanted."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QMenu, QSlider, QWidget

from desktop.charts.line_chart import LineChart
from desktop.charts.plot_overlay import Mark
from desktop.context import Context
from desktop.models.live_run import LiveRun
from desktop.models.run_words import METRIC_WORDS, run_title
from desktop.tasks.task import find_view
from desktop.theme.fonts import font
from desktop.theme.tokens import SERIES, SPACE, TYPE
from desktop.widgets.buttons import Button
from desktop.widgets.card import column, row
from desktop.widgets.labels import text_label
from desktop.widgets.segmented import Segmented
from engine.protocol.home import Home
from engine.store.database import Store
from engine.store.measurements import MetricRow
from engine.store.runs import RunRow

LOSS = "loss"
_SPLITS = (("train", "s1"), ("val", "s2"))
_MOST_OTHERS = 4
_SMOOTHING = 60
_SLIDER = 110
_CHOICE = 190


class CurvesView(QWidget):
    """Two linked charts and what governs them."""

    told = Signal(str, str)

    def __init__(self, context: Context, run: LiveRun) -> None:
        super().__init__()
        self._context = context
        self._run = run
        self._others: dict[str, RunRow] = {}
        self._metric = ""
        self._is_chosen = False
        layout = column(SPACE.s)
        self.setLayout(layout)
        self.controls = self._make_controls()
        charts = QHBoxLayout()
        charts.setSpacing(SPACE.m)
        self.loss = LineChart("Loss")
        self.second = LineChart("Metric")
        charts.addWidget(self.loss, 1)
        charts.addWidget(self.second, 1)
        layout.addLayout(charts, 1)
        self.loss.hovered.connect(self.second.show_cross)
        self.second.hovered.connect(self.loss.show_cross)
        for chart in (self.loss, self.second):
            chart.told.connect(self.told)
        self._smooth(context.settings.get("train.smoothing", _SMOOTHING))
        run.loaded.connect(self.fill)
        run.value_added.connect(self._add)
        run.checkpoints_changed.connect(self._mark)
        run.where.changed.connect(self._mark)

    def fill(self) -> None:
        """Show everything that is known of the run."""
        self._offer_metrics()
        for chart in (self.loss, self.second):
            chart.clear()
        for name in self._run.series:
            self._draw(name)
        self._mark()
        for other in list(self._others.values()):
            self._read_other(other)

    def set_narrow(self, narrow: bool) -> None:
        """Do with less room for the controls."""
        self.smoothing_name.setVisible(not narrow)
        self.choice.setMinimumWidth(_CHOICE if not narrow else _CHOICE * 2 // 3)

    def _make_controls(self) -> QWidget:
        held = QWidget()
        line = row(SPACE.s)
        held.setLayout(line)
        self.choice = QComboBox()
        self.choice.setAccessibleName("Metric of the right chart")
        self.choice.setMinimumWidth(_CHOICE)
        self.choice.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.choice.activated.connect(self._choose_metric)
        self.compare = Button("Compare", "ph.stack-simple", "ghost")
        self.compare.explain("Lay other runs over these curves")
        self.compare.clicked.connect(self._offer_runs)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, 99)
        self.slider.setFixedWidth(_SLIDER)
        self.slider.setAccessibleName("Smoothing")
        self.slider.valueChanged.connect(self._smooth)
        self.smoothing_text = text_label("", "caption")
        self.smoothing_text.setFont(font(TYPE.caption, tabular=True))
        self.scale = Segmented([("linear", "Linear"), ("log", "Log")], "linear", "Axis")
        self.scale.changed.connect(self._scale)
        line.addWidget(self.compare)
        line.addWidget(self.choice)
        self.smoothing_name = text_label("Smoothing", "caption")
        line.addWidget(self.smoothing_name)
        line.addWidget(self.slider)
        line.addWidget(self.smoothing_text)
        line.addWidget(self.scale)
        return held

    def _smooth(self, value: int) -> None:
        if self.slider.value() != value:
            self.slider.setValue(value)
            return
        self.smoothing_text.setText(f"{value / 100:.2f}")
        for chart in (self.loss, self.second):
            chart.set_smoothing(value / 100)
        self._context.settings.set_soon("train.smoothing", value)

    def _scale(self, kind: str) -> None:
        for chart in (self.loss, self.second):
            chart.set_log(kind == "log")

    def _offer_metrics(self) -> None:
        """List what can be drawn at the right: every metric but the loss, the task's own first."""
        names = {name.rpartition("/")[2] for name in self._run.series} - {LOSS}
        best = self._run.row.best_metric if self._run.row is not None else None
        view = find_view(self._run.row.task) if self._run.row is not None else None
        headline = view.headline if view is not None else ()
        first = [best.rpartition("/")[2]] if best else []
        ordered = [name for name in (*first, *headline) if name in names]
        ordered += sorted(names - set(ordered))
        ordered = list(dict.fromkeys(ordered)) or list(headline[:1]) or [LOSS]
        kept = self._metric if self._is_chosen and self._metric in ordered else ordered[0]
        self.choice.clear()
        for name in ordered:
            self.choice.addItem(METRIC_WORDS.get(name, name.replace("_", " ").capitalize()), name)
        self.choice.setCurrentIndex(ordered.index(kept))
        is_new, self._metric = kept != self._metric, kept
        self._name_metric()
        if is_new:
            self._draw_metric()

    def _choose_metric(self, _index: int) -> None:
        self._metric = str(self.choice.currentData())
        self._is_chosen = True
        self._name_metric()
        self._draw_metric()

    def _draw_metric(self) -> None:
        """Show the chosen metric in the right chart, instead of what was there."""
        self.second.clear()
        for name in self._run.series:
            if name.rpartition("/")[2] == self._metric:
                self._draw(name)
        self._mark()
        for other in list(self._others.values()):
            self._read_other(other)

    def _name_metric(self) -> None:
        self.second.rename(METRIC_WORDS.get(self._metric, self._metric.replace("_", " ").capitalize()))

    def _chart_of(self, name: str) -> LineChart | None:
        metric = name.rpartition("/")[2]
        return self.loss if metric == LOSS else self.second if metric == self._metric else None

    def _draw(self, name: str) -> None:
        chart, series = self._chart_of(name), self._run.series[name]
        if chart is None:
            return
        chart.set_series(name, _split(name), _role(name))
        chart.replace(name, series.epochs, series.values)

    def _add(self, name: str, epoch: float, value: float) -> None:
        chart = self._chart_of(name)
        if chart is None:
            if name.rpartition("/")[2] not in [self.choice.itemData(i) for i in range(self.choice.count())]:
                self._offer_metrics()
            return
        drawn = chart.keys()
        if name not in drawn:
            self._draw(name)
        else:
            chart.append(name, epoch, value)

    def _mark(self) -> None:
        marks: list[Mark] = []
        for checkpoint in self._run.checkpoints:
            if checkpoint.kind in ("best", "manual"):
                text = f"{checkpoint.name}, epoch {checkpoint.epoch}"
                marks.append(
                    Mark(float(checkpoint.epoch), text, "best" if checkpoint.kind == "best" else "checkpoint")
                )
        for before, after in pairwise(self._run.where.segments):
            marks.append(Mark(after.begins, f"{before.words} → {after.words}", "border"))
        for chart in (self.loss, self.second):
            chart.set_marks(marks)

    # --- other runs -----------------------------------------------------------------------------------------------

    def _offer_runs(self) -> None:
        menu = QMenu(self)
        here = self._run.row
        rows = [
            other
            for other in self._context.runs.rows()
            if other.kind == "train" and other.run != self._run.run and other.step
        ]
        rows.sort(key=lambda other: here is None or other.dataset != here.dataset)
        for other in rows[:20]:
            action = menu.addAction(f"{run_title(other)}  ({other.dataset})")
            action.setCheckable(True)
            action.setChecked(other.run in self._others)
            action.setData(other.run)
        if not rows:
            menu.addAction("There is no other run yet").setEnabled(False)
        chosen = menu.exec(self.compare.mapToGlobal(self.compare.rect().bottomLeft()))
        if chosen is not None:
            self._toggle_other(str(chosen.data()))

    def _toggle_other(self, run: str) -> None:
        if run in self._others:
            del self._others[run]
            for chart in (self.loss, self.second):
                drawn = chart.keys()
                for key in [key for key in drawn if key.startswith(f"{run}:")]:
                    chart.remove_series(key)
            return
        found = self._context.runs.row(run)
        if found is None:
            return
        if len(self._others) >= _MOST_OTHERS:
            self.told.emit(f"No more than {_MOST_OTHERS} runs can be laid over; Jobs compares more.", "info")
            return
        self._others[run] = found
        self._read_other(found)

    def _read_other(self, other: RunRow) -> None:
        names = (f"val/{LOSS}", f"val/{self._metric}")

        def then(found: list[MetricRow]) -> None:
            if other.run in self._others:
                self._draw_other(other, found)

        self._context.background.run(
            _read_metrics, self._context.home, other.run, names, then=then, owner=self
        )

    def _draw_other(self, other: RunRow, metrics: Sequence[MetricRow]) -> None:
        number = list(self._others).index(other.run)
        role = SERIES[(number + len(_SPLITS)) % len(SERIES)]
        for name in dict.fromkeys(metric.name for metric in metrics):
            chart = self._chart_of(name)
            points = [(m.epoch, m.value) for m in metrics if m.name == name and m.value is not None]
            if chart is not None and points:
                key = f"{other.run}:{name}"
                chart.set_series(key, f"{run_title(other)} {_split(name)}", role, dashed=True)
                chart.replace(key, [point[0] for point in points], [point[1] for point in points])


def _split(name: str) -> str:
    return name.partition("/")[0] if "/" in name else name


def _role(name: str) -> str:
    return dict(_SPLITS).get(_split(name), "s3")


def _read_metrics(home: Home, run: str, names: Sequence[str]) -> list[MetricRow]:
    with Store.open(home.store_path) as store:
        return [metric for name in names for metric in store.metrics(run, name)]
