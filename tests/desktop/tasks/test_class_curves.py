"""Rates of a classifier by threshold, beside scikit-learn's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import f1_score, precision_score, recall_score

from desktop.charts.figures import BarFigure, RateFigure
from desktop.models.result import Result, ResultKey, open_result
from desktop.tasks.class_curves import class_curves
from desktop.tasks.measures import Span, bar_span
from desktop.tasks.task import Selection, task_view
from engine.protocol.home import Home
from engine.tasks.classification.judge import judge_scores, score_table
from engine.tasks.predictions import ClassScores
from tests.desktop.measured_runs import CLASSES, MeasuredRun, import_pictures

VIEW = task_view("classification")


@pytest.fixture
def result(lensmith_home: Path, tmp_path: Path) -> Result:
    """Twelve images with scores by chance, in thousandths, so that thresholds of hundredths divide them."""
    home = Home(lensmith_home)
    run = MeasuredRun(home, "20260101-000000-cccc", import_pictures(home, tmp_path)).create()
    items = [n for n, item in enumerate(run.manifest.items) if item.split == "val"]
    targets = np.array([run.manifest.items[n].label for n in items], dtype=np.int64)
    drawn = np.random.default_rng(3).dirichlet((1.0, 1.0, 1.0), len(items))
    judgement = judge_scores(
        score_table([ClassScores(row.astype(np.float32)) for row in drawn], targets, len(CLASSES)), CLASSES
    )
    judgement.columns["item"] = np.array(items, dtype=np.int64)
    run.keep(judgement, 1)
    run.tell()
    return open_result(home, ResultKey(run.run, "0001"))


def shown(result: Result, selection: Selection) -> list[int]:
    return np.flatnonzero(VIEW.chosen(result, selection)).tolist()


def figure(result: Result, title: str) -> RateFigure | BarFigure:
    return next(found for found in VIEW.figures(result) if found.title == title)


@pytest.mark.parametrize("threshold", [0.1, 0.35, 0.6])
def test_that_rates_at_a_threshold_are_scikit_learns(result: Result, threshold: float) -> None:
    curves = class_curves(result)
    assert curves is not None
    place = round(threshold * 1000)

    for label in range(len(CLASSES)):
        is_own = result.column("target") == label
        called = result.column("scores")[:, label].astype(np.float64) >= threshold
        assert curves.precision[label, place] == pytest.approx(precision_score(is_own, called))
        assert curves.recall[label, place] == pytest.approx(recall_score(is_own, called))
        assert curves.f1[label, place] == pytest.approx(f1_score(is_own, called))


def test_that_a_point_of_a_curve_shows_what_the_class_would_take_there(result: Result) -> None:
    rates = figure(result, "Precision and recall")
    assert isinstance(rates, RateFigure)
    line = next(n for n, entry in enumerate(rates.lines) if entry.label == CLASSES[1])

    span = VIEW.meant(result, rates, 0.75, line)

    assert isinstance(span, Span)
    assert VIEW.measure_of(result, span.key).title == f"Score of {CLASSES[1]}"
    images = shown(result, Selection().within(span))
    own = [image for image in images if result.column("target")[image] == 1]
    assert len(own) == 3, "three of four are found"
    at = result.column("scores")[:, 1].astype(np.float64)
    assert images == np.flatnonzero(at >= span.low).tolist()
    assert min(at[own]) - span.low < 0.001, "and no lower threshold finds as few others"


def test_that_a_point_of_the_roc_curve_lets_no_more_others_in(result: Result) -> None:
    rates = figure(result, "ROC by class")
    assert isinstance(rates, RateFigure)
    line = next(n for n, entry in enumerate(rates.lines) if entry.label == CLASSES[2])

    span = VIEW.meant(result, rates, 0.25, line)

    assert isinstance(span, Span)
    taken = shown(result, Selection().within(span))
    assert sum(result.column("target")[image] != 2 for image in taken) == 2, "a quarter of eight"
    assert VIEW.meant(result, rates, 0.25, 0) is None, "the mean is no class"


@pytest.mark.parametrize("title", ["Confidence", "Loss", "Margin"])
def test_that_a_bar_shows_as_many_images_as_it_counts(result: Result, title: str) -> None:
    bars = figure(result, title)
    assert isinstance(bars, BarFigure)

    spans = [bar_span(bars, number) for number in range(bars.bins)]

    counts = [len(shown(result, Selection().within(span))) for span in spans if span is not None]
    assert counts == [int(bars.total(number)) for number in range(bars.bins)]
    assert sum(counts) == 12


def test_that_the_best_f1_is_the_highest_of_the_mean(result: Result) -> None:
    curves, rates = class_curves(result), figure(result, "F1 against confidence")
    assert curves is not None
    assert isinstance(rates, RateFigure)

    assert rates.best == pytest.approx(curves.f1.mean(axis=0).argmax() / 1000)
    assert rates.note.startswith(f"best {curves.f1.mean(axis=0).max():.1%}")
