"""Processes load what threads load, for every task; they die, fail and end without taking anything along."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from pathlib import Path
from types import ModuleType
from typing import Any

import psutil
import pytest
import torch

from engine.config.augmentation import AugmentationConfig
from engine.data.batch import Batch
from engine.data.loader import Loader, LoaderSettings, build_loader
from engine.data.shared_cache import SharedCache
from engine.data.worker_trial import CrewSize, SpreadableLoader, measure_crews
from engine.datasets.formats.registry import read_layout
from engine.datasets.hashing import HashMemory
from engine.datasets.importing import make_dataset
from engine.datasets.manifest import Manifest
from engine.errors import UserError
from engine.protocol.interpreter import child_environment
from engine.tasks.registry import task_named
from tests.engine.data import odd_augmentations
from tests.engine.data.task_datasets import write_detection, write_segmentation
from tests.engine.datasets.pictures import write_classes

SIDE = odd_augmentations.SIDE
EASE_S = 20.0
"""A loaded machine may take long for what takes a moment."""
TURNED = AugmentationConfig(random_rotation=15.0)
posix_only = pytest.mark.skipif(sys.platform == "win32", reason="signals and descriptors are POSIX's")

Opener = Callable[..., Loader]


@pytest.fixture
def opened() -> Iterator[Opener]:
    """Open a folder's split; every loader is closed with the test."""
    loaders: list[Loader] = []

    def open_split(folder: Path, split: str = "train", **settings: Any) -> Loader:
        made = make_dataset(read_layout(folder), folder, "made", HashMemory(None))
        table = folder.parent / f"{folder.name}.npz"
        if made.annotations is not None:
            made.annotations.save(table)
        task = task_named(made.manifest.task)
        given: dict[str, Any] = {
            "image_size": SIDE,
            "batch_size": 4,
            "train": split == "train",
            "workers": 2,
            "augmentation": TURNED,
            "framing": task.framing,
            "annotations": table,
            "cache": "memory",
        }
        loader = build_loader(
            _without_sizes(made.manifest) if settings.pop("sizes_unknown", False) else made.manifest,
            folder,
            split,
            LoaderSettings(**(given | settings)),
            task,
        )
        loaders.append(loader)
        return loader

    yield open_split
    for loader in loaders:
        loader.close()


def _without_sizes(manifest: Manifest) -> Manifest:
    items = tuple(item.model_copy(update={"width": 0, "height": 0}) for item in manifest.items)
    return manifest.model_copy(update={"items": items})


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_classes(
        tmp_path_factory.mktemp("processes") / "d", {"train/a": 11, "train/b": 10, "val/a": 3, "val/b": 2}
    )


def equal(one: object, other: object) -> bool:
    """Compare targets of any task, to the bit."""
    if isinstance(one, torch.Tensor):
        return isinstance(other, torch.Tensor) and one.dtype == other.dtype and torch.equal(one, other)
    if isinstance(one, dict):
        assert isinstance(other, dict)
        return one.keys() == other.keys() and all(equal(part, other[name]) for name, part in one.items())
    if isinstance(one, list):
        assert isinstance(other, list)
        return len(one) == len(other) and all(map(equal, one, other))
    return one is None and other is None


def same(one: list[Batch], other: list[Batch]) -> bool:
    return len(one) == len(other) and all(
        equal(a.images, b.images)
        and equal(a.targets, b.targets)
        and equal(a.indices, b.indices)
        and equal(a.sizes, b.sizes)
        for a, b in zip(one, other, strict=True)
    )


