"""An image's split follows from its bytes: the same in every run, and never on two sides."""

from __future__ import annotations

from collections import Counter

import pytest

from engine.datasets.manifest import Item, Manifest
from engine.datasets.split import divide, with_validation


def manifest(counts: dict[str, int], copies: int = 1, split: str = "train") -> Manifest:
    items = [
        Item(path=f"{name}/{n}-{c}.png", label=label, split=split, sha256=f"{name}{n:04d}")
        for label, (name, count) in enumerate(counts.items())
        for n in range(count)
        for c in range(copies)
    ]
    return Manifest(
        name="d",
        task="classification",
        format="imagefolder",
        version="v",
        classes=tuple(counts),
        items=tuple(items),
    )


def splits(of: Manifest) -> Counter[tuple[int | None, str]]:
    return Counter((item.label, item.split) for item in of.items)


def test_that_each_class_gives_its_share() -> None:
    found = splits(with_validation(manifest({"cat": 50, "dog": 10}), 0.2))

    assert found == {(0, "val"): 10, (0, "train"): 40, (1, "val"): 2, (1, "train"): 8}


def test_that_the_choice_does_not_depend_on_order_or_names_of_files() -> None:
    one = manifest({"cat": 30})
    other = one.model_copy(
        update={"items": tuple(i.model_copy(update={"path": f"x/{i.path}"}) for i in reversed(one.items))}
    )

    def chosen(of: Manifest) -> set[str]:
        return {item.sha256 for item in with_validation(of, 0.3).items if item.split == "val"}

    assert chosen(one) == chosen(other)


def test_that_a_larger_share_only_adds_images() -> None:
    def chosen(share: float) -> set[str]:
        return {i.sha256 for i in with_validation(manifest({"cat": 40}), share).items if i.split == "val"}

    assert chosen(0.1) < chosen(0.3)


def test_that_equal_files_stay_together() -> None:
    divided = with_validation(manifest({"cat": 20, "dog": 20}, copies=3), 0.25)

    by_content: dict[str, set[str]] = {}
    for item in divided.items:
        by_content.setdefault(item.sha256, set()).add(item.split)
    assert {len(found) for found in by_content.values()} == {1}


@pytest.mark.parametrize(("count", "expected"), [(1, (1, 0)), (2, (1, 1)), (3, (2, 1))])
def test_that_every_class_keeps_an_image_to_train_on(count: int, expected: tuple[int, int]) -> None:
    found = splits(with_validation(manifest({"rare": count, "cat": 9}), 0.2))

    assert (found[0, "train"], found[0, "val"]) == expected


def test_that_a_validation_split_that_is_there_stays() -> None:
    whole = manifest({"cat": 10})
    first = whole.items[0].model_copy(update={"split": "val"})
    given = whole.model_copy(update={"items": (first, *whole.items[1:])})

    assert with_validation(given, 0.5) is given


def test_that_test_images_are_never_taken_for_validation() -> None:
    whole = manifest({"cat": 10})
    tested = [item.model_copy(update={"split": "test", "sha256": f"t{item.sha256}"}) for item in whole.items]
    given = whole.model_copy(update={"items": (*whole.items, *tested)})

    assert splits(with_validation(given, 0.2))[0, "test"] == 10


def test_that_dividing_by_hand_makes_a_new_version_that_follows_the_seed() -> None:
    whole = manifest({"cat": 40, "dog": 40})
    one, same, other = (divide(whole, {"val": 0.2, "test": 0.1}, seed) for seed in (1, 1, 2))

    assert splits(one) == {
        (label, split): count for label in (0, 1) for split, count in (("val", 8), ("test", 4), ("train", 28))
    }
    assert one == same
    assert one.version != other.version


def test_that_an_image_under_two_labels_is_for_training_so_that_no_class_loses_all() -> None:
    whole = manifest({"cat": 2, "dog": 2})
    shared = [whole.items[0], whole.items[2].model_copy(update={"sha256": whole.items[0].sha256})]
    own = [whole.items[1], whole.items[3]]
    given = whole.model_copy(update={"items": (*shared, *own)})

    for seed in range(20):
        found = splits(divide(given, {"val": 0.5}, seed))
        assert min(found[0, "train"], found[1, "train"]) >= 1
        assert {item.split for item in divide(given, {"val": 0.5}, seed).items[:2]} == {"train"}


def test_that_the_version_does_not_depend_on_the_order_of_listing() -> None:
    whole = manifest({"cat": 5, "dog": 5}, copies=2)
    twice = [*whole.items, whole.items[0].model_copy(update={"split": "test"})]

    assert whole.with_items(twice).version == whole.with_items(reversed(twice)).version


@pytest.mark.parametrize("change", [{"path": "x.png"}, {"label": 1}, {"split": "val"}, {"sha256": "other"}])
def test_that_every_part_of_an_item_changes_the_version(change: dict[str, object]) -> None:
    whole = manifest({"cat": 3, "dog": 3})
    changed = [whole.items[0].model_copy(update=change), *whole.items[1:]]

    assert whole.with_items(changed).version != whole.with_items(whole.items).version
