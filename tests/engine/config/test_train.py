"""Settings of earlier runs still mean what they meant."""

from __future__ import annotations

import pytest

from engine.config.train import RunConfig


@pytest.mark.parametrize(
    ("told", "keep"),
    [
        ({}, "all"),
        ({"validation.per_image": True}, "all"),
        ({"validation.per_image": False}, "numbers"),
        ({"validation.per_image": False, "validation.keep": "newest_and_best"}, "newest_and_best"),
    ],
)
def test_that_a_run_that_kept_nothing_by_image_still_does(told: dict[str, object], keep: str) -> None:
    assert RunConfig.from_flat(told).validation.keep == keep
