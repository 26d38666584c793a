"""How times, sizes and metrics are said."""

from __future__ import annotations

import math

import pytest

from desktop.models.run_words import (
    change_text,
    device_words,
    duration_words,
    is_lower_better,
    metric_phrase,
    metric_text,
    metric_words,
    plural,
    size_words,
)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, ""),
        (math.nan, ""),
        (0.4, "0 s"),
        (59, "59 s"),
        (457, "7 min 37 s"),
        (1500, "25 min"),
        (7500, "2 h 05 min"),
        (300_000, "3 d 11 h"),
    ],
)
def test_that_a_duration_is_said_in_the_two_units_that_matter(seconds: float | None, words: str) -> None:
    assert duration_words(seconds) == words


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("val/accuracy", 0.9482, "94.8%"),
        ("val/loss", 0.26, "0.260"),
        ("train/lr", 0.00002, "2.00e-05"),
        ("train/images_per_s", 1136.4, "1,136"),
        ("train/images_per_s", 2.94, "2.9"),
        ("val/loss", math.nan, "NaN"),
        ("val/loss", None, "–"),
    ],
)
def test_that_a_metric_is_shown_as_people_read_it(name: str, value: float | None, text: str) -> None:
    assert metric_text(name, value) == text


@pytest.mark.parametrize(
    ("name", "change", "text"),
    [("val/map50", 0.514, "+51.4 pt"), ("val/loss", -0.0214, "-0.021"), ("val/log_loss", 0.1, "+0.100")],
)
def test_that_a_change_of_a_share_is_told_in_points(name: str, change: float, text: str) -> None:
    assert change_text(name, change) == text


@pytest.mark.parametrize(
    ("device", "words"),
    [("cpu", "CPU"), ("cuda:0", "GPU 0"), ("cuda", "GPU 0"), ("cuda:0,cuda:2", "GPU 0, GPU 2")],
)
def test_that_devices_are_named_as_people_say_them(device: str, words: str) -> None:
    assert device_words(device) == words


def test_that_names_of_metrics_become_words() -> None:
    assert metric_words("val/accuracy") == "Validation accuracy"
    assert metric_words("train/lr") == "Train learning rate"
    assert metric_words("val/my_own_score") == "Validation my own score"


@pytest.mark.parametrize(
    ("name", "phrase"),
    [
        ("val/map", "validation mAP 50-95"),
        ("val/miou", "validation mean IoU"),
        ("dice", "Dice"),
        ("iou", "IoU"),
        ("mask_map50", "mask mAP 50"),
        ("top5_accuracy", "top-5 accuracy"),
    ],
)
def test_that_metrics_keep_their_capitals_inside_a_sentence(name: str, phrase: str) -> None:
    assert metric_phrase(name) == phrase


def test_that_a_falling_loss_is_good_and_a_falling_accuracy_is_not() -> None:
    assert is_lower_better("val/loss")
    assert not is_lower_better("val/accuracy")


def test_that_sizes_and_counts_are_said() -> None:
    assert [size_words(size) for size in (0, 999, 1500, 2_400_000, 3e9)] == [
        "0 B", "999 B", "1.5 kB", "2.4 MB", "3.0 GB",
    ]  # fmt: skip
    assert [plural(count, "class", "classes") for count in (1, 2)] == ["1 class", "2 classes"]
    assert plural(2_000, "image") == "2,000 images"
