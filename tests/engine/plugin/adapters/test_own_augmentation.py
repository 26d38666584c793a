from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from engine.data.loader import Loader, LoaderSettings, build_loader
from engine.datasets.formats.registry import read_layout
from engine.datasets.hashing import HashMemory
from engine.datasets.importing import make_manifest
from engine.errors import PluginError
from engine.plugin import TrainConfig
from tests.engine.jobs.run_maker import make_run, write_pictures
from tests.engine.plugin.adapters.small_models import SIDE, Small, flat
from tests.engine.plugin.texts import write_plugin

PLUGIN = """import numpy as np
from torch import nn

from engine.plugin import ModelMetadata, TorchModel


class Own(TorchModel):
    @classmethod
    def get_metadata(cls):
        return ModelMetadata(name="own", task_type="classification")

    def build(self):
        return nn.Sequential(nn.Flatten(), nn.Linear(3 * self.image_size**2, self.num_classes))

    def build_augmentation(self, config):
        side = config.image_size SHRINK
        return lambda stored, rng: np.zeros((side, side, 3), dtype=np.uint8)
"""


class Painted(Small):
    """Every sample is of one colour that chance decides."""

    def build_augmentation(self, config: TrainConfig) -> Any:
        side = config.image_size
        return lambda stored, rng: np.full((side, side, 3), rng.integers(1, 256), dtype=np.uint8)


@pytest.fixture
def loader(tmp_path: Path) -> Loader:
    """Give the training split of black pictures."""
    for name in ("a", "b"):
        (tmp_path / "train" / name).mkdir(parents=True)
        for number in range(6):
            picture = np.full((20, 20, 3), number, dtype=np.uint8)
            Image.fromarray(picture).save(tmp_path / "train" / name / f"{name}{number}.png")
    manifest = make_manifest(read_layout(tmp_path), tmp_path, "black", HashMemory(None))
    return build_loader(manifest, tmp_path, "train", LoaderSettings(SIDE, 4, train=True, workers=2))


def images_of(loader: Loader, epoch: int) -> torch.Tensor:
    return torch.cat([batch.images for batch in loader.start(epoch)])


def test_that_training_images_are_varied_in_the_plugins_own_way(loader: Loader) -> None:
    before = images_of(loader, 0)
    own = Painted(flat()).augmentation()
    assert own is not None
    loader.augment_with(own)

    after = images_of(loader, 0)

    assert int(before.max()) <= 5
    assert len(after.flatten(1).unique(dim=1).unique()) > 6
    assert all(len(image.unique()) == 1 for image in after)


def test_that_the_seed_the_epoch_and_the_image_alone_decide(loader: Loader) -> None:
    own = Painted(flat()).augmentation()
    assert own is not None
    loader.augment_with(own)

    assert torch.equal(images_of(loader, 0), images_of(loader, 0))
    assert not torch.equal(images_of(loader, 0), images_of(loader, 1))


def test_that_without_one_of_its_own_an_adapter_leaves_it_to_the_settings() -> None:
    assert Small(flat()).augmentation() is None


@pytest.mark.parametrize(
    ("sample", "told"),
    [
        (np.zeros((8, 8, 3), dtype=np.uint8), r"uint8 \(8, 8, 3\) instead of uint8 \(16, 16, 3\)"),
        (np.zeros((SIDE, SIDE, 3), dtype=np.float32), r"float32 \(16, 16, 3\)"),
        (torch.zeros(SIDE, SIDE, 3, dtype=torch.uint8), "a sample of Tensor"),
    ],
)
def test_that_a_sample_that_no_batch_can_hold_is_told(sample: Any, told: str, loader: Loader) -> None:
    class Wrong(Small):
        def build_augmentation(self, config: TrainConfig) -> Any:
            return lambda stored, rng: sample

    own = Wrong(flat()).augmentation()
    assert own is not None
    loader.augment_with(own)

    with pytest.raises(PluginError, match=told) as caught:
        images_of(loader, 0)
    assert caught.value.code == "augmentation_wrong"


@pytest.mark.parametrize(("shrink", "code"), [("", None), ("// 2", "augmentation_wrong")])
def test_that_a_training_asks_the_plugin_for_its_augmentation(
    shrink: str, code: str | None, tmp_path: Path
) -> None:
    source = write_plugin(tmp_path / "own", PLUGIN.replace("SHRINK", shrink))
    data = write_pictures(tmp_path / "data")

    ended = make_run(tmp_path / "home", data, {"epochs": 1}, source.path).work()

    assert ended.state == ("completed" if code is None else "failed")
    assert (ended.failure.code if ended.failure is not None else None) == code
