"""The recommended plugin with its easy preset is good on real photographs, without a GPU or a network."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import CommandLine

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]


def test_that_sign_digits_are_learned_by_the_easy_preset(lensmith: CommandLine, shared_data: Path) -> None:
    lensmith("data", "import", shared_data / "classification_sign_digits", "--name", "digits")
    recommended = [p["name"] for p in lensmith("plugins", "list")["plugins"] if p["recommended"]]
    assert recommended == ["timm_classifier"]

    answer = lensmith(
        "train", "--plugin", recommended[0], "--data", "digits", "--preset", "easy", timeout_s=1400
    )
    tested = lensmith("evaluate", answer["run"], "--split", "test")

    assert tested["images"] == 200
    assert tested["metrics"]["test/accuracy"] >= 0.97
