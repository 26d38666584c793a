"""One run as its page shows it: history from the store, then what the socket tells, joined without a gap."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from PySide6.QtCore import QObject, QTimer, Signal

from desktop.bridge.place_history import PlaceHistory, read_place_history
from desktop.context import Context
from desktop.models.place_live import LivePlace
from desktop.models.place_segments import Point, begins_of
from desktop.models.run_words import PHASE_WORDS, metric_phrase, metric_text
from engine.errors import UserError
from engine.protocol import events as said
from engine.protocol.events import Event
from engine.protocol.home import Home
from engine.protocol.run_folder import RunFolder
from engine.store.database import Store
from engine.store.measurements import CheckpointRow, MetricRow, NoticeRow
from engine.store.runs import RunRow

_RELOAD_MS = 400
_SAMPLES = 300
_MOST_HELD = 20_000
_MOST_VALUES = 20_000
"""Of one metric; beyond, the older half is thinned to every other value, so that days of training stay small."""
_MOST_TOLD = 3


@dataclass(slots=True)
class History:
    """What the store and the run folder know of a run."""

    row: RunRow
    config: dict[str, object]
    metrics: list[MetricRow]
    per_class: dict[str, dict[str, float]]
    checkpoints: list[CheckpointRow]
    notices: list[NoticeRow]
    phases: dict[str, float | None]
    seen: dict[tuple[int, str], int]
    """The last event that all this holds, by attempt and source."""
    places: PlaceHistory
    begins: dict[int, float]
    """Epoch at which each attempt took over."""


@dataclass(slots=True)
class Series:
    """Values of one metric over the steps, in their order."""

    steps: list[int] = field(default_factory=list[int])
    epochs: list[float] = field(default_factory=list[float])
    values: list[float] = field(default_factory=list[float])
    by_epoch: bool = False
    """One value an epoch rather than one every few steps."""

    def put(self, step: int, epoch: float, value: float) -> bool:
        """Add a value; what lies at or after its step goes (an attempt trains it again). False when it was there."""
        if self.steps and step == self.steps[-1] and value == self.values[-1]:
            return False
        while self.steps and self.steps[-1] >= step:
            self.steps.pop()
            self.epochs.pop()
            self.values.pop()
        self.steps.append(step)
        self.epochs.append(epoch)
        self.values.append(value)
        if len(self.steps) > _MOST_VALUES:
            self._thin()
        return True

    def end_before(self, step: int) -> float:
        """Give the epoch of the last value before a step; 0 without one."""
        at = bisect_left(self.steps, step)
        return self.epochs[at - 1] if at else 0.0

    def _thin(self) -> None:
        half = len(self.steps) // 2
        for values in (self.steps, self.epochs, self.values):
            del values[1:half:2]


class LiveRun(QObject):
    """Follows one run; another one takes over with `follow`."""

    loaded = Signal()
    """History is there; everything may be another."""
    row_changed = Signal()
    value_added = Signal(str, float, float)
    """Metric, epoch, value."""
    classes_changed = Signal()
    checkpoints_changed = Signal()
    phase_changed = Signal(str, str)
    """Name, and edge: begin, end, stalled."""
    sampled = Signal(object)
    """A ResourcesSampled event."""
    logged = Signal(str, str)
    """Level and text of a notice or a log line."""
    result_written = Signal(str)
    failed = Signal(object)
    """A UserError: the run cannot be read."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self.run = ""
        self.row: RunRow | None = None
        self.config: dict[str, object] = {}
        self.series: dict[str, Series] = {}
        self.per_class: dict[str, dict[str, float]] = {}
        self.checkpoints: list[CheckpointRow] = []
        self.notices: list[NoticeRow] = []
        self.phase = ""
        self.phase_edge = "end"
        self.where = LivePlace(context.hosts)
        self.samples: deque[said.ResourcesSampled] = deque(maxlen=_SAMPLES)
        self.is_loaded = False
        self._is_reading = False
        self._held_back: list[tuple[int, str, Event]] = []
        self._seen: dict[tuple[int, str], int] = {}
        self._reload = QTimer(self)
        self._reload.setSingleShot(True)
        self._reload.setInterval(_RELOAD_MS)
        self._reload.timeout.connect(self._read_again)
        context.live.received.connect(self._hear)
        context.runs.run_changed.connect(self._row_changed)

    def follow(self, run: str) -> None:
        """Show another run, or none."""
        if run == self.run and self.is_loaded:
            return
        self.run = run
        self._forget()
        if run:
            self._read()

    def reload(self, _because: object = None) -> None:
        """Read the history once more."""
        self._reload.start()

    @property
    def folder(self) -> RunFolder:
        return RunFolder(self._context.home.runs / self.run)

    def steps_per_epoch(self) -> int:
        """Optimizer steps of an epoch; 0 while it is not known."""
        return steps_per_epoch(self.row)

    @property
    def main_metric(self) -> str | None:
        """Full name of the metric by which the best checkpoint is chosen, once one was."""
        return self.row.best_metric if self.row is not None else None

    def last(self, name: str) -> float | None:
        """The newest value of a metric."""
        found = self.series.get(name)
        return found.values[-1] if found is not None and found.values else None

    def told_before(self) -> list[tuple[str, str]]:
        """What happened before this was opened, as lines of a log: level and text."""
        lines = [(notice.level, f"{notice.message} {notice.hint}".strip()) for notice in self.notices]
        by_epoch: dict[float, dict[str, float]] = {}
        for name, series in self.series.items():
            if name.startswith(("val/", "test/")):
                for epoch, value in zip(series.epochs, series.values, strict=True):
                    by_epoch.setdefault(epoch, {})[name] = value
        main = self.main_metric
        return lines + [("info", values_line(epoch, by_epoch[epoch], main)) for epoch in sorted(by_epoch)]

    def _forget(self) -> None:
        self.row = self._context.runs.row(self.run)
        self.config = {}
        self.series = {}
        self.per_class = {}
        self.checkpoints = []
        self.notices = []
        self.phase, self.phase_edge = "", "end"
        self.where.reset()
        self.samples.clear()
        self.is_loaded = False
        self._held_back = []
        self._seen = {}

    def _read_again(self) -> None:
        if self.run:
            self._read()

    def _read(self) -> None:
        run = self.run
        self._held_back = []
        self._is_reading = True

        def then(history: History) -> None:
            if run == self.run:
                self._take(history)

        def failed(error: Exception) -> None:
            if run == self.run:
                self._is_reading = False
                told = error if isinstance(error, UserError) else UserError("bug", str(error))
                self.failed.emit(told)

        self._context.background.run(
            read_history, self._context.home, run, then=then, failed=failed, owner=self
        )

    def _take(self, history: History) -> None:
        self.row = history.row
        self.config = history.config
        self.series = {}
        for metric in history.metrics:
            if metric.value is not None:
                self._put(metric.name, metric.scope, metric.step, metric.epoch, metric.value)
        self.per_class = history.per_class
        self.checkpoints = history.checkpoints
        self.notices = history.notices
        running = [name for name, seconds in history.phases.items() if seconds is None]
        self.phase, self.phase_edge = (running[-1], "begin") if running else ("", "end")
        self.is_loaded = True
        self._is_reading = False
        held, self._held_back = self._held_back, []
        self._seen = dict(history.seen)
        self.where.take(history.places, history.begins)
        self.loaded.emit()
        for attempt, source, event in held:
            self._take_event(attempt, source, event)

    def _row_changed(self, run: str) -> None:
        if run == self.run:
            row = self._context.runs.row(run)
            if row is not None:
                self.row = row
                self.row_changed.emit()
            elif self.is_loaded:
                self.reload()

    def _hear(self, run: str, attempt: int, source: str, event: Event) -> None:
        if run != self.run:
            return
        if self._is_reading:
            self._held_back.append((attempt, source, event))
            del self._held_back[:-_MOST_HELD]
        if self.is_loaded:
            self._take_event(attempt, source, event)

    def _take_event(self, attempt: int, source: str, event: Event) -> None:
        """Apply what is new; after a gap (the socket was not there yet, or dropped a line) the store has the rest."""
        last = self._seen.get((attempt, source), -1)
        if event.seq <= last:
            return
        if event.seq != last + 1:
            self.reload()
        self._seen[attempt, source] = event.seq
        self._apply(attempt, event)

    def _apply(self, attempt: int, event: Event) -> None:
        match event:
            case said.MetricsLogged():
                self._metrics(attempt, event)
            case said.CheckpointSaved() | said.CheckpointRemoved():
                self._checkpoint(event)
            case said.PhaseChanged():
                self.phase, self.phase_edge = event.name, event.edge
                self.where.take_step(event)
                if event.edge != "begin":
                    self.logged.emit("warning" if event.edge == "stalled" else "info", phase_line(event))
                self.phase_changed.emit(event.name, event.edge)
            case said.ResourcesSampled():
                self.samples.append(event)
                self.sampled.emit(event)
            case said.ResultWritten():
                self.result_written.emit(event.folder)
            case said.Contact() | said.Transfer():
                self.where.hear(event)
            case said.RunStarted() | said.RunEnded():
                self.reload()
            case _:
                self._word(attempt, event)

    def _word(self, attempt: int, event: Event) -> None:
        """What only the log shows."""
        if isinstance(event, said.Notice):
            row = NoticeRow(attempt, event.time, event.level, event.code, event.message, event.hint)
            self.notices.append(row)
            self.logged.emit(event.level, f"{event.message} {event.hint}".strip())
        elif isinstance(event, said.LogLine):
            self.logged.emit(event.level.lower(), event.message)

    def _checkpoint(self, event: said.CheckpointSaved | said.CheckpointRemoved) -> None:
        kept = [row for row in self.checkpoints if row.name != event.name]
        if isinstance(event, said.CheckpointSaved):
            row = CheckpointRow(
                event.name, event.kind, event.epoch, event.step, event.metrics, event.size_bytes
            )
            kept = sorted([*kept, row], key=lambda found: (found.step, found.name))
            if event.kind != "last":
                self.logged.emit("info", f"Saved the checkpoint {event.name} (epoch {event.epoch}).")
        self.checkpoints = kept
        self.checkpoints_changed.emit()

    def _metrics(self, attempt: int, event: said.MetricsLogged) -> None:
        if not self.where.knows(attempt):
            before = [series.end_before(event.step) for series in self.series.values()]
            self.where.begin(attempt, max(before, default=0.0))
        for name, value in event.values.items():
            point = self._put(name, event.scope, event.step, event.epoch, value)
            if point is not None:
                self.value_added.emit(name, point, value)
        if event.scope in ("validation", "test"):
            self.logged.emit("info", values_line(event.epoch, event.values, self.main_metric))
        if event.per_class:
            self.per_class = {**self.per_class, **event.per_class}
            self.classes_changed.emit()

    def _put(self, name: str, scope: str, step: int, epoch: int, value: float) -> float | None:
        """Add a value to its series, and give where on the epoch axis it lies; None when it adds nothing.

        An epoch's mean of what is also told by steps would be a second curve in the first: it is left out.
        """
        series = self.series.setdefault(name, Series(by_epoch=scope != "step"))
        if scope == "epoch" and not series.by_epoch:
            return None
        point = epoch_of(self.row, step, epoch)
        return point if series.put(step, point, value) else None


