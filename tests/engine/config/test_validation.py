"""What users may give, and the sentence they get when they gave something else."""

from __future__ import annotations

import pytest

from engine.config.field import ConfigField
from engine.config.problems import ConfigError
from engine.config.schema import ConfigSchema
from engine.config.train import TRAIN_PRESETS, TrainConfig
from engine.config.validation import parse_assignments, resolve_config
from engine.errors import UserError

TRAIN = ConfigSchema.from_pydantic(TrainConfig, TRAIN_PRESETS)


def problems_of(values: dict[str, object], preset: str | None = None) -> dict[str, str]:
    with pytest.raises(ConfigError) as caught:
        resolve_config(TRAIN, values, preset)
    return {problem.name: problem.message for problem in caught.value.problems}


def test_that_texts_of_the_command_line_become_values_of_the_right_type():
    texts = parse_assignments(["epochs=3", "optimizer.lr=1e-4", "augmentation.enabled=off", "clip_norm=none"])
    config = resolve_config(TRAIN, texts)

    assert config["epochs"] == 3
    assert config["optimizer.lr"] == 1e-4
    assert config["augmentation.enabled"] is False
    assert config["clip_norm"] is None


def test_that_a_preset_lies_over_the_defaults_and_values_over_the_preset():
    config = resolve_config(TRAIN, {"epochs": 7}, "medium")

    assert (config["epochs"], config["optimizer.type"], config["optimizer.weight_decay"]) == (
        7,
        "adamw",
        0.01,
    )


def test_that_hidden_settings_are_left_out_and_not_complained_about():
    config = resolve_config(TRAIN, {"optimizer.type": "sgd", "optimizer.beta1": 17})

    assert "optimizer.beta1" not in config
    assert config["optimizer.lr"] == 0.01


def test_that_all_problems_are_told_at_once():
    found = problems_of({"epoch": 3, "batch_size": 0, "optimizer.lr": "fast", "cache": "memry"})

    assert "did you mean 'epochs'" in found["epoch"]
    assert "at least 1 images" in found["batch_size"]
    assert "takes a number, not 'fast'" in found["optimizer.lr"]
    assert "did you mean 'memory'" in found["cache"]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("epochs", 2.5, "a whole number"),
        ("epochs", True, "a whole number"),
        ("optimizer.lr", 0, "above 0"),
        ("optimizer.lr", float("nan"), "a number"),
        ("optimizer.beta1", 1.0, "below 1"),
        ("deterministic", "maybe", "true or false"),
        ("preprocessing.mean", "0.1, 0.2", "takes 3 numbers, not 2"),
        ("preprocessing.mean", "a, b, c", "numbers separated by commas"),
        ("preprocessing.std", "0.1, 0, 0.1", "above 0"),
        ("augmentation.resize_scale_min", 1.0, "may not be above"),
        ("epochs", None, "needs a value"),
    ],
)
def test_that_a_value_that_does_not_fit_is_explained(name: str, value: object, said: str):
    values: dict[str, object] = {name: value, "augmentation.resize_scale_max": 0.9}

    assert said in problems_of(values)[name]


def test_that_an_unknown_preset_names_the_nearest():
    assert "did you mean 'easy'" in problems_of({}, "eazy")["preset"]


def test_that_an_option_called_none_is_an_option():
    assert resolve_config(TRAIN, {"augmentation.auto_augment": "none"})["augmentation.auto_augment"] == "none"


def test_that_a_special_word_stands_beside_a_number():
    schema = ConfigSchema(
        fields=[ConfigField(name="threads", type="int", default=1, min=1, special=["auto"])]
    )

    assert resolve_config(schema, {"threads": "auto"}) == {"threads": "auto"}


def test_that_a_multiselect_takes_a_list_or_text_and_refuses_what_is_no_option():
    schema = ConfigSchema(
        fields=[ConfigField(name="layers", type="multiselect", default=[], options=["a", "b"])]
    )

    assert resolve_config(schema, {"layers": "a, b"}) == {"layers": ["a", "b"]}
    with pytest.raises(ConfigError, match="cannot be 'c'"):
        resolve_config(schema, {"layers": ["c"]})


def test_that_an_assignment_without_a_value_is_explained():
    with pytest.raises(UserError, match="key=value"):
        parse_assignments(["epochs"])


def one_field(**values: object) -> ConfigSchema:
    return ConfigSchema(fields=[ConfigField.model_validate({"name": "x", **values})])


def refusal(schema: ConfigSchema, value: object) -> str:
    with pytest.raises(ConfigError) as caught:
        resolve_config(schema, {"x": value})
    return caught.value.problems[0].message


