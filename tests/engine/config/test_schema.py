"""From an annotated model to the flat record of the form, and back."""

from __future__ import annotations

from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field

from engine.config.flat import flatten, unflatten
from engine.config.schema import ConfigField, ConfigSchema
from engine.config.setting import Range, Setting
from engine.config.train import TRAIN_PRESETS, TrainConfig
from engine.config.validation import resolve_config
from engine.errors import PluginError

TRAIN = ConfigSchema.from_pydantic(TrainConfig, TRAIN_PRESETS)


class Small(BaseModel):
    type: Literal["small"] = "small"
    width: Annotated[int, Field(ge=1, le=64)] = 8


class Large(BaseModel):
    type: Literal["large"] = "large"
    width: Annotated[int, Field(ge=1, le=64)] = 32
    depth: int = 4


class Extra(BaseModel):
    strength: float = 0.5


class Settings(BaseModel):
    head: Annotated[Small | Large, Field(discriminator="type")] = Small()
    extra: Extra | None = None
    scale: Annotated[Range, Setting(min=0, max=1)] = Range(min=0.2, max=0.9)
    layers: list[Literal["one", "two"]] = ["one"]
    mean: tuple[float, float] | None = None


def field(name: str) -> ConfigField:
    found = ConfigSchema.from_pydantic(Settings).field(name)
    assert found is not None
    return found


def test_that_a_tagged_union_becomes_its_tag_and_the_variants_own_fields():
    assert field("head.type").options == ["small", "large"]
    assert field("head.depth").visible_when == {"head.type": ["large"]}


def test_that_a_field_shared_by_all_variants_is_one_field_with_a_default_for_each():
    assert field("head.width").visible_when == {}
    assert field("head.width").default_when == {"head.type": {"large": 32}}


def test_that_an_optional_model_gets_a_switch():
    assert field("extra.enabled").default is False
    assert field("extra.strength").visible_when == {"extra.enabled": [True]}


def test_that_a_range_becomes_two_fields_in_order():
    assert (field("scale_min").default, field("scale_max").default) == (0.2, 0.9)
    assert field("scale_min").not_above == "scale_max"


def test_that_literals_in_a_list_become_a_multiselect_and_numbers_a_text():
    assert (field("layers").type, field("layers").options) == ("multiselect", ["one", "two"])
    assert (field("mean").list_of, field("mean").length, field("mean").nullable) == ("float", 2, True)


def test_that_a_type_no_form_can_show_is_named():
    class Bad(BaseModel):
        table: dict[str, int] = {}

    with pytest.raises(PluginError, match="table"):
        ConfigSchema.from_pydantic(Bad)


def test_that_two_variants_may_not_mean_different_things_by_one_name():
    class Other(BaseModel):
        type: Literal["other"] = "other"
        width: str = "wide"

    class Mixed(BaseModel):
        head: Annotated[Small | Other, Field(discriminator="type")] = Small()

    with pytest.raises(PluginError, match=r"head\.width"):
        ConfigSchema.from_pydantic(Mixed)


@pytest.mark.parametrize("preset", [None, "easy", "medium", "advanced"])
@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd", "rmsprop"])
def test_that_flat_and_nested_say_the_same(preset: str | None, optimizer: str):
    flat = resolve_config(
        TRAIN, {"optimizer.type": optimizer, "augmentation.color_jitter.enabled": False}, preset
    )
    config = TrainConfig.from_flat(flat)

    assert config.augmentation.color_jitter is None
    assert {name: value for name, value in config.to_flat().items() if name in flat} == flat


def test_that_a_round_trip_gives_an_equal_model():
    settings = Settings(head=Large(depth=9), extra=Extra(strength=0.1), mean=(0.25, 0.5))

    assert unflatten(Settings, flatten(settings)) == settings


def test_that_every_setting_of_a_training_has_help_and_every_number_bounds():
    without_help = [f.name for f in TRAIN.fields if not f.description]
    unbounded = [
        f.name for f in TRAIN.fields if f.type in ("int", "float") and (f.min is None or f.max is None)
    ]

    assert (without_help, unbounded) == ([], [])


