"""Predictions written as labels are read back by the importer as they were: boxes, classes, masks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from desktop.models.predictions import Prediction
from desktop.models.predictions_labels import LabelSave, save_labels
from desktop.models.predictions_regions import Region
from engine.datasets.annotations import load_annotations
from engine.datasets.library import Library
from engine.datasets.masks import read_mask
from engine.errors import UserError
from engine.protocol.home import Home
from engine.protocol.results import PredictionRecord

WIDTH, HEIGHT = 40, 30
ANIMALS = ("cat", "dog", "cow")
BOXES = {
    "one/a.png": (
        ("dog", 0.9, (2.5, 3.25, 20.0, 18.75)),
        ("cat", 0.55, (21.0, 4.0, 39.5, 29.0)),
        ("dog", 0.2, (0, 0, 5, 5)),
    ),
    "two/a.png": (("cow", 0.8, (1.0, 1.0, 11.0, 12.0)),),
    "two/b.png": (),
}


@pytest.fixture
def home(lensmith_home: Path) -> Home:
    return Home(lensmith_home).ensure()


def picture(path: Path, seed: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 255, (HEIGHT, WIDTH, 3)).astype(np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def detected(folder: Path) -> list[Prediction]:
    """Three images in two folders, two of one name; one that is broken, one that waits, one that is gone."""
    entries = []
    for seed, (name, boxes) in enumerate(BOXES.items()):
        told = tuple({"label": label, "confidence": score, "box": list(box)} for label, score, box in boxes)
        file = picture(folder / name, seed)
        entries.append(Prediction(file, PredictionRecord(file=str(file), size=(WIDTH, HEIGHT), boxes=told)))
    gone = folder / "gone.png"
    return [
        *entries,
        Prediction(folder / "broken.png", PredictionRecord(file="broken.png", error="It is cut off.")),
        Prediction(folder / "waiting.png"),
        Prediction(gone, PredictionRecord(file=str(gone), size=(WIDTH, HEIGHT), boxes=())),
    ]


@pytest.mark.parametrize(("layout", "exact"), [("coco", 1e-4), ("yolo", 1e-4), ("voc", 1e-4)])
def test_that_written_boxes_are_imported_as_they_were(
    layout: str, exact: float, home: Home, tmp_path: Path
) -> None:
    written = save_labels(
        tmp_path, LabelSave(layout, detected(tmp_path / "shots"), ANIMALS, "detection", 0.5)
    )

    manifest = Library(home).import_dataset(written.folder)
    file = Library(home).annotations_file(manifest)
    assert file is not None
    table = load_annotations(file)
    assert (written.images, written.objects) == (3, 3)
    assert "1 image that cannot be read" in " ".join(written.notes)
    assert "not there any more" in " ".join(written.notes)
    assert set(manifest.classes) == set(ANIMALS)
    by_bytes = {(written.folder / item.path).read_bytes(): index for index, item in enumerate(manifest.items)}
    for name, boxes in BOXES.items():
        found = table.of(by_bytes[(tmp_path / "shots" / name).read_bytes()])
        kept = [box for box in boxes if box[1] >= 0.5]
        assert [manifest.classes[int(label)] for label in found.labels] == [box[0] for box in kept]
        np.testing.assert_allclose(found.boxes, np.array([box[2] for box in kept]).reshape(-1, 4), atol=exact)


def test_that_no_name_tells_where_the_images_lay_on_this_machine(tmp_path: Path) -> None:
    wanted = LabelSave("coco", detected(tmp_path / "shots"), ANIMALS, "detection", 0.5)

    written = save_labels(tmp_path, wanted)

    names = sorted(path.name for path in written.folder.rglob("*.png"))
    assert names == ["b.png", "one__a_png.png", "two__a_png.png"]


def test_that_masks_of_objects_come_back_pixel_for_pixel(home: Home, tmp_path: Path) -> None:
    file = picture(tmp_path / "shots" / "a.png", 0)
    numbers = np.zeros((HEIGHT, WIDTH), np.uint8)
    numbers[3:9, 4:12], numbers[15:25, 20:37] = 1, 3
    Image.fromarray(numbers).save(tmp_path / "numbers.png")
    told = tuple(
        {"label": label, "confidence": score, "box": box}
        for label, score, box in (
            ("dog", 0.9, [4, 3, 12, 9]),
            ("cat", 0.3, [0, 0, 5, 5]),
            ("cat", 0.8, [20, 15, 37, 25]),
        )
    )
    record = PredictionRecord(
        file=str(file), size=(WIDTH, HEIGHT), boxes=told, mask=str(tmp_path / "numbers.png")
    )

    written = save_labels(tmp_path, LabelSave("coco", [Prediction(file, record)], ANIMALS, "detection", 0.5))

    manifest = Library(home).import_dataset(written.folder)
    table_file = Library(home).annotations_file(manifest)
    assert table_file is not None
    masks = load_annotations(table_file).masks(0, HEIGHT, WIDTH)
    assert masks is not None
    np.testing.assert_array_equal(masks, np.stack([numbers == 1, numbers == 3]))


def test_that_classes_of_pixels_come_back_and_are_copies(home: Home, tmp_path: Path) -> None:
    file = picture(tmp_path / "shots" / "a.png", 0)
    classes = np.random.default_rng(1).integers(0, 3, (HEIGHT, WIDTH)).astype(np.uint8)
    mask = tmp_path / "mask.png"
    Image.fromarray(classes).save(mask)
    record = PredictionRecord(file=str(file), size=(WIDTH, HEIGHT), shares={"cat": 1.0}, mask=str(mask))

    written = save_labels(
        tmp_path, LabelSave("masks", [Prediction(file, record)], ANIMALS, "segmentation", 0.0)
    )
    mask.write_bytes(b"written over by the next answer")

    manifest = Library(home).import_dataset(written.folder)
    np.testing.assert_array_equal(read_mask(written.folder, manifest.items[0], manifest), classes)
    assert manifest.classes == ANIMALS


def test_that_nothing_is_written_over_and_nothing_is_left_of_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = LabelSave("coco", detected(tmp_path / "shots"), ANIMALS, "detection", 0.5)

    first, second = save_labels(tmp_path, wanted), save_labels(tmp_path, wanted)
    assert (first.folder.name, second.folder.name) == ("predictions-coco", "predictions-coco-2")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("engine.datasets.writers.tree.shutil.copy2", full)
    monkeypatch.setattr("pathlib.Path.hardlink_to", full)
    with pytest.raises(UserError) as raised:
        save_labels(tmp_path, wanted)
    assert raised.value.code == "disk_full"
    assert not (tmp_path / "predictions-coco-3").exists()


def test_that_parts_of_images_have_no_labels_of_their_own(tmp_path: Path) -> None:
    file = picture(tmp_path / "a.png", 0)
    record = PredictionRecord(file=str(file), size=(5, 5), boxes=())
    part = Prediction(file, record, Region(file, 0, 0, 5, 5, (WIDTH, HEIGHT)))

    with pytest.raises(UserError) as raised:
        save_labels(tmp_path, LabelSave("yolo", [part], ANIMALS, "detection", 0.5))

    assert raised.value.code == "labels_empty"
