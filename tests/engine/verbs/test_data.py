"""`lensmith data`, as it is typed: what a check answers when something is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine import cli


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give an image folder of two classes with ten sound pictures each."""
    generator = np.random.default_rng(0)
    for label in ("cat", "dog"):
        (tmp_path / "pets" / label).mkdir(parents=True)
        for number in range(10):
            pixels = generator.integers(0, 256, (8, 8, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "pets" / label / f"{number}.png")
    return tmp_path / "pets"


def test_that_a_check_without_errors_ends_with_0(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["data", "check", str(folder), "--json"]) == 0
    assert "error" not in json.loads(capsys.readouterr().out)


def test_that_a_check_with_errors_ends_with_2_and_says_the_first(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "dog").rename(folder.parent / "dog")  # leaves one class: nothing to tell apart

    assert cli.main(["data", "check", str(folder), "--json"]) == 2
    told = json.loads(capsys.readouterr().out)
    first = next(problem for problem in told["problems"] if problem["severity"] == "error")
    assert told["error"] == {"code": first["code"], "message": first["message"], "hint": first["remedy"]}
