"""Images in shared memory are those that were put there, known by whom they are told to."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from engine.data.cache import DiskCache, MemoryCache, NoCache
from engine.data.preprocessing import to_stored
from engine.data.shared_block import SharedBlock
from engine.data.shared_cache import CacheLayout, SharedCache, opening_of, share_cache
from engine.datasets.manifest import Item
from tests.engine.data.pictures import noise

SIDE = 24
SIZES = [(30, 40), (10, 10), (200, 120), (0, 0), (20, 300)]
ITEMS = [
    Item(path=f"{at}.png", label=0, split="train", sha256=f"{at:064x}", width=width, height=height)
    for at, (height, width) in enumerate(SIZES)
]
IMAGES = {
    at: to_stored(noise(*size, at), SIDE, "bilinear") for at, size in enumerate(SIZES) if size != (0, 0)
}


def test_that_what_was_in_memory_moves_into_the_block() -> None:
    kept = MemoryCache(len(ITEMS))
    for at, image in IMAGES.items():
        kept.put(at, image)
    kept.put(3, noise(5, 5))

    shared = share_cache(kept, ITEMS, SIDE)

    assert isinstance(shared, SharedCache)
    assert shared.known() == [0, 1, 2, 4]
    assert all(np.array_equal(shared.get(at), image) for at, image in IMAGES.items())  # type: ignore[arg-type]  # it is there
    assert shared.get(3) is None  # its size was unknown: it has no place
    assert all(kept.get(at) is None for at in range(len(ITEMS)))
    assert share_cache(shared, ITEMS, SIDE) is shared


def test_that_another_opening_sees_an_image_once_it_is_told() -> None:
    layout = CacheLayout.of(ITEMS, SIDE)
    block = SharedBlock(layout.total_bytes)
    here, there = SharedCache(layout, block), SharedCache(layout, block)

    here.put(2, IMAGES[2])

    assert there.get(2) is None
    there.learn(here.news())
    found = there.get(2)
    assert found is not None
    assert np.array_equal(found, IMAGES[2])
    assert here.news() == there.news() == []


def test_that_an_image_of_another_size_than_the_manifest_tells_is_not_kept() -> None:
    layout = CacheLayout.of(ITEMS, SIDE)
    shared = SharedCache(layout, SharedBlock(layout.total_bytes))

    shared.put(0, IMAGES[2])

    assert shared.get(0) is None


def test_that_the_other_caches_are_shared_as_they_are(tmp_path: Path) -> None:
    disk = DiskCache(tmp_path, [item.sha256 for item in ITEMS])

    assert share_cache(disk, ITEMS, SIDE) is disk
    assert opening_of(disk).open() is disk
    assert opening_of(NoCache()).open() is None


def test_that_a_view_outlives_its_block() -> None:
    block = SharedBlock(100)
    view = block.pixels_at(10, (3, 3, 3))
    view[:] = 7
    block.close()
    block.close()
    del block

    assert int(view.sum()) == 7 * 27
