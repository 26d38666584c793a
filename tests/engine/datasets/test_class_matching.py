"""Classes of a dataset as a model knows them."""

from __future__ import annotations

import numpy as np
import pytest

from engine.datasets.annotations import Annotations
from engine.datasets.class_matching import (
    match_classes,
    objects_with_classes,
    require_meaning,
    with_classes,
)
from engine.datasets.manifest import Item, Manifest, MaskValue
from engine.errors import UserError


def manifest(task: str, classes: tuple[str, ...], labels: tuple[int | None, ...]) -> Manifest:
    items = tuple(
        Item(path=f"{n}.png", label=label, split="test", sha256=f"{n}") for n, label in enumerate(labels)
    )
    return Manifest(name="d", task=task, format="f", version="v", classes=classes, items=items)


def test_that_equal_classes_in_another_order_are_matched() -> None:
    match = match_classes(("b", "a"), ("a", "b"))

    assert match.places == (1, 0)
    assert not match.is_same
    assert match_classes(("a", "b"), ("a", "b")).is_same


def test_that_names_that_differ_in_case_and_spaces_alone_are_the_same_class() -> None:
    match = match_classes(("Traffic-Light", "STOP sign", "tree"), ("traffic_light", "stop  sign", "car"))

    assert match.renamed == (("Traffic-Light", "traffic_light"), ("STOP sign", "stop  sign"))
    assert (match.left_out, match.missing) == (("tree",), ("car",))


def test_that_a_name_that_could_be_two_classes_is_left_to_the_user() -> None:
    assert match_classes(("cat",), ("Cat", "CAT")).left_out == ("cat",)
    # The dataset has both: each is its own.
    assert match_classes(("cat", "Cat"), ("cat",)).left_out == ("Cat",)


def test_that_two_classes_can_be_one_of_the_models_and_a_match_can_be_undone() -> None:
    match = match_classes(("kitten", "cat", "dog"), ("cat", "dog"), {"kitten": "cat", "dog": None})

    assert match.places == (0, 0, None)
    assert match.document() == {
        "matched": {"kitten": "cat", "cat": "cat"}, "left_out": ["dog"], "missing": ["dog"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("dataset", "model", "is_refused"),
    [
        (("a", "b"), ("c", "d"), True),
        (("a", "c"), ("a", "b"), True),
        (("a",), ("a", "b"), False),
        (("a", "b"), ("a",), False),
        (("a", "b", "c"), ("b", "c", "d"), False),
        ((), ("a",), False),
    ],
)
def test_that_what_would_say_nothing_is_refused(
    dataset: tuple[str, ...], model: tuple[str, ...], is_refused: bool
) -> None:
    match = match_classes(dataset, model)
    if not is_refused:
        require_meaning(match, "d")
        return
    with pytest.raises(UserError) as refused:
        require_meaning(match, "d")
    assert refused.value.code == "classes_differ"


def test_that_images_of_a_class_that_is_left_out_lose_their_label() -> None:
    data = manifest("classification", ("x", "b", "a"), (0, 1, 2, None))

    seen = with_classes(data, match_classes(data.classes, ("a", "b")))

    assert [item.label for item in seen.items] == [None, 1, 0, None]
    assert (seen.classes, seen.version) == (("a", "b"), "v")


def test_that_numbers_of_masks_are_read_as_the_models_classes() -> None:
    match = match_classes(("x", "b", "a"), ("a", "b"))
    plain = with_classes(manifest("segmentation", ("x", "b", "a"), (None,)), match)
    told = manifest("segmentation", ("x", "b", "a"), (None,)).model_copy(
        update={"mask_values": (MaskValue(value=7, label=2), MaskValue(value=9), MaskValue(value=3, label=0))}
    )

    assert [(v.value, v.label) for v in plain.mask_values] == [(0, None), (1, 1), (2, 0)]
    values = with_classes(told, match).mask_values
    assert [(v.value, v.label) for v in values] == [(7, 0), (9, None), (3, None)]


def test_that_objects_keep_their_outlines_and_lose_what_is_left_out() -> None:
    """Three images: a triangle of x and one of a; nothing; a mask of runs of b."""
    table = Annotations(
        object_starts=np.array([0, 2, 2, 3]),
        boxes=np.arange(12, dtype=np.float32).reshape(3, 4),
        labels=np.array([0, 2, 1]),
        crowd=np.array([False, False, True]),
        difficult=np.array([True, False, False]),
        areas=np.array([1, 2, 3], dtype=np.float32),
        ring_starts=np.array([0, 1, 3, 3]),
        point_starts=np.array([0, 3, 6, 10]),
        points=np.arange(20, dtype=np.int32).reshape(10, 2),
        run_starts=np.array([0, 0, 0, 4]),
        runs=np.array([5, 6, 7, 8], dtype=np.uint32),
        run_sizes=np.array([[0, 0], [0, 0], [4, 6]], dtype=np.int32),
    )

    kept = objects_with_classes(table, match_classes(("x", "b", "a"), ("a", "b")))

    assert kept.object_starts.tolist() == [0, 1, 1, 2]
    assert kept.labels.tolist() == [0, 1]
    assert kept.boxes.tolist() == table.boxes[1:].tolist()
    assert [ring.tolist() for ring in kept.rings(0)] == [ring.tolist() for ring in table.rings(1)]
    runs, size = kept.object_runs(1) or (np.zeros(0), (0, 0))
    assert (runs.tolist(), size) == ([5, 6, 7, 8], (4, 6))
    assert kept.crowd.tolist() == [False, True]
