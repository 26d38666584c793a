"""`lensmith data`, as it is typed: what a check answers when something is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

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


def told_by(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    capsys.readouterr()
    assert cli.main(["data", *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_that_objects_are_counted_by_split_and_class(
    shared_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told_by(capsys, "import", str(shared_data / "detection_bccd" / "voc"), "--name", "cells")

    told = told_by(capsys, "show", "cells")

    assert (told["task"], told["format"], told["classes"]) == (
        "detection",
        "voc",
        ["Platelets", "RBC", "WBC"],
    )
    assert (told["images"], told["objects"], told["splits"]) == (
        240,
        3184,
        {"train": 160, "val": 40, "test": 40},
    )
    assert told["class_counts"]["test"] == {"Platelets": 39, "RBC": 417, "WBC": 39}
    assert told["images_with_class"]["test"] == {"Platelets": 22, "RBC": 38, "WBC": 38}
    assert (told["has_masks"], told["images_without_object"]) == (False, 0)
    assert cli.main(["data", "show", "cells"]) == 0
    assert "1875" in capsys.readouterr().out


def test_that_pixels_are_counted_by_class(shared_data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told_by(capsys, "import", str(shared_data / "segmentation_camvid"), "--name", "streets")

    told = told_by(capsys, "show", "streets")

    assert (told["task"], told["objects"], told["masks_read"]) == ("segmentation", 220, 120)
    assert told["pixel_shares"]["Bicyclist"] == pytest.approx(0.003, abs=0.001)
    assert sum(told["pixel_shares"].values()) == pytest.approx(1)
    assert cli.main(["data", "show", "streets"]) == 0
    assert "Bicyclist" in capsys.readouterr().out


def test_that_a_dataset_is_written_in_another_layout_and_checked(
    shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told_by(capsys, "import", str(shared_data / "detection_bccd" / "coco"), "--name", "cells")

    written = told_by(capsys, "export", "cells", "--format", "yolo", "--to", str(tmp_path / "out"))

    assert written == {"export": str(tmp_path / "out"), "format": "yolo", "images": 240, "notes": []}
    assert {p["code"] for p in told_by(capsys, "check", str(tmp_path / "out"))["problems"]} == {
        "classes_uneven"
    }
    assert (
        cli.main(["data", "export", "cells", "--format", "masks", "--to", str(tmp_path / "x"), "--json"]) == 2
    )
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "export_impossible"
