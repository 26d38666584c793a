"""Boxes and objects one by one: what became of each, and that all that is counted elsewhere is counted here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from desktop.models.result import Result, ResultKey, open_result
from desktop.tasks.measures import Span
from desktop.tasks.task import Parts, Selection, task_view
from desktop.viewers.label_view import PREDICTION, TRUTH
from engine.protocol.home import Home
from tests.desktop.task_runs import ANIMALS, DOGS, HEIGHT, WIDTH, detector_run

VIEW = task_view("detection")
BACKGROUND = len(ANIMALS)


@pytest.fixture
def result(lensmith_home: Path, tmp_path: Path) -> Result:
    home = Home(lensmith_home)
    return open_result(home, ResultKey(detector_run(home, tmp_path).run, "0002"))


def parts_at(result: Result, confidence: float) -> Parts:
    parts = VIEW.parts(VIEW.at(result, confidence))
    assert parts is not None
    return parts


def told(parts: Parts, selection: Selection | None = None, kind: str = "all") -> list[str]:
    chosen = np.flatnonzero(parts.chosen(selection or Selection(), kind))
    return [parts.tile(ANIMALS, int(part)).spoken for part in chosen]


@pytest.mark.parametrize("confidence", [0.3, 0.5, 0.7, 0.95])
def test_that_as_many_parts_are_counted_as_in_all_images_together(result: Result, confidence: float) -> None:
    at = VIEW.at(result, confidence)
    parts = parts_at(result, confidence)

    sums = [int(at.column(name).sum()) for name in ("true_positives", "false_positives", "false_negatives")]

    assert [parts.counted()[kind] for kind in ("found", "made_up", "missed")] == sums
    for kind, count in parts.counted().items():
        assert len(told(parts, kind=kind)) == count


def test_that_each_part_says_what_became_of_it(result: Result) -> None:
    parts = parts_at(result, 0.3)

    assert told(parts, kind="found") == [
        "Found: cat, confidence 90%",
        "Found: dog, confidence 60%",
    ]
    assert told(parts, kind="made_up") == [
        "False: a cat taken for dog, confidence 80%",
        "False: cat where no such object is, confidence 40%",
    ]
    assert told(parts, kind="missed") == ["Missed: cat", "Missed: dog"]


def test_that_parts_keep_their_numbers_at_another_confidence(result: Result) -> None:
    low, high = parts_at(result, 0.3), parts_at(result, 0.7)

    assert len(low) == len(high)
    assert (low.image == high.image).all()
    assert (low.boxes == high.boxes).all()


def test_that_a_cell_shows_what_it_counts(result: Result) -> None:
    parts = parts_at(result, 0.3)
    matrix = VIEW.at(result, 0.3).confusion
    assert matrix is not None

    for true in range(BACKGROUND + 1):
        for predicted in range(BACKGROUND + 1):
            chosen = parts.chosen(Selection(true=true, predicted=predicted))
            assert chosen.sum() == matrix[true, predicted], (true, predicted)


def test_that_ranges_leave_out_what_has_no_such_number(result: Result) -> None:
    parts = parts_at(result, 0.3)

    assert told(parts, Selection(spans=(Span("confidence", 0.85, 1.0),))) == ["Found: cat, confidence 90%"]
    assert told(parts, Selection(spans=(Span("overlap", 0.0, 1.0),)), "missed") == []
    assert len(told(parts, Selection(predicted=DOGS, spans=(Span("overlap", 0.5, 1.0),)))) == 1


def test_that_the_surest_mistake_comes_first(result: Result) -> None:
    parts = parts_at(result, 0.3)
    order = parts.order("worst")
    assert order is not None
    chosen = np.flatnonzero(parts.chosen(Selection()))

    first = chosen[np.argsort(order[chosen], kind="stable")]

    words = [parts.tile(ANIMALS, int(part)).spoken.split(":")[0] for part in first]
    assert words == ["False", "False", "Missed", "Missed", "Found", "Found"]
    assert parts.tile(ANIMALS, int(first[0])).note == "80%"


def test_that_a_part_is_found_again_among_what_is_drawn_on_its_image(result: Result) -> None:
    at = VIEW.at(result, 0.3)
    parts = parts_at(result, 0.3)

    for part in np.flatnonzero(parts.chosen(Selection())):
        layer, number = parts.mark(int(part))
        drawn = VIEW.layers(at, int(parts.image[part]))[layer]
        assert drawn.boxes[number].tolist() == parts.boxes[part].tolist()
        assert layer == (TRUTH if "Missed" in parts.tile(ANIMALS, int(part)).spoken else PREDICTION)


def test_that_a_part_is_marked_among_the_boxes_that_are_left(result: Result) -> None:
    parts = parts_at(result, 0.5)
    of_third = [part for part in np.flatnonzero(parts.chosen(Selection())) if parts.image[part] == 2]

    assert [parts.mark(int(part)) for part in of_third] == [(PREDICTION, 0)]


def test_that_a_part_is_drawn_with_its_own_mask(lensmith_home: Path, tmp_path: Path) -> None:
    home = Home(lensmith_home)
    parts = parts_at(open_result(home, ResultKey(detector_run(home, tmp_path, masks=True).run, "0002")), 0.3)
    seen = {"box": 0, "object": 0}
    for part in np.flatnonzero(parts.chosen(Selection())).tolist():
        labels = parts.drawn(part)
        assert labels is not None
        assert len(labels) == 1
        left, top, right, bottom = parts.boxes[part].astype(int).tolist()
        if parts.mark(part)[0] == PREDICTION:
            seen["box"] += 1
            assert labels.masks is not None
            expected = np.zeros((HEIGHT, WIDTH), np.bool_)
            expected[top:bottom, left:right] = True
            assert (labels.masks[0] == expected).all()
        else:
            seen["object"] += 1
            (ring,) = labels.rings[0]
            assert [*ring.min(axis=0), *ring.max(axis=0)] == [left, top, right, bottom]
    assert seen == {"box": 4, "object": 2}


def test_that_a_box_without_a_mask_is_drawn_without(result: Result) -> None:
    parts = parts_at(result, 0.3)

    assert parts.drawn(0) is None
