"""What a batch holds follows from dataset, settings, epoch and number; threads and caches change only speed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from engine.config.augmentation import AugmentationConfig
from engine.data.batch import Batch
from engine.data.loader import Loader, LoaderSettings, build_loader
from engine.data.plugin_loader import PluginLoader
from engine.data.preprocessing import prepare_image
from engine.datasets.decode import decode_image
from engine.datasets.formats.registry import read_layout
from engine.datasets.hashing import HashMemory
from engine.datasets.importing import make_manifest
from engine.datasets.manifest import Manifest
from engine.errors import UserError
from tests.engine.datasets.pictures import write_classes


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_classes(
        tmp_path_factory.mktemp("loader") / "d", {"train/a": 7, "train/b": 6, "val/a": 3, "val/b": 2}
    )


@pytest.fixture(scope="module")
def manifest(data: Path) -> Manifest:
    return make_manifest(read_layout(data), data, "d", HashMemory(None))


def loader(manifest: Manifest, data: Path, split: str = "train", **settings: object) -> Loader:
    given = {
        "image_size": 16,
        "batch_size": 4,
        "train": split == "train",
        "augmentation": AugmentationConfig(),
    }
    return build_loader(manifest, data, split, LoaderSettings(**(given | settings)))  # pyright: ignore[reportArgumentType]  # a case's own


def equal(one: list[Batch], other: list[Batch]) -> bool:
    return len(one) == len(other) and all(
        torch.equal(a.images, b.images)
        and torch.equal(a.targets, b.targets)
        and torch.equal(a.indices, b.indices)
        for a, b in zip(one, other, strict=True)
    )


def test_that_an_epoch_shows_every_image_once_in_an_order_of_its_own(manifest: Manifest, data: Path) -> None:
    opened = loader(manifest, data)
    orders = [[int(i) for batch in opened.start(epoch) for i in batch.indices] for epoch in (0, 1)]

    assert (
        sorted(orders[0])
        == sorted(orders[1])
        == [n for n, i in enumerate(manifest.items) if i.split == "train"]
    )
    assert orders[0] != orders[1]
    assert len(opened) == 4


@pytest.mark.parametrize(
    "settings", [{"workers": 0}, {"workers": 3}, {"prefetch": 1}, {"cache": "off"}, {"cache": "memory"}]
)
def test_that_threads_prefetch_and_cache_change_no_pixel(
    settings: dict[str, object], manifest: Manifest, data: Path
) -> None:
    plain = list(loader(manifest, data).start(1))

    assert equal(list(loader(manifest, data, "train", **settings).start(1)), plain)


def test_that_the_second_time_comes_from_the_cache_and_looks_the_same(
    manifest: Manifest, data: Path, tmp_path: Path
) -> None:
    opened = loader(manifest, data, cache="disk", cache_folder=tmp_path)
    first = list(opened.start(0))

    assert len(list(tmp_path.rglob("*.npy"))) == 13
    assert equal(list(opened.start(0)), first)


def test_that_starting_in_mid_epoch_gives_the_rest_exactly(manifest: Manifest, data: Path) -> None:
    opened = loader(manifest, data)

    assert equal(list(opened.start(2, batch=2)), list(opened.start(2))[2:])


def test_that_another_epoch_or_seed_varies_an_image_otherwise(manifest: Manifest, data: Path) -> None:
    def pixels_of(index: int, epoch: int, seed: int) -> torch.Tensor:
        for batch in loader(manifest, data, seed=seed).start(epoch):
            for at, found in enumerate(batch.indices.tolist()):
                if found == index:
                    return batch.images[at]
        raise AssertionError(index)

    assert torch.equal(pixels_of(3, 0, 0), pixels_of(3, 0, 0))
    assert not torch.equal(pixels_of(3, 0, 0), pixels_of(3, 1, 0))
    assert not torch.equal(pixels_of(3, 0, 0), pixels_of(3, 0, 1))


def test_that_validation_sees_what_prediction_sees(manifest: Manifest, data: Path) -> None:
    batches = list(loader(manifest, data, "val").start(0))

    for batch in batches:
        for image, target, index in zip(batch.images, batch.targets, batch.indices, strict=True):
            item = manifest.items[int(index)]
            assert np.array_equal(image.numpy(), prepare_image(decode_image(data / item.path), 16))
            assert int(target) == item.label
    assert [len(batch) for batch in batches] == [4, 1]


def test_that_an_incomplete_last_batch_can_be_left_out(manifest: Manifest, data: Path) -> None:
    opened = loader(manifest, data, drop_last=True)

    assert [len(batch) for batch in opened.start(0)] == [4, 4, 4]
    assert len(opened) == 3


def test_that_an_unreadable_training_image_is_replaced_and_told_once(
    manifest: Manifest, data: Path, tmp_path: Path
) -> None:
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(data, copy)
    (copy / "train" / "a" / "2.png").write_bytes(b"x")
    opened = loader(manifest, copy, cache="off")

    images = sum(len(batch) for _ in range(2) for batch in opened.start(0))

    assert images == 26
    assert [problem.file for problem in opened.new_problems()] == ["train/a/2.png"]
    assert opened.new_problems() == []
    assert [problem.file for problem in opened.skipped] == ["train/a/2.png"]


def test_that_an_unreadable_validation_image_is_left_out(
    manifest: Manifest, data: Path, tmp_path: Path
) -> None:
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(data, copy)
    (copy / "val" / "b" / "1.png").write_bytes(b"x")

    assert sum(len(batch) for batch in loader(manifest, copy, "val").start(0)) == 4


def test_that_an_empty_split_is_refused_with_those_there_are(manifest: Manifest, data: Path) -> None:
    with pytest.raises(UserError, match="'test'") as refusal:
        loader(manifest, data, "test")
    assert "train, val" in refusal.value.hint


def test_that_a_batch_may_be_kept_while_the_next_ones_are_made(manifest: Manifest, data: Path) -> None:
    opened = loader(manifest, data)
    kept = []
    copies = []
    for batch in opened.start(0):
        kept.append(batch)
        copies.append(batch.images.clone())

    assert all(torch.equal(batch.images, copy) for batch, copy in zip(kept, copies, strict=True))


def test_that_a_plugin_gets_normalised_floats_and_its_classes(manifest: Manifest, data: Path) -> None:
    opened = loader(manifest, data, "val")
    view = PluginLoader(opened, (0.5, 0.25, 0.0), (0.5, 0.5, 1.0), manifest.classes)

    (images, labels), *_ = list(view)
    pixels = next(iter(opened.start(0))).images.permute(0, 3, 1, 2).float() / 255
    expected = (pixels - torch.tensor([0.5, 0.25, 0.0]).view(1, 3, 1, 1)) / torch.tensor(
        [0.5, 0.5, 1.0]
    ).view(1, 3, 1, 1)

    assert images.dtype == torch.float32
    assert torch.allclose(images, expected, atol=1e-5)
    assert labels.dtype == torch.int64
    assert (len(view), len(view.dataset), view.dataset.classes) == (2, 5, ("a", "b"))


def test_that_each_reading_by_a_plugin_is_the_next_epoch(manifest: Manifest, data: Path) -> None:
    view = PluginLoader(loader(manifest, data), (0, 0, 0), (1, 1, 1))
    first = torch.cat([labels for _, labels in view])
    second = torch.cat([labels for _, labels in view])
    view.epoch = 0

    assert torch.equal(torch.cat([labels for _, labels in view]), first)
    assert not torch.equal(first, second)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="memory is pinned for a GPU, and there is none")
def test_that_for_a_gpu_all_that_is_copied_to_it_is_pinned(manifest: Manifest, data: Path) -> None:
    for split in ("train", "val"):
        for batch in loader(manifest, data, split, pin_memory=True).start(0):
            assert batch.images.is_pinned()
            assert batch.targets.is_pinned()
