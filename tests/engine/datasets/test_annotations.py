"""A table of objects gives back what was put in, is the same whatever the order of reading, and tells damage."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from engine.datasets import annotations_builder
from engine.datasets.annotations import Annotations, load_annotations
from engine.datasets.annotations_builder import AnnotationsBuilder, FoundObject
from engine.datasets.polygons import mask_runs
from engine.errors import UserError

SQUARE = [1.0, 1.0, 3.0, 1.0, 3.0, 3.0, 1.0, 3.0]


def built() -> Annotations:
    builder = AnnotationsBuilder()
    corner = np.zeros((4, 6), bool)
    corner[:2, :1] = True
    builder.add(2, FoundObject((0, 0, 1, 2), 1, crowd=True, runs=mask_runs(corner), size=(4, 6)))
    builder.add(0, FoundObject((1, 1, 3, 3), 0, area=3.5, rings=[SQUARE, [4.0, 0.0, 6.0, 0.0, 6.0, 2.0]]))
    builder.add(2, FoundObject((2.5, 1, 5, 2), 0, difficult=True))
    return builder.build([0, 1, 2])


def test_that_objects_are_given_image_by_image_in_the_order_of_their_file() -> None:
    table = built()

    assert [len(table.of(index)) for index in range(len(table))] == [1, 0, 2]
    last = table.of(2)
    assert last.boxes.tolist() == [[0, 0, 1, 2], [2.5, 1, 5, 2]]
    assert (last.labels.tolist(), last.crowd.tolist(), last.difficult.tolist()) == (
        [1, 0], [True, False], [False, True],
    )  # fmt: skip
    assert (table.of(0).areas.tolist(), last.areas.tolist()) == ([3.5], [2, 2.5])


def test_that_masks_are_drawn_of_polygons_and_run_lengths_and_of_the_box_where_there_is_neither() -> None:
    table = built()

    first, last = table.masks(0, 4, 6), table.masks(2, 4, 6)

    assert first is not None
    assert last is not None
    assert first[0, 1:3, 1:3].all()
    assert first[0, 0, 5]
    assert np.argwhere(last[0]).tolist() == [[0, 0], [1, 0]]
    assert np.argwhere(last[1]).tolist() == [[1, 2], [1, 3], [1, 4]]
    nothing = table.masks(1, 4, 6)
    assert nothing is not None
    assert nothing.shape == (0, 4, 6)


def test_that_a_dataset_of_boxes_has_no_masks() -> None:
    builder = AnnotationsBuilder()
    builder.add(0, FoundObject((0, 0, 1, 2), 1))

    table = builder.build([0])

    assert not table.has_masks
    assert table.masks(0, 4, 6) is None


def test_that_corners_come_back_as_they_were_written() -> None:
    ring = [0.7, 0.1, 639.99, 0.3, 12.345, 4095.001]
    builder = AnnotationsBuilder()
    builder.add(0, FoundObject((0, 0, 1, 2), 1, rings=[ring]))

    assert builder.build([0]).rings(0)[0].reshape(-1).tolist() == ring


def test_that_a_table_is_saved_and_loaded_whole(tmp_path: Path) -> None:
    table = built()
    table.save(tmp_path / "a.npz")

    loaded = load_annotations(tmp_path / "a.npz")

    assert loaded.digest() == table.digest()
    for column in fields(Annotations):
        assert (getattr(loaded, column.name) == getattr(table, column.name)).all(), column.name


def test_that_the_hash_tells_contents_apart_and_not_how_they_were_read() -> None:
    builder = AnnotationsBuilder(files=["other.json"])
    square = np.zeros((4, 6), bool)
    square[:2, :1] = True
    builder.add(7, FoundObject((1, 1, 3, 3), 0, area=3.5, rings=[SQUARE, [4, 0, 6, 0, 6, 2]], line=9))
    builder.add(8, FoundObject((0, 0, 1, 2), 1, crowd=True, runs=mask_runs(square), size=(4, 6)))
    builder.add(8, FoundObject((2.5, 1, 5, 2), 0, difficult=True))
    builder.add(5, FoundObject((9, 9, 10, 10), 0))

    assert builder.build([7, 6, 8]).digest() == built().digest()
    assert builder.build([7, 8, 6]).digest() != built().digest()


def test_that_no_object_at_all_is_a_table_too(tmp_path: Path) -> None:
    table = AnnotationsBuilder().build([0, 1])
    table.save(tmp_path / "a.npz")

    loaded = load_annotations(tmp_path / "a.npz")

    assert (len(loaded), loaded.of(1).boxes.shape, loaded.has_masks) == (2, (0, 4), False)


@pytest.mark.parametrize("content", [b"", b"{}", b"PK\x03\x04 cut off"])
def test_that_a_damaged_file_is_told(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_bytes(content)

    with pytest.raises(UserError) as refusal:
        load_annotations(tmp_path / "a.npz")
    assert refusal.value.code == "annotations_damaged"


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("boxes", np.zeros((2, 4), np.float32)),
        ("labels", np.zeros(3, object)),
        ("object_starts", np.array([0, 4, 1, 3], np.int64)),
        ("runs", np.zeros(9, np.uint32)),
        ("crowd", np.zeros(3, np.int64)),
    ],
)
def test_that_columns_that_do_not_fit_are_told(column: str, value: np.ndarray, tmp_path: Path) -> None:
    columns = {**built().columns(), column: value}
    np.savez(tmp_path / "a.npz", allow_pickle=True, **columns)

    with pytest.raises(UserError) as refusal:
        load_annotations(tmp_path / "a.npz")
    assert refusal.value.code == "annotations_damaged"


def test_that_parts_are_gathered_piece_by_piece_as_a_loop_would(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(annotations_builder, "_AT_ONCE", 3)
    generator = np.random.default_rng(4)
    counts = generator.integers(0, 5, 20)
    values = generator.integers(0, 100, (int(counts.sum()), 2))
    order = generator.permutation(20)[:11]
    bounds = annotations_builder.starts(counts)
    expected = np.concatenate([values[bounds[part] : bounds[part + 1]] for part in order])
    assert np.array_equal(annotations_builder.gathered(values, counts, order), expected)
    doubled = annotations_builder.gathered(values, counts, order, lambda some: (some * 2).astype(np.int32))
    assert doubled.dtype == np.int32
    assert np.array_equal(doubled, expected * 2)
    assert len(annotations_builder.gathered(values, counts, order[:0])) == 0
