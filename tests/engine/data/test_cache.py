"""A cache is fast and otherwise not there: no setting changes a pixel, and nothing it does stops a run."""

from __future__ import annotations

import errno
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PILImage

from engine.data import cache as caches
from engine.data.cache import (
    CacheMode,
    CachePlace,
    DiskCache,
    MemoryCache,
    NoCache,
    choose_cache,
    free_memory_bytes,
    kept_share,
    open_cache,
    stored_bytes,
    stored_folder,
)
from engine.data.preprocessing import Image, prepare_image, to_stored
from engine.data.samples import SampleSource
from engine.data.targets import LabelTargets, SplitFiles
from engine.datasets.decode import decode_image
from engine.datasets.manifest import Item, Manifest
from tests.engine.data.pictures import noise, smooth

SIZE = 24
SIZES = [(30, 40), (10, 10), (200, 120), (28, 28), (20, 300)]


@pytest.fixture
def items(tmp_path: Path) -> list[Item]:
    """Pictures of different sizes in tmp_path, and their records."""
    found = []
    for index, (height, width) in enumerate(SIZES):
        picture = smooth(height, width, index) if index % 2 else noise(height, width, index)
        PILImage.fromarray(picture).save(tmp_path / f"{index}.png")
        found.append(
            Item(
                path=f"{index}.png",
                label=0,
                split="train",
                sha256=f"{index:064x}",
                width=width,
                height=height,
            )
        )
    return found


def source(root: Path, items: list[Item], method: str = "bilinear") -> SampleSource:
    manifest = Manifest(
        name="five",
        task="classification",
        format="imagefolder",
        version="1",
        classes=("only",),
        items=tuple(items),
    )
    files = SplitFiles(manifest, root, range(len(items)))
    return SampleSource(files, LabelTargets([0] * len(items)), SIZE, method)


def place(tmp_path: Path, dataset_bytes: int = 0, method: str = "bilinear") -> CachePlace:
    return CachePlace(tmp_path / "cache", method, dataset_bytes)


@pytest.mark.parametrize("method", ["bilinear", "bicubic", "nearest"])
@pytest.mark.parametrize("mode", ["memory", "disk", "off"])
def test_that_a_miss_and_a_hit_give_the_pixels_of_the_image_itself(
    tmp_path: Path, items: list[Item], mode: CacheMode, method: str
) -> None:
    for _ in range(2):  # the disk cache opened anew must find what the first one wrote
        cache = open_cache(mode, items, SIZE, place(tmp_path, method=method))
        for _ in range(2):
            for position, item in enumerate(items):
                found = source(tmp_path, items, method).stored(position, cache)
                expected = to_stored(decode_image(tmp_path / item.path), SIZE, method)
                assert found is not None
                np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("mode", ["memory", "disk"])
def test_that_a_file_is_decoded_once(tmp_path: Path, items: list[Item], mode: CacheMode) -> None:
    cache = open_cache(mode, items, SIZE, place(tmp_path))
    first = source(tmp_path, items).stored(0, cache)
    (tmp_path / items[0].path).unlink()

    again = source(tmp_path, items).stored(0, cache)

    assert first is not None
    assert again is not None
    np.testing.assert_array_equal(again, first)


def test_that_without_a_cache_every_look_reads_the_file(tmp_path: Path, items: list[Item]) -> None:
    cache = open_cache("off", items, SIZE, place(tmp_path))
    assert source(tmp_path, items).stored(0, cache) is not None
    (tmp_path / items[0].path).unlink()

    assert source(tmp_path, items).stored(0, cache) is None
    assert not (tmp_path / "cache").exists()


def test_that_images_of_another_size_or_resize_method_are_kept_apart(
    tmp_path: Path, items: list[Item]
) -> None:
    image = noise(10, 10)
    open_cache("disk", items, SIZE, place(tmp_path)).put(0, image)

    assert open_cache("disk", items, SIZE, place(tmp_path)).get(0) is not None
    assert open_cache("disk", items, SIZE + 1, place(tmp_path)).get(0) is None
    assert open_cache("disk", items, SIZE, place(tmp_path, method="nearest")).get(0) is None


def test_that_the_cache_in_memory_does_not_keep_the_whole_photo_alive() -> None:
    photo = noise(500, 500)
    cache = MemoryCache(1)
    cache.put(0, photo[:10, :10])

    kept = cache.get(0)
    assert kept is not None
    assert kept.base is None
    np.testing.assert_array_equal(kept, photo[:10, :10])


@pytest.mark.parametrize("length", [0, 1, 60, 128, 200])
def test_that_a_file_cut_off_by_a_crash_is_a_miss_and_written_anew(tmp_path: Path, length: int) -> None:
    cache = DiskCache(tmp_path, ["ab" + "0" * 62])
    cache.put(0, noise(10, 10))
    (file,) = tmp_path.rglob("*.npy")
    file.write_bytes(file.read_bytes()[:length])

    assert cache.get(0) is None
    cache.put(0, noise(10, 10))
    np.testing.assert_array_equal(cache.get(0), noise(10, 10))  # type: ignore[arg-type]  # there again


@pytest.mark.parametrize("content", [np.zeros((3, 3), np.uint8), np.zeros((3, 3, 3), np.float32)])
def test_that_a_file_of_another_kind_is_a_miss(tmp_path: Path, content: np.ndarray) -> None:
    cache = DiskCache(tmp_path, ["ab" + "0" * 62])
    (tmp_path / "ab").mkdir()
    np.save(tmp_path / "ab" / f"ab{'0' * 62}.npy", content)

    assert cache.get(0) is None


