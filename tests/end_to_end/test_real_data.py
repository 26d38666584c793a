"""The recommended plugin with its easy preset is good on real photographs, without a GPU or a network, in minutes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import CommandLine
from tests.end_to_end.photographs import measured

pytestmark = [pytest.mark.slow, pytest.mark.timeout(7200)]


def test_that_sign_digits_are_learned_by_the_easy_preset(lensmith: CommandLine, shared_data: Path) -> None:
    metrics = measured(lensmith, "classification", shared_data / "classification_sign_digits")

    assert metrics["images"] == 200
    assert metrics["test/accuracy"] >= 0.97


def test_that_blood_cells_are_found_by_the_easy_preset(lensmith: CommandLine, shared_data: Path) -> None:
    metrics = measured(lensmith, "detection", shared_data / "detection_bccd" / "voc")

    assert metrics["images"] == 40
    assert metrics["test/map50"] >= 0.60
