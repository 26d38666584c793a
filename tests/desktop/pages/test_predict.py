"""The Predict page: files come in by every way, answers go out, and nothing takes the page down."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QAccessible, QDragEnterEvent, QDropEvent, QGuiApplication, QImage
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox, QSlider, QWidget
from pytestqt.qtbot import QtBot

from desktop.bridge.actions import Told
from desktop.context import Context
from desktop.pages.predict import PredictPage
from engine.errors import UserError
from engine.protocol.results import PredictionRecord, ScoredLabel
from tests.desktop.measured_runs import MeasuredRun

WAIT_MS = 30_000
Answer = dict[str, object]


class Oracle:
    """Answers at once what the predictor's process would; can be told to fail."""

    def __init__(self) -> None:
        self.warmed: list[bool] = []
        self.checkpoints: list[str] = []
        self.error: UserError | None = None

    def ask(
        self,
        verb: str,
        payload: Mapping[str, object],
        then: Callable[[Answer], object] | None = None,
        failed: Callable[[UserError], object] | None = None,
    ) -> int:
        assert verb == "predict"
        assert then is not None
        assert failed is not None
        if self.error is not None:
            failed(self.error)
            return 0
        self.checkpoints.append(Path(str(payload["checkpoint"])).name)
        files = payload["files"]
        assert isinstance(files, list)
        then({"ok": True, "predictions": [record(str(file)).model_dump(mode="json") for file in files]})
        return 0

    def forget(self, number: int) -> None:
        pass


def record(file: str) -> PredictionRecord:
    if file.endswith(".txt"):
        return PredictionRecord(file=file, error=f"The image {file} cannot be read: it is no image.")
    top = (ScoredLabel(label="star", confidence=0.7), ScoredLabel(label="ring", confidence=0.3))
    return PredictionRecord(file=file, label="star", confidence=0.7, top=top)


@pytest.fixture
def oracle() -> Oracle:
    return Oracle()


@pytest.fixture
def context(context: Context, oracle: Oracle, monkeypatch: pytest.MonkeyPatch) -> Context:
    monkeypatch.setattr(context.predictor, "ask", oracle.ask)
    monkeypatch.setattr(context.predictor, "warm_up", lambda: oracle.warmed.append(True))
    monkeypatch.setattr(context.predictor, "forget", oracle.forget)
    return context


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "shots"
    folder.mkdir()
    for number in range(3):
        Image.new("RGB", (20, 12), (90 * number, 40, 200)).save(folder / f"{number}.png")
    (folder / "notes.txt").write_text("no image", encoding="utf-8")
    return folder


def open_page(qtbot: QtBot, context: Context, **target: object) -> PredictPage:
    page = PredictPage(context)
    qtbot.addWidget(page)
    page.resize(1368, 848)
    with qtbot.waitActive(page, timeout=WAIT_MS):
        page.show()
        page.activateWindow()
    page.open(**target)
    return page


def settled(qtbot: QtBot, page: PredictPage, count: int) -> None:
    qtbot.waitUntil(lambda: len(page.board) == count and not page.queue.waits, timeout=WAIT_MS)


def with_model(qtbot: QtBot, context: Context, **target: object) -> PredictPage:
    page = open_page(qtbot, context, **target)
    qtbot.waitUntil(lambda: page.chooser.checkpoint is not None, timeout=WAIT_MS)
    return page


def test_that_without_a_model_the_page_says_how_to_get_one(qtbot: QtBot, context: Context) -> None:
    page = open_page(qtbot, context)

    qtbot.waitUntil(lambda: page.states.currentWidget() is page.no_model, timeout=WAIT_MS)

    with qtbot.waitSignal(context.asked_to_go) as gone:
        page.no_model.acted.emit()
    assert gone.args == ["train", {}]


def test_that_the_best_of_the_newest_finished_run_is_chosen(
    qtbot: QtBot, context: Context, run: MeasuredRun
) -> None:
    newer = MeasuredRun(context.home, "20260101-000900-zzzz", run.manifest).create()
    newer.checkpoint("last", "last", 1)
    newer.tell("running")

    page = with_model(qtbot, context)

    assert page.chooser.run is not None
    assert page.chooser.run.row.run == run.run
    assert page.chooser.checkpoint is not None
    assert page.chooser.checkpoint.name == "best"


