"""What models find in new pictures, in numbers, and how far two of them agree."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from desktop.tasks.task import task_view
from engine.protocol.results import PredictionRecord, ScoredLabel

CLASSES = ("cat", "dog")
CLASSIFIER, DETECTOR, SEGMENTER = (
    task_view(name) for name in ("classification", "detection", "segmentation")
)


def scored(*pairs: tuple[str, float]) -> PredictionRecord:
    top = tuple(ScoredLabel(label=label, confidence=confidence) for label, confidence in pairs)
    return PredictionRecord(file="a.png", label=top[0].label, confidence=top[0].confidence, top=top)


def boxed(*boxes: tuple[str, float, tuple[float, float, float, float]]) -> PredictionRecord:
    told = tuple({"label": label, "confidence": score, "box": list(box)} for label, score, box in boxes)
    return PredictionRecord(file="a.png", size=(100, 100), boxes=told)


def mapped(path: Path, classes: list[list[int]]) -> PredictionRecord:
    Image.fromarray(np.array(classes, np.uint8)).save(path)
    return PredictionRecord(file="a.png", shares={"cat": 1.0}, mask=str(path))


def test_that_a_classifier_finds_its_likeliest_class_with_its_lead() -> None:
    found = CLASSIFIER.findings(scored(("dog", 0.7), ("cat", 0.2)), CLASSES)

    assert found.classes.tolist() == [1]
    assert found.scores.tolist() == pytest.approx([0.7])
    assert found.margin == pytest.approx(0.5)


def test_that_an_answer_that_is_no_number_is_told_as_that_and_not_in_percent() -> None:
    nan = float("nan")
    top = tuple(ScoredLabel(label=name, confidence=nan) for name in ("a", "b"))
    record = PredictionRecord(file="x.png", label=None, confidence=nan, top=top)

    answer = CLASSIFIER.answer(record, ("a", "b"), 0.5)

    assert answer.is_unsure
    assert "no number" in answer.why
    assert "nan" not in f"{answer}".lower()


def test_that_a_detector_finds_all_its_boxes_and_unknown_classes_are_none() -> None:
    box = (0.0, 0.0, 9.0, 9.0)
    found = DETECTOR.findings(boxed(("dog", 0.9, box), ("cow", 0.2, box)), CLASSES)

    assert found.classes.tolist() == [1, -1]
    assert found.scores.tolist() == pytest.approx([0.9, 0.2])
    assert np.isnan(found.margin)


def test_that_a_segmenter_finds_the_shares_of_its_classes() -> None:
    record = PredictionRecord(file="a.png", shares={"dog": 0.75, "cat": 0.25})
    found = SEGMENTER.findings(record, CLASSES)

    assert (found.classes.tolist(), found.scores.tolist()) == ([1, 0], [0.75, 0.25])


def test_that_two_classifiers_agree_on_a_class_and_disagree_the_more_the_surer_they_are() -> None:
    dog, cat, maybe_cat = scored(("dog", 0.9)), scored(("cat", 0.8)), scored(("cat", 0.4))

    assert CLASSIFIER.agreement(dog, scored(("dog", 0.5)), 0.0) == 1.0
    surely, maybe = CLASSIFIER.agreement(dog, cat, 0.0), CLASSIFIER.agreement(dog, maybe_cat, 0.0)
    assert surely < maybe < CLASSIFIER.agrees_from


def test_that_two_detectors_agree_by_boxes_of_one_class_in_one_place_above_the_threshold() -> None:
    # 10 × 10 and the same moved by 2: they share 80 of 120 pixels. Moved by 6: 40 of 160.
    first = boxed(("cat", 0.9, (0, 0, 10, 10)), ("dog", 0.3, (50, 50, 60, 60)))
    near, far = boxed(("cat", 0.6, (2, 0, 12, 10))), boxed(("cat", 0.6, (6, 0, 16, 10)))

    assert DETECTOR.agreement(first, near, 0.5) == 1.0
    assert DETECTOR.agreement(first, near, 0.1) == pytest.approx(2 / 3)
    assert DETECTOR.agreement(first, far, 0.5) == 0.0
    assert DETECTOR.agreement(first, boxed(("dog", 0.6, (0, 0, 10, 10))), 0.5) == 0.0
    assert DETECTOR.agreement(boxed(), boxed(), 0.5) == 1.0


def test_that_two_segmenters_agree_by_the_share_of_equal_pixels(tmp_path: Path) -> None:
    first = mapped(tmp_path / "a.png", [[0, 0], [1, 1]])
    second = mapped(tmp_path / "b.png", [[0, 0], [1, 0]])
    other = mapped(tmp_path / "c.png", [[0, 0, 1]])

    assert SEGMENTER.agreement(first, second, 0.0) == 0.75
    assert SEGMENTER.agreement(first, other, 0.0) == 0.0
