"""`lensmith data history` and `data diff`, as they are typed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engine import cli
from tests.desktop.labelled_sets import picture, write_objects


@pytest.fixture
def folder(tmp_path: Path, lensmith_home: Path) -> Path:
    """Give a dataset of which there are two versions: one image has another content, one is gone."""
    place = write_objects(tmp_path / "animals")
    assert cli.main(["data", "import", str(place), "--json"]) == 0
    picture(place / "val" / "1.png", 99)
    (place / "train" / "2.png").unlink()
    assert cli.main(["data", "import", str(place), "--json"]) == 0
    return place


def typed(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    capsys.readouterr()
    assert cli.main(["data", *words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.usefixtures("folder")
def test_that_versions_are_listed_from_the_first_on(capsys: pytest.CaptureFixture[str]) -> None:
    told = typed(capsys, "history", "animals")
    assert [step["images"] for step in told["versions"]] == [6, 5]
    assert [step["present"] for step in told["versions"]] == [False, True]
    assert told["versions"][0]["runs"] == []


@pytest.mark.usefixtures("folder")
def test_that_a_name_alone_is_compared_with_the_version_before(capsys: pytest.CaptureFixture[str]) -> None:
    told = typed(capsys, "diff", "animals")
    assert told["removed"] == ["train/2.png"]
    assert told["replaced"] == ["val/1.png"]
    assert told["counts"]["images_removed"] == 1
    assert not told["same"]


@pytest.mark.usefixtures("folder")
def test_that_versions_are_named_by_the_beginning_of_their_hash(capsys: pytest.CaptureFixture[str]) -> None:
    first, second = (step["version"] for step in typed(capsys, "history", "animals")["versions"])
    told = typed(capsys, "diff", f"animals@{second[:8]}", f"animals@{first[:8]}")
    assert told["added"] == ["train/2.png"]
    assert typed(capsys, "diff", f"animals@{second[:8]}")["same"]


@pytest.mark.usefixtures("folder")
def test_that_changes_are_said_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert cli.main(["data", "diff", "animals"]) == 0
    out = capsys.readouterr().out
    assert "1 image removed" in out
    assert "train/2.png" in out


@pytest.mark.usefixtures("folder")
def test_that_a_version_nobody_knows_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert cli.main(["data", "diff", "animals@zz"]) == 2
    assert "has no version zz" in capsys.readouterr().err