def test_that_presets_name_only_settings_that_exist():
    assert {name for values in TRAIN_PRESETS.values() for name in values} <= set(TRAIN.names())


def test_that_a_schema_survives_json():
    assert ConfigSchema.model_validate_json(TRAIN.model_dump_json()) == TRAIN


def test_that_a_name_declared_twice_is_refused():
    with pytest.raises(ValueError, match="lr"):
        ConfigSchema(fields=[ConfigField(name="lr", type="float"), ConfigField(name="lr", type="int")])


@pytest.mark.parametrize(
    "mean", [(0.123456789, 0.1), (1e-9, 12345678.9), (100.0, 0.0), (-0.1, 1e20), (1 / 3, 2 / 3)]
)
def test_that_numbers_in_a_list_lose_no_digit(mean: tuple[float, float]):
    settings = Settings(mean=mean)

    assert unflatten(Settings, flatten(settings)) == settings
    flat = resolve_config(ConfigSchema.from_pydantic(Settings), flatten(settings))
    assert unflatten(Settings, flat).mean == mean


def test_that_a_default_in_a_list_of_numbers_loses_no_digit():
    class Precise(BaseModel):
        mean: list[float] = [0.48501234567, 2.0]
        sizes: tuple[int, ...] = (12345678, 3)

    schema = ConfigSchema.from_pydantic(Precise)

    assert schema.defaults() == {"mean": "0.48501234567, 2", "sizes": "12345678, 3"}
    assert unflatten(Precise, schema.defaults()) == Precise()


def test_that_a_missing_name_keeps_its_default_and_a_foreign_one_is_left_alone():
    found = unflatten(Settings, {"head.type": "large", "extra.enabled": True, "plugin.own": 3})

    assert found == Settings(head=Large(), extra=Extra())


def test_that_a_part_of_a_range_keeps_the_other_end():
    assert unflatten(Settings, {"scale_max": 0.5}).scale == Range(min=0.2, max=0.5)


def test_that_ends_of_a_range_in_the_wrong_order_are_refused():
    with pytest.raises(ValueError, match="above the upper end"):
        Range(min=0.9, max=0.1)


def test_that_groups_can_be_given_from_outside():
    schema = ConfigSchema.from_pydantic(Settings, groups={"mean": "colours"})
    groups = {found.name: found.group for found in schema.fields}

    assert groups["mean"] == "colours"
    assert groups["head.width"] == "head"


def test_that_bounds_come_from_wherever_pydantic_keeps_them():
    class Bounded(BaseModel):
        plain: Annotated[int, Field(ge=1, le=9)] = 1
        inside: Annotated[float, Field(gt=0, lt=1)] | None = None
        beside: float = Field(default=0.5, ge=0, le=1, description="Help of pydantic's own.")

    plain, inside, beside = ConfigSchema.from_pydantic(Bounded).fields
    assert (plain.min, plain.max, plain.exclusive_min) == (1, 9, False)
    assert (inside.min, inside.max, inside.exclusive_min, inside.exclusive_max) == (0, 1, True, True)
    assert inside.nullable
    assert (beside.min, beside.max, beside.description) == (0, 1, "Help of pydantic's own.")


def test_that_a_setting_without_a_default_is_required():
    class Strict(BaseModel):
        name: str
        size: int | Literal["auto"] = "auto"

    name, size = ConfigSchema.from_pydantic(Strict).fields
    assert (name.required, size.required) == (True, False)
    assert (size.type, size.special, size.default) == ("int", ["auto"], "auto")


def test_that_a_single_value_of_a_condition_is_a_list_of_one_and_a_float_is_written_as_one():
    found = ConfigField(name="a", type="float", default=1, visible_when={"b": True})  # type: ignore[dict-item]  # that is what is tried

    assert found.visible_when == {"b": [True]}
    assert isinstance(found.default, float)
    assert ConfigField(name="optimizer.weight_decay", type="float").title == "Weight decay"
