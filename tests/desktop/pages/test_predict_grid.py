"""The Predict page with many answers: the grid, its filters and orders, and two models side by side."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import QRect, Qt
from PySide6.QtWidgets import QComboBox, QPushButton
from pytestqt.qtbot import QtBot

from desktop.bridge.actions import Told
from desktop.context import Context
from desktop.models.predictions_columns import DIFFERING, DISAGREEMENT, DOUBT, MISSING, UNREADABLE
from desktop.pages.predict import PredictPage
from desktop.viewers.image_view import Part
from desktop.viewers.label_view import PREDICTION
from engine.datasets.library import Library
from engine.datasets.manifest import Manifest
from engine.errors import UserError
from engine.protocol.events import ExportWritten
from engine.protocol.home import Home
from engine.protocol.results import PredictionRecord
from engine.protocol.run_folder import RunFolder, write_record
from tests.desktop.measured_runs import MeasuredRun
from tests.desktop.task_runs import ANIMALS, detector_run

WAIT_MS = 30_000
SIDE = 40
KEPT = 30
Answer = dict[str, object]
FOUND = {
    "best": {"0": (("cat", 0.9),), "1": (("dog", 0.6),), "2": (("dog", 0.3),), "3": ()},
    "last": {"0": (("cat", 0.8),), "1": (("cat", 0.7),), "2": (("dog", 0.3),), "3": ()},
}
"""By checkpoint and picture: each box fills the upper left quarter."""


class Oracle:
    """Answers at once as two checkpoints of a detector would."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, tuple[str, ...], float]] = []

    def ask(
        self,
        verb: str,
        payload: Mapping[str, object],
        then: Callable[[Answer], object] | None = None,
        failed: Callable[[UserError], object] | None = None,  # it never fails
    ) -> int:
        assert verb == "predict"
        assert then is not None
        files, checkpoint = payload["files"], Path(str(payload["checkpoint"])).name
        assert isinstance(files, list)
        threshold = payload["threshold"]
        assert isinstance(threshold, float)
        self.asked.append((checkpoint, tuple(str(file) for file in files), threshold))
        told = [answer(str(file), checkpoint).model_dump(mode="json") for file in files]
        then({"ok": True, "predictions": told, "classes": list(ANIMALS)})
        return 0

    def forget(self, number: int) -> None:
        pass


def answer(file: str, checkpoint: str) -> PredictionRecord:
    if file.endswith("broken.png"):
        return PredictionRecord(file=file, error="The image broken.png cannot be read: it is cut off.")
    with Image.open(file) as picture:
        width, height = picture.size
    known = FOUND.get(checkpoint, FOUND["best"]).get(Path(file).stem, (("cat", 0.95),))
    boxes = tuple(
        {"label": label, "confidence": score, "box": [0, 0, width / 2, height / 2]} for label, score in known
    )
    return PredictionRecord(file=file, size=(width, height), boxes=boxes)


@pytest.fixture
def oracle() -> Oracle:
    return Oracle()


@pytest.fixture
def context(context: Context, oracle: Oracle, monkeypatch: pytest.MonkeyPatch) -> Context:
    monkeypatch.setattr(context.predictor, "ask", oracle.ask)
    monkeypatch.setattr(context.predictor, "warm_up", lambda: None)
    monkeypatch.setattr(context.predictor, "forget", oracle.forget)
    return context


@pytest.fixture
def page(qtbot: QtBot, context: Context, tmp_path: Path) -> PredictPage:
    """With five pictures answered by the best of two checkpoints, at a threshold of 50 %."""
    run = detector_run(context.home, tmp_path)
    run.checkpoint("last", "last", 2)
    run.tell()
    folder = tmp_path / "shots"
    folder.mkdir()
    for number in range(4):
        Image.new("RGB", (SIDE, SIDE), (60 * number, 40, 200)).save(folder / f"{number}.png")
    (folder / "broken.png").write_bytes(b"cut off")
    made = PredictPage(context)
    qtbot.addWidget(made)
    made.resize(1368, 848)
    with qtbot.waitActive(made, timeout=WAIT_MS):
        made.show()
        made.activateWindow()
    made.open(drop=[folder])
    qtbot.waitUntil(lambda: len(made.board) == 5 and not made.queue.waits, timeout=WAIT_MS)
    return made


