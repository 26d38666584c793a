"""Decoded images in memory that the loader's processes share, so that each is decoded and kept once."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.data.cache import DiskCache, ImageCache, MemoryCache
from engine.data.preprocessing import Image, stored_shape
from engine.data.shared_block import Handle, SharedBlock

if TYPE_CHECKING:
    from engine.datasets.manifest import Item


@dataclass(frozen=True, slots=True, eq=False)
class CacheLayout:
    """Where each image of a split lies in the block; one of unknown size has no place there."""

    offsets: NDArray[np.int64]
    """(N + 1,), bytes."""
    sizes: NDArray[np.int32]
    """(N, 2), height and width at stored size."""

    @classmethod
    def of(cls, items: Sequence[Item], image_size: int) -> CacheLayout:
        """Lay the images of a split out one after the other."""
        sizes = np.zeros((len(items), 2), dtype=np.int32)
        for position, item in enumerate(items):
            if item.width and item.height:
                sizes[position] = stored_shape(item.width, item.height, image_size)[::-1]
        areas = sizes[:, 0].astype(np.int64) * sizes[:, 1]
        return cls(np.concatenate([[0], np.cumsum(3 * areas)]), sizes)

    @property
    def total_bytes(self) -> int:
        return int(self.offsets[-1])


class SharedCache:
    """Keeps images in a block. Implements `engine.data.cache.ImageCache`.

    Which ones are there, each process knows by itself or is told: a mark in the block could be seen before the pixels.
    """

    def __init__(self, layout: CacheLayout, block: SharedBlock) -> None:
        self._layout = layout
        self._block = block
        self._is_there = np.zeros(len(layout.sizes), dtype=np.bool_)
        self._news: list[int] = []
        self._lock = threading.Lock()

    @property
    def block(self) -> SharedBlock:
        return self._block

    @property
    def layout(self) -> CacheLayout:
        return self._layout

    def get(self, position: int) -> Image | None:
        return self._place(position) if self._is_there[position] else None

    def put(self, position: int, image: Image) -> None:
        height, width = self._layout.sizes[position]
        if image.shape != (height, width, 3) or self._is_there[position]:
            return
        self._place(position)[:] = image
        self._is_there[position] = True
        with self._lock:
            self._news.append(position)

    def news(self) -> list[int]:
        """Positions of the images that this process has put there since the last call."""
        with self._lock:
            news, self._news = self._news, []
        return news

    def learn(self, positions: NDArray[np.int64] | Sequence[int]) -> None:
        """Know of images that another process has put there."""
        self._is_there[np.asarray(positions, dtype=np.int64)] = True

    def known(self) -> list[int]:
        """Positions of all images that are there."""
        return np.flatnonzero(self._is_there).tolist()

    def _place(self, position: int) -> Image:
        height, width = self._layout.sizes[position].tolist()
        return self._block.pixels_at(int(self._layout.offsets[position]), (height, width, 3))


@dataclass(frozen=True, slots=True, eq=False)
class CacheOpening:
    """How a child opens the cache of its parent."""

    disk: DiskCache | None = None
    layout: CacheLayout | None = None
    handle: Handle | None = None

    def open(self) -> ImageCache | None:
        """Open it; None when nothing is kept."""
        if self.layout is not None and self.handle is not None:
            return SharedCache(self.layout, SharedBlock(self.layout.total_bytes, self.handle))
        return self.disk


def share_cache(cache: ImageCache, items: Sequence[Item], image_size: int) -> ImageCache:
    """Give a cache that children can open: what is kept in this process's own memory moves into a block.

    Raises:
        OSError: the system gives no such memory.
    """
    if not isinstance(cache, MemoryCache):
        return cache
    layout = CacheLayout.of(items, image_size)
    shared = SharedCache(layout, SharedBlock(layout.total_bytes))
    for position in range(len(items)):
        # One at a time, so that nothing is there twice.
        if (image := cache.take(position)) is not None:
            shared.put(position, image)
    return shared


def opening_of(cache: ImageCache) -> CacheOpening:
    """Say how a child opens this cache."""
    if isinstance(cache, SharedCache):
        return CacheOpening(layout=cache.layout, handle=cache.block.handle)
    return CacheOpening(disk=cache if isinstance(cache, DiskCache) else None)