def read_history(home: Home, run: str) -> History:
    """Read what is known of a run.

    Raises:
        UserError: `run_unknown`; `run_folder_gone` when its folder was removed.
    """
    folder = RunFolder(home.runs / run)
    with Store.open(home.store_path) as store:
        row = store.run(run)
        seen = {
            (row.attempt, source): store.last_seq(run, row.attempt, source)
            for source in ("worker", "supervision")
        }
        metrics = store.metrics(run)
        per_class = {
            name: {label: value for label, value in found.items() if value is not None}
            for name in store.class_metrics(run)
            if (found := store.class_values(run, name))
        }
        checkpoints, notices, phases = store.checkpoints(run), store.notices(run), store.phases(run)
    if not folder.path.is_dir():
        raise UserError(
            "run_folder_gone",
            f"The folder of run {run} is not there any more: {folder.path}.",
            "Put it back from a backup, or remove the run from the list under Jobs.",
        )
    try:
        config = folder.effective_config()
    except UserError:
        config = dict(row.config)
    begins = begins_of([Point(m.attempt, m.step, epoch_of(row, m.step, m.epoch)) for m in metrics])
    places = read_place_history(folder)
    return History(row, config, metrics, per_class, checkpoints, notices, phases, seen, places, begins)


def epoch_of(row: RunRow | None, step: int, epoch: int) -> float:
    """Give where on the epoch axis a value lies, as exactly as its step says."""
    per_epoch = steps_per_epoch(row)
    return step / per_epoch if per_epoch and step else float(epoch)


def steps_per_epoch(row: RunRow | None) -> int:
    """Optimizer steps of an epoch; 0 while it is not known."""
    return row.steps_total // row.epochs if row is not None and row.epochs and row.steps_total else 0


def values_line(epoch: float, values: Mapping[str, float], main: str | None) -> str:
    """Say what a validation measured: the loss, the metric that the best is chosen by, and what else there is."""
    told_first = ("loss", (main or "").rpartition("/")[2])
    first = [name for name in values if name.rpartition("/")[2] in told_first]
    names = (first + [name for name in values if name not in first])[:_MOST_TOLD]
    shown = [f"{metric_phrase(name)} {metric_text(name, values[name])}" for name in names]
    return f"Epoch {epoch:g}: {', '.join(shown)}."


def phase_line(event: said.PhaseChanged) -> str:
    """Say how long a phase took, or that it hangs."""
    name = PHASE_WORDS.get(event.name, event.name.replace("_", " ").capitalize())
    if event.edge == "stalled":
        return f"{name}: no progress for {event.seconds or 0:.0f} s. {event.message}".strip()
    return f"{name} took {event.seconds or 0:.1f} s."
