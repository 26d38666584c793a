"""Trees of images and masks are paired, and their values read by a table or by what they hold."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.datasets import importing
from engine.datasets.check import check_dataset
from engine.datasets.formats.registry import read_layout
from engine.datasets.importing import Imported
from engine.datasets.masks import IGNORE, ClassMap, read_mask
from engine.errors import UserError
from tests.engine.datasets.labelled import SIZE, made, told, write_pictures
from tests.engine.datasets.pictures import write_picture

WIDTH, HEIGHT = SIZE


def write_mask(path: Path, values: list[int], mode: str = "L") -> Path:
    """Write stripes of these values from left to right."""
    path.parent.mkdir(parents=True, exist_ok=True)
    row = np.repeat(np.array(values, np.uint8), WIDTH // len(values) + 1)[:WIDTH]
    image = Image.fromarray(np.tile(row, (HEIGHT, 1)))
    if mode == "P":
        image = image.convert("P")
        image.putpalette(voc_palette())
    image.save(path)
    return path


def write_colours(path: Path, colours: list[tuple[int, int, int]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    row = np.repeat(np.array(colours, np.uint8), WIDTH // len(colours) + 1, axis=0)[:WIDTH]
    Image.fromarray(np.tile(row, (HEIGHT, 1, 1))).save(path)
    return path


def voc_palette() -> list[int]:
    """As the devkit of Pascal VOC makes it: the bits of an index spread over the channels."""
    palette: list[int] = []
    for index in range(256):
        channels = [0, 0, 0]
        for bit in range(8):
            for channel in range(3):
                channels[channel] |= (index >> (3 * bit + channel) & 1) << (7 - bit)
        palette += channels
    return palette


def stripes(imported: Imported, root: Path, path: str) -> list[int]:
    """The classes of a mask from left to right."""
    item = next(item for item in imported.manifest.items if item.path == path)
    mask: ClassMap = read_mask(root, item, imported.manifest)
    assert mask.shape == (HEIGHT, WIDTH)
    return [int(value) for place, value in enumerate(mask[0]) if place == 0 or value != mask[0, place - 1]]


@pytest.mark.parametrize(
    ("images", "masks"),
    [
        ("images/{0}/{1}.jpg", "masks/{0}/{1}.png"),
        ("{0}/images/{1}.jpg", "{0}/masks/{1}.png"),
        ("images/{0}/{1}.jpg", "annotations/{0}/{1}.png"),
        ("{0}/{1}.png", "{0}_labels/{1}_L.png"),
        ("{0}/{1}.png", "{0}annot/{1}.png"),
        ("{0}/{1}.jpg", "{0}/{1}_mask.png"),
        ("leftImg8bit/{0}/city/{1}_leftImg8bit.png", "gtFine/{0}/city/{1}_gtFine_labelIds.png"),
        ("d/images/{0}/{1}.jpg", "d/labels/{0}/{1}.png"),
        ("images/{0}/{1}_rgb.png", "masks/{0}/{1}_rgb.png"),
    ],
)
def test_that_the_trees_of_common_tools_are_paired(images: str, masks: str, tmp_path: Path) -> None:
    for split in ("train", "val"):
        for name in ("a", "b"):
            write_pictures(tmp_path, images.format(split, name))
            write_mask(tmp_path / masks.format(split, name), [0, 1, 2])

    imported = made(tmp_path)

    assert (imported.manifest.task, imported.manifest.format) == ("segmentation", "masks")
    assert sorted((i.path, i.split, i.mask) for i in imported.manifest.items) == sorted(
        (images.format(split, name), split, masks.format(split, name))
        for split in ("train", "val")
        for name in ("a", "b")
    )


def pair(root: Path, values: list[int] | None = None, mode: str = "L") -> Path:
    write_pictures(root, "images/a.png")
    if values is not None:
        write_mask(root / "masks/a.png", values, mode)
    return root


TABLES: dict[str, str] = {
    "classes.json": json.dumps(
        {
            "classes": [{"id": 1, "name": "road"}, {"id": 7, "name": "car"}, {"id": 0, "name": "x"}],
            "ignore_index": 0,
        }
    ),
    "labels.json": json.dumps({"0": "void", "1": "road", "7": "car"}),
    "class_names.json": json.dumps({"road": 1, "car": 7, "unlabelled": 0}),
    "_classes.csv": "Pixel Value, Class\n0, unlabeled\n1, road\n7, car\n",
}


@pytest.mark.parametrize("name", TABLES)
def test_that_tables_of_numbers_are_read(name: str, tmp_path: Path) -> None:
    root = pair(tmp_path, [0, 1, 7])
    (root / name).write_text(TABLES[name])

    imported = made(root)

    assert imported.manifest.classes == ("road", "car")
    assert stripes(imported, root, "images/a.png") == [IGNORE, 0, 1]


COLOURED: dict[str, str] = {
    "classes.json": json.dumps(
        [{"name": "road", "color": [128, 64, 128]}, {"name": "car", "color": "#000080"}]
    ),
    "labels.json": json.dumps({"road": [128, 64, 128], "car": [0, 0, 128]}),
    "class_dict.csv": "name,r,g,b\nroad,128,64,128\ncar,0,0,128\n",
    "labelmap.txt": "# label:color_rgb:parts:actions\nroad:128,64,128::\ncar:0,0,128::\n",
    "label_colors.txt": "128 64 128\troad\n0 0 128\tcar\n",
}


@pytest.mark.parametrize("name", COLOURED)
def test_that_tables_of_colours_are_read(name: str, tmp_path: Path) -> None:
    root = pair(tmp_path)
    write_colours(root / "masks/a.png", [(0, 0, 128), (128, 64, 128), (9, 9, 9)])
    (root / name).write_text(COLOURED[name])

    imported = made(root)

    assert imported.manifest.classes == ("road", "car")
    assert stripes(imported, root, "images/a.png") == [1, 0, IGNORE]


def test_that_a_table_of_numbers_and_colours_serves_masks_of_either(tmp_path: Path) -> None:
    table = json.dumps(
        {
            "classes": [
                {"id": 0, "name": "road", "color": [9, 9, 9]},
                {"id": 1, "name": "car", "color": [200, 0, 0]},
            ]
        }
    )
    numbers, colours = pair(tmp_path / "n", [1, 0]), pair(tmp_path / "c")
    write_colours(colours / "masks/a.png", [(200, 0, 0), (9, 9, 9)])
    for root in (numbers, colours):
        (root / "classes.json").write_text(table)
        assert stripes(made(root), root, "images/a.png") == [1, 0]


def test_that_a_list_of_names_names_the_numbers(tmp_path: Path) -> None:
    root = pair(tmp_path, [0, 1, 255])
    (root / "classes.txt").write_text("background\ncat\n")

    imported = made(root)

    assert imported.manifest.classes == ("background", "cat")
    assert stripes(imported, root, "images/a.png") == [0, 1, IGNORE]


def test_that_black_and_white_is_background_and_object(tmp_path: Path) -> None:
    imported = made(pair(tmp_path, [0, 255]))

    assert imported.manifest.classes == ("background", "object")
    assert stripes(imported, tmp_path, "images/a.png") == [0, 1]
    assert told(imported) == []


def test_that_numbers_without_a_table_are_classes_and_255_does_not_count(tmp_path: Path) -> None:
    imported = made(pair(tmp_path, [0, 4, 255]))

    assert imported.manifest.classes == ("class_0", "class_4")
    assert stripes(imported, tmp_path, "images/a.png") == [0, 1, IGNORE]
    assert [code for code, _, _ in told(imported)] == ["classes_unnamed"]


def test_that_pascal_voc_is_known_by_its_palette(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        write_pictures(tmp_path, f"JPEGImages/{name}.jpg")
    write_mask(tmp_path / "SegmentationClass/a.png", [0, 15, 255], "P")
    write_mask(tmp_path / "SegmentationClass/b.png", [0, 8], "P")
    write_mask(tmp_path / "SegmentationObject/a.png", [0, 1], "P")
    lists = tmp_path / "ImageSets" / "Segmentation"
    lists.mkdir(parents=True)
    (lists / "train.txt").write_text("a\n")
    (lists / "val.txt").write_text("b\n")

    imported = made(tmp_path)

    assert imported.manifest.classes[15] == "person"
    assert stripes(imported, tmp_path, "JPEGImages/a.jpg") == [0, 15, IGNORE]
    assert [(item.path, item.split) for item in imported.manifest.items] == [
        ("JPEGImages/a.jpg", "train"), ("JPEGImages/b.jpg", "val"),
    ]  # fmt: skip
    assert told(imported) == [("image_without_label", "JPEGImages/c.jpg", None)]


def test_that_colours_without_a_table_are_classes(tmp_path: Path) -> None:
    root = pair(tmp_path)
    write_colours(root / "masks/a.png", [(0, 0, 128), (128, 64, 128)])

    imported = made(root)

    assert imported.manifest.classes == ("#000080", "#804080")
    assert stripes(imported, root, "images/a.png") == [0, 1]


def test_that_masks_of_too_many_values_are_refused(tmp_path: Path) -> None:
    names = [f"{number}.png" for number in range(10)]
    for step, name in enumerate(names):
        write_pictures(tmp_path, f"images/{name}")
        write_mask(tmp_path / "masks" / name, list(range(step * 10, step * 10 + 10)))

    with pytest.raises(UserError, match=r"\d\d different values") as refusal:
        made(tmp_path)
    assert refusal.value.code == "masks_differ"


def test_that_a_table_that_does_not_fit_the_masks_is_told(tmp_path: Path) -> None:
    root = pair(tmp_path, [3, 4])
    (root / "classes.json").write_text('["a", "b"]')

    with pytest.raises(UserError) as refusal:
        made(root)
    assert refusal.value.code == "masks_differ"


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("classes.json", '["a",\n"b"', 2),
        ("classes.json", '[{"id": 1}]', 1),
        ("classes.json", "7", 1),
        ("class_dict.csv", "name,r,g,b\nroad,1,2,3\ncar,x,0,0\n", 3),
    ],
)
def test_that_a_broken_table_is_told_with_its_line(name: str, text: str, line: int, tmp_path: Path) -> None:
    (pair(tmp_path, [0, 1]) / name).write_text(text)

    with pytest.raises(UserError, match=rf"{name}, line {line}: "):
        made(tmp_path)


def faulty(root: Path) -> Path:
    """One good pair, and one of each fault."""
    names = ("good", "small", "float", "blurred", "bare", "odd", "copy")
    write_pictures(root, *(f"images/train/{name}.png" for name in names))
    for name in ("good", "blurred", "odd", "orphan"):
        write_mask(root / f"masks/train/{name}.png", [0, 1, 9] if name == "odd" else [0, 1])
    Image.new("L", (5, 5)).save(root / "masks/train/small.png")
    Image.fromarray(np.zeros((HEIGHT, WIDTH), np.float32)).save(root / "masks/train/float.tif")
    Image.open(root / "masks/train/blurred.png").save(root / "masks/train/blurred.jpg")
    (root / "masks/train/blurred.png").unlink()
    (root / "masks/train/copy.png").write_bytes(b"no image")
    (root / "classes.json").write_text('["background", "cat", "dog"]')
    return root


FAULTS = {
    ("image_without_label", "images/train/bare.png"),
    ("label_without_image", "masks/train/orphan.png"),
    ("mask_size", "masks/train/small.png"),
    ("mask_float", "masks/train/float.tif"),
    ("mask_lossy", "masks/train/blurred.jpg"),
    ("image_unreadable", "masks/train/copy.png"),
}


def test_that_pairs_that_cannot_be_are_left_out_and_told(tmp_path: Path) -> None:
    imported = made(faulty(tmp_path))

    assert {(code, file) for code, file, _ in told(imported)} == FAULTS
    assert [item.path for item in imported.manifest.items] == [
        "images/train/good.png",
        "images/train/odd.png",
    ]


def test_that_a_check_also_opens_every_mask(tmp_path: Path) -> None:
    problems = check_dataset(faulty(tmp_path))

    assert {(p.code, p.file) for p in problems} == FAULTS | {
        ("mask_value_unknown", "masks/train/odd.png"), ("class_tiny", ""),
    }  # fmt: skip
    assert "shows the class dog" in next(p.message for p in problems if p.code == "class_tiny")


def test_that_black_and_white_jpegs_are_read_and_told(tmp_path: Path) -> None:
    root = pair(tmp_path)
    write_mask(root / "masks/a.jpg", [0, 255])

    imported = made(root)

    assert imported.manifest.classes == ("background", "object")
    assert stripes(imported, root, "images/a.png") == [0, 1]
    assert told(imported) == [("mask_lossy", "masks/a.jpg", None)]


def test_that_an_image_in_two_splits_is_told(tmp_path: Path) -> None:
    for split in ("train", "val"):
        write_mask(tmp_path / f"masks/{split}/a.png", [0, 1])
        write_picture(tmp_path / f"images/{split}/a.png", size=SIZE)

    assert [code for code, _, _ in told(made(tmp_path), but=("classes_unnamed",))] == ["image_in_two_splits"]


def test_that_a_folder_of_images_alone_is_no_dataset_of_masks(tmp_path: Path) -> None:
    write_pictures(tmp_path, "images/a.png", "images/b.png")

    with pytest.raises(UserError) as refusal:
        read_layout(tmp_path, task="segmentation")
    assert refusal.value.code == "layout_unknown"


def test_that_very_many_masks_are_not_opened_on_import_and_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        write_picture(tmp_path / "images" / f"{number}.png", number, SIZE)
        write_mask(tmp_path / "masks" / f"{number}.png", [0, 1])
    assert all(item.stratum is not None for item in made(tmp_path).manifest.items)
    monkeypatch.setattr(importing, "_MOST_MASKS_OPENED", 2)
    manifest = made(tmp_path).manifest
    assert all(item.stratum is None for item in manifest.items)
    (problem,) = [problem for problem in manifest.problems if problem.code == "masks_unopened"]
    assert problem.severity == "info"
    assert "The 3 masks were not opened on import" in problem.message
