from __future__ import annotations

import pytest

from desktop.forms.number_steps import compact, stepped, typed_number
from engine.config.field import ConfigField

LOG = ConfigField(name="lr", type="float", default=1e-3, min=0, max=10, exclusive_min=True, log=True)
DECAY = ConfigField(name="decay", type="float", default=0.0, min=0, max=1, log=True)
SHARE = ConfigField(name="share", type="float", default=0.2, min=0, max=1)
OPEN = ConfigField(
    name="open", type="float", default=0.5, min=0, max=1, exclusive_min=True, exclusive_max=True
)
COUNT = ConfigField(name="count", type="int", default=3, min=1, max=9)
SIDE = ConfigField(name="side", type="int", default=224, min=16, max=2048, step=32)
ANGLE = ConfigField(name="angle", type="float", default=15.0, min=0, max=180)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1e-3, "0.001"),
        (1e-6, "1e-6"),
        (5e-5, "5e-5"),
        (0.0005, "0.0005"),
        (1.0, "1"),
        (2.5e-08, "2.5e-8"),
        (32, "32"),
        (2**40, "1099511627776"),
        (1e20, "1e20"),
        ("auto", "auto"),
        (None, ""),
        (float("nan"), "nan"),
    ],
)
def test_that_numbers_are_written_as_people_do(value: object, text: str) -> None:
    assert compact(value) == text


@pytest.mark.parametrize("value", [1e-3, 1e-6, 5e-5, 0.1, 3.0, 1e20, 1 / 3, 2.5e-08])
def test_that_what_is_written_reads_as_the_same_number(value: float) -> None:
    assert typed_number(LOG, compact(value)) == value


@pytest.mark.parametrize(
    ("field", "value", "steps", "result"),
    [
        (LOG, 1e-3, 1, 2e-3), (LOG, 2e-3, 1, 5e-3), (LOG, 5e-3, 1, 1e-2), (LOG, 1e-3, -1, 5e-4),
        (LOG, 3e-3, 1, 5e-3), (LOG, 3e-3, -1, 2e-3), (LOG, 10.0, 1, 10.0), (LOG, 1e-3, 3, 1e-2),
        (DECAY, 0.0, 1, 1e-6), (DECAY, 1e-6, -1, 0.0), (DECAY, 0.0, -1, 0.0), (DECAY, 1.0, 1, 1.0),
        (SHARE, 0.2, 1, 0.21), (SHARE, 1.0, 1, 1.0), (SHARE, 0.0, -1, 0.0), (SHARE, 7.0, -1, 1.0),
        (OPEN, 0.99, 5, 0.99), (OPEN, 9.0, 1, 0.5),
        (COUNT, 3, 1, 4), (COUNT, 9, 1, 9), (COUNT, 1, -1, 1), (COUNT, 40, -1, 9), (COUNT, "abc", 1, 1),
        (SIDE, 224, 1, 256), (SIDE, 224, -1, 192), (SIDE, 20, -1, 16), (ANGLE, 15.0, 1, 16.0),
    ],
)  # fmt: skip
def test_that_an_arrow_key_moves_within_the_bounds(
    field: ConfigField, value: object, steps: int, result: float
) -> None:
    moved = stepped(field, value, steps)
    assert moved == pytest.approx(result)
    assert isinstance(moved, int) == (field.type == "int")


@pytest.mark.parametrize("text", ["1e-", "abc", "0,5", "nan", "inf", "1.5.2"])
def test_that_text_that_is_no_number_stays_text(text: str) -> None:
    assert typed_number(LOG, text) == text
