"""The recommended plugin with its easy preset is good on real photographs, without a GPU or a network."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import CommandLine

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]


def recommended(lensmith: CommandLine, task: str) -> str:
    plugins = lensmith("plugins", "list")["plugins"]
    (name,) = [p["name"] for p in plugins if p["recommended"] and p["task_type"] == task]
    return name


def test_that_sign_digits_are_learned_by_the_easy_preset(lensmith: CommandLine, shared_data: Path) -> None:
    lensmith("data", "import", shared_data / "classification_sign_digits", "--name", "digits")
    plugin = recommended(lensmith, "classification")

    answer = lensmith("train", "--plugin", plugin, "--data", "digits", "--preset", "easy", timeout_s=1400)
    tested = lensmith("evaluate", answer["run"], "--split", "test")

    assert tested["images"] == 200
    assert tested["metrics"]["test/accuracy"] >= 0.97


def test_that_blood_cells_are_found_by_the_easy_preset(lensmith: CommandLine, shared_data: Path) -> None:
    lensmith("data", "import", shared_data / "detection_bccd" / "voc", "--name", "cells")
    plugin = recommended(lensmith, "detection")

    answer = lensmith("train", "--plugin", plugin, "--data", "cells", "--preset", "easy", timeout_s=1400)
    tested = lensmith("evaluate", answer["run"], "--split", "test")

    assert tested["images"] == 40
    assert tested["metrics"]["test/map50"] >= 0.60


def test_that_streets_are_segmented_by_the_easy_preset(lensmith: CommandLine, shared_data: Path) -> None:
    lensmith("data", "import", shared_data / "segmentation_camvid", "--name", "streets")
    plugin = recommended(lensmith, "segmentation")

    answer = lensmith("train", "--plugin", plugin, "--data", "streets", "--preset", "easy", timeout_s=1400)
    tested = lensmith("evaluate", answer["run"], "--split", "test")

    assert tested["images"] == 60
    assert tested["metrics"]["test/miou"] >= 0.35
