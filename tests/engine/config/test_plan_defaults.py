"""Names, options and defaults as they were planned; every one that differs stands here with its reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.config.field import ConfigField
from engine.config.schema import ConfigSchema
from engine.config.train import TrainConfig
from engine.config.validation import resolve_config

SCHEMA = ConfigSchema.from_pydantic(TrainConfig)

# Name, what else must be chosen for it to be shown, default.
PLANNED: list[tuple[str, dict[str, object], object]] = [
    ("optimizer.weight_decay", {"optimizer.type": "adam"}, 0.0),
    ("optimizer.weight_decay", {"optimizer.type": "sgd"}, 0.0),
    ("optimizer.weight_decay", {"optimizer.type": "rmsprop"}, 0.0),
    ("optimizer.momentum", {"optimizer.type": "sgd"}, 0.9),
    ("optimizer.amsgrad", {"optimizer.type": "adam"}, False),
    ("scheduler.gamma", {"scheduler.type": "step"}, 0.1),
    ("scheduler.warmup_epochs", {}, 0),
    ("scheduler.min_lr", {}, 1e-6),
    ("augmentation.enabled", {}, True),
    ("augmentation.random_flip", {}, True),
    ("augmentation.random_rotation", {}, 15),
    ("augmentation.random_crop", {}, True),
    ("augmentation.random_grayscale", {}, 0.0),
    ("augmentation.gaussian_blur", {}, 0.0),
    ("augmentation.mixup_alpha", {}, 0.0),
    ("augmentation.cutmix_alpha", {}, 0.0),
    ("preprocessing.normalize", {}, True),
    ("preprocessing.resize_method", {}, "bilinear"),
    ("validation.enabled", {}, True),
    ("validation.val_split", {}, 0.2),
    ("validation.val_interval", {}, 1),
    ("validation.save_best_only", {}, True),
]

# Planned name and default, our names and defaults, why.
DIFFERENT: list[tuple[str, object, dict[str, object], dict[str, object], str]] = [
    ("learning_rate", None, {"optimizer.lr": 1e-3}, {}, "each optimizer has a rate of its own"),
    ("learning_rate", None, {"optimizer.lr": 0.01}, {"optimizer.type": "sgd"}, "SGD needs larger steps"),
    ("weight_decay", 0.0, {"optimizer.weight_decay": 0.01}, {"optimizer.type": "adamw"}, "0 makes it Adam"),
    (
        "betas",
        (0.9, 0.999),
        {"optimizer.beta1": 0.9, "optimizer.beta2": 0.999},
        {},
        "two numbers with bounds of their own",
    ),
    (
        "momentum",
        0.9,
        {"optimizer.momentum": 0.0},
        {"optimizer.type": "rmsprop"},
        "planned for SGD; PyTorch's own",
    ),
    ("step_size", None, {"scheduler.step_size": 10}, {"scheduler.type": "step"}, "None would never fall"),
    (
        "gamma",
        0.1,
        {"scheduler.gamma": 0.95},
        {"scheduler.type": "exponential"},
        "0.1 an epoch ends the training after three",
    ),
    (
        "resize_scale",
        (0.8, 1.0),
        {"augmentation.resize_scale_min": 0.8, "augmentation.resize_scale_max": 1.0},
        {},
        "two numbers with bounds of their own",
    ),
    (
        "color_jitter",
        "unsaid",
        {
            "augmentation.color_jitter.enabled": True,
            "augmentation.color_jitter.brightness": 0.2,
            "augmentation.color_jitter.contrast": 0.2,
            "augmentation.color_jitter.saturation": 0.2,
            "augmentation.color_jitter.hue": 0.0,
        },
        {},
        "a mild one helps on photos; hue often carries the class",
    ),
    ("auto_augment", None, {"augmentation.auto_augment": "none"}, {}, "a choice has a word for off"),
    (
        "mean, std",
        "those of ImageNet",
        {"preprocessing.mean": None, "preprocessing.std": None},
        {},
        "taken from the model: some were made with 0.5",
    ),
    (
        "metric",
        "accuracy",
        {"validation.metric": "auto"},
        {},
        "the task's own: accuracy here, mAP for detection",
    ),
    ("early_stopping", None, {"early_stopping.enabled": False}, {}, "a switch shows what can be set"),
]

OPTIONS = {
    "optimizer.type": ["adam", "adamw", "sgd", "rmsprop"],
    "scheduler.type": ["step", "cosine", "plateau", "exponential", "onecycle"],
    "augmentation.auto_augment": ["randaugment", "autoaugment"],
    "preprocessing.resize_method": ["bilinear", "bicubic", "nearest"],
}


def field(name: str) -> ConfigField:
    found = SCHEMA.field(name)
    assert found is not None
    return found


@pytest.mark.parametrize(("name", "chosen", "default"), PLANNED)
def test_that_a_setting_has_its_planned_name_and_default(
    name: str, chosen: dict[str, object], default: object
) -> None:
    assert resolve_config(SCHEMA, chosen)[name] == default


@pytest.mark.parametrize(("planned", "was", "ours", "chosen", "reason"), DIFFERENT)
def test_that_a_changed_default_is_the_one_that_is_listed(
    planned: str, was: object, ours: dict[str, object], chosen: dict[str, object], reason: str
) -> None:
    config = resolve_config(SCHEMA, chosen)

    assert {name: config[name] for name in ours} == ours
    assert planned
    assert reason
    assert list(ours.values()) != [was]


@pytest.mark.parametrize(("name", "options"), OPTIONS.items())
def test_that_every_planned_option_is_there(name: str, options: list[str]) -> None:
    assert set(options) <= set(field(name).options or [])


@pytest.mark.parametrize("name", ["epochs", "batch_size", "optimizer.type", "scheduler.type"])
def test_that_what_was_planned_without_a_default_has_one_that_is_allowed(name: str) -> None:
    config = resolve_config(SCHEMA, {})

    assert resolve_config(SCHEMA, {name: config[name]})[name] == config[name] is not None


def test_that_the_readme_lists_every_changed_default(repository: Path) -> None:
    text = (repository / "engine" / "config" / "README.md").read_text(encoding="utf-8")
    planned = {name for names, *_ in DIFFERENT for name in names.split(", ")}

    assert {name for name in planned if f"`{name}`" not in text} == set()
