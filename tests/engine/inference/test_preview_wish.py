"""A request for a preview is read field by field, and refused with the name of the one that is wrong."""

from __future__ import annotations

import pytest

from engine.errors import UserError
from engine.inference.preview_wish import Wish, read_wish

LEAST: dict[str, object] = {"plugin": "p", "config": {"epochs": 2}, "dataset": "d"}


def test_that_what_is_left_out_has_a_default() -> None:
    assert read_wish(LEAST) == Wish("p", {"epochs": 2}, "d")


def test_that_every_field_is_taken() -> None:
    told = {
        "split": "val",
        "images": [3, 1],
        "count": 4,
        "pick": 2,
        "seed": 7,
        "epochs": [0, 5],
        "size": 99999,
    }
    assert read_wish(LEAST | told) == Wish(
        "p", {"epochs": 2}, "d", split="val", images=(3, 1), count=4, pick=2, seed=7, epochs=(0, 5), size=2048
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("plugin", ""),
        ("config", None),
        ("dataset", 3),
        ("images", "all"),
        ("images", [-1]),
        ("count", 0),
        ("pick", 1.5),
        ("seed", True),
        ("seed", 2**31),
        ("epochs", list(range(99))),
        ("size", "large"),
    ],
)
def test_that_a_wrong_field_is_named(field: str, value: object) -> None:
    with pytest.raises(UserError) as refused:
        read_wish(LEAST | {field: value})
    assert refused.value.code == "request_invalid"
    assert f"'{field}'" in refused.value.message
