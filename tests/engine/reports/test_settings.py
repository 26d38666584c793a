"""Which settings a report tells, and which values it keeps to itself."""

from __future__ import annotations

import pytest

from engine.config.conditions import default_of
from engine.config.derivation import fields_of
from engine.config.train import TrainConfig
from engine.reports.settings import is_place, setting_lines


def test_that_changed_settings_come_first_with_their_default_then_those_of_the_plugin() -> None:
    config: dict[str, object] = {"batch_size": 32, "epochs": 7, "optimizer.lr": 0.002, "dropout_of_mine": 0.1}
    fields = {field.name: field for field in fields_of(TrainConfig)}
    config["batch_size"] = default_of(fields["batch_size"], config)

    lines = setting_lines(config)

    assert [line.name for line in lines] == ["epochs", "optimizer.lr", "dropout_of_mine", "batch_size"]
    assert lines[0].value.startswith("7")
    assert lines[0].usual.startswith(str(fields["epochs"].default))
    assert lines[1].usual == "0.001"
    assert (lines[2].title, lines[2].usual, lines[2].is_own) == ("Dropout of mine", "", True)
    assert (lines[3].usual, lines[3].is_own) == ("", False)


def test_that_a_default_that_depends_on_another_setting_is_no_change() -> None:
    lines = setting_lines({"optimizer.type": "sgd", "optimizer.lr": 0.01})

    assert [(line.name, bool(line.usual)) for line in lines] == [
        ("optimizer.type", True),
        ("optimizer.lr", False),
    ]


def test_that_places_and_secrets_are_not_told() -> None:
    config: dict[str, object] = {"weights_file": "/home/ada/w.pt", "api_key": "s3cret", "hub_token": None}

    told = {line.name: line.value for line in setting_lines(config)}

    assert "ada" not in told["weights_file"]
    assert "s3cret" not in told["api_key"]
    assert told["hub_token"] == "none"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/home/ada", True),
        ("~/w.pt", True),
        ("C:\\Users\\ada", True),
        ("d:/data", True),
        ("\\\\server\\share", True),
        ("s3://ada:secret@box/x", True),
        ("resnet50", False),
        ("a/b", False),
        ("", False),
    ],
)
def test_that_places_of_every_system_are_known(text: str, expected: bool) -> None:
    assert is_place(text) == expected
