"""A dataset comes in, is looked at, and others turn out not to be one."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent
from PySide6.QtWidgets import QApplication

from tests.recorder.play import Pause, Script, Until
from tests.recorder.stage import LONG_S, Stage


def data(stage: Stage) -> Script:
    """Something is dragged over the page, then imported, then it is there."""
    yield from stage.go("data")
    yield from _drag_over(stage)
    yield from stage.go("data", drop=[stage.pictures()])
    yield Pause(700)
    yield from stage.camera.take("data", "importing")
    yield Until(stage.context.datasets.list, "the dataset", LONG_S)
    stage.dataset = stage.context.datasets.list()[0].name
    yield from stage.go("data", dataset=stage.dataset)
    yield Pause(1500)
    yield from stage.camera.take("data", "ready")


def problems(stage: Stage) -> Script:
    """A dataset with everything wrong that a check finds, and a folder that is none."""
    folder = _spoiled(stage.pictures(), stage.context.home.cache / "spoiled")
    stage.context.datasets.import_path(folder, "spoiled")
    yield Until(lambda: stage.context.datasets.get("spoiled") is not None, "the spoiled dataset", LONG_S)
    yield from stage.go("data", dataset="spoiled")
    yield Pause(800)
    yield from stage.camera.take("data", "unchecked")
    yield from stage.press("Check every image", "data")
    yield Pause(6000)
    yield from stage.camera.take("data", "problems")
    nothing = stage.context.home.cache / "notes"
    nothing.mkdir(exist_ok=True)
    (nothing / "readme.txt").write_text("no pictures here", encoding="utf-8")
    yield from stage.go("data", drop=[nothing])
    yield Pause(4000)
    yield from stage.camera.take("data", "unknown_layout")


def _drag_over(stage: Stage) -> Script:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(stage.pictures()))])
    target = stage.page("data")
    place = target.rect().center()
    enter = QDragEnterEvent(
        place, Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    QApplication.sendEvent(target, enter)
    yield from stage.camera.take("data", "drag")
    QApplication.sendEvent(target, QDragLeaveEvent())


def _spoiled(source: Path, folder: Path) -> Path:
    """Copy a few pictures of each class and spoil some: cut off, filed twice, under two labels, almost no class."""
    shutil.rmtree(folder, ignore_errors=True)
    chance = random.Random(0)
    classes = sorted(entry for entry in (source / "train").iterdir() if entry.is_dir())
    for number, kind in enumerate(classes):
        files = sorted(kind.iterdir())
        chance.shuffle(files)
        for split, some in (("train", files[: 3 if number == 0 else 14]), ("val", files[14:18])):
            place = folder / split / kind.name
            place.mkdir(parents=True)
            for file in some:
                shutil.copy(file, place)
    train = folder / "train"
    first = [sorted((train / kind.name).iterdir())[0] for kind in classes]
    first[1].write_bytes(first[1].read_bytes()[:700])
    shutil.copy(first[2], train / classes[3].name / "filed_twice.jpg")
    shutil.copy(first[4], folder / "val" / classes[4].name / "leaked.jpg")
    shutil.copy(first[5], train / classes[5].name / "a_copy.jpg")
    (train / classes[6].name / "scan.pdf").write_bytes(b"%PDF-1.4")
    return folder
