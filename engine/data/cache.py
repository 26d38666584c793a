"""Decoded images at stored size, so that each file is decoded once: in memory, or memory-mapped in the cache folder.

A miss passes through the same stored-size image as a hit, so no cache setting ever changes a pixel.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
import psutil

from engine.data.preprocessing import SHRUNK_AS, Image, stored_shape
from engine.protocol.operating_system import free_disk_bytes, replace_file

if TYPE_CHECKING:
    from engine.datasets.manifest import Item

CacheMode = Literal["auto", "memory", "disk", "off"]
MEMORY_SHARE = 0.5
"""Part of the free memory that decoded images may take."""
DISK_SHARE = 0.5
"""Part of the free disk that they may take."""
_MEGABYTE = 1e6
_LOOKED_FOR = 100
_CGROUP = Path("/sys/fs/cgroup")


class ImageCache(Protocol):
    """Keeps stored-size images by position in the split. Called from several threads at once."""

    def get(self, position: int) -> Image | None: ...

    def put(self, position: int, image: Image) -> None: ...


class NoCache:
    """Keeps nothing."""

    def get(self, position: int) -> Image | None:
        del position

    def put(self, position: int, image: Image) -> None:
        del position, image


class MemoryCache:
    """Keeps images in memory as long as the process lives."""

    def __init__(self, length: int) -> None:
        self._images: list[Image | None] = [None] * length

    def get(self, position: int) -> Image | None:
        return self._images[position]

    def put(self, position: int, image: Image) -> None:
        # A view would keep the whole photo it was cut from alive.
        self._images[position] = image if image.base is None else image.copy()

    def take(self, position: int) -> Image | None:
        """Give an image and keep it no longer."""
        image, self._images[position] = self._images[position], None
        return image


class DiskCache:
    """Keeps images as .npy files named by content hash, for all runs and dataset versions with the same size."""

    def __init__(self, folder: Path, keys: Sequence[str]) -> None:
        self._folder = folder
        self._keys = keys
        self._lock = threading.Lock()
        self.failure: OSError | None = None
        """Why nothing more is written (a full disk); reading goes on."""

    def __reduce__(self) -> tuple[type[DiskCache], tuple[Path, Sequence[str]]]:
        return DiskCache, (self._folder, self._keys)

    def get(self, position: int) -> Image | None:
        path = self._path(position)
        try:
            image = np.load(path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError):  # absent, or cut off by a crash of the machine
            return None
        return image if image.dtype == np.uint8 and image.ndim == 3 else None

    def has(self, position: int) -> bool:
        """Say whether the image was kept; it is not opened."""
        return self._path(position).is_file()

    def put(self, position: int, image: Image) -> None:
        if self.failure is not None:
            return
        path = self._path(position)
        draft = path.with_name(f"{path.stem}.{os.getpid()}.{threading.get_ident()}.tmp")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with draft.open("wb") as file:
                np.save(file, image, allow_pickle=False)
            replace_file(draft, path)
        except OSError as error:
            with self._lock:
                self.failure = error
            with contextlib.suppress(OSError):
                draft.unlink()

    def _path(self, position: int) -> Path:
        key = self._keys[position]
        return self._folder / key[:2] / f"{key}.npy"


@dataclass(frozen=True, slots=True)
class CachePlace:
    """Where a cache may live, and how much the whole dataset would take, so that two splits share one budget."""

    folder: Path | None
    resize_method: str
    dataset_bytes: int
    kept_share: float = 0.0
    """Part of the dataset that lies there already: 0 to 1."""


@dataclass(frozen=True, slots=True)
class CacheChoice:
    """Which cache is used, and a sentence for the user."""

    mode: Literal["memory", "disk", "off"]
    sentence: str


def choose_cache(mode: CacheMode, place: CachePlace) -> CacheChoice:
    """Choose a cache: "auto" takes memory when the whole dataset fits, else disk when it fits there, else none."""
    needed, free = place.dataset_bytes, free_memory_bytes()
    fits = needed <= MEMORY_SHARE * free
    size = f"{needed / _MEGABYTE:,.0f} MB"
    if mode == "memory" or (mode == "auto" and fits):
        return CacheChoice(
            "memory",
            f"Decoded images are kept in memory: {size} for all, {free / _MEGABYTE:,.0f} MB are free.",
        )
    if mode == "off":
        return CacheChoice("off", "Decoded images are not kept, as set: each epoch decodes the files again.")
    if place.folder is None:
        return CacheChoice("off", "Decoded images are not kept: there is no folder for them.")
    room = free_disk_bytes(_existing(place.folder))
    if mode == "auto" and needed * (1 - place.kept_share) > DISK_SHARE * room:
        return CacheChoice(
            "off",
            f"Decoded images are not kept: {size} fit neither into memory nor into half of the "
            f"{room / _MEGABYTE:,.0f} MB that are free on disk. Each epoch decodes the files again.",
        )
    return CacheChoice("disk", f"Decoded images are kept on disk: {size} at most in {place.folder}.")


def open_cache(mode: CacheMode, items: Sequence[Item], image_size: int, place: CachePlace) -> ImageCache:
    """Open the cache for a split."""
    chosen = choose_cache(mode, place).mode
    if chosen == "memory":
        return MemoryCache(len(items))
    if chosen == "disk" and place.folder is not None:
        folder = stored_folder(place.folder, image_size, place.resize_method)
        return DiskCache(folder, [item.sha256 for item in items])
    return NoCache()


def stored_folder(cache: Path, image_size: int, method: str) -> Path:
    """Name the folder of stored images: those of another size, method or way to shrink have other pixels."""
    return cache / "images" / f"{image_size}-{method}-{SHRUNK_AS}"


def kept_share(folder: Path, items: Sequence[Item]) -> float:
    """Say what part of the items a disk cache has, by a look for some of them."""
    looked_for = items[:: max(1, len(items) // _LOOKED_FOR)]
    if not looked_for or not folder.is_dir():
        return 0.0
    cache = DiskCache(folder, [item.sha256 for item in looked_for])
    return sum(cache.has(position) for position in range(len(looked_for))) / len(looked_for)


def _existing(folder: Path) -> Path:
    return next((place for place in (folder, *folder.parents) if place.exists()), folder)


def stored_bytes(items: Sequence[Item], image_size: int) -> int:
    """Bytes that the items take at stored size; an unknown size counts as a square."""
    total = 0
    for item in items:
        side = 2 * image_size
        width, height = stored_shape(item.width or side, item.height or side, image_size)
        total += 3 * width * height
    return total


def free_memory_bytes() -> int:
    """Memory this process may still take: of the machine, or of its container where that is less."""
    free = int(psutil.virtual_memory().available)
    try:
        limit = (_CGROUP / "memory.max").read_text(encoding="utf-8").strip()
        used = (_CGROUP / "memory.current").read_text(encoding="utf-8").strip()
    except OSError:
        return free
    return free if limit == "max" else max(0, min(free, int(limit) - int(used)))
