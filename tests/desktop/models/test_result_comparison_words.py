"""Differences in words: none that is there is told as zero."""

from __future__ import annotations

import pytest

from desktop.models.result_comparison_words import difference_text, interval_text
from engine.comparison.compare import Difference


@pytest.mark.parametrize(
    ("metric", "difference", "text", "interval"),
    [
        ("val/accuracy", Difference(0.012, (0.004, 0.021), "better"), "+1.2 pt  better", "+0.4 to +2.1"),
        ("val/accuracy", Difference(-0.0003, (-0.0004, -0.0001), "worse"), "under 0.1 pt  worse", "-0.040 to -0.010"),
        ("val/accuracy", Difference(0.0, None, "not tested"), "+0.0 pt  not tested", "–"),
        ("val/accuracy", Difference(0.0, (0.0, 0.0), "the same"), "the same", "–"),
        ("val/log_loss", Difference(-0.12, (-0.204, -0.047), "better"), "-0.120  better", "-0.204 to -0.047"),
        ("val/log_loss", Difference(0.0002, (0.0001, 0.0004), "worse"), "under 0.001  worse", "+0.00010 to +0.00040"),
    ],
)  # fmt: skip
def test_that_a_difference_is_said_with_its_interval(
    metric: str, difference: Difference, text: str, interval: str
) -> None:
    assert difference_text(metric, difference) == text
    assert interval_text(metric, difference) == interval
