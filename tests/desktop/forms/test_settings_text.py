from __future__ import annotations

import shlex

import pytest

from desktop.forms.settings_text import SettingList, as_command, as_json, read_settings
from engine.config.schema import ConfigSchema
from engine.config.validation import resolve_config
from engine.errors import UserError

VALUES = {
    "epochs": 7, "optimizer.lr": 5e-05, "validation.enabled": False, "max_hours": None,
    "preprocessing.mean": "0.1, 0.2, 0.3", "scheduler.type": "step",
}  # fmt: skip


@pytest.mark.parametrize("write", [as_json, as_command])
def test_that_copied_settings_give_the_same_configuration_when_pasted(
    engine_schema: ConfigSchema, write: object
) -> None:
    wanted = SettingList("resnet50", "medium", VALUES)
    text = write(wanted)  # type: ignore[operator]  # both take a list of settings
    found = read_settings(text)
    assert (found.plugin, found.preset) == ("resnet50", "medium")
    assert resolve_config(engine_schema, found.settings, found.preset) == resolve_config(
        engine_schema, VALUES, "medium"
    )


def test_that_a_command_is_one_that_the_command_line_reads() -> None:
    command = as_command(SettingList("my plugin", "easy", {"layers": ["l1", "l2"], "on": True}), "my data")
    assert shlex.split(command) == [
        "lensmith", "train", "--plugin", "my plugin", "--data", "my data", "--preset", "easy",
        "--set", "layers=l1,l2", "--set", "on=true",
    ]  # fmt: skip


def test_that_a_plain_object_of_names_and_values_can_be_pasted() -> None:
    assert read_settings('{"epochs": 3, "optimizer.lr": 0.1}').settings == {"epochs": 3, "optimizer.lr": 0.1}


def test_that_a_command_over_several_lines_can_be_pasted() -> None:
    text = "python -m engine train --plugin=p --data d \\\n  --set epochs=3 \\\n  --set 'a.b=x y'"
    found = read_settings(text)
    assert found.plugin == "p"
    assert found.settings == {"epochs": "3", "a.b": "x y"}


@pytest.mark.parametrize(
    "text",
    ["", "   ", "hello", "{", '{"settings": 3}', "lensmith train --set 'a=b", "lensmith train --set epochs",
     "lensmith train --set", "{" * 100_000, "x" * 2_000_000],
)  # fmt: skip
def test_that_text_that_holds_no_settings_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(UserError) as caught:
        read_settings(text)
    assert caught.value.message.endswith(".")
