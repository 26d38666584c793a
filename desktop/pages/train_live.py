"""The right side of the Train page: one run, live."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QPoint, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QGuiApplication, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLayout, QStackedWidget, QVBoxLayout, QWidget

from desktop.context import Context
from desktop.models.live_run import LiveRun
from desktop.models.place_checkpoints import CheckpointsAway
from desktop.models.run_words import (
    SPLIT_WORDS,
    change_text,
    is_lower_better,
    metric_text,
    metric_words,
    run_title,
)
from desktop.pages.model_versions import ModelVersions
from desktop.pages.report_saving import ReportSaving
from desktop.pages.train_checkpoints import CheckpointsView, open_checkpoint_menu
from desktop.pages.train_classes import ClassesView
from desktop.pages.train_curves import CurvesView
from desktop.pages.train_extend import ExtendSheet
from desktop.pages.train_failure import FailureBanner
from desktop.pages.train_header import RunHeader
from desktop.pages.train_log import LogView
from desktop.pages.train_place_banner import PlaceBanner
from desktop.pages.train_place_move import MoveSheet
from desktop.pages.train_resources import ResourceRow
from desktop.tasks.task import find_view
from desktop.theme.tokens import SPACE
from desktop.widgets.card import row
from desktop.widgets.dialogs import ask
from desktop.widgets.message_banner import Banner
from desktop.widgets.metric_card import MetricCard
from desktop.widgets.segmented import Segmented
from engine.errors import UserError

VIEWS = (("curves", "Curves"), ("classes", "Classes"), ("checkpoints", "Checkpoints"), ("log", "Log"))
_CARDS = (
    ("metric", "Validation", "s3"),
    ("second", "Validation", "s4"),
    ("val_loss", "Validation loss", "s2"),
    ("train_loss", "Train loss", "s1"),
    ("speed", "Throughput", "s6"),
)
_NARROW = 800
_CARD_NARROW = 110
_LOW = 690
_BACK = 5
"""The change is said against the value so many validations ago."""


class LiveView(QWidget):
    """Header, numbers, curves, classes, checkpoints, log, resources."""

    fork_wanted = Signal(str)
    profile_wanted = Signal(str)
    """A profile with the settings of this run."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self.run = LiveRun(context)
        layout = QVBoxLayout(self)
        # It arranges itself by its room, down to less than what it takes where it is wide.
        layout.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)
        layout.setContentsMargins(SPACE.page, SPACE.l, SPACE.page, SPACE.l)
        layout.setSpacing(SPACE.m)
        self.header = RunHeader(self.run)
        self.gone = Banner("bad")
        self.gone.hide()
        self.failure = FailureBanner(context, self.run)
        layout.addWidget(self.header)
        layout.addWidget(self.gone)
        layout.addWidget(self.failure)
        self.place = PlaceBanner(self.run)
        layout.addWidget(self.place)
        self.cards: dict[str, MetricCard] = {}
        numbers = QHBoxLayout()
        numbers.setSpacing(SPACE.m)
        for key, name, role in _CARDS:
            self.cards[key] = MetricCard(name, role)
            numbers.addWidget(self.cards[key], 1)
        layout.addLayout(numbers)
        self.curves = CurvesView(context, self.run)
        self.classes = ClassesView(self.run)
        self.away = CheckpointsAway(context, self.run)
        self.checkpoints = CheckpointsView(context, self.run, self.away)
        self.log = LogView(context, self.run)
        self.views = QStackedWidget()
        for view in (self.curves, self.classes, self.checkpoints, self.log):
            self.views.addWidget(view)
        self._bar = row(SPACE.s)
        self.choice = Segmented(VIEWS, "curves", "What is shown of the run")
        self.choice.changed.connect(self.show_view)
        self._bar.addWidget(self.choice)
        self._bar.addStretch(1)
        self._bar.addWidget(self.curves.controls)
        self._second_bar = row(SPACE.s)
        layout.addLayout(self._bar)
        layout.addLayout(self._second_bar)
        self._is_narrow = False
        self._has_second = False
        self._fit_cards()
        self._is_move_wanted = False
        layout.addWidget(self.views, 1)
        self.resources = ResourceRow(context, self.run)
        layout.addWidget(self.resources)
        self._connect()

    def show_view(self, name: str) -> None:
        """Show curves, classes, checkpoints or log."""
        self.choice.choose(name)
        self.views.setCurrentIndex([key for key, _ in VIEWS].index(name))
        self.curves.controls.setVisible(name == "curves")

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Where there is little room, the header shows icons and the controls get a line of their own."""
        super().resizeEvent(event)
        self.resources.allow(self.height() >= _LOW)
        narrow = self.width() < _NARROW
        if narrow != self._is_narrow:
            self._is_narrow = narrow
            self.header.set_narrow(narrow)
            self.curves.set_narrow(narrow)
            for made in self.cards.values():
                made.setMinimumWidth(_CARD_NARROW if narrow else 0)
            if self.run.is_loaded:
                self._name_cards()
            self._fit_cards()
            (self._second_bar if narrow else self._bar).addWidget(self.curves.controls)

    def offer_move(self) -> None:
        """Ask where the run shall go on, as soon as it is read."""
        self._is_move_wanted = not self.run.is_loaded
        if self.run.is_loaded and self.run.row is not None and self.run.where.can_move(self.run.row):
            self._move()

    def order(self, what: str) -> None:
        """Do what a button or a menu entry asks for."""
        actions, run = self._context.actions, self.run.run
        if what in ("checkpoint", "hold", "pause", "validate_now", "cancel"):
            actions.command(run, what)  # pyright: ignore[reportArgumentType]  # these are orders
            return
        {
            "resume": self._resume,
            "stop": self._stop,
            "extend": self._extend,
            "move": self._move,
            "fork": self._fork,
            "profile": self._profile,
            "mlflow": self._open_mlflow,
            "folder": self._open_folder,
            "report": self._save_report,
            "register": self._register,
            "copy_id": self._copy_id,
            "delete": self._delete,
        }[what]()

    def _resume(self) -> None:
        row_now = self.run.row
        if row_now is not None and row_now.state == "held":
            self._context.actions.command(self.run.run, "resume")
        else:
            self._context.actions.resume(self.run.run)

    def _extend(self) -> None:
        ExtendSheet(self._context, self.run, self).exec()

    def _move(self) -> None:
        MoveSheet(self._context, self.run, self.window()).open()

    def _fork(self) -> None:
        self.fork_wanted.emit(self.run.run)

    def _profile(self) -> None:
        self.profile_wanted.emit(self.run.run)

    def _register(self) -> None:
        self.versions.ask(self.run.run)

    def _open_mlflow(self) -> None:
        self._context.mlflow.open_run(self.run.folder)

    def _open_folder(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self.run.folder.path)))

    def _save_report(self) -> None:
        self._reports.ask(self.run.run)

    def _copy_id(self) -> None:
        QGuiApplication.clipboard().setText(self.run.run)
        self._context.toast(f"Copied {self.run.run}")

    def _delete(self) -> None:
        if self.run.row is not None:
            self._context.actions.delete(self.run.run, run_title(self.run.row))

    def pause_or_resume(self) -> None:
        """What Ctrl+P does."""
        for key in ("pause", "resume"):
            if self.header.buttons[key].isVisible():
                self.order(key)
                return

    def _connect(self) -> None:
        self._reports = ReportSaving(self, self._context)
        self.versions = ModelVersions(self, self._context)
        self.header.wanted.connect(self.order)
        self.header.mark_chosen.connect(self._open_mark)
        self.failure.log_wanted.connect(self._show_log)
        self.curves.told.connect(self._context.toast)
        self.run.loaded.connect(self._fill)
        self.run.value_added.connect(self._count)
        self.run.row_changed.connect(self._show_speed)
        self.run.failed.connect(self._complain)

    def _fill(self) -> None:
        self.gone.hide()
        if self._is_move_wanted:
            self.offer_move()
        self._name_cards()
        for key in self._names():
            self._show_card(key)
        self._show_speed()

    def _main_metric(self) -> str:
        row_now = self.run.row
        if row_now is not None and row_now.best_metric and "loss" not in row_now.best_metric:
            return row_now.best_metric
        wanted = [f"{split}/{name}" for split in ("val", "test") for name in self._headline()]
        return next((name for name in wanted if name in self.run.series), wanted[0] if wanted else "val/loss")

    def _headline(self) -> Sequence[str]:
        """What the run's task is measured by, its own measure first."""
        view = find_view(self.run.row.task) if self.run.row is not None else None
        return view.headline if view is not None else ()

    def _names(self) -> dict[str, str]:
        """The metric of each card; a second one of the task where it has one beside the main."""
        main = self._main_metric()
        prefix, _, chosen = main.partition("/")
        second = next((name for name in self._headline()[:2] if name != chosen), "")
        names = {"metric": main, "val_loss": f"{prefix}/loss", "train_loss": "train/loss"}
        return names | ({"second": f"{prefix}/{second}"} if second else {})

    def _name_cards(self) -> None:
        names = self._names()
        for key, name in names.items():
            self.cards[key].set_name(_title(name, self._is_narrow))
        self._has_second = "second" in names
        self._fit_cards()

    def _fit_cards(self) -> None:
        """Five cards where there is room; else the validation loss gives way, which the curves show too."""
        self.cards["second"].setVisible(self._has_second)
        self.cards["val_loss"].setVisible(not (self._has_second and self._is_narrow))

    def _count(self, name: str, _epoch: float, _value: float) -> None:
        for key, wanted in self._names().items():
            if wanted == name:
                self._show_card(key)

    def _show_card(self, key: str) -> None:
        name = self._names()[key]
        series = self.run.series.get(name)
        if series is None or not series.values:
            self.cards[key].show_value(
                "–", "", "comes with the first validation" if key != "train_loss" else "", None, []
            )
            return
        values = series.values
        row_now = self.run.row
        change, good = "", None
        if (
            key == "metric"
            and row_now is not None
            and row_now.best_value is not None
            and row_now.best_metric == name
        ):
            change = f"best {metric_text(name, row_now.best_value)} · ep {row_now.best_epoch}"
            last, best = values[-1], row_now.best_value
            good = True if (last <= best if is_lower_better(name) else last >= best) else None
        elif len(values) > 1:
            change, good = _change(name, values, series.by_epoch)
        self.cards[key].show_value(metric_text(name, values[-1]), "", change, good, _thin(values))

    def _show_speed(self) -> None:
        row_now = self.run.row
        series = self.run.series.get("train/images_per_s")
        value = row_now.images_per_s if row_now is not None else None
        if value is None and series is not None and series.values:
            value = series.values[-1]
        text = metric_text("images_per_s", value)
        self.cards["speed"].show_value(text, "", "images/s", None, _thin(series.values if series else []))
        if self.run.is_loaded:
            self._show_card("metric")

    def _stop(self) -> None:
        row_now = self.run.row
        name = run_title(row_now) if row_now is not None else self.run.run
        answer = ask(
            self,
            f"Stop {name}?",
            "It ends after this step. Kept, it can be resumed, validated and exported later.",
            [("stop", "Stop and keep", "primary"), ("cancel_run", "Discard", "danger")],
            default="stop",
        )
        if answer == "stop":
            self._context.actions.command(self.run.run, "stop")
        elif answer == "cancel_run":
            self._context.actions.command(self.run.run, "cancel")

    def _open_mark(self, name: str, place: QPoint) -> None:
        open_checkpoint_menu(self._context, self.run, self.away, name, place)

    def _show_log(self) -> None:
        self.show_view("log")

    def _complain(self, error: UserError) -> None:
        self.gone.say("bad", error.message, error.hint)
        self.gone.clear_actions()
        self.gone.add_action("Try again", self.run.reload)
        self.gone.show()


def _title(name: str, is_narrow: bool) -> str:
    """Name a metric; where there is little room the split gives way, not what tells two metrics apart."""
    words = metric_words(name)
    lead = f"{SPLIT_WORDS['val']} "
    return f"Val {words.removeprefix(lead)}" if is_narrow and words.startswith(lead) else words


def _change(name: str, values: list[float], by_epoch: bool) -> tuple[str, bool | None]:
    """Say the change against some validations ago (or a tenth of the steps), and whether it is for the better."""
    if by_epoch:
        back = min(len(values) - 1, _BACK)
        change, span = values[-1] - values[-1 - back], f" / {back} ep"
    else:  # single steps are noise: the mean of the last tenth against the tenth before
        part = max(1, len(values) // 10)
        before = values[-2 * part : -part] or values[:1]
        change, span = sum(values[-part:]) / part - sum(before) / len(before), ""
    if not math.isfinite(change):
        return "", None
    better = change <= 0 if is_lower_better(name) else change >= 0
    return f"{change_text(name, change)}{span}", better


def _thin(values: list[float], most: int = 200) -> list[float]:
    step = max(1, len(values) // most)
    return values[::step]
