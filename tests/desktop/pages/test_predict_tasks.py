"""The Predict page with detectors and segmenters: boxes and masks are drawn, dropped by the threshold, and saved."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from PIL import Image
from pytestqt.qtbot import QtBot

from desktop.bridge.actions import Told
from desktop.context import Context
from desktop.models.drawn_labels import DrawnLabels
from desktop.pages.predict import PredictPage
from desktop.viewers.label_view import PREDICTION
from engine.errors import UserError
from engine.protocol.results import PredictionRecord
from tests.desktop.measured_runs import measured_run
from tests.desktop.task_runs import ANIMALS, GROUNDS, HEIGHT, WIDTH, detector_run, ground, segmenter_run

WAIT_MS = 30_000
Answer = dict[str, object]
Record = Callable[[str, Mapping[str, object]], PredictionRecord]


class Oracle:
    """Answers at once what the predictor's process would, in the name of any task."""

    def __init__(self) -> None:
        self.classes: tuple[str, ...] = ()
        self.record: Record = boxes

    def ask(
        self,
        verb: str,
        payload: Mapping[str, object],
        then: Callable[[Answer], object] | None = None,
        failed: Callable[[UserError], object] | None = None,  # it never fails
    ) -> int:
        assert verb == "predict"
        assert then is not None
        files = payload["files"]
        assert isinstance(files, list)
        told = [self.record(str(file), payload).model_dump(mode="json") for file in files]
        then({"ok": True, "predictions": told, "classes": list(self.classes)})
        return 0

    def forget(self, number: int) -> None:
        pass


def boxes(file: str, _payload: Mapping[str, object]) -> PredictionRecord:
    return PredictionRecord(
        file=file,
        size=(WIDTH, HEIGHT),
        boxes=(
            {"box": [2.0, 2.0, 12.0, 12.0], "label": "cat", "confidence": 0.9},
            {"box": [20.0, 10.0, 36.0, 26.0], "label": "dog", "confidence": 0.6},
            {"box": [1.0, 1.0, 9.0, 9.0], "label": "dog", "confidence": 0.2},
        ),
    )


def pixels(file: str, payload: Mapping[str, object]) -> PredictionRecord:
    mask = Path(str(payload["masks"])) / f"{Path(file).stem}.png"
    Image.fromarray(ground(0)).save(mask)
    return PredictionRecord(
        file=file, size=(WIDTH, HEIGHT), shares={"sky": 0.5, "grass": 0.3, "road": 0.2}, mask=str(mask)
    )


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
def told(context: Context) -> list[Told]:
    messages: list[Told] = []
    context.told.connect(messages.append)
    return messages


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "shots"
    folder.mkdir()
    for number in range(2):
        Image.new("RGB", (WIDTH, HEIGHT), (90, 40, 200)).save(folder / f"{number}.png")
    return folder


def opened(qtbot: QtBot, context: Context, run: str, pictures: Path) -> PredictPage:
    page = PredictPage(context)
    qtbot.addWidget(page)
    page.resize(1368, 848)
    page.show()
    page.open(run=run)
    qtbot.waitUntil(lambda: page.chooser.checkpoint is not None, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: page.queue.masks is not None, timeout=WAIT_MS)
    page.intake.take([pictures])
    qtbot.waitUntil(lambda: len(page.board) == 2 and not page.queue.waits, timeout=WAIT_MS)
    return page


def detecting(qtbot: QtBot, context: Context, oracle: Oracle, pictures: Path) -> PredictPage:
    oracle.classes = ANIMALS
    return opened(qtbot, context, detector_run(context.home, pictures.parent).run, pictures)


def segmenting(qtbot: QtBot, context: Context, oracle: Oracle, pictures: Path) -> PredictPage:
    oracle.classes, oracle.record = GROUNDS, pixels
    return opened(qtbot, context, segmenter_run(context.home, pictures.parent).run, pictures)


def drawn(qtbot: QtBot, page: PredictPage) -> DrawnLabels:
    """What lies on the large picture, once it was read."""
    qtbot.waitUntil(lambda: page.answer.picture.labels(PREDICTION) is not None, timeout=WAIT_MS)
    labels = page.answer.picture.labels(PREDICTION)
    assert labels is not None
    return labels


