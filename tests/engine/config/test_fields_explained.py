"""Every setting says what it means: bounds, unit, label and a sentence of help."""

from __future__ import annotations

import pytest

from engine.config.export import ExportConfig
from engine.config.field import ConfigField
from engine.config.schema import ConfigSchema
from engine.config.train import TRAIN_PRESETS, TrainConfig
from engine.config.validation import resolve_config

FIELDS = [*ConfigSchema.from_pydantic(TrainConfig).fields, *ConfigSchema.from_pydantic(ExportConfig).fields]
NUMBERS = [field for field in FIELDS if field.type in ("int", "float")]
# Numbers without a unit: shares of something (0 to 1), factors, and names that happen to be numbers.
PURE = {
    *("augmentation.resize_scale_min", "augmentation.resize_scale_max", "validation.val_split"),
    *(f"augmentation.color_jitter.{name}" for name in ("brightness", "contrast", "saturation")),
    *(
        f"augmentation.{name}"
        for name in ("random_grayscale", "gaussian_blur", "mixup_alpha", "cutmix_alpha")
    ),
    *(f"optimizer.{name}" for name in ("lr", "weight_decay", "beta1", "beta2", "eps", "momentum", "alpha")),
    *(f"scheduler.{name}" for name in ("gamma", "min_lr", "factor", "pct_start", "div_factor")),
    *("early_stopping.min_delta", "clip_norm", "label_smoothing", "ema.decay", "backbone_lr_factor"),
    *("seed", "opset"),
}


def name_of(field: ConfigField) -> str:
    return field.name


@pytest.mark.parametrize("field", NUMBERS, ids=name_of)
def test_that_a_number_has_bounds_with_its_default_between_them(field: ConfigField) -> None:
    assert field.min is not None
    assert field.max is not None
    assert field.min < field.max
    if isinstance(field.default, (int, float)):
        assert field.min <= field.default <= field.max


@pytest.mark.parametrize("field", NUMBERS, ids=name_of)
def test_that_a_number_has_a_unit_or_is_known_to_have_none(field: ConfigField) -> None:
    assert bool(field.unit) is (field.name not in PURE)


@pytest.mark.parametrize("field", FIELDS, ids=name_of)
def test_that_a_setting_has_a_label_and_a_sentence_of_help(field: ConfigField) -> None:
    assert field.label[:1].isupper()
    assert field.description[:1].isalnum()
    assert field.description.endswith((".", "…"))


def test_that_lists_of_numbers_have_bounds_too() -> None:
    lists = [field for field in FIELDS if field.list_of is not None]

    assert {field.name for field in lists} == {"preprocessing.mean", "preprocessing.std"}
    assert all(field.min == 0 and field.max == 1 for field in lists)


@pytest.mark.parametrize("preset", [None, *TRAIN_PRESETS])
def test_that_every_preset_is_a_configuration_of_the_model(preset: str | None) -> None:
    flat = resolve_config(ConfigSchema.from_pydantic(TrainConfig, TRAIN_PRESETS), {}, preset)
    config = TrainConfig.from_flat(flat)

    assert flat.items() <= config.to_flat().items()


def test_that_the_three_presets_are_there_and_easy_is_the_defaults() -> None:
    assert list(TRAIN_PRESETS) == ["easy", "medium", "advanced"]
    assert TRAIN_PRESETS["easy"] == {}
