"""A detector and a segmenter: each trained a little, measured, looked at image by image, and tried on pictures."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

from desktop.pages.predict import PredictPage
from desktop.pages.predict_progress import SINGLE
from desktop.pages.validate import ValidatePage
from desktop.pages.validate_detail import BESIDE, TOGETHER
from desktop.pages.validate_side import OBJECTS
from engine.protocol.job import END_STATES
from tests.recorder.drawn_datasets import drawn_masks, drawn_objects, drawn_shapes
from tests.recorder.play import Pause, Script, Until
from tests.recorder.stage import LONG_S, REPOSITORY, Stage

_TRAINING_S = 1_800.0
"""These learn from real pictures, on a CPU that may have other work."""


@dataclass(frozen=True, slots=True)
class TaskScene:
    """What is trained, on what.

    Attributes:
        name: of the run, and in the names of pictures.
        real: the dataset beside the checkout, relative to the shared data.
        test: its test images, relative to it.
        drawn: lays out the demo's pictures, for a checkout without that data.
        plugin: the built-in one of the task.
        settings: over its defaults; as few epochs as show something.
    """

    name: str
    real: str
    test: str
    drawn: Callable[[Path], Path]
    plugin: str
    settings: Mapping[str, Any]


DETECTION = TaskScene(
    "detection",
    "detection_bccd/coco",
    "test",
    drawn_objects,
    "torchvision_detector",
    {"epochs": 4, "image_size": 192, "optimizer.lr": 1e-3, "scheduler.type": "onecycle", "seed": 0},
)
SEGMENTATION = TaskScene(
    "segmentation",
    "segmentation_camvid",
    "images/test",
    drawn_masks,
    "timm_segmenter",
    {"epochs": 3, "image_size": 160, "scheduler.type": "onecycle", "seed": 0},
)


def detection(stage: Stage) -> Script:
    """Boxes: curves, results at a confidence, one image, boxes on new pictures."""
    yield from _task(stage, DETECTION)


def segmentation(stage: Stage) -> Script:
    """Classes of pixels: the same."""
    yield from _task(stage, SEGMENTATION)


def _task(stage: Stage, scene: TaskScene) -> Script:
    folder = _dataset(stage, scene)
    before, stage.dataset = stage.dataset, scene.name
    stage.context.datasets.import_path(folder, scene.name)
    yield Until(lambda: stage.context.datasets.get(scene.name) is not None, "the dataset", LONG_S)
    yield from stage.start(scene.name, scene.plugin, scene.settings)
    stage.dataset = before
    run = stage.runs[scene.name]
    is_over = partial(_is_over, stage, scene.name)
    yield Until(is_over, f"the end of the training for {scene.name}", _TRAINING_S)
    for view in ("classes", "curves"):
        yield from stage.go("train", run=run, view=view)
        yield Pause(1000)
        yield from stage.camera.take(scene.name, f"train_{view}")
    yield from stage.small(scene.name, "train_minimum")
    yield from _results(stage, scene, run)
    yield from _answers(stage, scene, run, folder)


def _is_over(stage: Stage, name: str) -> bool:
    return stage.row(name).state in END_STATES


def _results(stage: Stage, scene: TaskScene, run: str) -> Script:
    yield from stage.go("validate", run=run)
    yield Pause(4000)
    yield from stage.camera.take(scene.name, "validate")
    yield from stage.small(scene.name, "validate_minimum")
    page = cast("ValidatePage", stage.page("validate"))
    for view in ("curves", "classes"):
        if not page.side.choice.is_offered(view):
            continue
        page.side.show_view(view)
        yield Pause(700)
        yield from stage.camera.take(scene.name, f"validate_{view}")
    if page.side.choice.is_offered(OBJECTS):
        page.side.show_view(OBJECTS)
        yield Pause(2000)
        yield from stage.camera.take(scene.name, "validate_objects")
        yield from _one_object(stage, scene, page)
    page.side.show_view("images")
    yield from _through_time(stage, scene, page)
    shown = page.images.grid.images.shown
    if len(shown):
        page.open_image(int(shown[0]))
        yield Pause(1500)
        for arrangement in (TOGETHER, BESIDE):
            page.detail.arrangement.choose(arrangement)
            page.detail.arrangement.changed.emit(arrangement)
            yield Pause(500)
            yield from stage.camera.take(scene.name, f"validate_image_{arrangement}")
        yield from stage.small(scene.name, "validate_image_minimum")
        page.detail.errors.click()
        yield Pause(300)
        yield from stage.camera.take(scene.name, "validate_errors")
        page.detail.errors.click()
        page.close_image()


def _one_object(stage: Stage, scene: TaskScene, page: ValidatePage) -> Script:
    """On its image, and the next one."""
    parts = page.side.objects.grid.images.shown
    if not len(parts):
        return
    page.one_image.open_object(int(parts[0]))
    yield Pause(1200)
    page.one_image.step(1)
    yield Pause(1200)
    yield from stage.camera.take(scene.name, "validate_object")
    page.close_image()
    yield Pause(300)


def _through_time(stage: Stage, scene: TaskScene, page: ValidatePage) -> Script:
    """The first validation, and a list over all of them."""
    page.history.slider.setValue(0)
    yield Pause(2000)
    yield from stage.camera.take(scene.name, "validate_first_epoch")
    page.history.slider.setValue(page.history.slider.maximum())
    page.images.lists.entries["hardest"].trigger()
    yield Until(lambda: page.lists.shown is not None, "the list of the hardest images", LONG_S)
    yield Pause(1500)
    yield from stage.camera.take(scene.name, "validate_hardest")
    page.images.lists.entries[""].trigger()


def _answers(stage: Stage, scene: TaskScene, run: str, folder: Path) -> Script:
    files = sorted((folder / scene.test).rglob("*.jpg"))[:8] or sorted(folder.rglob("*.jpg"))[:8]
    yield from stage.go("predict", run=run)
    page = cast("PredictPage", stage.page("predict"))
    page.clear()
    yield from stage.go("predict", run=run, drop=files)
    yield Until(lambda: len(page.board) > 0 and not page.queue.waits, "the answers", LONG_S)
    yield Pause(2000)
    yield from stage.camera.take(scene.name, "predict")
    yield from stage.small(scene.name, "predict_minimum")
    page.work.show_view(SINGLE)
    yield Pause(1200)
    yield from stage.camera.take(scene.name, "predict_single")
    yield from stage.small(scene.name, "predict_single_minimum")


def _dataset(stage: Stage, scene: TaskScene) -> Path:
    shared = Path(os.environ.get("LENSMITH_SHARED_DATA") or REPOSITORY.parent / "shared" / "data")
    if (shared / scene.real).is_dir():
        return shared / scene.real
    return scene.drawn(drawn_shapes(stage.context.home.cache / "recorder-shapes"))
