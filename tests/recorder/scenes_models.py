"""What a trained model is good for: measured, tried on pictures, exported; and the plugins that models come from."""

from __future__ import annotations

from typing import cast

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton

from desktop.pages.predict import PredictPage
from desktop.pages.predict_progress import GRID
from desktop.pages.validate import ValidatePage
from desktop.pages.validate_matrix import CLASSES, PAIRS
from desktop.tasks.measures import Span
from engine.runner.derived import Derived
from engine.runner.given_data import Wanted
from tests.recorder.play import Pause, Script, Until, later
from tests.recorder.stage import LONG_S, Stage

BROKEN_PLUGIN = "from engine.plugin import TorchModel\n\nclass Broken(TorchModel)\n    pass\n"


def plugins(stage: Stage) -> Script:
    """The cards, the details of one, a broken one, and the sheet for a new one."""
    yield from stage.go("plugins")
    yield Until(lambda: stage.context.catalogue.is_loaded, "the list of plugins", LONG_S)
    yield Pause(500)
    yield from stage.camera.take("plugins", "ready")
    yield from stage.go("plugins", plugin="timm_classifier")
    yield Pause(4000)
    yield from stage.camera.take("plugins", "detail")
    folder = stage.context.home.plugins / "broken"
    folder.mkdir(exist_ok=True)
    (folder / "model.py").write_text(BROKEN_PLUGIN, encoding="utf-8")
    stage.context.catalogue.refresh()
    yield Until(lambda: stage.context.catalogue.entry("broken") is not None, "the broken plugin")
    yield from stage.go("plugins", plugin="broken")
    yield Pause(500)
    yield from stage.camera.take("plugins", "broken")
    later(stage.find(QAbstractButton, "New plugin").click)
    yield Pause(600)
    yield from stage.camera.take("plugins", "new")


def validate(stage: Stage) -> Script:
    """A result, one cell of its matrix, its wrong images, one of them large, and the sheet to measure anew."""
    yield from stage.go("validate", run=stage.runs["first"])
    yield Pause(3000)
    yield from stage.camera.take("validate", "finished")
    page = stage.page("validate")
    page.setFocus()
    QTest.keyClick(page, Qt.Key.Key_I)
    yield Pause(1200)
    yield from stage.camera.take("validate", "incorrect")
    yield from stage.small("validate", "finished_minimum")
    yield from _midway(stage, cast("ValidatePage", page))
    yield from _ways_to_look(stage, cast("ValidatePage", page))
    wanted = Derived("evaluate", stage.runs["first"], "best", data=Wanted(split="test"))
    stage.context.actions.derive(wanted)
    yield from stage.named("evaluation", lambda row: row.kind == "evaluate")
    yield Pause(1000)
    yield from stage.camera.take("validate", "measuring")


def _midway(stage: Stage, page: ValidatePage) -> Script:
    """All images when the model was still learning."""
    page.images.clear_filters()
    page.history.slider.setValue(page.history.slider.maximum() // 3)
    yield Pause(2500)
    yield from stage.camera.take("validate", "midway")
    page.history.slider.setValue(page.history.slider.maximum())
    yield Pause(1500)


def _ways_to_look(stage: Stage, page: ValidatePage) -> Script:
    """The table of the same images, ranges as chips, and the pairs that are confused most."""
    page.images.table_button.click()
    page.images.show_within(Span("confidence", 0.2, 0.9))
    page.matrix.show_list(PAIRS)
    yield Pause(600)
    yield from stage.camera.take("validate", "table")
    yield from stage.small("validate", "table_minimum")
    page.images.table_button.click()
    page.images.clear_filters()
    page.matrix.show_list(CLASSES)
    page.side.show_view("curves")
    yield Pause(600)
    yield from stage.camera.take("validate", "curves")
    page.side.show_view("images")


def predict(stage: Stage) -> Script:
    """Pictures dropped on the page, among them one that cannot be read."""
    yield from stage.go("predict", run=stage.runs["first"])
    yield Pause(1000)
    yield from stage.camera.take("predict", "ready")
    broken = stage.context.home.cache / "not_a_picture.jpg"
    broken.write_bytes(b"this is no JPEG")
    yield from stage.go("predict", run=stage.runs["first"], drop=[*stage.some_pictures(14), broken])
    yield Pause(1500)
    yield from stage.camera.take("predict", "running")
    yield Pause(9_000)
    yield from stage.camera.take("predict", "finished")
    yield from stage.small("predict", "finished_minimum")
    yield from _two_models(stage, cast("PredictPage", stage.page("predict")))


def _two_models(stage: Stage, page: PredictPage) -> Script:
    """A second checkpoint beside the first, in the grid and on one image, and a part that is being marked."""
    page.tools.compare.click()
    yield Until(lambda: not page.second.queue.waits, "the answers of the second model", LONG_S)
    yield Pause(1500)
    page.work.show_view(GRID)
    yield Pause(600)
    yield from stage.camera.take("predict", "compared")
    yield from stage.small("predict", "compared_minimum")
    page.work.panel.grid.opened.emit(2)
    yield Pause(1000)
    yield from stage.camera.take("predict", "side_by_side")
    yield from stage.small("predict", "side_by_side_minimum")
    page.tools.compare.click()
    page.answer.pictures.region.click()
    yield Pause(600)
    yield from stage.camera.take("predict", "marking")
    page.answer.picture.mark_region(False)


def export(stage: Stage) -> Script:
    """The formats, one being written, one verified."""
    yield from stage.go("export", run=stage.runs["first"])
    yield Pause(1000)
    yield from stage.camera.take("export", "ready")
    stage.context.actions.export(stage.runs["first"], None, {"format": "onnx"})
    yield from stage.named("export", lambda row: row.kind == "export")
    yield Pause(1500)
    yield from stage.camera.take("export", "running")
    yield stage.until_ended("export")
    yield Pause(1500)
    yield from stage.camera.take("export", "finished")