def test_that_boxes_are_drawn_and_told_by_class(
    qtbot: QtBot, context: Context, oracle: Oracle, pictures: Path
) -> None:
    page = detecting(qtbot, context, oracle, pictures)

    assert page.answer.label.whole_text() == "2 boxes"
    assert page.answer.why.text() == "1 cat · 1 dog"
    labels = drawn(qtbot, page)
    assert page.answer.picture.look.shown(labels).tolist() == [True, True, False]
    page.work.show_view("single")
    assert page.answer.controls.boxes.isVisible()
    assert not page.answer.controls.masks.isVisible()


def test_that_the_threshold_takes_boxes_away_and_is_kept_for_the_task(
    qtbot: QtBot, context: Context, oracle: Oracle, pictures: Path
) -> None:
    page = detecting(qtbot, context, oracle, pictures)
    labels = drawn(qtbot, page)

    page.threshold.setValue(80)

    assert page.answer.label.whole_text() == "1 box"
    assert page.answer.picture.look.shown(labels).tolist() == [True, False, False]
    small = page.board.objects_of(0)
    assert small is not None
    assert len(small) == 1
    page.threshold.setValue(95)
    assert page.progress.count.whole_text() == "2 of 2 · 2 unsure"
    qtbot.waitUntil(lambda: context.settings.get("predict.threshold.detection", 0.0) == 0.95, timeout=WAIT_MS)
    assert context.settings.get("predict.threshold.classification", -1.0) == -1.0


def test_that_a_segmenter_has_no_threshold_and_draws_classes(
    qtbot: QtBot, context: Context, oracle: Oracle, pictures: Path
) -> None:
    page = segmenting(qtbot, context, oracle, pictures)

    assert not page.threshold.isVisible()
    assert page.answer.label.whole_text() == "Mostly sky"
    labels = drawn(qtbot, page)
    assert labels.class_map is not None
    assert labels.class_map.tolist() == ground(0).tolist()
    page.work.show_view("single")
    assert page.answer.controls.masks.isVisible()
    assert not page.answer.controls.boxes.isVisible()


def test_that_boxes_are_saved_as_lines_at_the_threshold(
    qtbot: QtBot, context: Context, oracle: Oracle, pictures: Path, tmp_path: Path, told: list[Told]
) -> None:
    page = detecting(qtbot, context, oracle, pictures)

    page.saver.save_to(tmp_path / "out.csv", "csv")
    page.saver.save_to(tmp_path / "out.json", "json")
    page.saver.save_pictures_to(tmp_path / "drawn")
    qtbot.waitUntil(lambda: len(told) == 3, timeout=WAIT_MS)

    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert [line["label"] for line in lines] == ["cat", "dog"] * 2
    assert lines[1]["right"] == "36.00"
    document = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert [len(entry["boxes"]) for entry in document["predictions"]] == [2, 2]
    assert len(list((tmp_path / "drawn").glob("*.png"))) == 2


def test_that_masks_are_saved_beside_the_json_that_names_them(
    qtbot: QtBot, context: Context, oracle: Oracle, pictures: Path, tmp_path: Path, told: list[Told]
) -> None:
    page = segmenting(qtbot, context, oracle, pictures)

    page.saver.save_to(tmp_path / "out.json", "json")
    qtbot.waitUntil(lambda: len(told) == 1, timeout=WAIT_MS)

    document = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    named = [tmp_path / entry["mask"] for entry in document["predictions"]]
    assert all(mask.is_file() for mask in named)
    assert {mask.parent.name for mask in named} == {"out-masks"}


def test_that_overlays_are_offered_only_where_something_lies_on_pictures(
    qtbot: QtBot, context: Context, oracle: Oracle, pictures: Path
) -> None:
    page = detecting(qtbot, context, oracle, pictures)
    assert page.saver.overlays.isVisible()

    classifier = measured_run(context.home, pictures.parent)
    context.runs.refresh()
    page.open(run=classifier.run)
    qtbot.waitUntil(
        lambda: page.chooser.run is not None and page.chooser.run.row.run == classifier.run, timeout=WAIT_MS
    )

    assert not page.saver.overlays.isVisible()
