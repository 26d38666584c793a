"""A dataset that is written in a layout and read again is the same dataset."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.datasets.annotations import Annotations
from engine.datasets.annotations_builder import AnnotationsBuilder, FoundObject
from engine.datasets.library import ImportOptions, Library
from engine.datasets.manifest import Item, Manifest, MaskValue
from engine.datasets.masks import read_mask
from engine.datasets.polygons import mask_runs
from engine.datasets.writers.export import export_dataset
from engine.datasets.writers.tree import Source
from engine.errors import UserError

SPLITS = ("train", "train", "val", "test", "train", "test")
CLASSES = ("red cell", "Größe & <b>", "no: 'one'")


def random_source(root: Path, *, masks: bool = False, seed: int = 0) -> Source:
    """Six images, the last without an object, two of one name; boxes anywhere, polygons where masks are wanted."""
    random = np.random.default_rng(seed)
    names = ["a/1.png", "b/1.png", "2.png", "c d.png", "ü.png", "empty.png"]
    items: list[Item] = []
    builder = AnnotationsBuilder()
    for place, (name, split) in enumerate(zip(names, SPLITS, strict=True)):
        width, height = random.integers(40, 90, 2).tolist()
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        pixels = random.integers(0, 256, (height, width, 3)).astype(np.uint8)
        Image.fromarray(pixels).save(root / name)
        items.append(Item(path=name, label=None, split=split, sha256=f"{place}", width=width, height=height))
        for _ in range(0 if name == "empty.png" else int(random.integers(1, 6))):
            builder.add(place, random_object(random, width, height, masks=masks))
    annotations = builder.build(range(len(items)))
    manifest = Manifest(
        name="made", task="detection", format="coco", version="v", classes=CLASSES, items=tuple(items),
        annotations=annotations.digest(),
    )  # fmt: skip
    return Source(manifest, root, annotations)


def random_object(random: np.random.Generator, width: int, height: int, *, masks: bool) -> FoundObject:
    x = np.sort(random.uniform(0, width, 2).astype(np.float32)).astype(float)
    y = np.sort(random.uniform(0, height, 2).astype(np.float32)).astype(float)
    x[1], y[1] = max(x[1], x[0] + 0.5), max(y[1], y[0] + 0.5)
    x, y = np.minimum(x, width), np.minimum(y, height)
    label = int(random.integers(len(CLASSES)))
    if not masks:
        return FoundObject((x[0], y[0], x[1], y[1]), label)
    ring = np.round(np.column_stack((random.uniform(0, width, 5), random.uniform(0, height, 5))), 2)
    low, high = ring.min(axis=0).tolist(), ring.max(axis=0).tolist()
    return FoundObject((*low, *high), label, rings=[ring.reshape(-1).tolist()])


def exported_and_read(source: Source, format: str, library: Library, folder: Path) -> Source:
    export_dataset(source, format, folder)
    manifest = library.import_dataset(folder, name=format)
    assert manifest.format == format
    return Source(manifest, folder, library.annotations(manifest))


def content(source: Source) -> dict[tuple[str, bytes], np.ndarray]:
    """Class and box of each object by split and the bytes of its image."""
    assert source.annotations is not None
    found: dict[tuple[str, bytes], np.ndarray] = {}
    for place, item in enumerate(source.manifest.items):
        objects = source.annotations.of(place)
        rows = np.column_stack((objects.labels, objects.boxes.astype(float)))
        key = (item.split, (source.root / item.path).read_bytes())
        found[key] = rows[np.lexsort(np.round(rows).T)]
    return found


def same(one: Source, other: Source, within: float) -> bool:
    ours, theirs = content(one), content(other)
    return ours.keys() == theirs.keys() and all(
        np.abs(ours[key] - theirs[key]).max(initial=0) <= within for key in ours
    )


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("format", "within"), [("coco", 0.0), ("voc", 0.0), ("yolo", 1e-4)])
def test_that_boxes_are_read_as_they_were_written(
    format: str, within: float, seed: int, library: Library, tmp_path: Path
) -> None:
    source = random_source(tmp_path / "from", seed=seed)

    read = exported_and_read(source, format, library, tmp_path / "to")

    assert read.manifest.classes == CLASSES
    assert {p.code for p in read.manifest.problems} <= {"class_tiny", "classes_uneven"}
    assert same(source, read, within)


@pytest.mark.parametrize("way", [("coco", "voc", "yolo"), ("yolo", "coco", "voc"), ("voc", "yolo", "coco")])
def test_that_a_dataset_goes_through_all_layouts(
    way: tuple[str, ...], library: Library, tmp_path: Path
) -> None:
    source = random_source(tmp_path / "from", seed=7)

    read = source
    for format in way:
        read = exported_and_read(read, format, library, tmp_path / format)

    assert same(source, read, 1e-3)


@pytest.mark.parametrize("format", ["coco", "yolo"])
def test_that_polygons_are_read_as_they_were_written(format: str, library: Library, tmp_path: Path) -> None:
    source = random_source(tmp_path / "from", masks=True)

    read = exported_and_read(source, format, library, tmp_path / "to")

    ours, theirs = drawn(source), drawn(read)
    assert ours.keys() == theirs.keys()
    assert sum(int((ours[key] != theirs[key]).sum()) for key in ours) <= (0 if format == "coco" else 3)


def drawn(source: Source) -> dict[bytes, np.ndarray]:
    """All masks of an image added up, each by its class, by the bytes of the image."""
    table = source.annotations
    assert table is not None
    found: dict[bytes, np.ndarray] = {}
    for place, item in enumerate(source.manifest.items):
        masks = table.masks(place, item.height, item.width)
        assert masks is not None
        labels = table.of(place).labels + 1
        found[(source.root / item.path).read_bytes()] = (masks * labels[:, None, None] ** 2).sum(axis=0)
    return found


def test_that_crowds_and_difficult_objects_stay_in_coco(library: Library, tmp_path: Path) -> None:
    source = random_source(tmp_path / "from")
    first = source.manifest.items[0]
    region = np.zeros((first.height, first.width), bool)
    region[3:9, 5:20] = True
    builder = AnnotationsBuilder()
    builder.add(
        0,
        FoundObject((5, 3, 20, 9), 1, crowd=True, area=77.5, runs=mask_runs(region), size=region.shape),
    )
    builder.add(0, FoundObject((1, 1, 4, 4), 2, difficult=True))
    source = Source(source.manifest, source.root, builder.build(range(6)))

    read = exported_and_read(source, "coco", library, tmp_path / "to")

    assert read.annotations is not None
    place = next(i for i, item in enumerate(read.manifest.items) if item.path == "train/a__1_png.png")
    objects = read.annotations.of(place)
    assert (objects.crowd.tolist(), objects.difficult.tolist()) == ([True, False], [False, True])
    assert objects.areas.tolist() == [77.5, 9.0]
    masks = read.annotations.masks(place, first.height, first.width)
    assert masks is not None
    assert (masks[0] == region).all()


def test_that_what_a_layout_cannot_hold_is_said(tmp_path: Path) -> None:
    source = random_source(tmp_path / "from", masks=True)
    table = source.annotations
    assert isinstance(table, Annotations)
    table.crowd[0] = True

    notes = {
        format: export_dataset(source, format, tmp_path / format).notes for format in ("voc", "yolo", "coco")
    }

    assert len(notes["voc"]) == 2
    assert any("crowd" in note for note in notes["yolo"])
    assert notes["coco"] == ()


def segmentation_source(root: Path) -> Source:
    random = np.random.default_rng(5)
    items: list[Item] = []
    for number, split in enumerate(("train", "val", "train")):
        values = random.choice([0, 7, 9, 200], (12, 16)).astype(np.uint8)
        for folder, pixels in (
            ("images", random.integers(0, 256, (12, 16, 3)).astype(np.uint8)),
            ("masks", values),
        ):
            (root / folder).mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(root / folder / f"{number}_rgb.png")
        items.append(
            Item(
                path=f"images/{number}_rgb.png",
                label=None,
                split=split,
                sha256=f"{number}",
                width=16,
                height=12,
                mask=f"masks/{number}_rgb.png",
                mask_sha256=f"m{number}",
            )
        )
    table = (MaskValue(value=7, label=0), MaskValue(value=0, label=1), MaskValue(value=200))
    manifest = Manifest(
        name="seg", task="segmentation", format="masks", version="v", classes=("car", "road"),
        items=tuple(items), mask_values=table,
    )  # fmt: skip
    return Source(manifest, root, None)


def test_that_masks_are_read_as_they_were_written(library: Library, tmp_path: Path) -> None:
    source = segmentation_source(tmp_path / "from")

    read = exported_and_read(source, "masks", library, tmp_path / "to")

    assert read.manifest.classes == ("car", "road")
    for item in source.manifest.items:
        name = Path(item.path).name
        other = next(i for i in read.manifest.items if Path(i.path).name == name)
        assert other.split == item.split
        assert (
            read_mask(read.root, other, read.manifest) == read_mask(source.root, item, source.manifest)
        ).all()


def test_that_objects_with_masks_become_classes_of_pixels(library: Library, tmp_path: Path) -> None:
    source = random_source(tmp_path / "from", masks=True)

    read = exported_and_read(source, "masks", library, tmp_path / "to")

    assert read.manifest.classes == ("background", *CLASSES)
    item = next(i for i in read.manifest.items if i.path.endswith("empty.png"))
    assert not read_mask(read.root, item, read.manifest).any()


def test_that_images_are_linked_unless_copies_are_wanted(tmp_path: Path) -> None:
    source = random_source(tmp_path / "from")
    first = source.root / source.manifest.items[2].path

    export_dataset(source, "coco", tmp_path / "linked")
    export_dataset(source, "coco", tmp_path / "copied", copy=True)

    assert (tmp_path / "linked" / "val" / "2.png").samefile(first)
    copied = tmp_path / "copied" / "val" / "2.png"
    assert not copied.samefile(first)
    assert copied.read_bytes() == first.read_bytes()


def test_that_classes_become_folders(library: Library, tmp_path: Path) -> None:
    source = segmentation_source(tmp_path / "from")
    items = [
        item.model_copy(update={"label": place % 2, "mask": None})
        for place, item in enumerate(source.manifest.items)
    ]
    manifest = source.manifest.model_copy(
        update={"task": "classification", "mask_values": (), "items": tuple(items)}
    )

    export_dataset(Source(manifest, source.root, None), "imagefolder", tmp_path / "to")
    read = library.import_dataset(tmp_path / "to", options=ImportOptions("imagefolder"))

    assert sorted((item.split, read.classes[item.label or 0]) for item in read.items) == [
        ("train", "car"), ("train", "car"), ("val", "road"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("format", "folder", "code"),
    [
        ("cocoa", "to", "format_unknown"),
        ("imagefolder", "to", "export_impossible"),
        ("masks", "to", "export_impossible"),
        ("coco", "from/below", "folder_inside"),
        ("coco", "full", "folder_not_empty"),
    ],
)
def test_that_an_export_that_cannot_be_is_refused_and_leaves_nothing(
    format: str, folder: str, code: str, tmp_path: Path
) -> None:
    source = random_source(tmp_path / "from")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    before = sorted(tmp_path.iterdir())

    with pytest.raises(UserError) as refusal:
        export_dataset(source, format, tmp_path / folder)
    assert refusal.value.code == code
    assert sorted(tmp_path.iterdir()) == before


def test_that_a_missing_image_is_told_and_nothing_is_left(tmp_path: Path) -> None:
    source = random_source(tmp_path / "from")
    (source.root / "2.png").unlink()

    with pytest.raises(UserError, match=r"2\.png") as refusal:
        export_dataset(source, "voc", tmp_path / "to")
    assert refusal.value.code == "image_missing"
    assert not (tmp_path / "to").exists()