def test_that_a_dropped_folder_and_a_text_file_are_answered_one_by_one(
    qtbot: QtBot, context: Context, run: MeasuredRun, pictures: Path
) -> None:
    page = with_model(qtbot, context)
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(pictures)), QUrl.fromLocalFile(str(pictures / "notes.txt"))])

    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    place, copy = QPoint(300, 300), Qt.DropAction.CopyAction
    QApplication.sendEvent(page, QDragEnterEvent(place, copy, data, buttons, keys))
    QApplication.sendEvent(page, QDropEvent(QPointF(place), copy, data, buttons, keys))
    settled(qtbot, page, 4)

    assert page.progress.count.whole_text() == "3 of 4 · 1 unreadable"
    page.strip.grid.go_to(3)
    assert page.answer.label.whole_text() == "Unreadable"
    assert "it is no image" in page.answer.why.text()
    page.strip.grid.go_to(0)
    assert page.answer.label.whole_text() == "star"
    assert [bar.name for bar in page.answer.scores.bars()] == ["star", "ring"]


def test_that_another_page_can_bring_files_and_a_model(
    qtbot: QtBot, context: Context, run: MeasuredRun, pictures: Path, oracle: Oracle
) -> None:
    page = with_model(qtbot, context, run=run.run, checkpoint="last", drop=[pictures])

    settled(qtbot, page, 3)

    assert set(oracle.checkpoints) == {"last"}


def test_that_the_threshold_makes_answers_unsure_without_asking_again(
    qtbot: QtBot, context: Context, run: MeasuredRun, pictures: Path, oracle: Oracle
) -> None:
    page = with_model(qtbot, context, drop=[pictures])
    settled(qtbot, page, 3)
    asked = len(oracle.checkpoints)

    page.threshold.setValue(80)

    assert page.progress.count.whole_text() == "3 of 3 · 3 unsure"
    assert page.answer.label.whole_text() == "Unsure"
    assert "star" in page.answer.why.text()
    page.threshold.setValue(60)
    assert page.answer.label.whole_text() == "star"
    assert len(oracle.checkpoints) == asked
    qtbot.waitUntil(
        lambda: context.settings.get("predict.threshold.classification", 0.0) == 0.6, timeout=WAIT_MS
    )


def test_that_another_checkpoint_answers_all_files_again(
    qtbot: QtBot, context: Context, run: MeasuredRun, pictures: Path, oracle: Oracle
) -> None:
    page = with_model(qtbot, context, drop=[pictures])
    settled(qtbot, page, 3)
    oracle.checkpoints.clear()

    page.chooser.wish(run.run, "last")

    settled(qtbot, page, 3)
    assert oracle.checkpoints == ["last"]


def test_that_a_pasted_picture_and_pasted_files_are_looked_at(
    qtbot: QtBot, context: Context, run: MeasuredRun, pictures: Path, told: list[Told]
) -> None:
    page = with_model(qtbot, context)
    picture = QImage(6, 4, QImage.Format.Format_RGB32)
    picture.fill(Qt.GlobalColor.red)

    QGuiApplication.clipboard().setImage(picture)
    page.intake.paste()
    settled(qtbot, page, 1)
    assert page.board.entry(0).path.parent == context.home.cache / "pasted"

    files = QMimeData()
    files.setUrls([QUrl.fromLocalFile(str(pictures / "0.png"))])
    QGuiApplication.clipboard().setMimeData(files)
    page.intake.paste()
    settled(qtbot, page, 2)

    QGuiApplication.clipboard().setText("only words")
    page.intake.paste()
    assert told[-1].title == "There is nothing to paste"


def test_that_a_predictor_that_dies_gives_a_sentence_and_a_retry(
    qtbot: QtBot, context: Context, run: MeasuredRun, pictures: Path, oracle: Oracle
) -> None:
    oracle.error = UserError("engine_died", "The engine ended unexpectedly.", "Press Retry.")
    page = with_model(qtbot, context, drop=[pictures])
    qtbot.waitUntil(lambda: page.banner.isVisible(), timeout=WAIT_MS)
    assert page.banner.accessibleName() == "The engine ended unexpectedly."

    oracle.error = None
    retry = next(button for button in page.banner.findChildren(QAbstractButton) if button.text() == "Retry")
    retry.click()

    settled(qtbot, page, 3)
    assert page.banner.isHidden()
    assert page.progress.count.whole_text() == "3 of 3"


