"""A device that waits for images is told of once, with what helps."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from engine.config.train import TrainConfig
from engine.training.waiting import WaitingWarning


def warning(device: str = "cuda", settings: Mapping[str, object] | None = None) -> WaitingWarning:
    return WaitingWarning(TrainConfig.from_flat(settings or {}), device)


def test_that_waiting_is_told_once_after_the_epoch_that_reads_the_files() -> None:
    given = warning()

    assert given.after_epoch(1, 0.9, 60) is None
    assert given.after_epoch(2, 0.05, 60) is None
    assert given.after_epoch(2, 0.9, 1) is None
    told = given.after_epoch(3, 0.4, 60)
    assert told is not None
    assert told.level == "warning"
    assert told.code == "data_wait"
    assert told.data == {"share": 0.4, "epoch": 3}
    assert "GPU waited for images for 40% of epoch 3" in told.message
    assert given.after_epoch(4, 0.4, 60) is None


@pytest.mark.parametrize(
    ("settings", "remedy"),
    [
        ({"cache": "off"}, "image cache to auto"),
        ({"workers": 1}, "loader threads to auto"),
        ({"augmentation.auto_augment": "randaugment"}, "automatic augmentation"),
        ({}, "smaller image size"),
    ],
)
def test_that_the_remedy_is_the_setting_that_stands_in_the_way(
    settings: dict[str, object], remedy: str
) -> None:
    told = warning(settings=settings).after_epoch(2, 0.4, 60)

    assert told is not None
    assert remedy in told.hint


def test_that_without_a_cache_the_first_epoch_tells_already_and_on_the_cpu_the_processor_waits() -> None:
    told = warning("cpu", {"cache": "off"}).after_epoch(1, 0.4, 60)

    assert told is not None
    assert "The processor waited" in told.message