def gone(pids: list[int]) -> bool:
    """Wait until none of the processes runs any more."""
    until = time.monotonic() + EASE_S
    while time.monotonic() < until:
        if not any(psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie" for pid in pids):
            return True
        time.sleep(0.05)
    return False


WRITERS: dict[str, Callable[[Path], Path]] = {
    "classification": lambda folder: write_classes(folder, {"train/a": 7, "train/b": 6, "val/a": 2}),
    "detection": write_detection,
    "segmentation": write_segmentation,
}


@pytest.mark.slow
@pytest.mark.parametrize("task", WRITERS)
def test_that_processes_make_the_batches_that_threads_make(task: str, tmp_path: Path, opened: Opener) -> None:
    folder = WRITERS[task](tmp_path / "data")
    threads, processes = opened(folder), opened(folder, processes=2)

    for epoch in (0, 1):
        assert same(list(processes.start(epoch)), list(threads.start(epoch)))
    assert same(list(processes.start(2, batch=2)), list(threads.start(2))[2:])
    assert not same(list(processes.start(3)), list(threads.start(4)))
    assert len(processes.process_ids) == 2
    assert threads.process_ids == []


@pytest.mark.slow
def test_that_validation_in_processes_is_the_same_where_sizes_are_unknown(
    tmp_path: Path, opened: Opener
) -> None:
    folder = write_segmentation(tmp_path / "data")
    settings: dict[str, Any] = {"train": False, "sizes_unknown": True}

    plain = list(opened(folder, **settings).start(0))
    found = list(opened(folder, processes=1, **settings).start(0))

    assert plain[0].sizes is not None
    assert same(found, plain)


@pytest.mark.slow
def test_that_a_loader_goes_from_threads_to_processes_and_back(classes: Path, opened: Opener) -> None:
    loader = opened(classes)
    before = list(loader.start(1))

    loader.use_workers(1, 2)
    assert same(list(loader.start(1)), before)
    pids = loader.process_ids
    assert len(pids) == 2
    loader.use_workers(2)

    assert same(list(loader.start(1)), before)
    assert gone(pids)


@pytest.mark.slow
def test_that_crews_are_measured_and_change_no_batch(classes: Path, opened: Opener) -> None:
    loader = opened(classes)
    before = list(loader.start(1))
    assert isinstance(loader, SpreadableLoader)
    assert loader.most_processes > 0

    measured = measure_crews(loader, [CrewSize(1, 2), CrewSize(2, 1)], wanted=0.0)

    assert list(measured) == [CrewSize(1, 2)]
    assert measured[CrewSize(1, 2)] > 0
    assert same(list(loader.start(1)), before)


@pytest.mark.slow
def test_that_a_closed_loader_lets_nobody_wait(classes: Path, opened: Opener) -> None:
    loader = opened(classes, processes=1, workers=1)
    loader.augment_with(odd_augmentations.slow)
    next(batches := loader.start(0))
    closing = threading.Timer(0.3, loader.close)
    closing.start()

    with pytest.raises(CancelledError):
        list(batches)
    closing.join()


@pytest.mark.slow
def test_that_each_image_is_decoded_once_for_all_processes(
    classes: Path, tmp_path: Path, opened: Opener
) -> None:
    folder = Path(shutil.copytree(classes, tmp_path / "copy"))
    loader = opened(folder, processes=2)
    list(loader.start(0))
    expected = list(opened(folder).start(1))
    for file in folder.rglob("*.png"):
        file.unlink()

    assert same(list(loader.start(1)), expected)
    assert isinstance(loader._cache, SharedCache)
    assert len(loader._cache.known()) == 21


@pytest.mark.slow
@posix_only
def test_that_a_process_that_is_killed_is_replaced_and_nothing_is_lost(classes: Path, opened: Opener) -> None:
    loader = opened(classes, processes=1)
    expected = list(opened(classes).start(0))

    batches = loader.start(0)
    found = [next(batches)]
    first = loader.process_ids
    for pid in first:
        os.kill(pid, signal.SIGTERM)  # as a group is asked to end, which is the parent's to heed
    found.append(next(batches))
    assert loader.process_ids == first
    for pid in first:
        psutil.Process(pid).kill()
    found.extend(batches)
    again = list(loader.start(0))

    assert same(found, expected)
    assert same(again, expected)
    assert set(loader.process_ids).isdisjoint(first)
    assert {problem.code for problem in loader.new_problems()} == {"loader_process_replaced"}


@pytest.mark.slow
def test_that_images_which_end_every_process_end_the_run_with_a_sentence(
    classes: Path, opened: Opener
) -> None:
    loader = opened(classes, processes=1)
    loader.augment_with(odd_augmentations.deadly)

    with pytest.raises(UserError, match="ended several times, at last with code 77") as refusal:
        list(loader.start(0))
    assert refusal.value.code == "loader_process_died"


@pytest.mark.slow
def test_that_what_is_raised_in_a_process_is_raised_by_the_loader(classes: Path, opened: Opener) -> None:
    loader = opened(classes, processes=1)
    loader.augment_with(odd_augmentations.failing)

    with pytest.raises(ZeroDivisionError, match="no number for an image of"):
        list(loader.start(0))
    with pytest.raises(ZeroDivisionError) as failure:
        list(loader.start(1))
    assert "odd_augmentations.py" in "".join(failure.value.__notes__)


@pytest.mark.slow
def test_that_unreadable_images_are_told_once_and_the_last_one_ends_the_run(
    classes: Path, tmp_path: Path, opened: Opener
) -> None:
    folder = Path(shutil.copytree(classes, tmp_path / "copy"))
    loader, threads = opened(folder, cache="off", processes=2), opened(folder, cache="off")
    (folder / "train" / "a" / "2.png").write_bytes(b"x")

    found = list(loader.start(0))
    list(loader.start(1))

    assert same(found, list(threads.start(0)))
    assert [problem.file for problem in loader.new_problems()] == ["train/a/2.png"]
    assert loader.new_problems() == []
    for file in folder.rglob("*.png"):
        file.write_bytes(b"x")
    with pytest.raises(UserError) as failure:
        list(loader.start(2))
    assert failure.value.code == "no_readable_image"
    assert "data check" in failure.value.hint


@pytest.mark.slow
def test_that_classes_which_no_mask_shows_are_told_though_others_read_the_masks(
    tmp_path: Path, opened: Opener
) -> None:
    folder = write_segmentation(tmp_path / "data")
    loader = opened(folder, processes=2)

    assert loader.new_problems() == []
    list(loader.start(0))

    assert [problem.code for problem in loader.new_problems()] == ["class_absent"]


@pytest.fixture
def here_only(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """A function of a module that is known in this process alone, as a plugin's are."""
    module = ModuleType("known_in_one_process")
    exec(
        "def vary(image, rng):\n    from tests.engine.data.odd_augmentations import filled\n"
        "    return filled(image, rng)",
        vars(module),
    )
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return module.vary


@pytest.mark.slow
@pytest.mark.parametrize("is_nameless", [True, False])
def test_that_an_augmentation_which_no_other_process_can_have_is_left_to_threads(
    is_nameless: bool, here_only: Callable[..., Any], classes: Path, opened: Opener
) -> None:
    loader = opened(classes, processes=2)
    loader.augment_with((lambda image, rng: here_only(image, rng)) if is_nameless else here_only)
    threads = opened(classes)
    threads.augment_with(odd_augmentations.filled)

    assert same(list(loader.start(0)), list(threads.start(0)))
    assert loader.process_ids == []
    assert loader.settings.workers == 4
    (problem,) = loader.new_problems()
    assert problem.code == "loader_threads_only"
    assert ("known_in_one_process" in problem.message) == (not is_nameless)


@pytest.mark.slow
def test_that_leaving_an_epoch_leaves_the_batches_under_way_undone(classes: Path, opened: Opener) -> None:
    loader = opened(classes, processes=1, workers=1)
    loader.augment_with(odd_augmentations.slow)
    next(batches := loader.start(0))
    began = time.monotonic()

    batches.close()  # type: ignore[attr-defined]  # a generator
    next(loader.start(1))

    # Two batches were under way, 0.8 seconds each; the next one takes as long.
    assert time.monotonic() - began < 1.5
    pids, began = loader.process_ids, time.monotonic()
    loader.close()
    assert time.monotonic() - began < 1.5
    assert gone(pids)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="descriptors are counted in /proc")
def test_that_a_closed_loader_leaves_no_process_and_no_memory(classes: Path, opened: Opener) -> None:
    def blocks() -> set[int]:
        links = [link for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
        return {link.stat().st_ino for link in links if "memfd:lensmith" in str(link.readlink())}

    earlier = blocks()
    loader = opened(classes, processes=1)
    list(loader.start(0))
    pids = loader.process_ids
    assert len(blocks() - earlier) == 2  # batches under way, and decoded images
    loader.close()

    assert gone(pids)
    assert len(blocks() - earlier) == 1  # the images, until the loader is gone


@pytest.mark.slow
@posix_only
def test_that_processes_end_when_their_parent_is_killed(classes: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from engine.data.loader import *\n"
        "from engine.datasets.formats.registry import read_layout\n"
        "from engine.datasets.hashing import HashMemory\n"
        "from engine.datasets.importing import make_manifest\n"
        "folder = Path(sys.argv[1])\n"
        "manifest = make_manifest(read_layout(folder), folder, 'd', HashMemory(None))\n"
        "settings = LoaderSettings(16, 4, train=True, processes=2, workers=1)\n"
        "loader = build_loader(manifest, folder, 'train', settings)\n"
        "batches = loader.start(0); next(batches)\n"
        "print(*loader.process_ids, flush=True)\n"
        "sys.stdin.read()\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program, str(classes)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=child_environment(),
    )
    assert parent.stdout is not None
    pids = [int(pid) for pid in parent.stdout.readline().split()]

    parent.kill()
    parent.communicate()

    assert len(pids) == 2
    assert gone(pids)
