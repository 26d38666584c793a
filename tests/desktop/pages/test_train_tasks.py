"""The Train page of a detector and a segmenter: their own metrics on cards, curves, classes and checkpoints."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from desktop.context import Context
from desktop.pages.train_live import LiveView
from engine.protocol.events import CheckpointSaved, Event, MetricsLogged, Progress, RunEnded, StateChanged
from engine.protocol.job import RunState
from engine.store.database import Store
from tests.desktop.measured_runs import MeasuredRun
from tests.desktop.task_runs import detector_run, segmenter_run

WAIT_MS = 30_000
BOXES = {"val/loss": 0.8, "val/map": 0.4, "val/map50": 0.7, "val/f1": 0.6}
BOXES_BY_CLASS = {
    "f1": {"cat": 0.5, "dog": 0.7},
    "map": {"cat": 0.25, "dog": 0.5},
    "support": {"cat": 2, "dog": 9},
}
PIXELS = {"val/loss": 0.8, "val/miou": 0.5, "val/dice": 0.6}
PIXELS_BY_CLASS = {"dice": {"sky": 0.9, "grass": 0.3}, "iou": {"sky": 0.8, "grass": 0.2}}


def live(
    qtbot: QtBot,
    context: Context,
    run: MeasuredRun,
    values: dict[str, float],
    by_class: dict[str, dict[str, float]],
) -> LiveView:
    """The view of a run of two epochs that measured this in the last one, as validations of a training tell it."""
    first = {name: value / 2 for name, value in values.items()}
    said: list[Event] = [
        StateChanged(state="running"),
        MetricsLogged(scope="validation", epoch=1, step=5, values=first),
        MetricsLogged(scope="validation", epoch=2, step=10, values=values, per_class=by_class),
        CheckpointSaved(name="best", kind="best", epoch=2, step=10, metrics=values, size_bytes=1_000),
        Progress(epoch=2, epochs=2, step=10, steps_total=10),
        RunEnded(state="completed"),
    ]
    with Store.open(context.home.store_path) as store:
        store.forget_run(run.run)
        store.add_run(run.folder.job())
        begun: list[RunState] = ["preparing", "starting"]
        before = [StateChanged(seq=seq, state=word) for seq, word in enumerate(begun)]
        store.ingest(run.run, 1, "supervision", before)
        store.ingest(
            run.run, 1, "worker", [event.model_copy(update={"seq": n}) for n, event in enumerate(said)]
        )
    context.runs.refresh()
    qtbot.waitUntil(lambda: context.runs.row(run.run) is not None, timeout=WAIT_MS)
    view = LiveView(context)
    qtbot.addWidget(view)
    view.resize(1100, 800)
    view.show()
    view.run.follow(run.run)
    qtbot.waitUntil(lambda: view.run.is_loaded, timeout=WAIT_MS)
    return view


def names(view: LiveView) -> list[str]:
    shown = [card for card in view.cards.values() if card.isVisible()]
    return [card.accessibleName().partition(":")[0] for card in shown]


@pytest.fixture
def detector(context: Context, qtbot: QtBot, tmp_path: Path) -> LiveView:
    return live(qtbot, context, detector_run(context.home, tmp_path), BOXES, BOXES_BY_CLASS)


@pytest.fixture
def segmenter(context: Context, qtbot: QtBot, tmp_path: Path) -> LiveView:
    return live(qtbot, context, segmenter_run(context.home, tmp_path), PIXELS, PIXELS_BY_CLASS)


def test_that_cards_name_the_metrics_of_the_task(detector: LiveView) -> None:
    assert names(detector) == [
        "Validation mAP 50-95",
        "Validation mAP 50",
        "Validation loss",
        "Train loss",
        "Throughput",
    ]
    assert "40.0%" in detector.cards["metric"].accessibleName()


def test_that_where_there_is_little_room_the_tasks_own_metrics_stay(detector: LiveView, qtbot: QtBot) -> None:
    page = QWidget()
    qtbot.addWidget(page)
    detector.setParent(page)
    detector.show()
    page.show()

    detector.resize(680, 800)

    few = ["Val mAP 50-95", "Val mAP 50", "Train loss", "Throughput"]
    qtbot.waitUntil(lambda: names(detector) == few, timeout=WAIT_MS)
    detector.setParent(None)  # each is closed by itself


def test_that_the_right_chart_begins_with_the_tasks_own_metric(segmenter: LiveView) -> None:
    assert segmenter.curves.second.title == "Mean IoU"
    assert segmenter.curves.choice.itemText(1) == "Dice"


def test_that_bars_by_class_begin_with_the_tasks_own_measure(
    detector: LiveView,
) -> None:
    detector.show_view("classes")

    assert detector.classes.choice.currentText() == "mAP 50-95 by class"
    assert detector.classes.bars.in_words(0) == "cat: mAP 50-95 0.250, 2 objects"


def test_that_a_segmenters_bars_tell_iou(segmenter: LiveView) -> None:
    segmenter.show_view("classes")

    assert segmenter.classes.choice.currentText() == "IoU by class"
    assert segmenter.classes.choice.itemText(1) == "Dice by class"


def test_that_checkpoints_and_the_log_tell_the_tasks_metrics(detector: LiveView) -> None:
    cell = detector.checkpoints.table.item(0, 3)

    assert cell is not None
    assert cell.text() == "Validation loss 0.800  ·  Validation mAP 50-95 40.0%  ·  Validation mAP 50 70.0%"
    assert "validation mAP 50-95 40.0%" in detector.run.told_before()[-1][1]