def shown(page: PredictPage) -> list[str]:
    """The names of the pictures in the grid, in its order; the strip shows the same."""
    images = page.work.panel.grid.images
    assert images.shown.tolist() == page.strip.grid.images.shown.tolist()
    return [images.images.path(int(number)).stem for number in images.shown]


def press(page: PredictPage, key: str) -> None:
    """Click one of the choices of what is shown."""
    choice = page.work.panel.filter.show_choice
    next(made for made in choice.findChildren(QPushButton) if made.property("key") == key).click()


def sort_by(page: PredictPage, key: str) -> None:
    box = page.work.panel.filter.sort
    assert box.findData(key) >= 0
    box.setCurrentIndex(box.findData(key))


def compare(qtbot: QtBot, page: PredictPage) -> None:
    page.tools.compare.click()
    qtbot.waitUntil(lambda: bool((page.board.agreement[:4] >= 0).all()), timeout=WAIT_MS)


def test_that_many_pictures_come_as_a_grid_and_one_as_itself(
    qtbot: QtBot, page: PredictPage, tmp_path: Path
) -> None:
    assert page.work.panel.isVisible()
    assert shown(page) == ["0", "1", "2", "3", "broken"]

    page.clear()
    page.add([tmp_path / "shots" / "2.png"])
    qtbot.waitUntil(lambda: not page.queue.waits, timeout=WAIT_MS)

    assert not page.work.panel.isVisible()
    assert page.answer.isVisible()


def test_that_raw_scores_are_asked_for_once_and_the_threshold_only_chooses(
    page: PredictPage, oracle: Oracle
) -> None:
    asked = len(oracle.asked)

    press(page, MISSING)
    assert shown(page) == ["2", "3"]
    page.threshold.setValue(70)
    assert shown(page) == ["1", "2", "3"]
    page.threshold.setValue(20)
    assert shown(page) == ["3"]

    assert len(oracle.asked) == asked
    assert {threshold for _, _, threshold in oracle.asked} == {0.001}


def test_that_class_range_errors_and_order_choose_what_is_shown(page: PredictPage) -> None:
    bar = page.work.panel.filter

    bar.label.setCurrentIndex(bar.label.findText("dog"))
    assert shown(page) == ["1"]
    bar.clear()
    bar.lowest.setValue(25)
    bar.highest.setValue(65)
    assert shown(page) == ["1", "2"]
    assert bar.count.text() == "2 of 5"
    bar.clear()
    press(page, UNREADABLE)
    assert shown(page) == ["broken"]
    bar.clear()
    # 0.6 is 0.1 from the threshold, 0.3 is 0.2 and 0.9 is 0.4 from it; the others have no score.
    sort_by(page, DOUBT)
    assert shown(page)[:3] == ["1", "2", "0"]


def test_that_enter_shows_one_picture_among_its_neighbours_and_escape_goes_back(
    qtbot: QtBot, page: PredictPage
) -> None:
    sort_by(page, DOUBT)
    page.work.panel.grid.go_to(2)
    page.work.panel.grid.setFocus()

    qtbot.keyClick(page.work.panel.grid, Qt.Key.Key_Return)
    assert page.answer.picture.path is not None
    assert page.answer.picture.path.stem == "2"
    qtbot.keyClick(page.answer.picture, Qt.Key.Key_Right)
    assert page.answer.picture.path.stem == "0"
    assert page.strip.grid.current_image() == page.work.panel.grid.current_image() == 0

    qtbot.keyClick(page.answer.picture, Qt.Key.Key_Escape)
    assert page.work.panel.isVisible()


