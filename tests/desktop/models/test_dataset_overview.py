from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from desktop.models.dataset_overview import (
    DatasetOverview,
    ImageFilter,
    chosen_images,
    covers_of,
    read_overview,
)
from engine.datasets.library import ImportOptions, Library
from engine.protocol.home import Home
from engine.protocol.results import Problem


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "pets"
    for number, place in enumerate(("train/cat", "train/dog", "val/cat", "val/dog")):
        (folder / place).mkdir(parents=True)
        for copy in range(3):
            color = (number * 40, copy * 60, 90)
            Image.new("RGB", (30, 20), color).save(folder / place / f"Img{copy}.png")
    (folder / "train" / "cat" / "broken.jpg").write_bytes(b"nonsense")
    return folder


@pytest.fixture
def home(lensmith_home: Path) -> Home:
    return Home(lensmith_home)


@pytest.fixture
def overview(home: Home, source: Path) -> DatasetOverview:
    return read_overview(home, Library(home).import_dataset(source))


def names(overview: DatasetOverview, wanted: ImageFilter) -> list[str]:
    return [overview.paths[image] for image in np.flatnonzero(chosen_images(overview, wanted))]


def test_that_counts_are_those_of_the_dataset(overview: DatasetOverview) -> None:
    assert overview.split_totals() == {"train": 6, "val": 6}
    assert overview.class_totals().tolist() == [6, 6]
    assert overview.trouble is None
    assert not overview.keeps_files


def test_that_a_file_that_is_left_out_shows_only_among_its_problems(overview: DatasetOverview) -> None:
    assert "train/cat/broken.jpg" not in names(overview, ImageFilter())
    assert names(overview, ImageFilter(code="image_unreadable")) == ["train/cat/broken.jpg"]
    image = overview.paths.index("train/cat/broken.jpg")
    assert (overview.label_of(image), overview.split_of(image), overview.size_of(image)) == ("", "", (0, 0))
    assert [problem.code for problem in overview.problems_of(image)] == ["image_unreadable"]


def test_that_filters_narrow_each_other(overview: DatasetOverview) -> None:
    dog = overview.classes.index("dog")
    assert names(overview, ImageFilter(label=dog, split="val")) == [f"val/dog/Img{n}.png" for n in range(3)]
    assert names(overview, ImageFilter(label=dog, text=" IMG1 ")) == [
        "train/dog/Img1.png",
        "val/dog/Img1.png",
    ]
    assert names(overview, ImageFilter(split="test")) == names(overview, ImageFilter())


def test_that_problems_of_a_check_stand_for_those_of_the_import(
    home: Home, overview: DatasetOverview
) -> None:
    found = [Problem(code="grayscale", file="val/dog/Img0.png", message="So.", remedy="", severity="info")]
    again = read_overview(home, overview.manifest, found)
    assert [group.code for group in again.groups] == ["grayscale"]
    assert "train/cat/broken.jpg" not in again.paths


def test_that_a_dataset_whose_folder_is_away_says_so(
    home: Home, source: Path, overview: DatasetOverview
) -> None:
    shutil.rmtree(source)
    away = read_overview(home, overview.manifest)
    assert away.trouble is not None
    assert away.trouble.code == "dataset_unreachable"
    assert covers_of(home, [overview.manifest]) == {}


def test_that_images_that_are_kept_are_known_as_ours(home: Home, source: Path) -> None:
    manifest = Library(home).import_dataset(source, name="kept", options=ImportOptions(copy=True))
    kept = read_overview(home, manifest)
    assert kept.keeps_files
    assert (kept.root / kept.paths[0]).is_file()


def test_that_the_cover_is_a_training_image(home: Home, overview: DatasetOverview) -> None:
    cover = covers_of(home, [overview.manifest])["pets"]
    assert cover.is_file()
    assert "train" in cover.parts


def test_that_a_hundred_thousand_images_are_all_in_the_columns(home: Home, overview: DatasetOverview) -> None:
    first = overview.manifest.items[0]
    many = overview.manifest.with_items(
        first.model_copy(update={"path": f"{number}.png", "label": number % 2}) for number in range(100_000)
    )
    columns = read_overview(home, many, [])
    assert int(chosen_images(columns, ImageFilter(label=1)).sum()) == 50_000