def test_that_what_was_cancelled_can_go_on(
    qtbot: QtBot,
    context: Context,
    run: MeasuredRun,
    pictures: Path,
    monkeypatch: pytest.MonkeyPatch,
    oracle: Oracle,
) -> None:
    asked: list[Mapping[str, object]] = []
    monkeypatch.setattr(
        context.predictor, "ask", lambda verb, payload, then, failed: asked.append(payload) or len(asked)
    )
    page = with_model(qtbot, context, drop=[pictures])
    qtbot.waitUntil(lambda: len(asked) == 1, timeout=WAIT_MS)
    assert page.progress.count.whole_text() == "0/3 · loading the model"
    assert page.progress.cancel.isVisible()

    page.progress.cancel.click()
    assert not page.queue.waits
    assert page.progress.go_on.isVisible()

    monkeypatch.setattr(context.predictor, "ask", oracle.ask)
    page.progress.go_on.click()
    settled(qtbot, page, 3)
    assert page.progress.go_on.isHidden()


def test_that_answers_are_saved_as_table_and_as_json(
    qtbot: QtBot, context: Context, run: MeasuredRun, pictures: Path, tmp_path: Path, told: list[Told]
) -> None:
    page = with_model(qtbot, context, drop=[pictures])
    settled(qtbot, page, 3)

    page.saver.save_to(tmp_path / "out.csv", "csv")
    page.saver.save_to(tmp_path / "out.json", "json")
    qtbot.waitUntil(lambda: len(told) == 2, timeout=WAIT_MS)

    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        assert [line["label"] for line in csv.DictReader(file)] == ["star"] * 3
    assert len(json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))["predictions"]) == 3


def test_that_clearing_takes_all_files_off_the_page_and_deletes_none(
    qtbot: QtBot, context: Context, run: MeasuredRun, pictures: Path
) -> None:
    page = with_model(qtbot, context, drop=[pictures])
    settled(qtbot, page, 3)

    page.clear()

    assert page.states.currentWidget() is page.no_images
    assert len(list(pictures.glob("*.png"))) == 3
    page.intake.take([pictures])
    settled(qtbot, page, 3)
    assert page.answer.label.whole_text() == "star"


def test_that_an_empty_folder_is_told(
    qtbot: QtBot, context: Context, run: MeasuredRun, tmp_path: Path, told: list[Told]
) -> None:
    (tmp_path / "nothing").mkdir()
    page = with_model(qtbot, context)

    page.intake.take([tmp_path / "nothing"])

    qtbot.waitUntil(lambda: bool(told), timeout=WAIT_MS)
    assert told[0].title == "There is no image in nothing"


def test_that_every_control_has_a_name(
    qtbot: QtBot, context: Context, run: MeasuredRun, pictures: Path
) -> None:
    page = with_model(qtbot, context, drop=[pictures])
    settled(qtbot, page, 3)

    nameless = [
        type(widget).__name__
        for widget in page.findChildren(QWidget)
        if isinstance(widget, QAbstractButton | QComboBox | QSlider)
        and widget.isVisible()
        and not QAccessible.queryAccessibleInterface(widget).text(QAccessible.Text.Name)
    ]

    assert nameless == []


def test_that_the_libraries_load_while_the_user_looks_for_a_picture(
    qtbot: QtBot, context: Context, oracle: Oracle, run: MeasuredRun
) -> None:
    open_page(qtbot, context, run=run.run)
    qtbot.waitUntil(lambda: oracle.warmed == [True])


def test_that_nothing_is_started_where_there_is_no_model_yet(
    qtbot: QtBot, context: Context, oracle: Oracle
) -> None:
    page = PredictPage(context)
    qtbot.addWidget(page)
    page.open()
    qtbot.waitUntil(lambda: page.states.currentWidget() is page.no_model)
    assert oracle.warmed == []
