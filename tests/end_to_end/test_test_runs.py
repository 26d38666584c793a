"""Test runs by commands, in the processes that users have: a folder on the way, other class names, no labels."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import accuracy_score

from tests.end_to_end.conftest import Trained, write_pictures

pytestmark = pytest.mark.slow


def test_that_a_folder_is_imported_and_measured_on_the_way(trained: Trained, tmp_path: Path) -> None:
    write_pictures(tmp_path / "all", per_class=4)
    folder = (tmp_path / "all" / "train").rename(tmp_path / "found pictures")
    (folder / "red").rename(folder / "rouge")
    (folder / "blue" / "blue 0.png").write_bytes(b"no image")
    lensmith = trained.lensmith

    first = lensmith("evaluate", trained.run, "--data", folder, "--checkpoint", "last", "--map", "rouge=red")
    again = lensmith("evaluate", trained.run, "--data", "found pictures", "--map", "rouge=", "--split", "all")

    target, predicted = (
        np.load(f"{first['folder']}/results/0001/image_{n}.npy") for n in ("target", "predicted")
    )
    assert (first["images"], first["checkpoint"], first["parent"]) == (11, "last", trained.run)
    assert first["metrics"]["test/accuracy"] == pytest.approx(accuracy_score(target, predicted))
    assert first["class_match"]["matched"] == {"blue": "blue", "green": "green", "rouge": "red"}
    assert (again["images"], again["split"], again["class_match"]["left_out"]) == (7, "all", ["rouge"])
    assert lensmith("data", "show", "found pictures")["splits"] == {"test": 11}
    listed = lensmith("runs", "list")["runs"]
    assert {row["kind"] for row in listed if row["run"] == first["test_run"]} == {"evaluate"}


def test_that_a_folder_without_labels_is_asked_about(trained: Trained, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    for number, file in enumerate(sorted((trained.data / "test").rglob("*.png"))):
        shutil.copy(file, tmp_path / "photos" / f"{number}.png")

    told = trained.lensmith("evaluate", trained.run, "--data", tmp_path / "photos")

    assert (told["labelled"], told["images"], told["metrics"], told["confusion"]) == (False, 18, {}, [])
    assert told["dataset"] == "photos"
    assert [
        data["name"] for data in trained.lensmith("data", "list")["datasets"] if data["name"] == "photos"
    ] == []


def test_that_what_says_nothing_is_refused_with_the_code_of_a_user_error(
    trained: Trained, tmp_path: Path
) -> None:
    write_pictures(tmp_path / "d")
    for name in ("red", "green", "blue"):
        (tmp_path / "d" / "val" / name).rename(tmp_path / "d" / "val" / f"my {name}s")

    refused = trained.lensmith("evaluate", trained.run, "--data", tmp_path / "d" / "val", code=2)

    assert refused["error"]["code"] == "classes_differ"
    assert "--map" in refused["error"]["hint"]