@pytest.mark.parametrize(
    ("field", "given", "expected"),
    [
        ({"type": "int"}, "7", 7),
        ({"type": "int"}, "-7", -7),
        ({"type": "int"}, "1e3", 1000),
        ({"type": "int"}, 7.0, 7),
        ({"type": "float"}, 3, 3.0),
        ({"type": "float"}, " 1e-3 ", 0.001),
        ({"type": "bool"}, "Yes", True),
        ({"type": "bool"}, "0", False),
        ({"type": "bool"}, 1, True),
        ({"type": "str"}, "a b 'ü'", "a b 'ü'"),
        ({"type": "str", "default": "d"}, "", ""),
        ({"type": "str", "nullable": True}, "", None),
        ({"type": "int", "nullable": True}, "None", None),
        ({"type": "int", "nullable": True}, None, None),
        ({"type": "select", "options": ["none", "a"]}, "none", "none"),
        ({"type": "select", "options": ["true", "false"]}, True, "true"),
        ({"type": "multiselect", "options": ["a", "b"], "default": []}, "[a, b]", ["a", "b"]),
        ({"type": "multiselect", "options": ["a", "b"], "default": ["a"]}, "", []),
        ({"type": "multiselect", "options": ["a", "b"], "default": ["a"]}, [], []),
        ({"type": "str", "list_of": "int"}, "[1, 2,3]", "1, 2, 3"),
        ({"type": "str", "list_of": "int"}, [12345678, 2], "12345678, 2"),
        ({"type": "str", "list_of": "float"}, (0.123456789, 1), "0.123456789, 1"),
    ],
)
def test_that_what_is_given_becomes_the_fields_type(
    field: dict[str, object], given: object, expected: object
):
    found = resolve_config(one_field(**{"default": None, **field}), {"x": given})["x"]

    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("field", "given", "said"),
    [
        ({"type": "int", "max": 2147483647}, 2147483648, "at most 2147483647, not 2147483648"),
        ({"type": "int", "min": 1, "unit": "epochs"}, "0", "at least 1 epochs, not 0"),
        ({"type": "int"}, "1e400", "a whole number"),
        ({"type": "int"}, "²", "a whole number"),
        ({"type": "int"}, "9" * 5000, "a whole number"),
        ({"type": "int"}, [1], "a whole number"),
        ({"type": "float"}, "inf", "a number"),
        ({"type": "float", "special": ["auto"]}, "fast", "a number or auto"),
        ({"type": "bool"}, 2, "true or false"),
        ({"type": "str"}, 3, "text"),
        ({"type": "str", "required": True}, "", "needs a value"),
        ({"type": "select", "options": ["adam", "sgd"]}, "adan", "did you mean 'adam'"),
        ({"type": "multiselect", "options": ["a"]}, 3, "a list of its options"),
        ({"type": "str", "list_of": "int"}, "1, 2.5", "whole numbers separated by commas"),
        ({"type": "str", "list_of": "float", "max": 1}, "0.5, 1.5", "at most 1, not 1.5"),
        ({"type": "str", "list_of": "float"}, "1, nan", "numbers separated by commas"),
    ],
)
def test_that_what_does_not_fit_is_told_with_the_name_of_the_setting(
    field: dict[str, object], given: object, said: str
):
    message = refusal(one_field(**{"default": 1, **field}), given)

    assert message.startswith("x ")
    assert said in message
    assert message.endswith(".")


def test_that_a_long_list_of_options_is_cut():
    options = [f"option{index}" for index in range(50)]

    assert "and 38 more" in refusal(one_field(type="select", options=options, default="option1"), "zzz")


def test_that_many_problems_are_named_up_to_a_number_and_counted():
    with pytest.raises(ConfigError) as caught:
        resolve_config(TRAIN, {f"unknown_{index}": 1 for index in range(30)})

    assert len(caught.value.problems) == 30
    assert caught.value.message.startswith("30 settings cannot be used")
    assert "And 10 more." in caught.value.message
    assert caught.value.code == "config_invalid"


def test_that_a_resolved_configuration_resolves_to_itself():
    for preset in (None, *TRAIN_PRESETS):
        config = resolve_config(TRAIN, {}, preset)
        assert resolve_config(TRAIN, config) == config


def test_that_values_of_another_choice_given_by_a_preset_do_not_disturb():
    config = resolve_config(TRAIN, {"optimizer.type": "sgd"}, "advanced")

    assert config["optimizer.weight_decay"] == 0.05
    assert config["optimizer.momentum"] == 0.9
    assert "optimizer.beta1" not in config


@pytest.mark.parametrize(
    ("given", "read"), [("false", "off"), (False, "off"), ("no", "off"), ("on", "on"), (True, "on")]
)
def test_that_a_yes_or_no_is_understood_by_a_list_that_says_on_and_off(given: object, read: str) -> None:
    schema = ConfigSchema(
        fields=[
            ConfigField(name="channels_last", type="select", default="auto", options=["auto", "on", "off"])
        ]
    )

    assert resolve_config(schema, {"channels_last": given}) == {"channels_last": read}
