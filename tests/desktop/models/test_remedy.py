"""What a retry with the remedy changes, as its button says it."""

from __future__ import annotations

import pytest

from desktop.models.remedy import remedy_words
from engine.protocol.job import Failure, FailureCause


def failed(cause: FailureCause) -> Failure:
    return Failure(cause=cause, code=cause, message="It failed.")


@pytest.mark.parametrize(
    ("cause", "config", "said"),
    [
        ("oom", {"batch_size": 32}, "Retry with batch size 16"),
        ("oom", {"batch_size": 32, "accumulate_steps": 1}, "Retry with batch size 16 and accumulation 2"),
        ("nan", {"optimizer.lr": 0.003}, "Retry with learning rate 0.0003"),
        ("oom", {"batch_size": 1}, ""),
        ("plugin", {"batch_size": 32}, ""),
    ],
)
def test_that_the_button_names_every_setting_that_changes(
    cause: FailureCause, config: dict[str, object], said: str
) -> None:
    assert remedy_words(failed(cause), config) == said


def test_that_a_run_without_a_failure_has_no_remedy() -> None:
    assert remedy_words(None, {"batch_size": 32}) == ""
