"""The Map page: made by the engine, coloured, lassoed into the grid, with the pairs that look almost the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPointF
from pytestqt.qtbot import QtBot

from desktop.context import Context
from desktop.models.insight_map import open_map
from desktop.models.result import ResultKey
from desktop.models.result_weights import Weights
from desktop.pages.insight import BY_VERDICT, PAIRS, InsightPage
from engine.datasets.manifest import Manifest
from engine.protocol.home import Home
from engine.protocol.results import MAP_NAME, ImageMap
from engine.protocol.run_folder import write_record
from tests.desktop.measured_runs import MeasuredRun, measured_run
from tests.desktop.unlabelled_runs import answers_of

WAIT_MS = 60_000


@pytest.fixture
def context(qtbot: QtBot, lensmith_home: Path) -> Iterator[Context]:
    made = Context(Home(lensmith_home).ensure())
    yield made
    made.close()


@pytest.fixture
def run(context: Context, tmp_path: Path) -> MeasuredRun:
    return measured_run(context.home, tmp_path)


def key_of(run: MeasuredRun) -> ResultKey:
    return ResultKey(run.run, sorted(entry.name for entry in run.folder.results.iterdir())[0])


def put_map(run: MeasuredRun) -> ResultKey:
    """Write a map as the engine does: the images on a line, one copy of a training image among them."""
    key = key_of(run)
    folder = run.folder.results / key.folder
    items = np.load(folder / "image_item.npy")
    points = np.stack([np.arange(len(items)), np.zeros(len(items))], axis=1).astype(np.float32)
    manifest = Manifest.load(run.folder.manifest_path)
    train = next((place for place, item in enumerate(manifest.items) if item.split == "train"), int(items[1]))
    np.save(folder / "map_points.npy", points)
    np.save(folder / "map_pairs.npy", np.array([[items[0], items[1]], [train, items[2]]], np.int64))
    np.save(folder / "map_alike.npy", np.array([0.999, 0.98], np.float32))
    write_record(folder / MAP_NAME, ImageMap(checkpoint="best", images=len(items), pairs=2))
    return key


def opened(qtbot: QtBot, context: Context, run: MeasuredRun, key: ResultKey) -> InsightPage:
    page = InsightPage(context)
    qtbot.addWidget(page)
    page.resize(1300, 800)
    page.show()
    page.open(result=key, run=run.run)
    qtbot.waitUntil(lambda: page.shown is not None, timeout=WAIT_MS)
    return page


def test_that_a_lasso_shows_its_images_in_the_grid(qtbot: QtBot, context: Context, run: MeasuredRun) -> None:
    page = opened(qtbot, context, run, put_map(run))
    assert page.shown is not None
    images = page.shown.result.images
    assert page.count.text() == f"{images} of {images}"

    places = page.map.places()
    left, right = float(places[0, 0]) - 4, float(places[2, 0]) + 4
    low, high = float(places[0, 1]) - 9, float(places[0, 1]) + 9
    page.map.choose_within(
        [QPointF(left, low), QPointF(right, low), QPointF(right, high), QPointF(left, high)]
    )

    assert sorted(page.grid.images.shown.tolist()) == [0, 1, 2]
    assert page.count.text() == f"3 of {images}"


def test_that_pairs_across_splits_come_first_with_both_pictures(
    qtbot: QtBot, context: Context, run: MeasuredRun
) -> None:
    page = opened(qtbot, context, run, put_map(run))

    page.side.choose(PAIRS)
    page.side.changed.emit(PAIRS)

    assert page.pairs.list.count() == 2
    assert "across splits" in page.pairs.list.item(0).text()
    assert "across splits" not in page.pairs.list.item(1).text()
    assert "1 of them across splits" in page.words.whole_text()
    qtbot.waitUntil(lambda: all(not view.image_size.isEmpty() for view in page.pairs.views), timeout=WAIT_MS)


def test_that_hovering_shows_the_picture(qtbot: QtBot, context: Context, run: MeasuredRun) -> None:
    page = opened(qtbot, context, run, put_map(run))

    page.map.mark(1)
    page.map.pointed.emit(1)
    qtbot.waitUntil(page.hover.isVisible, timeout=WAIT_MS)
    page.map.mark(-1)
    page.map.pointed.emit(-1)

    assert page.hover.isHidden()


def test_that_the_verdict_may_colour_the_points(qtbot: QtBot, context: Context, run: MeasuredRun) -> None:
    page = opened(qtbot, context, run, put_map(run))
    before = page.map.grab().toImage()
    assert page.shown is not None
    assert [name for _color, name in page.key.entries] == list(page.shown.result.classes)

    page.coloring.choose(BY_VERDICT)
    page.coloring.changed.emit(BY_VERDICT)

    assert page.map.grab().toImage() != before
    assert [name for _color, name in page.key.entries] == ["correct", "incorrect"]


def test_that_answers_without_truth_are_coloured_by_what_was_predicted(
    qtbot: QtBot, context: Context, run: MeasuredRun
) -> None:
    asked = answers_of(run)
    page = InsightPage(context)
    qtbot.addWidget(page)
    page.resize(1300, 800)
    page.show()

    page.open(result=put_map(asked), run=run.run)
    qtbot.waitUntil(lambda: page.shown is not None, timeout=WAIT_MS)

    assert page.shown is not None
    assert [name for _color, name in page.key.entries] == list(page.shown.result.classes)
    assert page.coloring.isHidden(), "nothing is right or wrong"
    assert "circle" in page.grid.images.tile(0).caption


def test_that_without_a_map_the_page_offers_to_make_one(
    qtbot: QtBot, context: Context, run: MeasuredRun
) -> None:
    page = opened(qtbot, context, run, key_of(run))

    assert page.empty.title.text() == "No map of this result yet"
    assert page.states.currentWidget() is page.empty


def test_that_a_result_that_is_gone_is_not_mapped_by_the_weights_of_the_one_before(
    qtbot: QtBot, context: Context, run: MeasuredRun
) -> None:
    page = opened(qtbot, context, run, key_of(run))
    assert page.shown is not None
    page.shown = replace(page.shown, weights=Weights(run.folder.checkpoints / "best"))

    page.open(result=ResultKey(run.run, "0999"), run=run.run)
    qtbot.waitUntil(lambda: "not there any more" in page.empty.title.text(), timeout=WAIT_MS)

    assert page.empty.button is not None
    assert page.empty.button.isHidden()


def test_that_what_was_wrong_with_the_result_before_is_not_said_of_this_one(
    qtbot: QtBot, context: Context, run: MeasuredRun
) -> None:
    page = InsightPage(context)
    qtbot.addWidget(page)
    page.show()
    with qtbot.waitSignal(page.maker.opened, timeout=WAIT_MS), qtbot.assertNotEmitted(page.maker.failed):
        page.open(result=ResultKey(run.run, "0999"), run=run.run)
        page.open(result=key_of(run), run=run.run)
        context.background.wait(WAIT_MS)

    assert page.empty.title.text() == "No map of this result yet"


def test_that_a_damaged_map_is_made_anew(context: Context, run: MeasuredRun) -> None:
    key = put_map(run)
    (run.folder.results / key.folder / "map_points.npy").write_bytes(b"no array")

    assert open_map(context.home, key, run.run).points is None
