"""What plugins report becomes full names and plain numbers."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from engine.plugin.reported_metrics import read_report, split_name, to_number


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("loss", ("train", "loss")),
        ("train_loss", ("train", "loss")),
        ("val_accuracy", ("val", "accuracy")),
        ("val/f1", ("val", "f1")),
        ("valid_loss", ("val", "loss")),
        ("validation_top5_accuracy", ("val", "top5_accuracy")),
        ("test/accuracy", ("test", "accuracy")),
        ("value", ("train", "value")),
        ("val_", ("train", "val_")),
        ("trainable", ("train", "trainable")),
    ],
)
def test_that_a_name_tells_its_split(name: str, parts: tuple[str, str]) -> None:
    assert split_name(name) == parts


def test_that_what_validate_gives_is_of_validation_unless_it_says_otherwise() -> None:
    report = read_report({"accuracy": 0.5, "val_loss": 1, "train_loss": 2}, "val")

    assert report.val == {"val/accuracy": 0.5, "val/loss": 1.0}
    assert report.train == {"train/loss": 2.0}


@pytest.mark.parametrize(
    "value",
    [
        2,
        2.0,
        np.float32(2),
        np.int64(2),
        np.array([2]),
        torch.tensor(2),
        torch.tensor([[2.0]]).requires_grad_(),
    ],
)
def test_that_any_kind_of_number_is_a_number(value: object) -> None:
    number = to_number(value)

    assert type(number) is float
    assert number == 2.0


@pytest.mark.parametrize(
    "value",
    ["2", None, [2], torch.ones(3), np.ones(2), np.array(["a"]), 2j, np.complex64(1), torch.tensor(1j)],
)
def test_that_what_is_no_number_is_left_out_by_name(value: object) -> None:
    report = read_report({"odd": value, "loss": 1})

    assert report.ignored == ("odd",)
    assert report.train == {"train/loss": 1.0}
