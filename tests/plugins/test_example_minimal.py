from __future__ import annotations

import pytest
import torch

from engine.config.train import TrainConfig
from engine.config.validation import parse_assignments, resolve_config
from engine.data.loader import Loader, LoaderSettings, build_loader
from engine.data.plugin_loader import PluginLoader
from engine.datasets.demo import write_demo_dataset
from engine.datasets.formats.registry import read_layout
from engine.datasets.hashing import HashMemory
from engine.datasets.importing import make_manifest
from engine.device.randomness import seed_everything
from engine.plugin import ClassScores, TorchModel
from engine.plugin.discovery import BUILTIN_FOLDER, source_at
from engine.plugin.loading import load_source
from engine.verbs.demo import SETTINGS

SMALLEST_ACCURACY = 0.9


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[TorchModel, Loader]:
    """Train the tutorial's model on the demo's pictures with the demo's settings; gives it and its test loader."""
    torch.set_num_threads(1)
    home = tmp_path_factory.mktemp("demo") / "shapes"
    write_demo_dataset(home)
    root = home / "classification"
    manifest = make_manifest(read_layout(root), root, "shapes", HashMemory(None))
    (model_class,) = load_source(source_at(BUILTIN_FOLDER / "example_minimal"))
    flat = resolve_config(model_class.get_config_schema(), parse_assignments(SETTINGS), None)
    config = TrainConfig.from_flat(flat)
    seed_everything(config.seed)
    model = model_class({**flat, "num_classes": len(manifest.classes), "class_names": list(manifest.classes)})
    assert isinstance(model, TorchModel)
    size, batch_size = config.image_size, config.batch_size
    settings = LoaderSettings(size, batch_size, config.seed, train=True, augmentation=config.augmentation)
    train = build_loader(manifest, root, "train", settings)
    model.train(PluginLoader(train, *model.normalisation(), manifest.classes))
    train.close()
    return model, build_loader(manifest, root, "test", LoaderSettings(size, batch_size))


@pytest.mark.slow
def test_that_it_learns_the_shapes_of_the_demo_from_scratch(trained: tuple[TorchModel, Loader]) -> None:
    model, loader = trained

    metrics = model.validate(PluginLoader(loader, *model.normalisation(), model.class_names))

    assert metrics["accuracy"] > SMALLEST_ACCURACY


@pytest.mark.slow
def test_that_it_answers_original_pictures_as_it_answers_the_loaders(
    trained: tuple[TorchModel, Loader],
) -> None:
    model, loader = trained
    count = 24
    images = [loader.source.original(position) for position in range(count)]
    targets = [loader.source.targets.original(position) for position in range(count)]

    answers = model.infer([image for image in images if image is not None])
    right = [
        isinstance(answer, ClassScores) and answer.best == target
        for answer, target in zip(answers, targets, strict=True)
    ]

    assert sum(right) > SMALLEST_ACCURACY * count
