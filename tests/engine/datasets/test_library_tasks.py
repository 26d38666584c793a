"""Datasets with objects and masks live in the library as others do: zips, copies, versions, moves and new splits."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.datasets.library import ImportOptions, Library
from engine.datasets.masks import read_mask
from engine.datasets.split import with_validation
from engine.errors import UserError
from engine.protocol.home import Home
from tests.engine.datasets.labelled import coco, write_json, write_pictures
from tests.engine.datasets.test_mask_folders import write_mask


def boxes(root: Path, more: int = 0) -> Path:
    """Forty images with a cat each, six of them with the rare dog too, and `more` objects in the first."""
    names = {f"{number:02}.png": number for number in range(1, 41)}
    write_pictures(root, *(f"images/{name}" for name in names))
    cats = [(number, 1, [1, 2, 3, 4]) for number in names.values()]
    dogs = [(number, 2, [9, 9, 4, 4]) for number in range(1, 7)]
    others = [(1, 1, [5 + place, 5, 9, 9]) for place in range(more)]
    objects = [{"image_id": i, "category_id": c, "bbox": box} for i, c, box in (*cats, *dogs, *others)]
    write_json(root / "labels.json", coco(names, objects))
    return root


def masks(root: Path) -> Path:
    for number in range(20):
        write_pictures(root, f"images/{number}.png")
        write_mask(root / f"masks/{number}.png", [0, 1, 2] if number < 4 else [0, 1])
    (root / "classes.json").write_text('["road", "car", "bird"]')
    return root


@pytest.mark.parametrize("make", [boxes, masks])
@pytest.mark.parametrize("way", ["zip", "copy"])
def test_that_kept_files_are_whole_without_the_source(
    make: Callable[[Path], Path], way: str, library: Library, home: Home, tmp_path: Path
) -> None:
    source = make(tmp_path / "d")
    if way == "zip":
        shutil.make_archive(str(tmp_path / "packed"), "zip", source)
        manifest = library.import_dataset(tmp_path / "packed.zip", name="d")
    else:
        manifest = library.import_dataset(source, options=ImportOptions(copy=True))
    in_place = Library(Home(tmp_path / "other").ensure()).import_dataset(source)
    shutil.rmtree(source)

    root = library.root("d")
    assert root.is_relative_to(home.path)
    assert manifest.version == in_place.version
    assert all((root / path).is_file() for path, _ in manifest.files())
    if manifest.task == "segmentation":
        assert read_mask(root, manifest.items[0], manifest).max() <= 2
    else:
        objects = library.annotations(manifest)
        assert objects is not None
        assert len(objects.labels) == 46


def test_that_every_version_keeps_its_objects(library: Library, tmp_path: Path) -> None:
    first = library.import_dataset(boxes(tmp_path / "d"))
    second = library.import_dataset(boxes(tmp_path / "d", more=2))

    counts = [library.annotations(library.get("d", manifest.version)) for manifest in (first, second)]

    assert first.version != second.version
    assert [len(table.labels) for table in counts if table is not None] == [46, 48]


def test_that_the_same_labels_are_the_same_version(library: Library, tmp_path: Path) -> None:
    first = library.import_dataset(boxes(tmp_path / "d"))
    shutil.rmtree(tmp_path / "d")

    assert library.import_dataset(boxes(tmp_path / "d")) == first


@pytest.mark.parametrize("make", [boxes, masks])
def test_that_the_rarest_class_is_in_every_split(
    make: Callable[[Path], Path], library: Library, tmp_path: Path
) -> None:
    manifest = library.import_dataset(make(tmp_path / "d"))
    rare = {item.path for item in manifest.items if item.stratum == len(manifest.classes) - 1}

    divided = library.resplit("d", val=0.2, test=0.2, seed=3)

    assert len(rare) == (6 if make is boxes else 4)
    assert {item.split for item in divided.items if item.path in rare} == {"train", "val", "test"}
    assert {item.split for item in divided.items if item.path not in rare} == {"train", "val", "test"}
    assert divided.version != manifest.version
    assert (divided.annotations, divided.mask_values) == (manifest.annotations, manifest.mask_values)
    assert [item.path for item in divided.items] == [item.path for item in manifest.items]


def test_that_a_run_gets_the_rarest_class_in_its_validation(library: Library, tmp_path: Path) -> None:
    manifest = library.import_dataset(boxes(tmp_path / "d"))

    looked_at = with_validation(manifest, 0.2)

    assert {item.split for item in looked_at.items if item.stratum == 1} == {"train", "val"}
    assert 6 <= sum(item.split == "val" for item in looked_at.items) <= 10


def test_that_a_moved_dataset_must_have_its_masks(library: Library, tmp_path: Path) -> None:
    library.import_dataset(masks(tmp_path / "d"))
    (tmp_path / "d").rename(tmp_path / "moved")
    (tmp_path / "moved" / "masks" / "3.png").rename(tmp_path / "gone.png")

    with pytest.raises(UserError, match=r"lacks masks/3\.png") as refusal:
        library.relocate("d", tmp_path / "moved")
    assert refusal.value.code == "dataset_differs"
    (tmp_path / "gone.png").rename(tmp_path / "moved" / "masks" / "3.png")
    library.relocate("d", tmp_path / "moved")
    assert library.root("d") == tmp_path / "moved"


def test_that_a_task_chooses_among_the_layouts_of_a_folder(library: Library, tmp_path: Path) -> None:
    root = masks(tmp_path / "d")
    names = {f"{number}.png": number + 1 for number in range(20)}
    write_json(root / "labels.json", coco(names, [{}]))

    tasks = {
        task: library.import_dataset(root, name=str(task), options=ImportOptions(task=task)).format
        for task in (None, "detection", "segmentation")
    }

    assert tasks == {None: "coco", "detection": "coco", "segmentation": "masks"}
