"""Results looked into: as a table, through time, beside each other; test runs on other data and without labels."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path
from typing import cast

from PySide6.QtWidgets import QAbstractButton

from desktop.models.result import ResultKey
from desktop.models.result_evaluation import Source
from desktop.pages.compare import ComparePage
from desktop.pages.predict import PredictPage
from desktop.pages.validate import ValidatePage
from desktop.pages.validate_evaluate_sheet import Asked, EvaluateSheet
from desktop.tasks.measures import Span
from desktop.widgets.choice_box import ChoiceBox
from engine.datasets.library import ImportOptions, Library
from tests.recorder.play import Pause, Script, Until, later
from tests.recorder.stage import LONG_S, Stage

PAGE = "results"
_RENAMED, _UNKNOWN = "sign 1", "glove"
"""Classes of the other dataset: one that the model calls otherwise, one that it does not know."""


def results(stage: Stage) -> Script:
    """One run, its results in every view, and test runs of it."""
    run = stage.runs["first"]
    yield from stage.go("validate", run=run)
    page = cast("ValidatePage", stage.page("validate"))
    yield Until(lambda: page.images.result is not None, "the result", LONG_S)
    yield from _views(stage, page)
    yield from _through_time(stage, page)
    yield from _one_image(stage, page)
    other, photos = _other_data(stage)
    yield from _sheet(stage, page, run, (other, photos))
    yield from _test_runs(stage, page, run, (other, photos))
    yield from _comparison(stage, page, run)
    yield from _answers(stage, run)


def _views(stage: Stage, page: ValidatePage) -> Script:
    page.images.table_button.click()
    yield Pause(700)
    yield from stage.camera.take(PAGE, "table")
    yield from stage.small(PAGE, "table_minimum")
    page.images.table_button.click()
    page.images.show_within(Span("confidence", 0.3, 0.9))
    page.matrix.bars.picked.emit(3)
    yield Pause(700)
    yield from stage.camera.take(PAGE, "filtered")
    page.images.clear_filters()
    for view in ("curves", "classes"):
        page.side.show_view(view)
        yield Pause(700)
        yield from stage.camera.take(PAGE, view)
    page.side.show_view("images")
    page.side.slider.setValue(70)
    yield Pause(700)
    yield from stage.camera.take(PAGE, "not_sure")
    yield from stage.small(PAGE, "not_sure_minimum")
    page.side.slider.setValue(0)


def _through_time(stage: Stage, page: ValidatePage) -> Script:
    for _ in range(3):
        page.history.step_back()
        yield Pause(600)
    yield from stage.camera.take(PAGE, "earlier")
    yield from stage.small(PAGE, "earlier_minimum")
    for _ in range(3):
        page.history.step_on()
        yield Pause(600)
    for key in ("forgotten", "never_right"):
        page.lists.choose(key)
        yield Pause(2000)
        yield from stage.camera.take(PAGE, f"list_{key}")
    page.lists.close()


def _one_image(stage: Stage, page: ValidatePage) -> Script:
    shown = page.images.grid.images.shown
    if not len(shown):
        return
    page.open_image(int(shown[0]))
    yield Pause(1000)
    yield from stage.camera.take(PAGE, "image")
    page.heat.toggle.chip.click()
    yield Pause(9000)
    yield from stage.camera.take(PAGE, "heat_map")
    page.close_image()


def _other_data(stage: Stage) -> tuple[Path, Path]:
    """A dataset for tests whose classes have partly other names, and a folder of pictures."""
    folder = stage.context.home.cache / "recorder-other"
    classes = sorted(entry for entry in (stage.pictures() / "test").iterdir() if entry.is_dir())
    for place, source in enumerate(classes[:5]):
        name = {0: _RENAMED, 4: _UNKNOWN}.get(place, source.name)
        target = folder / "photographed signs" / name
        target.mkdir(parents=True, exist_ok=True)
        for file in sorted(source.iterdir())[:6]:
            shutil.copy(file, target)
    photos = folder / "from the phone"
    photos.mkdir(parents=True, exist_ok=True)
    for number, file in enumerate(stage.some_pictures(24)):
        shutil.copy(file, photos / f"IMG_{2140 + number}{file.suffix}")
    (photos / "IMG_2200.jpg").write_bytes(b"cut off")
    return folder / "photographed signs", photos


def _sheet(stage: Stage, page: ValidatePage, run: str, data: tuple[Path, Path]) -> Script:
    other, photos = data
    labelled = other.parent / "signs of a colleague"
    if not labelled.is_dir():
        shutil.copytree(stage.pictures() / "test", labelled)
    library = Library(stage.context.home)
    library.import_dataset(other, options=ImportOptions(is_test_only=True))
    page.evaluation.ask(run)
    yield Until(lambda: page.evaluation.sheet is not None, "the sheet", LONG_S)
    sheet = page.evaluation.sheet
    assert sheet is not None
    yield from stage.camera.take(PAGE, "sheet")
    sheet.data.choose_dataset(other.name)
    yield from _offered(stage, sheet, "sheet_classes")
    sheet.data.take_folder(labelled)
    yield from _offered(stage, sheet, "sheet_folder")
    sheet.data.take_folder(photos)
    yield from _offered(stage, sheet, "sheet_unlabelled")
    sheet.reject()
    yield Pause(300)


def _offered(stage: Stage, sheet: EvaluateSheet, state: str) -> Script:
    yield Until(lambda: sheet.offer is not None, "what the data offers", LONG_S)
    yield Pause(400)
    yield from stage.camera.take(PAGE, state)


def _test_runs(stage: Stage, page: ValidatePage, run: str, data: tuple[Path, Path]) -> Script:
    other, photos = data
    first = sorted(entry.name for entry in (stage.pictures() / "test").iterdir() if entry.is_dir())[0]
    mapping = {_RENAMED: first, _UNKNOWN: None}
    for name, source, split in (
        ("test_run", Source(dataset=other.name), "test"),
        ("unlabelled", Source(folder=photos, is_labelled=False), ""),
    ):
        page.evaluation.start(run, Asked("best", source, split, mapping if split else {}))
        yield from stage.named(name, lambda row: row.kind == "evaluate")
        yield stage.until_ended(name)
        page.browser.refresh()
        made = stage.runs[name]
        yield Until(partial(_is_shown, page, made), f"the result of {name}", LONG_S)
        yield Pause(1200)
        yield from stage.camera.take(PAGE, name)
        yield from stage.small(PAGE, f"{name}_minimum")
    for view in ("curves",):
        page.side.show_view(view)
        yield Pause(600)
        yield from stage.camera.take(PAGE, f"unlabelled_{view}")
    page.side.show_view("images")
    page.open_image(int(page.images.grid.images.shown[0]))
    yield Pause(1000)
    yield from stage.camera.take(PAGE, "unlabelled_image")
    page.close_image()
    chooser = stage.find(ChoiceBox, "Result", page.source)
    later(chooser.showPopup)
    yield Pause(600)
    yield from stage.camera.take(PAGE, "chooser")
    chooser.hidePopup()


def _is_shown(page: ValidatePage, run: str) -> bool:
    result = page.images.result
    return result is not None and result.key.run == run


def _comparison(stage: Stage, page: ValidatePage, run: str) -> Script:
    own = [entry.key for entry in page.browser.results if entry.is_own]
    if len(own) < 2:
        return
    keys: list[ResultKey] = [own[-1], own[0]]
    yield from stage.go("compare", results=keys, back="validate")
    compare = cast("ComparePage", stage.page("compare"))
    yield Until(lambda: compare.shown is not None, "the comparison", LONG_S)
    yield Pause(2500)
    for view in ("metrics", "classes", "images", "settings"):
        compare.show_view(view)
        yield Pause(1200)
        yield from stage.camera.take(PAGE, f"compare_{view}")
    compare.show_view("images")
    yield from stage.small(PAGE, "compare_minimum")
    yield from stage.go("validate", run=run)


def _answers(stage: Stage, run: str) -> Script:
    yield from stage.go("predict", run=run)
    page = cast("PredictPage", stage.page("predict"))
    page.clear()
    yield from stage.go("predict", run=run, drop=stage.some_pictures(60))
    yield Until(lambda: len(page.board) > 0 and not page.queue.waits, "the answers", LONG_S)
    yield Pause(1500)
    yield from _press(stage, "Grid")
    yield from stage.camera.take(PAGE, "predict_grid")
    yield from stage.small(PAGE, "predict_grid_minimum")
    yield from _press(stage, "Single")
    yield from _press(stage, "Heat map")
    yield Pause(8000)
    yield from stage.camera.take(PAGE, "predict_heat_map")
    yield from _press(stage, "Compare")
    yield Pause(6000)
    yield from stage.camera.take(PAGE, "predict_compare")
    yield from stage.small(PAGE, "predict_compare_minimum")


def _press(stage: Stage, words: str) -> Script:
    """Press a button of the Predict page; one that is not there is written down."""
    try:
        button = stage.find(QAbstractButton, words, stage.page("predict"))
    except LookupError:
        try:
            button = stage.find(QAbstractButton, f"Images as: {words}", stage.page("predict"))
        except LookupError as error:
            stage.camera.miss(PAGE, words.lower(), str(error))
            return
    later(button.click)
    yield Pause(800)
