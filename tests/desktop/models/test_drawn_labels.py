"""What is left of truth and prediction where only their differences are drawn."""

from __future__ import annotations

import numpy as np

from desktop.models.drawn_labels import NOTHING, DrawnLabels, only_errors


def pixels(rows: list[list[int]]) -> DrawnLabels:
    classes = np.array(rows, np.uint8)
    return DrawnLabels(classes.shape[1], classes.shape[0], class_map=classes)


def test_that_pixels_are_left_that_are_said_to_be_of_another_class() -> None:
    truth, prediction = only_errors(pixels([[0, 1, NOTHING], [2, 2, 1]]), pixels([[0, 2, 1], [2, 1, 1]]))

    assert truth.class_map is not None
    assert prediction.class_map is not None
    assert truth.class_map.tolist() == [[NOTHING, 1, NOTHING], [NOTHING, 2, NOTHING]]
    assert prediction.class_map.tolist() == [[NOTHING, 2, NOTHING], [NOTHING, 1, NOTHING]]


def test_that_a_smaller_prediction_is_compared_pixel_by_pixel() -> None:
    truth, prediction = only_errors(pixels([[0, 0, 1, 1], [0, 0, 1, 0]]), pixels([[0, 1]]))

    assert truth.class_map is not None
    assert prediction.class_map is not None
    assert prediction.class_map.shape == (2, 4)
    assert (prediction.class_map != NOTHING).tolist() == [[False] * 4, [False, False, False, True]]
    assert truth.class_map[1, 3] == 0


def test_that_objects_are_left_that_were_missed_or_made_up() -> None:
    boxes = np.array([[0, 0, 1, 1], [2, 2, 3, 3]], np.float32)
    classes, words = np.array([4, 5]), ("", "missed")
    truth = DrawnLabels(9, 9, boxes, classes, words=words, wrong=np.array([False, True]))
    plain = DrawnLabels(9, 9, boxes, classes)

    left, untouched = only_errors(truth, plain)

    assert left.boxes.tolist() == [[2, 2, 3, 3]]
    assert left.classes.tolist() == [5]
    assert left.words == ["missed"]
    assert untouched is plain, "what nobody judged stays"
