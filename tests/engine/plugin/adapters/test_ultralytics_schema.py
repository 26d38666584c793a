"""The form of Ultralytics' detectors shows what has an effect, and nothing else."""

from __future__ import annotations

import pytest

from engine.config.problems import ConfigError
from engine.config.validation import resolve_config
from engine.plugin.adapters.ultralytics_networks import DETECTORS
from engine.plugin.discovery import BUILTIN_FOLDER, source_at
from engine.plugin.loading import load_source

(MODEL,) = load_source(source_at(BUILTIN_FOLDER / "ultralytics_yolo"))
SCHEMA = MODEL.get_config_schema()


@pytest.mark.parametrize(
    "name",
    [
        "label_smoothing",
        "compile",
        "start_from",
        "ema.decay",
        "augmentation.mixup_alpha",
        "scheduler.patience",
    ],
)
def test_that_a_setting_without_effect_is_not_shown(name: str) -> None:
    assert name not in SCHEMA.names()


@pytest.mark.parametrize(
    "name",
    ["optimizer.lr", "scheduler.warmup_epochs", "precision", "accumulate_steps", "clip_norm", "freeze_epochs",
     "backbone_lr_factor", "augmentation.resize_scale_min", "box_gain", "pretrained_path"],
)  # fmt: skip
def test_that_a_setting_with_an_effect_is_shown(name: str) -> None:
    assert name in SCHEMA.names()


def test_that_a_schedule_that_follows_the_validation_is_refused() -> None:
    with pytest.raises(ConfigError):
        resolve_config(SCHEMA, {"scheduler.type": "plateau"}, "easy")
    options = SCHEMA.field("scheduler.type")
    assert options is not None
    assert options.options is not None
    assert {"cosine", "onecycle", "step"} <= set(options.options)


def test_that_every_network_can_be_chosen_and_the_defaults_fit_it() -> None:
    architecture = SCHEMA.field("architecture")
    assert architecture is not None
    assert architecture.options == list(DETECTORS)
    assert len(DETECTORS) == 3 * 5 * 2
    values = resolve_config(SCHEMA, {}, None)
    assert (values["image_size"], values["batch_size"]) == (320, 16)
    with pytest.raises(ConfigError):
        resolve_config(SCHEMA, {"image_size": 32}, None)