def test_that_a_full_disk_ends_the_writing_but_not_the_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = DiskCache(tmp_path, ["aa" + "0" * 62, "bb" + "0" * 62])
    cache.put(0, noise(4, 4))

    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(np, "save", fail)
    cache.put(1, noise(4, 4))
    monkeypatch.undo()

    assert cache.failure is not None
    assert cache.failure.errno == errno.ENOSPC
    assert cache.get(0) is not None
    assert cache.get(1) is None
    assert list(tmp_path.rglob("*.tmp")) == []
    cache.put(1, noise(4, 4))
    assert cache.get(1) is None


def test_that_a_cache_folder_that_cannot_be_made_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    cache = DiskCache(tmp_path / "taken", ["aa" + "0" * 62])

    cache.put(0, noise(4, 4))

    assert cache.failure is not None
    assert cache.get(0) is None


@pytest.mark.parametrize(
    ("free", "folder", "kind"),
    [(1_000_000, True, MemoryCache), (1000, True, DiskCache), (1000, False, NoCache)],
)
def test_that_auto_takes_memory_if_the_images_fit_twice_else_the_disk_else_none(
    tmp_path: Path,
    items: list[Item],
    monkeypatch: pytest.MonkeyPatch,
    free: int,
    folder: bool,
    kind: type[object],
) -> None:
    monkeypatch.setattr(caches, "free_memory_bytes", lambda: free)
    where = CachePlace(tmp_path / "cache" if folder else None, "bilinear", stored_bytes(items, SIZE))

    assert isinstance(open_cache("auto", items, SIZE, where), kind)


@pytest.mark.parametrize(
    ("mode", "memory", "disk", "chosen", "words"),
    [
        ("auto", 10**9, 10**9, "memory", "kept in memory: 400 MB for all, 1,000 MB are free"),
        ("auto", 10**8, 10**9, "disk", "kept on disk: 400 MB at most in"),
        ("auto", 10**8, 5 * 10**8, "off", "fit neither into memory nor into half of the 500 MB"),
        ("disk", 10**8, 5 * 10**8, "disk", "kept on disk"),
        ("off", 10**9, 10**9, "off", "not kept, as set"),
    ],
)
def test_that_the_choice_of_a_cache_is_said_with_its_reason(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    mode: CacheMode,
    memory: int,
    disk: int,
    chosen: str,
    words: str,
) -> None:
    monkeypatch.setattr(caches, "free_memory_bytes", lambda: memory)
    monkeypatch.setattr(caches, "free_disk_bytes", lambda _folder: disk)

    choice = choose_cache(mode, CachePlace(tmp_path / "not" / "yet", "bilinear", 400_000_000))

    assert choice.mode == chosen
    assert words in choice.sentence


def test_that_images_that_lie_on_disk_already_need_no_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, items: list[Item]
) -> None:
    folder = stored_folder(tmp_path / "cache", SIZE, "bilinear")
    assert kept_share(folder, items) == 0
    cache = open_cache("disk", items, SIZE, place(tmp_path))
    for position in range(4):
        cache.put(position, noise(10, 10))
    monkeypatch.setattr(caches, "free_memory_bytes", lambda: 10**8)
    monkeypatch.setattr(caches, "free_disk_bytes", lambda _folder: 5 * 10**8)

    share = kept_share(folder, items)

    assert share == 4 / 5
    where = CachePlace(tmp_path / "cache", "bilinear", 400_000_000, share)
    assert choose_cache("auto", where).mode == "disk"


def test_that_images_that_were_shrunk_in_another_way_are_kept_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, items: list[Item]
) -> None:
    open_cache("disk", items, SIZE, place(tmp_path)).put(0, noise(10, 10))
    monkeypatch.setattr(caches, "SHRUNK_AS", "in a way of tomorrow")

    assert open_cache("disk", items, SIZE, place(tmp_path)).get(0) is None


def test_that_the_room_is_that_of_the_stored_images(tmp_path: Path, items: list[Item]) -> None:
    stored: list[Image] = [to_stored(decode_image(tmp_path / item.path), SIZE, "bilinear") for item in items]

    assert stored_bytes(items, SIZE) == sum(image.nbytes for image in stored)
    unknown = Item(path="a", label=0, split="train", sha256="")
    assert stored_bytes([unknown], SIZE) == 3 * 28 * 28


@pytest.mark.parametrize(("limit", "expected"), [("max", None), ("3000", 1000), ("1000", 0)])
def test_that_the_memory_of_a_container_is_what_its_limit_leaves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, expected: int | None
) -> None:
    (tmp_path / "memory.max").write_text(f"{limit}\n")
    (tmp_path / "memory.current").write_text("2000\n")
    monkeypatch.setattr(caches, "_CGROUP", tmp_path)

    if expected is None:
        assert free_memory_bytes() > 1_000_000
    else:
        assert free_memory_bytes() == expected


def test_that_a_stored_image_serves_validation_as_the_file_would(tmp_path: Path, items: list[Item]) -> None:
    cache = open_cache("disk", items, SIZE, place(tmp_path))
    for position, item in enumerate(items):
        source(tmp_path, items).stored(position, cache)
        hit = cache.get(position)
        assert hit is not None
        expected = prepare_image(decode_image(tmp_path / item.path), SIZE)
        np.testing.assert_array_equal(prepare_image(hit, SIZE), expected)
