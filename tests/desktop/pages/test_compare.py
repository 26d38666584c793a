"""The Compare page with real results: tables, galleries, one image as two models see it, and what is refused."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from desktop.bridge.actions import Told
from desktop.context import Context
from desktop.models.result import ResultKey
from desktop.pages.compare import IMAGES, METRICS, ComparePage
from desktop.pages.compare_images import BOTH_WRONG, BROKEN, FIXED
from desktop.pages.jobs_compare import CompareView
from desktop.pages.validate import ValidatePage
from desktop.tasks.task import Layers
from desktop.viewers.label_view import PREDICTION, TRUTH
from desktop.widgets.buttons import Button
from engine.protocol.home import Home
from tests.desktop.measured_runs import MeasuredRun, evaluation_of
from tests.desktop.task_runs import detector_run, segmenter_run

WAIT_MS = 30_000


def second_run(first: MeasuredRun, wrong: int = 0, *, per_image: bool = True) -> MeasuredRun:
    made = MeasuredRun(first.home, "20260102-000000-cccc", first.manifest).create()
    made.measure(1, wrong=wrong, per_image=per_image)
    made.checkpoint("best", "best", 1)
    return made.tell()


def keys(run: MeasuredRun, *numbers: int) -> list[ResultKey]:
    return [ResultKey(run.run, f"{number:04}") for number in numbers]


def open_page(qtbot: QtBot, context: Context, **target: object) -> ComparePage:
    context.runs.refresh()
    qtbot.waitUntil(lambda: context.runs.is_loaded, timeout=WAIT_MS)
    page = ComparePage(context)
    qtbot.addWidget(page)
    page.resize(1368, 848)
    with qtbot.waitActive(page, timeout=WAIT_MS):
        page.show()
        page.activateWindow()
    page.open(**target)
    return page


def compared(qtbot: QtBot, context: Context, wanted: list[ResultKey]) -> ComparePage:
    page = open_page(qtbot, context, results=wanted)
    qtbot.waitUntil(lambda: page.shown is not None, timeout=WAIT_MS)
    return page


def refused(qtbot: QtBot, context: Context, **target: object) -> str:
    page = open_page(qtbot, context, **target)
    qtbot.waitUntil(page.trouble.isVisible, timeout=WAIT_MS)
    assert page.head.cards == []
    return page.trouble.sentence.text()


def lines(page: ComparePage) -> dict[str, list[str]]:
    return {line[0].text: [cell.text for cell in line[1:]] for line in page.metrics.model.content.lines}


def actions(menu: QMenu | None) -> list[str]:
    return [] if menu is None else [action.text() for action in menu.actions() if action.isEnabled()]


def test_that_metrics_stand_beside_each_other_and_noise_is_called_noise(
    qtbot: QtBot, context: Context, run: MeasuredRun
) -> None:
    page = compared(qtbot, context, keys(run, 1, 3))

    assert [card.accessibleName() for card in page.head.cards] == [
        "A: Tiny · aaaa, Epoch 1 · val",
        "B: Tiny · aaaa, Epoch 3 · val",
    ]
    assert page.head.note.whole_text().startswith(
        "All on the same 12 images. Intervals: 95%, from 2,000 draws"
    )
    assert page.metrics.model.content.headings == ("Metric", "A", "B", "B - A", "95% interval")
    assert lines(page)["Accuracy"][:3] == ["75.0%", "91.7%", "+16.7 pt  not distinguishable"]
    assert lines(page)["Top-5 accuracy"][2:] == ["+0.0 pt  not tested", "–"]
    assert page.crumb == "Tiny · aaaa"


def test_that_a_real_gain_is_called_better_in_its_colour(
    qtbot: QtBot, context: Context, run: MeasuredRun
) -> None:
    worse, better = MeasuredRun(context.home, "20260103-000000-eeee", run.manifest).create(), second_run(run)
    worse.measure(1, wrong=12)
    worse.tell()
    page = compared(qtbot, context, [*keys(worse, 1), *keys(better, 1)])

    change = page.metrics.model.content.lines[0][3]
    assert (change.text, change.tone) == ("+100.0 pt  better", "ok")
    assert "beyond what the choice of images explains" in change.tip


def test_that_classes_that_change_most_stand_first_and_the_table_sorts(
    qtbot: QtBot, context: Context, run: MeasuredRun
) -> None:
    page = compared(qtbot, context, keys(run, 1, 3))
    names = [line[0].text for line in page.classes.model.content.lines]
    assert names == ["circle", "cross", "star"]

    page.classes.table.sortByColumn(1, Qt.SortOrder.DescendingOrder)
    assert [line[0].text for line in page.classes.model.content.lines] == ["star", "cross", "circle"]
    page.classes.copy()


def test_that_another_view_gets_the_keyboard_and_no_number_stands_far_from_its_line(
    qtbot: QtBot, context: Context, run: MeasuredRun
) -> None:
    page = compared(qtbot, context, keys(run, 1, 3))
    table = page.metrics.table
    table.setFocus()

    for view, widget in (
        ("images", page.images.grid),
        ("classes", page.classes.table),
        ("settings", page.settings),
        ("metrics", table),
    ):
        page.show_view(view)
        assert widget.hasFocus()
    assert table.horizontalHeader().length() < table.width()

    page.compare(page.keys[::-1])
    assert page.hasFocus()


def test_that_galleries_show_what_was_fixed_and_broken_for_any_pair(
    qtbot: QtBot, context: Context, run: MeasuredRun
) -> None:
    page = compared(qtbot, context, [*keys(run, 1, 3), *keys(second_run(run, wrong=2), 1)])
    page.show_view(IMAGES)

    galleries = page.images
    assert [galleries.count(each) for each in (FIXED, BROKEN, BOTH_WRONG)] == [2, 0, 1]
    shown = galleries.grid.images
    assert [shown.images.paths[int(n)] for n in shown.shown] == [
        "val/circle/circle-2.png",
        "val/circle/circle-1.png",
    ]
    galleries.other.setCurrentIndex(2)
    galleries.other.activated.emit(2)
    assert (galleries.pair, galleries.count(FIXED)) == ((0, 2), 1)
    galleries.one.setCurrentIndex(2)
    galleries.one.activated.emit(2)
    assert galleries.pair == (2, 0)
    assert [galleries.count(each) for each in (FIXED, BROKEN)] == [0, 1]
    assert "no image that C gets wrong" in galleries.grid.nothing


def test_that_an_image_is_opened_walked_on_from_and_left_by_keys(
    qtbot: QtBot, context: Context, run: MeasuredRun
) -> None:
    page = compared(qtbot, context, keys(run, 1, 3))
    page.show_view(IMAGES)
    page.images.grid.opened.emit(int(page.images.grid.images.shown[0]))

    assert page.pair.head.name.whole_text() == "val/circle/circle-2.png"
    assert [picture.verdict.text() for picture in page.pair.pictures] == ["✕ Incorrect", "✓ Correct"]
    assert [picture.facts()["Prediction"] for picture in page.pair.pictures] == ["cross", "circle"]
    qtbot.keyClick(page.pair, Qt.Key.Key_Right)
    assert page.pair.head.name.whole_text() == "val/circle/circle-1.png"
    qtbot.keyClick(page.pair, Qt.Key.Key_Right)
    assert page.pair.head.name.whole_text() == "val/circle/circle-1.png"
    qtbot.keyClick(page, Qt.Key.Key_Escape)
    assert page.images.grid.isVisible()
    with qtbot.waitSignal(context.asked_to_go) as gone:
        qtbot.keyClick(page, Qt.Key.Key_Escape)
    assert gone.args == ["validate", {}]


def test_that_both_predictions_are_drawn_and_zoom_together(
    qtbot: QtBot, context: Context, tmp_path: Path
) -> None:
    page = compared(qtbot, context, keys(detector_run(context.home, tmp_path), 1, 2))
    page.open_image(1)
    views = [picture.view for picture in page.pair.pictures]
    qtbot.waitUntil(lambda: all(view.labels(PREDICTION) is not None for view in views), timeout=WAIT_MS)

    assert [len(view.labels(TRUTH) or ()) for view in views] == [2, 2]
    qtbot.waitUntil(lambda: all(view.scale() > 0 for view in views), timeout=WAIT_MS)
    before = views[1].scale()
    qtbot.keyClick(page.pair, Qt.Key.Key_Plus)
    assert views[1].scale() > before
    qtbot.keyClick(page.pair, "T")
    assert views[1].labels(TRUTH) is None


def test_that_what_is_read_late_for_the_pair_before_is_not_drawn(
    qtbot: QtBot, context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = compared(qtbot, context, keys(detector_run(context.home, tmp_path), 1, 2))
    held: list[Callable[[Layers], object]] = []
    drawn: list[tuple[int, int]] = []
    assert page.shown is not None
    reading = page.shown.view.layers

    def hold(work: object, *_given: object, then: Callable[[Layers], object], **_told: object) -> None:
        if work == reading:
            held.append(then)

    monkeypatch.setattr(context.background, "run", hold)
    monkeypatch.setattr(
        page.pair, "show_layers", lambda place, number, _layers: drawn.append((place, number))
    )
    page.open_image(1)
    page.close_image()
    page.images.choose_pair(1, 0)
    page.open_image(1)
    assert len(held) == 4
    for then in held[:2]:
        then({})
    assert drawn == []
    for then in held[2:]:
        then({})
    assert drawn == [(1, 0), (1, 1)]


def test_that_pixels_show_the_prediction_first(qtbot: QtBot, context: Context, tmp_path: Path) -> None:
    page = compared(qtbot, context, keys(segmenter_run(context.home, tmp_path), 1, 2))
    page.open_image(1)
    views = [picture.view for picture in page.pair.pictures]
    qtbot.waitUntil(lambda: all(view.labels(PREDICTION) is not None for view in views), timeout=WAIT_MS)

    assert views[0].labels(TRUTH) is None
    page.pair.toggles[TRUTH].click()
    assert views[0].labels(TRUTH) is not None


@pytest.mark.parametrize("made", [detector_run, segmenter_run])
def test_that_right_and_wrong_are_those_of_the_validate_page(
    qtbot: QtBot, context: Context, tmp_path: Path, made: Callable[[Home, Path], MeasuredRun]
) -> None:
    page = compared(qtbot, context, keys(made(context.home, tmp_path), 1, 2))
    shown = page.shown
    assert shown is not None
    told = [shown.view.tile(shown.results[0], image).is_correct for image in range(shown.results[0].images)]

    np.testing.assert_array_equal(shown.compared.found.right[0], told)


def test_that_results_are_added_removed_and_put_first(
    qtbot: QtBot, context: Context, run: MeasuredRun
) -> None:
    page = compared(qtbot, context, keys(run, 1, 2))
    page.head.add.click()
    qtbot.waitUntil(lambda: page.add_menu.menu is not None, timeout=WAIT_MS)
    assert actions(page.add_menu.menu) == ["Epoch 3 · val"]

    page.add_result(keys(run, 3)[0])
    qtbot.waitUntil(lambda: len(page.head.cards) == 3, timeout=WAIT_MS)
    page.head.ordered.emit("first", 2)
    qtbot.waitUntil(lambda: page.shown is not None and page.keys == keys(run, 3, 1, 2), timeout=WAIT_MS)
    page.head.ordered.emit("remove", 1)
    qtbot.waitUntil(lambda: page.shown is not None and page.keys == keys(run, 3, 2), timeout=WAIT_MS)
    assert "remove" not in [key for key, _, _ in page.head.cards[0].entries()]


def test_that_a_run_is_forked_and_shown_from_the_comparison(
    qtbot: QtBot, context: Context, run: MeasuredRun
) -> None:
    page = compared(qtbot, context, keys(run, 1, 2))
    gone: list[tuple[str, dict[str, object]]] = []
    context.asked_to_go.connect(lambda name, target: gone.append((name, target)))
    page.head.ordered.emit("fork", 1)
    page.head.ordered.emit("validate", 1)

    assert gone == [
        ("train", {"fork": run.run}),
        ("validate", {"run": run.run, "result": keys(run, 2)[0]}),
    ]


def test_that_the_validate_page_offers_other_results_and_a_fork(
    qtbot: QtBot, context: Context, run: MeasuredRun
) -> None:
    other = second_run(run)
    evaluation_of(run)
    context.runs.refresh()
    page = ValidatePage(context)
    qtbot.addWidget(page)
    page.show()
    page.open(run=run.run, result=keys(run, 2)[0])
    qtbot.waitUntil(lambda: page.images.result is not None, timeout=WAIT_MS)
    assert page.images.result is not None
    assert page.images.result.summary.epoch == 2

    page.source.compare.click()
    qtbot.waitUntil(lambda: page.compare_menu.menu is not None, timeout=WAIT_MS)
    assert actions(page.compare_menu.menu) == [
        "Epoch 3 · val", "Epoch 1 · val", "Tiny · cccc · Epoch 1 · val"
    ]  # fmt: skip
    assert page.compare_menu.menu is not None
    with qtbot.waitSignal(context.asked_to_go) as gone:
        page.compare_menu.menu.actions()[-1].trigger()
    assert gone.args == ["compare", {"results": [*keys(run, 2), *keys(other, 1)], "back": "validate"}]
    with qtbot.waitSignal(context.asked_to_go) as forked:
        page.source.fork_wanted.emit()
    assert forked.args == ["train", {"fork": run.run}]


def test_that_compared_runs_of_the_jobs_page_lead_to_their_images(
    qtbot: QtBot, context: Context, run: MeasuredRun
) -> None:
    other = second_run(run)
    view = CompareView(context)
    qtbot.addWidget(view)
    view.show_runs([run.run, other.run])
    button = next(each for each in view.findChildren(Button) if each.text() == "On images")
    with qtbot.waitSignal(context.asked_to_go) as gone:
        button.click()
    assert gone.args == ["compare", {"runs": [run.run, other.run], "back": "jobs"}]

    assert gone.args is not None
    page = open_page(qtbot, context, **gone.args[1])
    qtbot.waitUntil(lambda: page.shown is not None, timeout=WAIT_MS)
    assert page.keys == [*keys(run, 3), *keys(other, 1)]
    assert page.choice.current() == METRICS


def test_that_runs_of_different_tasks_are_refused(
    qtbot: QtBot, context: Context, run: MeasuredRun, tmp_path: Path
) -> None:
    other = detector_run(context.home, tmp_path)

    assert "they answer different questions" in refused(
        qtbot, context, results=[*keys(run, 1), *keys(other, 1)]
    )


def test_that_a_result_without_rows_by_image_is_refused(
    qtbot: QtBot, context: Context, run: MeasuredRun
) -> None:
    other = second_run(run, per_image=False)
    sentence = refused(qtbot, context, results=[*keys(run, 1), *keys(other, 1)])

    assert sentence.startswith("B (Tiny · cccc) was stored without results by image.")


def test_that_a_run_that_was_deleted_meanwhile_is_told(
    qtbot: QtBot, context: Context, run: MeasuredRun
) -> None:
    other = second_run(run)
    shutil.rmtree(other.folder.path)

    assert "is not there any more" in refused(qtbot, context, results=[*keys(run, 1), *keys(other, 1)])
    assert "There is no run" in refused(qtbot, context, results=[*keys(run, 1), ResultKey("nobody", "0001")])
    sentence = refused(qtbot, context, runs=[run.run, other.run])
    assert "has no result on its val images" in sentence
    assert "lensmith" not in sentence


def test_that_the_page_without_anything_to_compare_says_so(qtbot: QtBot, context: Context) -> None:
    assert "Nothing is compared yet" in refused(qtbot, context)


def test_that_images_that_are_gone_do_not_stop_the_comparison(
    qtbot: QtBot, context: Context, run: MeasuredRun, tmp_path: Path, told: list[Told]
) -> None:
    shutil.rmtree(tmp_path / "pictures")
    page = compared(qtbot, context, keys(run, 1, 3))
    page.open_image(0)

    assert page.pair.isVisible()
    assert told == []
