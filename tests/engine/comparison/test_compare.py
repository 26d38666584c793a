"""Results side by side: which images are common, what is said of a difference, and what cannot be compared."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.comparison.bootstrap import Plan
from engine.comparison.compare import Comparison, Line, compare
from engine.errors import UserError
from tests.engine.comparison.judged import ANIMALS, classifier, detector, guesses, segmenter

FEW = Plan(300)
TARGETS = np.random.default_rng(0).integers(0, 3, 200)


def line(comparison: Comparison, name: str) -> Line:
    return next(each for each in comparison.metrics if each.name == name)


def finding(comparison: Comparison, name: str, place: int = 1) -> str:
    difference = line(comparison, name).differences[place]
    return "" if difference is None else difference.finding


def test_that_a_better_model_is_called_better_and_a_higher_loss_worse() -> None:
    rng = np.random.default_rng(1)
    weak, strong = (
        classifier(name, TARGETS, guesses(rng, TARGETS, share)) for name, share in (("a", 0.5), ("b", 0.9))
    )
    up, down = compare([weak, strong], FEW), compare([strong, weak], FEW)

    assert (finding(up, "accuracy"), finding(up, "log_loss")) == ("better", "better")
    assert (finding(down, "accuracy"), finding(down, "log_loss")) == ("worse", "worse")
    difference = line(up, "accuracy").differences[1]
    assert difference is not None
    assert difference.interval is not None
    assert difference.interval[0] < difference.value < difference.interval[1]
    assert line(up, "accuracy").differences[0] is None


def test_that_noise_is_called_noise() -> None:
    rng = np.random.default_rng(2)
    one, other = (classifier(name, TARGETS, guesses(rng, TARGETS, 0.7)) for name in ("a", "b"))

    assert finding(compare([one, other], FEW), "accuracy") == "not distinguishable"


@pytest.mark.parametrize(
    ("images", "told"), [(1, "not distinguishable"), (5, "not distinguishable"), (6, "better")]
)
def test_that_so_few_images_tell_no_gain_from_chance(images: int, told: str) -> None:
    targets = np.zeros(images, dtype=np.int64)
    found = compare([classifier("a", targets, targets + 1), classifier("b", targets, targets)], FEW)

    assert finding(found, "accuracy") == told
    difference = line(found, "accuracy").differences[1]
    assert difference is not None
    assert difference.value == 1
    assert (difference.interval is None) == (told != "better")


def test_that_a_class_of_few_images_is_not_called_better_beside_one_of_many() -> None:
    targets = np.array([0] * 20 + [1])
    wrong = np.array([2] * 20 + [0])
    found = compare([classifier("a", targets, wrong), classifier("b", targets, targets)], FEW)

    told = {each.name: each.differences[1] for each in found.classes}
    assert [each.finding if each is not None else None for each in told.values()] == [
        "better",
        "not distinguishable",
        None,
    ]


def test_that_equal_predictions_are_the_same() -> None:
    predicted = guesses(np.random.default_rng(2), TARGETS, 0.7)
    found = compare([classifier(name, TARGETS, predicted) for name in ("a", "b", "c")], FEW)

    assert [finding(found, "accuracy", place) for place in (1, 2)] == ["the same", "the same"]
    assert found.flips(0, 1).fixed.tolist() == []


def test_that_metrics_that_are_not_stored_by_image_are_told_without_an_interval() -> None:
    found = compare([detector("a", 1, ignored=0.2), detector("b", 2, ignored=0.2)], FEW)
    difference = line(found, "map").differences[1]

    assert difference is not None
    assert (difference.finding, difference.interval) == ("not tested", None)
    assert finding(found, "map50") != "not tested"
    assert len({each.name for each in found.metrics}) == len(found.metrics)


def test_that_average_precision_at_all_overlaps_has_its_interval() -> None:
    found = compare([detector("a", 1, 60, 0.9), detector("b", 2, 60, 0.4)], FEW)

    assert finding(found, "map") == "worse"
    assert finding(found, "map75") in ("worse", "not distinguishable")
    assert finding(found, "map_medium") == "not tested"


def test_that_flips_are_the_images_that_changed_sides_by_gain() -> None:
    targets = np.array([0, 0, 1, 1, 2])
    one = classifier("a", targets, np.array([0, 1, 1, 0, 2]))
    other = classifier("b", targets, np.array([0, 0, 2, 0, 1]))
    found = compare([one, other], FEW)

    assert found.paths(found.flips(0, 1).fixed) == ["0001.png"]
    assert sorted(found.paths(found.flips(0, 1).broken)) == ["0002.png", "0004.png"]
    assert found.paths(found.flips(1, 0).broken) == ["0001.png"]


def test_that_flips_of_segmentations_begin_with_the_largest_gain() -> None:
    found = compare([segmenter("a", 1, accuracy=0.3), segmenter("b", 2, accuracy=0.7)], FEW)
    fixed = found.flips(0, 1).fixed
    gain = (found.goodness[1] - found.goodness[0])[fixed]

    assert len(fixed) > 2
    assert (np.diff(gain) <= 0).all()


def test_that_images_are_matched_by_content_whatever_their_order_and_path() -> None:
    predicted = guesses(np.random.default_rng(3), TARGETS, 0.7)
    numbers = list(range(200))
    one = classifier("a", TARGETS, predicted, numbers=numbers)
    turned = classifier("b", TARGETS[50:][::-1], predicted[50:][::-1], numbers=numbers[50:][::-1])
    moved = replace(turned, paths=tuple(f"elsewhere/{path}" for path in turned.paths))
    found = compare([one, moved], FEW)

    assert (found.common.count, found.common.totals, found.common.is_all) == (150, (200, 150), False)
    assert finding(found, "accuracy") == "the same"
    assert [each.name for each in found.metrics] == [
        "accuracy", "balanced_accuracy", "f1_macro", "precision_macro", "recall_macro", "log_loss"
    ]  # fmt: skip


def test_that_copies_of_an_image_are_matched_one_by_one() -> None:
    targets = np.array([0, 1, 2])
    one = replace(classifier("a", targets, targets), hashes=("x", "x", "y"))
    other = replace(classifier("b", targets, targets), hashes=("x", "z", "x"))

    assert compare([one, other], FEW).common.count == 2


def test_that_a_class_that_most_draws_lack_has_no_interval() -> None:
    targets = np.array([0] * 20 + [1] * 20)
    found = compare([classifier(name, targets, targets) for name in ("a", "b")], FEW)

    assert found.classes[2].values == (None, None)
    assert found.classes[2].differences == (None, None)
    assert [each.support for each in found.classes] == [20, 20, 0]


def test_that_different_tasks_are_refused() -> None:
    with pytest.raises(UserError, match="a is of the task classification, b of detection") as told:
        compare([classifier("a", TARGETS, TARGETS), detector("b", 1)])

    assert told.value.code == "comparison_tasks"


def test_that_different_classes_are_refused_with_their_names() -> None:
    other = classifier("b", TARGETS, TARGETS, ("cat", "dog", "fox"))
    with pytest.raises(UserError, match="owl only in a; fox only in b") as told:
        compare([classifier("a", TARGETS, TARGETS), other])

    assert told.value.code == "comparison_classes"


def test_that_results_without_a_common_image_are_refused() -> None:
    other = classifier("b", TARGETS, TARGETS, numbers=range(1000, 1200))
    with pytest.raises(UserError, match="a and b were measured on different images") as told:
        compare([classifier("a", TARGETS, TARGETS), other])

    assert told.value.code == "comparison_no_images"


def test_that_a_result_without_rows_by_image_is_refused() -> None:
    bare = replace(classifier("b", TARGETS, TARGETS), columns={}, arrays={}, paths=(), hashes=())
    with pytest.raises(UserError, match="b was stored without results by image") as told:
        compare([classifier("a", TARGETS, TARGETS), bare])

    assert told.value.code == "comparison_no_rows"


def test_that_images_without_labels_are_refused() -> None:
    there = classifier("b", TARGETS, TARGETS)
    bare = replace(there, summary=there.summary.model_copy(update={"is_labelled": False}))
    with pytest.raises(UserError, match="b is of images without labels") as told:
        compare([classifier("a", TARGETS, TARGETS), bare])

    assert told.value.code == "comparison_no_truth"


def test_that_one_result_is_no_comparison() -> None:
    with pytest.raises(UserError, match="two results or more"):
        compare([classifier("a", TARGETS, TARGETS)])


def test_that_a_result_that_lacks_what_is_needed_is_told_by_name() -> None:
    there = detector("b", 1)
    lacking = replace(
        there, arrays={name: array for name, array in there.arrays.items() if name != "curve_f1"}
    )
    with pytest.raises(UserError, match="b was stored without “curve_f1”"):
        compare([detector("a", 1), lacking])


def test_that_arrays_that_do_not_fit_are_called_damage() -> None:
    there = detector("b", 1)
    broken = replace(there, arrays={**there.arrays, "box_labels": there.arrays["box_labels"][:-3]})
    with pytest.raises(UserError, match="do not fit together") as told:
        compare([detector("a", 1), broken])

    assert told.value.code == "result_damaged"


def test_that_a_task_that_nobody_counts_is_told() -> None:
    made = [classifier(name, TARGETS, TARGETS) for name in ("a", "b")]
    strange = [replace(each, summary=each.summary.model_copy(update={"task": "poetry"})) for each in made]
    with pytest.raises(UserError, match="task poetry cannot be compared"):
        compare(strange)


def test_that_classes_are_in_the_order_of_the_first() -> None:
    turned = classifier("b", 2 - TARGETS, 2 - TARGETS, ANIMALS[::-1])
    found = compare([turned, classifier("a", TARGETS, TARGETS)], FEW)

    assert [each.name for each in found.classes] == list(ANIMALS[::-1])
