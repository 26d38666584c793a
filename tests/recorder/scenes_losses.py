"""What the Validate page says when something is gone: images moved, a result damaged, a run deleted."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import cast

from desktop.models.result_evaluation import Source
from desktop.pages.validate import ValidatePage
from desktop.pages.validate_evaluate_sheet import Asked
from engine.datasets.library import ImportOptions, Library
from tests.recorder.play import Pause, Script, Until
from tests.recorder.scenes_runs import PLUGIN, SETTINGS
from tests.recorder.stage import LONG_S, Stage

PAGE = "losses"
_NAME = "on the drive"


def losses(stage: Stage) -> Script:
    """A test run whose images move away and are found again; its files damaged; the run that is looked at deleted."""
    folder = stage.context.home.cache / "recorder-drive" / _NAME
    shutil.copytree(stage.pictures() / "test", folder)
    Library(stage.context.home).import_dataset(folder, options=ImportOptions(is_test_only=True))
    stage.context.datasets.refresh()
    yield from stage.go("validate", run=stage.runs["first"])
    page = cast("ValidatePage", stage.page("validate"))
    page.evaluation.start(stage.runs["first"], Asked("best", Source(dataset=folder.name), "test", {}))
    yield from stage.named("on_drive", lambda row: row.kind == "evaluate")
    yield stage.until_ended("on_drive")
    page.browser.refresh()
    yield Until(lambda: _shows(page, stage.runs["on_drive"]), "the result of the test run", LONG_S)
    yield from _moved(stage, page, folder)
    yield from _damaged(stage, page)
    yield from _deleted(stage, page)


def _shows(page: ValidatePage, run: str) -> bool:
    result = page.images.result
    return result is not None and result.key.run == run


def _moved(stage: Stage, page: ValidatePage, folder: Path) -> Script:
    there = folder.with_name("renamed")
    folder.rename(there)
    page.browser.reopen()
    yield Pause(2000)
    yield from stage.camera.take(PAGE, "moved")
    yield from stage.small(PAGE, "moved_minimum")
    page.open_image(int(page.images.grid.images.shown[0]))
    yield Pause(1000)
    yield from stage.camera.take(PAGE, "moved_image")
    page.close_image()
    page.whereabouts.relocate(folder.name, there)
    yield Until(lambda: not page.images.trouble.isVisible(), "the images", LONG_S)
    yield Pause(1500)
    yield from stage.camera.take(PAGE, "found_again")


def _damaged(stage: Stage, page: ValidatePage) -> Script:
    results = stage.context.home.runs / stage.runs["on_drive"] / "results" / "0001"
    for column in results.glob("image_*.npy"):
        column.write_bytes(column.read_bytes()[:100])
    page.browser.reopen()
    yield Pause(1500)
    yield from stage.camera.take(PAGE, "damaged")
    yield from stage.small(PAGE, "damaged_minimum")


def _deleted(stage: Stage, page: ValidatePage) -> Script:
    yield from stage.start("short", PLUGIN, {**SETTINGS, "epochs": 2})
    yield stage.until_ended("short")
    yield from stage.go("validate", run=stage.runs["short"])
    yield Until(lambda: _shows(page, stage.runs["short"]), "the result of the short run", LONG_S)
    yield Pause(6000)  # its process comes to an end
    stage.context.actions.delete(stage.runs["short"], "short")
    yield Pause(2500)
    yield from stage.camera.take(PAGE, "deleted")
