"""More ways to ask a model on the Predict page: a part of a picture, an exported file, a video."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import cv2
from PySide6.QtCore import QRect

from desktop.pages.predict import PredictPage
from desktop.pages.predict_progress import GRID, SINGLE
from tests.recorder.play import Pause, Script, Until
from tests.recorder.stage import LONG_S, Stage

PAGE = "answers"
_FPS, _FRAMES_EACH, _SIDE = 12.0, 9, 320


def answers(stage: Stage) -> Script:
    """A batch, a part of one of its pictures, the same by an ONNX file, and a video of such pictures."""
    run = stage.runs["first"]
    yield from stage.go("predict", run=run)
    page = cast("PredictPage", stage.page("predict"))
    page.clear()
    yield from stage.go("predict", run=run, drop=stage.some_pictures(60))
    yield Until(lambda: len(page.board) == 60 and not page.queue.waits, "the answers", LONG_S)
    page.work.show_view(GRID)
    yield Pause(1500)
    yield from stage.camera.take(PAGE, "grid")
    yield from _region(stage, page)
    yield from _exported(stage, page, run)
    yield from _video(stage, page, run)


def _region(stage: Stage, page: PredictPage) -> Script:
    page.work.show_view(SINGLE)
    page.work.go_to(3)
    yield Pause(800)
    size = page.answer.picture.image_size
    part = QRect(size.width() // 4, size.height() // 4, size.width() // 2, size.height() // 2)
    page.work.region_chosen.emit(part)
    yield Until(lambda: len(page.board) == 61 and not page.queue.waits, "the answer for the part", LONG_S)
    yield Pause(800)
    yield from stage.camera.take(PAGE, "region")
    yield from stage.small(PAGE, "region_minimum")


def _exported(stage: Stage, page: PredictPage, run: str) -> Script:
    stage.context.actions.export(run, None, {"format": "onnx"})
    yield from stage.named("exported", lambda row: row.kind == "export")
    yield stage.until_ended("exported")
    yield from stage.go("predict", run=run)
    yield Pause(800)
    page.tools.chooser.wish(run, stage.runs["exported"])
    model = page.tools.chooser.model
    if model is None or "ONNX" not in model.title:
        stage.camera.miss(PAGE, "onnx", "the exported file is not offered")
        return
    page.work.go_to(0)
    yield Until(lambda: not page.queue.waits, "the answers of the exported file", LONG_S)
    yield Pause(1500)
    yield from stage.camera.take(PAGE, "onnx")


def _video(stage: Stage, page: PredictPage, run: str) -> Script:
    path = _slides(stage.some_pictures(24), stage.context.home.cache / "walk.avi")
    yield from stage.go("predict", run=run, drop=[path])
    panel = page.video.panel
    yield Pause(500)
    yield from stage.camera.take(PAGE, "video_opening")
    yield Until(lambda: panel.player.state in ("playing", "paused", "ended"), "the video", LONG_S)
    yield Pause(4000)
    yield from stage.camera.take(PAGE, "video")
    panel.player.pause()
    yield Pause(800)
    yield from stage.camera.take(PAGE, "video_paused")
    yield from stage.small(PAGE, "video_minimum")
    panel.closed.emit()
    yield Pause(300)


def _slides(files: list[Path], path: Path) -> Path:
    """Write pictures as a video, one after the other."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), _FPS, (_SIDE, _SIDE))
    for file in files:
        picture = cv2.imread(str(file), cv2.IMREAD_COLOR)
        assert picture is not None, f"{file} cannot be read"
        for _ in range(_FRAMES_EACH):
            writer.write(cv2.resize(picture, (_SIDE, _SIDE)))
    writer.release()
    return path