def test_that_two_checkpoints_stand_side_by_side_and_move_together(
    qtbot: QtBot, page: PredictPage, oracle: Oracle
) -> None:
    compare(qtbot, page)
    page.work.show_view("single")
    page.work.go_to(1)
    views = page.answer.pictures.views
    qtbot.waitUntil(lambda: all(view.labels(PREDICTION) is not None for view in views), timeout=WAIT_MS)
    qtbot.waitUntil(lambda: all(not view.image_size.isEmpty() for view in views), timeout=WAIT_MS)

    assert {asked[0] for asked in oracle.asked} == {"best", "last"}
    drawn = [view.labels(PREDICTION) for view in views]
    assert [labels.classes.tolist() for labels in drawn if labels is not None] == [[1], [0]]
    assert page.answer.label.whole_text() == "1 box"
    assert [bar.name for bar in page.answer.other.scores.bars()] == ["cat"]

    views[0].zoom_by(3.0)
    assert views[1].part == views[0].part
    views[1].fit()
    assert views[0].part == Part()


def test_that_what_two_models_differ_on_is_found_and_sorted_first(qtbot: QtBot, page: PredictPage) -> None:
    compare(qtbot, page)

    press(page, DIFFERING)
    assert shown(page) == ["1"]
    assert page.board.tile(1).caption == "1 dog | 1 cat"
    press(page, "every")
    sort_by(page, DISAGREEMENT)
    assert shown(page)[0] == "1"

    assert page.heat.toggle.chip.text() == "Heat map of A"
    page.tools.compare.click()
    assert not page.board.is_compared
    assert page.heat.toggle.chip.text() == "Heat map"
    assert page.work.panel.filter.sort.findData(DISAGREEMENT) < 0
    assert page.board.tile(1).caption == "1 dog"


def test_that_another_threshold_makes_models_differ_elsewhere(qtbot: QtBot, page: PredictPage) -> None:
    compare(qtbot, page)
    press(page, DIFFERING)

    page.threshold.setValue(85)  # 0.9 against 0.8

    qtbot.waitUntil(lambda: shown(page) == ["0"], timeout=WAIT_MS)


def test_that_a_marked_part_is_looked_at_as_an_entry_of_its_own(
    qtbot: QtBot, page: PredictPage, oracle: Oracle
) -> None:
    page.work.panel.grid.opened.emit(2)
    picture = page.answer.picture
    qtbot.waitUntil(lambda: not picture.image_size.isEmpty(), timeout=WAIT_MS)

    page.answer.pictures.region.click()
    assert picture.is_marking
    picture.region_chosen.emit(QRect(10, 20, 20, 10))
    qtbot.waitUntil(lambda: len(page.board) == 6 and not page.queue.waits, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: picture.labels(PREDICTION) is not None, timeout=WAIT_MS)

    entry = page.board.entry(5)
    assert entry.name == "2.png · 20 × 10 at 10, 20"
    assert picture.path == entry.source
    assert picture.frame == QRect(10, 20, 20, 10)
    labels = picture.labels(PREDICTION)
    assert labels is not None
    # The oracle finds the upper left quarter of what it is shown.
    assert labels.boxes.tolist() == [[10, 20, 20, 25]]
    assert oracle.asked[-1][1] == (str(entry.path),)
    assert page.board.tile(5).caption == "part: 1 cat"


def test_that_labels_are_offered_and_can_be_imported(
    qtbot: QtBot, context: Context, page: PredictPage, tmp_path: Path
) -> None:
    told: list[Told] = []
    context.told.connect(told.append)
    assert [key for key, entry in page.saver.labels.items() if entry.isVisible()] == ["coco", "yolo", "voc"]

    page.saver.save_labels_to("coco", tmp_path)

    qtbot.waitUntil(lambda: bool(told), timeout=WAIT_MS)
    assert told[0].title == "Labels written for 4 images with 2 objects"
    manifest = Library(context.home).import_dataset(tmp_path / "predictions-coco")
    assert len(manifest.items) == 4


