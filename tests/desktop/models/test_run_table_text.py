"""What is known of a run, in words."""

from __future__ import annotations

import math
from datetime import datetime

import pytest

from desktop.models.run_table_text import (
    best_explained,
    best_named,
    best_text,
    duration,
    duration_text,
    epochs_text,
    eta_text,
    last_seen,
    metric_name,
    progress,
    when_text,
)
from tests.desktop.run_rows import row

NOW = datetime(2026, 5, 20, 15, 0).astimezone().timestamp()


@pytest.mark.parametrize(
    ("seconds_ago", "words"),
    [
        (0, "just now"),
        (-30, "just now"),
        (61, "1 min ago"),
        (3 * 3600, "3 h ago"),
        (20 * 3600, "yesterday 19:00"),
        (40 * 86400, "10 Apr"),
        (400 * 86400, "15 Apr 2025"),
    ],
)
def test_that_a_moment_is_told_as_seen_from_now(seconds_ago: float, words: str) -> None:
    assert when_text(NOW - seconds_ago, NOW) == words


def test_that_a_moment_ahead_of_a_clock_that_was_set_back_is_no_negative_span() -> None:
    assert when_text(NOW + 3600, NOW) == "today 16:00"
    assert when_text(NOW + 40 * 86400, NOW) == "29 Jun"


def test_that_no_moment_is_a_dash() -> None:
    assert when_text(None, NOW) == "–"


def test_that_metrics_are_named_inside_a_sentence() -> None:
    assert metric_name("val/accuracy") == "accuracy"
    assert metric_name("val/map50") == "mAP 50"
    assert metric_name("val/something_new") == "something new"


def test_that_the_best_value_is_told_with_its_metric_and_epoch() -> None:
    assert best_explained(row("a", best_value=0.875)) == "Best accuracy 87.5%, epoch 3"


@pytest.mark.parametrize("value", [None, math.nan])
def test_that_no_best_value_is_a_dash(value: float | None) -> None:
    assert best_text(row("a", best_value=value)) == "–"


def test_that_progress_counts_steps_and_never_passes_one() -> None:
    assert progress(row("a", step=10, steps_total=40)) == 0.25
    assert progress(row("a", step=50, steps_total=40)) == 1.0
    assert progress(row("a", step=0, steps_total=0, epoch=1, epochs=4)) == 0.25
    assert progress(row("a", step=0, steps_total=0, epoch=0, epochs=0)) == 0.0


def test_that_a_run_lasts_from_its_start_to_its_end_or_to_now() -> None:
    assert duration(row("a"), now=9999.0) == 60.0
    assert duration(row("a", ended=None), now=1100.0) == 100.0
    assert duration(row("a", started=None), now=1100.0) is None
    assert duration(row("a", ended=None), now=900.0) == 0.0


def test_that_an_unknown_span_is_a_dash() -> None:
    assert duration_text(None) == "–"


def test_that_only_a_run_at_work_says_how_long_it_will_take() -> None:
    assert eta_text(row("a", state="running", eta_s=42.0)) == "42 s left"
    assert eta_text(row("a", state="held", eta_s=42.0)) == ""
    assert eta_text(row("a", state="running", eta_s=None)) == ""


def test_that_only_trainings_have_epochs() -> None:
    assert epochs_text(row("a", epoch=3)) == "3 / 4"
    assert epochs_text(row("a", kind="export")) == "–"


def test_that_a_silent_run_is_said_not_to_answer_and_when_it_was_seen() -> None:
    assert last_seen(row("a", ended=NOW - 180), NOW) == "Not answering, last seen 3 min ago."


def test_that_the_best_value_names_its_metric() -> None:
    assert best_named(row("a", best_metric="val/map", best_value=0.327)) == "mAP 50-95  32.7%"
    assert best_named(row("a", best_metric="val/accuracy", best_value=0.5)) == "accuracy  50.0%"
    assert best_named(row("a", best_metric=None, best_value=None)) == "–"
