"""The panel of videos: plays, stands, seeks, says how fast it is, and lets go of file and camera."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from desktop.context import Context
from desktop.models.video_player import VideoFrame
from desktop.pages.predict import PredictPage
from desktop.pages.predict_video import VideoPanel
from desktop.tasks.task import task_view
from engine.errors import UserError
from engine.protocol.home import Home
from tests.desktop.measured_runs import MeasuredRun, measured_run
from tests.desktop.video_stand_in import FPS, FRAMES, Projector

WAIT_MS = 30_000


class Played:
    """A panel whose predictor is a projector."""

    def __init__(self, qtbot: QtBot, context: Context, projector: Projector) -> None:
        self.projector = projector
        self.panel = VideoPanel(context)
        self.frames: list[VideoFrame] = []
        self.errors: list[UserError] = []
        self.panel.player.shown.connect(self.frames.append)
        self.panel.failed.connect(self.errors.append)
        self.panel.show_task(task_view("classification"), "classification")
        qtbot.addWidget(self.panel)
        self.panel.resize(1000, 600)
        self.panel.show()


@pytest.fixture
def context(qtbot: QtBot, lensmith_home: Path) -> Iterator[Context]:
    made = Context(Home(lensmith_home).ensure())
    yield made
    made.close()


def played(
    qtbot: QtBot,
    context: Context,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    is_camera: bool = False,
) -> Played:
    projector = Projector(tmp_path, is_camera=is_camera)
    monkeypatch.setattr(context.predictor, "ask", projector.ask)
    monkeypatch.setattr(context.predictor, "forget", projector.forget)
    return Played(qtbot, context, projector)


def test_that_a_video_plays_to_its_end_with_the_model_s_words(
    qtbot: QtBot, context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = played(qtbot, context, tmp_path, monkeypatch)

    shown.panel.open_file(tmp_path / "walk.mp4", tmp_path / "best")
    qtbot.waitUntil(lambda: shown.panel.player.state == "ended", timeout=WAIT_MS)

    times = [frame.at_s for frame in shown.frames]
    assert times == sorted(times)
    assert len(times) < 1.5 * FRAMES, "no frame is looked at again and again"
    assert times[-1] == (FRAMES - 1) / FPS
    assert shown.panel.told.label.whole_text() == "star"
    assert shown.panel.time.text() == "0:01.9 / 0:02.0"
    assert "model 3 ms" in shown.panel.rate.text()
    assert "latency" in shown.panel.rate.text()
    assert shown.projector.asked[1][1]["checkpoint"] == str(tmp_path / "best")
    assert shown.frames[-1].picture.pixelColor(5, 5).red() == 10 * (FRAMES - 1)

    qtbot.keyClick(shown.panel, Qt.Key.Key_Space)
    assert shown.panel.player.state == "playing"


def test_that_a_standing_video_shows_the_place_that_is_sought(
    qtbot: QtBot, context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = played(qtbot, context, tmp_path, monkeypatch)
    shown.panel.open_file(tmp_path / "walk.mp4", tmp_path / "best")
    qtbot.waitUntil(lambda: len(shown.frames) > 0, timeout=WAIT_MS)
    shown.panel.toggle()
    qtbot.wait(50)  # the frame under way comes yet

    shown.panel.place.setValue(7)
    qtbot.waitUntil(lambda: shown.frames[-1].at_s == 0.7, timeout=WAIT_MS)

    assert shown.panel.player.state == "paused"
    asked = len(shown.projector.asked)
    qtbot.wait(100)
    assert len(shown.projector.asked) == asked  # a picture that stands costs nothing


@pytest.mark.parametrize("is_standing", [True, False])
def test_that_a_video_goes_on_where_it_stood_when_the_predictor_has_lost_it(
    qtbot: QtBot,
    context: Context,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    is_standing: bool,
) -> None:
    shown = played(qtbot, context, tmp_path, monkeypatch)
    player = shown.panel.player
    shown.panel.open_file(tmp_path / "walk.mp4", tmp_path / "best")
    qtbot.waitUntil(lambda: len(shown.frames) > 0 and shown.frames[-1].at_s >= 0.3, timeout=WAIT_MS)
    if is_standing:
        shown.panel.toggle()
        qtbot.wait(50)  # the frame under way comes yet
    stood, before = shown.frames[-1].at_s, len(shown.frames)

    context.predictor.moved.emit()

    qtbot.waitUntil(lambda: len(shown.frames) > before, timeout=WAIT_MS)
    assert shown.frames[before].at_s >= stood
    assert player.state == ("paused" if is_standing else "playing")
    assert shown.projector.verbs().count("video_open") == 2
    assert "video_close" not in shown.projector.verbs()
    assert (shown.projector.asked[-1][1]["checkpoint"], shown.errors) == (str(tmp_path / "best"), [])


def test_that_nothing_is_opened_again_when_nothing_plays(
    qtbot: QtBot, context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = played(qtbot, context, tmp_path, monkeypatch)

    context.predictor.moved.emit()

    assert shown.projector.asked == []


def test_that_the_threshold_acts_without_another_question(
    qtbot: QtBot, context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = played(qtbot, context, tmp_path, monkeypatch)
    shown.panel.open_file(tmp_path / "walk.mp4", tmp_path / "best")
    qtbot.waitUntil(lambda: shown.panel.player.state == "ended", timeout=WAIT_MS)
    asked = len(shown.projector.asked)

    shown.panel.threshold.slider.setValue(90)

    assert shown.panel.told.label.whole_text() != "star"
    assert len(shown.projector.asked) == asked


def test_that_closing_and_leaving_let_go(
    qtbot: QtBot, context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = played(qtbot, context, tmp_path, monkeypatch, is_camera=True)
    shown.panel.open_camera(0, "Front", tmp_path / "best")
    qtbot.waitUntil(lambda: len(shown.frames) > 2, timeout=WAIT_MS)
    assert shown.panel.time.text() == "Live"
    assert shown.panel.place.isHidden()

    shown.panel.hide()

    assert shown.panel.player.state == "closed"
    assert shown.projector.verbs()[-1] == "video_close"
    before = len(shown.projector.asked)
    qtbot.wait(100)
    assert len(shown.projector.asked) == before


def test_that_what_cannot_be_played_is_told(
    qtbot: QtBot, context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = played(qtbot, context, tmp_path, monkeypatch)
    shown.projector.error = UserError("video_unreadable", "The video walk.mp4 cannot be decoded.")

    shown.panel.open_file(tmp_path / "walk.mp4", tmp_path / "best")

    assert [error.code for error in shown.errors] == ["video_unreadable"]
    assert shown.panel.player.state == "closed"


class Page:
    """What a video comes to on the Predict page, with a trained model and a projector."""

    def __init__(self, qtbot: QtBot, context: Context, run: MeasuredRun, projector: Projector) -> None:
        self.page = PredictPage(context)
        qtbot.addWidget(self.page)
        self.page.resize(1200, 700)
        self.page.show()
        self.page.open(run=run.run)
        self.told: list[str] = []
        context.told.connect(lambda told: self.told.append(told.title))
        qtbot.waitUntil(lambda: self.page.chooser.model is not None, timeout=WAIT_MS)
        self.projector = projector


@pytest.fixture
def predicting(qtbot: QtBot, context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Page:
    run = measured_run(context.home, tmp_path)
    projector = Projector(tmp_path)
    monkeypatch.setattr(context.predictor, "ask", projector.ask)
    monkeypatch.setattr(context.predictor, "forget", projector.forget)
    monkeypatch.setattr(context.predictor, "warm_up", lambda: None)
    return Page(qtbot, context, run, projector)


def test_that_a_dropped_video_plays_and_escape_brings_the_pictures_back(
    qtbot: QtBot, predicting: Page, tmp_path: Path
) -> None:
    page = predicting.page

    page.intake.take([tmp_path / "walk.MP4"])
    assert page.video.is_on
    of_pictures = (page.tools.compare, page.tools.save, page.tools.clear)
    assert all(made.isHidden() for made in of_pictures), "they would act on what is not seen"
    qtbot.waitUntil(lambda: page.video.panel.picture.image_size.width() == 40, timeout=WAIT_MS)
    qtbot.keyClick(page.video.panel, Qt.Key.Key_Escape)

    assert not page.video.is_on
    assert not any(made.isHidden() for made in of_pictures)
    assert page.states.currentWidget() is page.no_images
    assert "video_close" in predicting.projector.verbs()


def test_that_without_a_camera_the_page_says_so(qtbot: QtBot, predicting: Page) -> None:
    predicting.page.tools.camera.click()

    assert predicting.told == ["There is no camera on this machine."]
    assert not predicting.page.video.is_on


def test_that_the_only_camera_is_opened_at_once(qtbot: QtBot, predicting: Page) -> None:
    predicting.projector.cameras = [{"index": 2, "name": "Front"}]

    predicting.page.tools.camera.click()

    assert predicting.page.video.is_on
    assert ("video_open", {"camera": 2}) in predicting.projector.asked