def test_that_thousands_of_pictures_keep_no_more_pixels_than_a_few(
    qtbot: QtBot, page: PredictPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module, name in (
        ("desktop.grids.thumbnails", "MOST_KEPT"),
        ("desktop.viewers.layer_tiles", "_MOST_KEPT"),
        ("desktop.models.predictions_answers", "MOST_UNPACKED"),
    ):
        monkeypatch.setattr(f"{module}.{name}", KEPT)
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(240):
        Image.new("RGB", (SIDE, SIDE), (number, 40, 200)).save(folder / f"{number:03}.png")

    page.intake.take([folder])
    qtbot.waitUntil(lambda: len(page.board) == 245 and not page.queue.waits, timeout=WAIT_MS)
    grid = page.work.panel.grid
    seen = 0
    for step in range(6):
        grid.verticalScrollBar().setValue(grid.verticalScrollBar().maximum() * step // 5)
        qtbot.wait(30)
        qtbot.waitUntil(grid.images.thumbnails.is_idle, timeout=WAIT_MS)
        seen = max(seen, grid.images.thumbnails.kept_pixels)

    assert 0 < grid.images.thumbnails.kept_pixels <= KEPT * SIDE * SIDE
    assert seen <= KEPT * SIDE * SIDE
    assert page.board.first.unpacked_count <= KEPT
    assert page.board.counts()[0] == 244


def test_that_a_folder_that_is_gone_meanwhile_is_told_file_by_file(
    qtbot: QtBot, page: PredictPage, oracle: Oracle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "drive"
    folder.mkdir()
    for number in range(40):
        Image.new("RGB", (SIDE, SIDE)).save(folder / f"d{number:02}.png")
    ask = oracle.ask

    def unplug(
        verb: str,
        payload: Mapping[str, object],
        then: Callable[[Answer], object] | None = None,
        failed: Callable[[UserError], object] | None = None,
    ) -> int:
        files = payload["files"]
        assert isinstance(files, list)
        assert failed is not None
        gone = [str(file) for file in files if not Path(str(file)).exists()]
        if gone:  # as the engine says it
            failed(UserError("file_missing", f"There is no file {gone[0]}.", "Check the path."))
            return 0
        number = ask(verb, payload, then, failed)
        shutil.rmtree(folder, ignore_errors=True)
        return number

    monkeypatch.setattr(page.context.predictor, "ask", unplug)
    page.intake.take([folder])
    qtbot.waitUntil(lambda: len(page.board) == 45 and not page.queue.waits, timeout=WAIT_MS)

    answered, _, unreadable = page.board.counts()
    assert answered + unreadable == 45
    assert unreadable > 1
    page.work.go_to(44)
    assert "no such file any more" in page.answer.why.text()


def test_that_an_exported_file_is_offered_beside_the_checkpoints_and_asked(
    qtbot: QtBot, context: Context, page: PredictPage, oracle: Oracle
) -> None:
    file = write_export(context.home, page)

    page.open()
    checkpoints = page.chooser.findChildren(QComboBox)[1]
    qtbot.waitUntil(lambda: checkpoints.findText("ONNX of best") >= 0, timeout=WAIT_MS)
    checkpoints.setCurrentIndex(checkpoints.findText("ONNX of best"))
    qtbot.waitUntil(lambda: not page.queue.waits, timeout=WAIT_MS)

    assert page.chooser.model is not None
    assert page.chooser.model.path == file
    assert oracle.asked[-1][0] == file.name
    assert page.crumb.endswith("ONNX of best")


def write_export(home: Home, page: PredictPage) -> Path:
    """A finished export of the page's run, as the engine leaves it; gives its file."""
    trained = page.chooser.run
    assert trained is not None
    manifest = Manifest.load(RunFolder(trained.folder).manifest_path)
    made = MeasuredRun(home, "20260101-000100-ffff", manifest, "export", trained.row.run).create()
    job = made.folder.job()
    options = {**job.task_options, "checkpoint": "best", "format": "onnx"}
    write_record(made.folder.job_path, job.model_copy(update={"task_options": options}))
    file = made.folder.exports / "model.onnx"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"a network")
    written = ExportWritten(
        path="exports/model.onnx", format="onnx", verified=True, max_error=0.0, size_bytes=9
    )
    made.said.append(written)
    made.tell()
    return file
