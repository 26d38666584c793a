"""A result looked into further: its map, a report, a model version of its run, and a validation as it comes in."""

from __future__ import annotations

import shutil
import subprocess
from typing import cast

import numpy as np

from desktop.pages.insight import PAIRS, InsightPage
from desktop.pages.report_saving import ReportSaving
from desktop.pages.train import TrainPage
from desktop.pages.validate import ValidatePage
from tests.recorder.play import Pause, Script, Until
from tests.recorder.stage import LONG_S, Stage

PAGE = "insight"
_SLOW = "slow"
_SLOW_PLUGIN = '''"""A model that takes its time when it is measured."""

from __future__ import annotations

import time

from torch import nn

from engine.plugin import ModelMetadata, TorchModel


class Waiting(nn.Module):
    """Gives what it gets, a while later when nothing is trained."""

    def forward(self, images):
        if not self.training:
            time.sleep(1.5)
        return images


class Slow(TorchModel):
    """Learns as fast as any."""

    @classmethod
    def get_metadata(cls):
        return ModelMetadata(
            name="slow", author="You", framework="pytorch", task_type="classification",
            description="Takes its time when it is measured.", tags=["example"],
        )

    def build(self):
        return nn.Sequential(Waiting(), nn.AdaptiveAvgPool2d(8), nn.Flatten(), nn.Linear(192, self.num_classes))
'''


def insight(stage: Stage) -> Script:
    """The map before and after it is made, a part of it chosen, pairs; then what is sent to others; then a slow one."""
    run = stage.runs["first"]
    yield from stage.go("validate", run=run)
    page = cast("ValidatePage", stage.page("validate"))
    yield Until(lambda: page.images.result is not None, "the result", LONG_S)
    own = [entry.key for entry in page.browser.results if entry.is_own]
    page.browser.choose(own[0])
    yield Until(lambda: page.images.result is not None and page.images.result.key == own[0], "it", LONG_S)
    yield from stage.press("Map of the images", "validate")
    yield from _map(stage)
    yield from _report(stage, run)
    yield from _version(stage, run)
    yield from _as_it_comes(stage)


def _map(stage: Stage) -> Script:
    page = cast("InsightPage", stage.page("insight"))
    yield Until(lambda: page.shown is not None, "the state of the map", LONG_S)
    yield from stage.camera.take(PAGE, "map_none")
    yield from stage.press("Make the map", "insight")
    yield Pause(1500)
    yield from stage.camera.take(PAGE, "map_making")
    yield Until(lambda: page.shown is not None and page.shown.points is not None, "the map", LONG_S)
    yield Pause(1500)
    yield from stage.camera.take(PAGE, "map")
    yield from stage.small(PAGE, "map_minimum")
    yield from stage.press("Colour of the points: By verdict", "insight")
    places = page.map.places()
    page.map.lassoed.emit(np.flatnonzero(places[:, 0] < np.median(places[:, 0])))
    yield Pause(800)
    yield from stage.camera.take(PAGE, "map_chosen")
    page.side.choose(PAIRS)
    page.side.changed.emit(PAIRS)
    yield Pause(800)
    yield from stage.camera.take(PAGE, "map_pairs")
    yield from stage.small(PAGE, "map_pairs_minimum")


def _report(stage: Stage, run: str) -> Script:
    """The report is saved, and pictured as a browser shows it, where there is one."""
    yield from stage.go("validate", run=run)
    path = stage.context.home.cache / "report.html"
    ReportSaving(stage.page("validate"), stage.context).save(run, path)
    yield Until(path.is_file, "the report", LONG_S)
    yield Pause(800)
    yield from stage.camera.take(PAGE, "report_saved")
    browser = shutil.which("chromium")
    if browser is None:
        stage.camera.miss(PAGE, "report", "chromium is not installed")
        return
    picture = stage.camera.place_for(PAGE, "report")
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
    command += ["--window-size=1100,3000", f"--screenshot={picture}", path.as_uri()]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as taking:
        yield Until(lambda: taking.poll() is not None, "the browser's picture")


def _version(stage: Stage, run: str) -> Script:
    yield from stage.go("train", run=run)
    versions = cast("TrainPage", stage.page("train")).live.versions
    versions.ask(run)
    yield Until(lambda: versions.sheet is not None, "the sheet", LONG_S)
    yield Pause(500)
    yield from stage.camera.take(PAGE, "version")
    yield from stage.small(PAGE, "version_minimum")
    yield from stage.tidy()


def _as_it_comes(stage: Stage) -> Script:
    """Results of a validation that runs."""
    folder = stage.context.home.plugins / _SLOW
    folder.mkdir(exist_ok=True)
    (folder / "model.py").write_text(_SLOW_PLUGIN, encoding="utf-8")
    stage.context.catalogue.refresh()
    yield Until(lambda: stage.context.catalogue.entry(_SLOW), "the slow plugin")
    yield from stage.start(_SLOW, _SLOW, {"epochs": 1, "image_size": 64, "batch_size": 16})
    yield from stage.go("validate", run=stage.runs[_SLOW])
    yield Pause(1000)
    yield from stage.camera.take(PAGE, "no_result_yet")
    page = cast("ValidatePage", stage.page("validate"))
    yield Until(lambda: page.browser.partials, "what is measured so far", LONG_S)
    yield Pause(3000)
    yield from stage.camera.take(PAGE, "streaming")
    yield from stage.small(PAGE, "streaming_minimum")
    yield stage.until_ended(_SLOW)
