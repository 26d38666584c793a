"""What a preview learns of a plugin: its settings checked, and the augmentation that it brings along."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.datasets.library import Library
from engine.datasets.manifest import Manifest
from engine.errors import UserError
from engine.plugin.previewing import study
from engine.protocol.home import Home
from tests.engine.datasets.pictures import write_classes
from tests.engine.plugin.texts import write_plugin

OWN = """import numpy as np
from torch import nn

from engine.plugin import ModelMetadata, TorchModel


class Own(TorchModel):
    @classmethod
    def get_metadata(cls):
        return ModelMetadata(name="own", task_type="classification")

    def build(self):
        return nn.Sequential(nn.Flatten(), nn.Linear(3 * self.image_size**2, self.num_classes))

    def build_augmentation(self, config):
        BODY
"""
GRAY = "return lambda stored, rng: np.full((config.image_size,) * 2 + (3,), 90, dtype=np.uint8)"


PLAIN = OWN.partition("    def build_augmentation")[0].replace("own", "plain").replace("Own", "Plain")


@pytest.fixture
def manifest(home: Home, tmp_path: Path) -> Manifest:
    return Library(home).import_dataset(write_classes(tmp_path / "data", {"train/a": 2, "train/b": 2}))


def test_that_the_engines_augmentation_holds_where_a_plugin_has_none(home: Home, manifest: Manifest) -> None:
    write_plugin(home.plugins / "plain", PLAIN)
    found = study(home, "plain", {"epochs": 4}, manifest)

    assert found.augment is None
    assert found.config["epochs"] == 4
    assert found.config["augmentation.random_flip"] is True


def test_that_a_plugins_own_augmentation_is_given(home: Home, manifest: Manifest) -> None:
    write_plugin(home.plugins / "own", OWN.replace("BODY", GRAY))
    found = study(home, "own", {"image_size": 32}, manifest)

    assert found.augment is not None
    made: Any = found.augment(np.zeros((40, 40, 3), dtype=np.uint8), np.random.default_rng(0))
    assert made.shape == (32, 32, 3)
    assert (made == 90).all()


def test_that_one_that_cannot_be_shown_is_told_with_what_the_plugin_says(
    home: Home, manifest: Manifest
) -> None:
    write_plugin(home.plugins / "own", OWN.replace("BODY", "raise RuntimeError('no table of colours')"))

    with pytest.raises(UserError) as refused:
        study(home, "own", {"image_size": 32}, manifest)
    assert refused.value.code == "augmentation_hidden"
    assert "no table of colours" in str(refused.value)


@pytest.mark.parametrize(
    ("plugin", "config", "code"),
    [
        ("plain", {"augmentation.random_rotation": 900}, "config_invalid"),
        ("boxes", {}, "task_differs"),
        ("nobody", {}, "plugin_unknown"),
    ],
)
def test_that_what_cannot_be_trained_is_not_shown(
    home: Home, manifest: Manifest, plugin: str, config: dict[str, object], code: str
) -> None:
    write_plugin(home.plugins / "plain", PLAIN)
    write_plugin(
        home.plugins / "boxes", PLAIN.replace("plain", "boxes").replace("classification", "detection")
    )
    with pytest.raises(UserError) as refused:
        study(home, plugin, config, manifest)
    assert refused.value.code == code
