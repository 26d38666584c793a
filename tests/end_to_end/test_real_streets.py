"""The recommended segmenter with its easy preset is good on real photographs; beside `test_real_data`, to save time."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import CommandLine
from tests.end_to_end.photographs import measured

pytestmark = [pytest.mark.slow, pytest.mark.timeout(7200)]


def test_that_streets_are_segmented_by_the_easy_preset(lensmith: CommandLine, shared_data: Path) -> None:
    metrics = measured(lensmith, "segmentation", shared_data / "segmentation_camvid")

    assert metrics["images"] == 60
    assert metrics["test/miou"] >= 0.35
