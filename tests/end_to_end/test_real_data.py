"""The recommended plugin with its easy preset is good on real photographs, without a GPU or a network, in minutes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import CommandLine
from tests.fixtures.cpu_clock import CpuClock

pytestmark = [pytest.mark.slow, pytest.mark.timeout(7200)]

MOST_CPU_S = 2 * 9 * 60
"""What two cores do in nine minutes. Processor time: a machine that is busy otherwise takes longer by the clock."""


def measured(lensmith: CommandLine, task: str, data: Path) -> dict[str, float]:
    """Train the task's recommended plugin with its easy preset; give the metrics of the test split."""
    lensmith("data", "import", data, "--name", "photographs")
    plugins = lensmith("plugins", "list")["plugins"]
    (plugin,) = [one["name"] for one in plugins if one["recommended"] and one["task_type"] == task]

    with CpuClock(lensmith.home) as clock:
        answer = lensmith(
            "train", "--plugin", plugin, "--data", "photographs", "--preset", "easy", timeout_s=6000
        )
    tested = lensmith("evaluate", answer["run"], "--split", "test", timeout_s=600)

    assert 10 < clock.seconds <= MOST_CPU_S
    return tested["metrics"] | {"images": tested["images"]}


def test_that_sign_digits_are_learned_by_the_easy_preset(lensmith: CommandLine, shared_data: Path) -> None:
    metrics = measured(lensmith, "classification", shared_data / "classification_sign_digits")

    assert metrics["images"] == 200
    assert metrics["test/accuracy"] >= 0.97


def test_that_blood_cells_are_found_by_the_easy_preset(lensmith: CommandLine, shared_data: Path) -> None:
    metrics = measured(lensmith, "detection", shared_data / "detection_bccd" / "voc")

    assert metrics["images"] == 40
    assert metrics["test/map50"] >= 0.60


def test_that_streets_are_segmented_by_the_easy_preset(lensmith: CommandLine, shared_data: Path) -> None:
    metrics = measured(lensmith, "segmentation", shared_data / "segmentation_camvid")

    assert metrics["images"] == 60
    assert metrics["test/miou"] >= 0.35
