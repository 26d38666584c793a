from __future__ import annotations

from pathlib import Path

import numpy as np

from engine.datasets.library import Library
from engine.datasets.mask_counts import count_masks, counts_path, evenly, load_counts
from engine.protocol.home import Home
from tests.desktop.labelled_sets import SIZE, write_masks

WHOLE = SIZE[0] * SIZE[1]


def test_that_pixels_are_counted_as_the_masks_show_them(library: Library, tmp_path: Path) -> None:
    manifest = library.import_dataset(write_masks(tmp_path / "streets"))
    counts = count_masks(manifest, library.root(manifest.name))
    assert counts is not None
    assert [item.path for item in manifest.items][-1] == "images/val/1.png"
    assert counts.pixels[0].tolist() == [WHOLE * 3 // 8, WHOLE * 3 // 8]
    assert counts.pixels[-1].tolist() == [WHOLE * 3 // 4, 0]
    assert counts.ignored.tolist() == [WHOLE // 4] * 5
    assert counts.ignored_share() == 0.25
    assert counts.shows(1).tolist() == [True, True, True, True, False]


def test_that_of_many_masks_some_are_read_evenly(library: Library, tmp_path: Path) -> None:
    manifest = library.import_dataset(write_masks(tmp_path / "streets"))
    counts = count_masks(manifest, library.root(manifest.name), most=2)
    assert counts is not None
    assert counts.is_read.tolist() == [True, False, False, True, False]
    assert counts.read == evenly(5, 2) == 2
    assert evenly(7, 100) == 7


def test_that_counting_is_left_off_when_nobody_wants_it(library: Library, tmp_path: Path) -> None:
    manifest = library.import_dataset(write_masks(tmp_path / "streets"))
    assert count_masks(manifest, library.root(manifest.name), is_wanted=lambda: False) is None


def test_that_a_mask_that_is_gone_counts_nothing(library: Library, tmp_path: Path) -> None:
    manifest = library.import_dataset(write_masks(tmp_path / "streets"))
    (tmp_path / "streets" / "masks" / "train" / "1.png").unlink()
    counts = count_masks(manifest, library.root(manifest.name))
    assert counts is not None
    assert counts.is_read.tolist() == [True, False, True, True, True]


def test_that_counts_are_kept_and_not_taken_for_those_of_another_version(
    library: Library, home: Home, tmp_path: Path
) -> None:
    manifest = library.import_dataset(write_masks(tmp_path / "streets"))
    counts = count_masks(manifest, library.root(manifest.name))
    assert counts is not None
    place = counts_path(home, manifest)
    assert load_counts(place, manifest) is None
    counts.save(place)
    kept = load_counts(place, manifest)
    assert kept is not None
    assert np.array_equal(kept.pixels, counts.pixels)
    assert load_counts(place, manifest.with_items(manifest.items[:3])) is None
    place.write_bytes(b"nonsense")
    assert load_counts(place, manifest) is None
