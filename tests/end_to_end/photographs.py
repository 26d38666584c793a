"""Trains the recommended plugin of a task with its easy preset on real photographs, and measures it."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import CommandLine
from tests.fixtures.cpu_clock import CpuClock

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
