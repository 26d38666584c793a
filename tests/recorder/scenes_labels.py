"""Datasets with objects and with masks on the Data page: images, one of them large, numbers, versions, export."""

from __future__ import annotations

import shutil
from pathlib import Path

from PySide6.QtWidgets import QAbstractButton

from desktop.pages.data import DataPage
from engine.datasets.library import Library
from tests.recorder.play import Pause, Script, Until
from tests.recorder.stage import LONG_S, Stage


def labels(stage: Stage) -> Script:
    """Objects, then masks; where the real datasets are not beside the checkout, nothing is pictured."""
    for name, folder in (
        ("cells", stage.shared() / "detection_bccd" / "coco"),
        ("streets", stage.shared() / "segmentation_camvid"),
    ):
        if not folder.is_dir():
            stage.camera.miss("data", name, f"there is no {folder}")
            continue
        own = stage.context.home.cache / name
        if not own.is_dir():
            shutil.copytree(folder, own)
        yield from _shown(stage, name, own)


def _shown(stage: Stage, name: str, folder: Path) -> Script:
    stage.context.datasets.import_path(folder, name)
    yield Until(lambda: stage.context.datasets.get(name) is not None, f"the dataset {name}", LONG_S)
    yield from stage.go("data", dataset=name)
    yield Pause(4000)  # masks are opened in the background
    yield from stage.camera.take("data", name)
    yield from stage.small("data", f"{name}_minimum")
    yield from _section(stage, "Statistics")
    yield from stage.camera.take("data", f"{name}_statistics")
    Library(stage.context.home).resplit(name, val=0.2, test=0.1, seed=1, replace=True)
    stage.context.datasets.refresh()
    yield from _section(stage, "Versions")
    yield Pause(2000)
    yield from stage.camera.take("data", f"{name}_versions")
    yield from _section(stage, "Images")
    page = stage.page("data")
    assert isinstance(page, DataPage)
    page.images.opened.emit(3)
    yield Pause(1500)
    yield from stage.camera.take("data", f"{name}_image")
    yield from stage.small("data", f"{name}_image_minimum")
    page.shown.close_detail()
    page.header.export_wanted.emit()
    yield Pause(600)
    yield from stage.camera.take("data", f"{name}_export")
    yield from stage.tidy()


def _section(stage: Stage, name: str) -> Script:
    stage.find(QAbstractButton, name, stage.page("data")).click()
    yield Pause(600)
