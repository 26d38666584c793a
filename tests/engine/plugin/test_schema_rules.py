from __future__ import annotations

from typing import Any

import pytest

from engine.config.schema import ConfigField, ConfigSchema
from engine.config.validation import resolve_config
from engine.plugin.schema_rules import laid_over, schema_faults, with_run_settings

DEPTH = ConfigField(name="depth", type="int", default=2, min=1, max=9)


def field(**parts: Any) -> ConfigField:
    return ConfigField(**{"name": "other", "type": "int", "default": 1, **parts})


def test_that_a_sound_schema_has_no_fault() -> None:
    schema = ConfigSchema(
        fields=[DEPTH, field(visible_when={"depth": [2]}, not_above="depth")], presets={"easy": {"depth": 3}}
    )

    assert schema_faults(schema) == []


@pytest.mark.parametrize(
    ("wrong", "code", "key", "said"),
    [
        (field(default=0, min=1), "default_invalid", "default", "must be at least 1, not 0"),
        (field(type="bool", default="maybe"), "default_invalid", "default", "true or false"),
        (field(type="select", default="c", options=["a"]), "default_invalid", "default", "cannot be 'c'"),
        (field(type="select", default="a"), "options_missing", "type", "select without options"),
        (field(type="multiselect", default=[]), "options_missing", "type", "multiselect without options"),
        (field(type="multiselect", default="a", options=["a"]), "default_invalid", "default", "a list"),
        (field(min=5, max=2), "bounds_crossed", "min", "min of 5 above its max of 2"),
        (field(visible_when={"dept": [1]}), "setting_unknown", "visible_when", "did you mean 'depth'?"),
        (field(default_when={"dept": {"1": 2}}), "setting_unknown", "default_when", "did you mean 'depth'?"),
        (field(not_above="dept"), "setting_unknown", "not_above", "did you mean 'depth'?"),
        (field(default=5, not_above="depth"), "default_invalid", "default", "may not be above depth"),
    ],
)
def test_that_a_wrong_field_is_told_once_at_the_part_that_is_wrong(
    wrong: ConfigField, code: str, key: str, said: str
) -> None:
    (fault,) = schema_faults(ConfigSchema(fields=[DEPTH, wrong]))

    assert fault.code == code
    assert fault.path == ("fields", 1, key)
    assert said in fault.message


def test_that_a_preset_with_an_unknown_setting_is_told_with_the_nearest() -> None:
    (fault,) = schema_faults(ConfigSchema(fields=[DEPTH], presets={"easy": {"dept": 3}}))

    assert fault.path == ("presets", "easy", "dept")
    assert fault.message == "The preset 'easy' sets 'dept', which is no setting; did you mean 'depth'?"


def test_that_a_preset_with_a_value_out_of_bounds_is_told() -> None:
    (fault,) = schema_faults(ConfigSchema(fields=[DEPTH], presets={"easy": {}, "best": {"depth": 12}}))

    assert fault.code == "preset_value_invalid"
    assert fault.path == ("presets", "best", "depth")
    assert "must be at most 9, not 12" in fault.message


def test_that_a_default_that_is_wrong_is_not_told_again_for_every_preset() -> None:
    wrong = field(default=0, min=1)

    faults = schema_faults(ConfigSchema(fields=[DEPTH, wrong], presets={"easy": {}, "best": {"depth": 3}}))

    assert [fault.code for fault in faults] == ["default_invalid"]


def test_that_of_two_settings_with_one_name_the_plugins_own_is_kept() -> None:
    own = ConfigSchema(fields=[DEPTH], presets={"easy": {"depth": 3}})
    beneath = ConfigSchema(
        fields=[field(name="depth", default=7), field()],
        presets={"easy": {"depth": 5, "other": 4}, "best": {}},
    )

    whole = laid_over(own, beneath)

    assert whole.names() == ["depth", "other"]
    assert whole.field("depth") == DEPTH
    assert whole.presets == {"easy": {"depth": 3, "other": 4}, "best": {}}


def test_that_a_full_control_plugin_can_be_given_what_the_engine_honours_for_every_plugin() -> None:
    schema = with_run_settings(ConfigSchema(fields=[DEPTH], presets={"easy": {"epochs": 2}}))

    config = resolve_config(schema, {"batch_size": "8", "validation.val_interval": "2"}, preset="easy")

    assert schema.names()[0] == "depth"
    assert (config["epochs"], config["batch_size"], config["validation.val_interval"]) == (2, 8, 2)
    assert schema_faults(schema) == []


def test_that_a_full_control_plugin_is_not_offered_what_only_the_engines_own_loop_does() -> None:
    names = with_run_settings(ConfigSchema(fields=[])).names()

    assert "augmentation.mixup_alpha" not in names
    assert "optimizer.type" not in names
