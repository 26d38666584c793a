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
