"""What is said of a segmenter's results and answers: cards, verdicts by overlap, cells, classes of pixels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from desktop.charts.figures import BarFigure
from desktop.models.result import Result, ResultKey, open_result
from desktop.tasks.measures import Span, bar_span
from desktop.tasks.task import Selection, task_view
from desktop.viewers.label_view import PREDICTION, TRUTH
from engine.protocol.home import Home
from engine.protocol.results import PredictionRecord
from tests.desktop.task_runs import GROUNDS, ground, segmenter_run

VIEW = task_view("segmentation")


@pytest.fixture
def result(lensmith_home: Path, tmp_path: Path) -> Result:
    home = Home(lensmith_home)
    return open_result(home, ResultKey(segmenter_run(home, tmp_path).run, "0002"))


def shown(result: Result, **filters: object) -> list[int]:
    return np.flatnonzero(VIEW.chosen(result, Selection(**filters))).tolist()  # pyright: ignore[reportArgumentType]  # names of fields


def test_that_cards_tell_overlap_and_the_weakest_class(result: Result) -> None:
    cards = VIEW.cards(result, None, "")

    assert [fact.title for fact in cards[:3]] == ["Mean IoU", "Dice", "Pixel accuracy"]
    assert cards[0].value == f"{result.summary.metrics['val/miou']:.1%}"
    assert cards[0].note == "on 2 images"
    assert cards[4].value in ("grass", "road")


def test_that_the_bound_divides_good_from_poor_images(result: Result) -> None:
    overlaps = result.column("iou").tolist()
    bound = VIEW.bound(result)

    assert overlaps == pytest.approx([1.0, 1 / 3])
    assert bound is not None
    at = VIEW.at(result, bound.value)
    assert shown(at, verdict="correct") == [0]
    assert shown(at, verdict="incorrect") == [1]
    assert shown(VIEW.at(result, 0.2), verdict="correct") == [0, 1]


def test_that_cells_choose_the_images_that_confuse_these_classes(result: Result) -> None:
    assert shown(result, true=1, predicted=2) == [1]
    assert shown(result, true=2) == [0]
    assert shown(result, predicted=2) == [0, 1]
    assert shown(result, true=0, predicted=1) == []


def test_that_the_worst_image_comes_first(result: Result) -> None:
    order = VIEW.order(result, VIEW.sorts[0].key)

    assert order is not None
    assert int(np.argmin(order)) == 1


def test_that_layers_hold_the_classes_of_pixels(result: Result) -> None:
    layers = VIEW.layers(result, 1)

    truth, prediction = layers[TRUTH].class_map, layers[PREDICTION].class_map
    assert truth is not None
    assert prediction is not None
    assert truth.tolist() == ground(1).tolist()
    assert prediction[-1, 0] == 2


def test_that_a_detail_lists_the_overlap_of_each_class_worst_first(result: Result) -> None:
    detail = VIEW.detail(result, 1)

    assert [score.label for score in detail.scores] == ["grass", "road", "sky"]
    assert not detail.is_correct
    assert VIEW.tile(result, 1).caption == "grass 0%"


def test_that_charts_show_how_the_overlap_is_spread(result: Result) -> None:
    titles = [figure.title for figure in VIEW.figures(VIEW.at(result, 0.5))]

    assert titles[:2] == ["Images by mean IoU", "Images by pixel accuracy"]
    assert titles[2:] == ["grass by image", "road by image", "sky by image"]


def test_that_an_answer_tells_the_shares_of_the_picture(tmp_path: Path) -> None:
    mask = tmp_path / "mask.png"
    Image.fromarray(ground(0)).save(mask)
    record = PredictionRecord(file="a.png", shares={"grass": 0.6, "sky": 0.4}, mask=str(mask), size=(40, 30))

    answer, labels = VIEW.answer(record, GROUNDS, 0.0), VIEW.answer_labels(record, GROUNDS)

    assert answer.headline == "Mostly grass"
    assert [bar.number for bar in answer.bars] == [1, 0]
    assert labels is not None
    assert labels.class_map is not None
    assert labels.class_map.tolist() == ground(0).tolist()
    assert VIEW.csv_rows(record, 0.0) == [["grass", "0.600000"], ["sky", "0.400000"]]


def test_that_ranges_of_overlap_choose_images(result: Result) -> None:
    assert shown(result, spans=(Span("iou", 0.0, 0.5),)) == [1]
    assert shown(result, spans=(Span("iou", 0.0, 0.5), Span("pixel_accuracy", 0.9, 1.0))) == []
    road = GROUNDS.index("road")
    assert VIEW.measure_of(result, f"class_iou/{road}").title == "IoU of road"
    assert shown(result, spans=(Span(f"class_iou/{road}", 0.9, 1.0),)) == [0]


def test_that_a_bar_shows_as_many_images_as_it_counts(result: Result) -> None:
    for figure in VIEW.figures(VIEW.at(result, 0.5)):
        assert isinstance(figure, BarFigure)
        spans = [bar_span(figure, number) for number in range(figure.bins)]
        counts = [len(shown(result, spans=(span,))) for span in spans]
        assert counts == [int(figure.total(number)) for number in range(figure.bins)], figure.title


def test_that_the_table_tells_overlap_by_image_and_class(result: Result) -> None:
    columns = VIEW.columns(VIEW.at(result, 0.5))
    rows = {column.title: list(column.words(np.arange(2))) for column in columns}

    assert rows["Classes"] == ["sky, grass, road", "sky, grass"]
    assert rows["Verdict"] == ["✓ Good", "✕ Poor"]
    assert rows["Mean IoU"] == ["100.0%", "33.3%"]
    assert rows["IoU grass"] == ["100.0%", "0.0%"]
