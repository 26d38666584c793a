"""Average precision, against the published figures of COCO's tools and against stored answers of pycocotools."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.metrics.detection import DetectionMeter, DetectionMetrics, DetectionSettings
from tests.fixtures.coco_references import images_of, read

LIBRARIES = ["hotcoco", "faster_coco_eval"]
STORED: list[dict[str, Any]] = read(Path(__file__).parents[2] / "fixtures" / "pycocotools_figures.json")[
    "cases"
]
"""Random objects and answers, with equal scores and crowds among them, as pycocotools 2.0.11 judged them."""


def measured(
    truth: dict[str, Any], answers: list[dict[str, Any]], masks: bool, library: str
) -> DetectionMetrics:
    meter = DetectionMeter(len(truth["categories"]), DetectionSettings(masks=masks, library=library))
    for predicted, target in images_of(truth, answers, masks):
        meter.add(predicted, target)
    return meter.compute()


def summary(metrics: DetectionMetrics) -> list[float]:
    return [
        metrics.map,
        metrics.map50,
        metrics.map75,
        metrics.map_small,
        metrics.map_medium,
        metrics.map_large,
        metrics.mar,
    ]


def assert_published(metrics: DetectionMetrics, truth: dict[str, Any], expected: dict[str, Any]) -> None:
    names = ("AP", "AP50", "AP75", "AP_small", "AP_medium", "AP_large", "AR100")
    assert summary(metrics) == pytest.approx([expected[name] for name in names], abs=1e-6)
    there = {
        category["name"]: value
        for category, value in zip(truth["categories"], metrics.ap, strict=True)
        if not np.isnan(value)
    }
    assert there == pytest.approx(expected["AP_per_class"], abs=1e-6)


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("kind", ["bbox", "segm"])
def test_that_cocos_own_example_comes_out_overall_by_size_and_by_class(
    kind: str, library: str, shared_data: Path
) -> None:
    folder = shared_data / "metric_refs" / "coco_val2014_100"
    truth = read(folder / "instances_val2014_100.json")
    answers = read(folder / f"instances_val2014_fake{kind}100_results.json")

    metrics = measured(truth, answers, kind == "segm", library)

    assert_published(metrics, truth, read(folder / "expected_pycocotools.json")[f"val2014_100_{kind}"])


@pytest.mark.parametrize("library", LIBRARIES)
def test_that_a_second_published_example_comes_out(library: str, shared_data: Path) -> None:
    folder = shared_data / "metric_refs" / "coco_sampled_padilla"
    truth = read(folder / "sampled_gts_bbox_area.json")

    metrics = measured(truth, read(folder / "cocoapi_results.json"), False, library)

    assert_published(metrics, truth, read(folder / "expected_pycocotools.json"))


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("case", STORED)
def test_that_random_cases_are_judged_as_pycocotools_judges_them(case: dict[str, Any], library: str) -> None:
    metrics = measured(case["truth"], case["answers"], case["masks"], library)

    found = np.nan_to_num(np.array(summary(metrics)), nan=-1)
    np.testing.assert_allclose(found, np.array(case["stats"])[[0, 1, 2, 3, 4, 5, 8]], atol=1e-9)
    np.testing.assert_allclose(np.nan_to_num(metrics.ap, nan=-1), case["ap"], atol=1e-9)
    np.testing.assert_allclose(np.nan_to_num(metrics.ap50, nan=-1), case["ap50"], atol=1e-9)


@pytest.mark.parametrize("case", STORED)
def test_that_our_matching_agrees_with_the_precision_that_the_library_accumulates(
    case: dict[str, Any],
) -> None:
    # The recall of all predictions at overlap 0.5 is the share of objects that our own matching says were found.
    metrics = measured(case["truth"], case["answers"], case["masks"], "hotcoco")
    found = metrics.matches.is_right
    labels = metrics.table.predicted.labels[found]
    right = np.bincount(labels, minlength=len(case["truth"]["categories"]))
    reached = (metrics.precision_at_recall[0] > 0).sum(axis=1)

    for label in np.flatnonzero(metrics.support):
        recall = right[label] / metrics.support[label]
        assert reached[label] == np.count_nonzero(metrics.recalls <= recall + 1e-9)
        assert metrics.curves.recall[label, 0] == pytest.approx(recall)
