"""Which settings are shown, and what stands in them before anybody has said anything."""

from __future__ import annotations

import pytest

from engine.config.conditions import default_of, settle
from engine.config.field import ConfigField


def field(name: str, default: object = 1, **values: object) -> ConfigField:
    kind = {bool: "bool", int: "int", str: "select"}[type(default)]
    return ConfigField.model_validate({"name": name, "type": kind, "default": default, **values})


KIND = field("kind", "adam", options=["adam", "sgd", "rmsprop"])


def test_that_a_hidden_setting_is_left_out_whatever_was_given() -> None:
    momentum = field("momentum", visible_when={"kind": ["sgd", "rmsprop"]})

    assert settle([KIND, momentum], {"momentum": 5}) == {"kind": "adam"}
    assert settle([KIND, momentum], {"kind": "rmsprop", "momentum": 5}) == {"kind": "rmsprop", "momentum": 5}


def test_that_every_condition_must_hold() -> None:
    both = field("both", visible_when={"kind": ["sgd"], "switch": [True]})
    fields = [KIND, field("switch", False), both]

    assert "both" not in settle(fields, {"kind": "sgd"})
    assert "both" not in settle(fields, {"switch": True})
    assert "both" in settle(fields, {"kind": "sgd", "switch": True})


def test_that_what_depends_on_a_hidden_setting_is_hidden() -> None:
    switch = field("switch", True, visible_when={"kind": ["sgd"]})
    inner = field("inner", visible_when={"switch": [True]})

    assert settle([KIND, switch, inner], {}) == {"kind": "adam"}
    assert set(settle([KIND, switch, inner], {"kind": "sgd"})) == {"kind", "switch", "inner"}


def test_that_the_order_of_declaration_does_not_matter_and_is_kept() -> None:
    inner = field("inner", visible_when={"switch": [True]})
    fields = [inner, field("switch", True, visible_when={"kind": ["sgd"]}), KIND]

    assert list(settle(fields, {"kind": "sgd"})) == ["inner", "switch", "kind"]


def test_that_settings_that_wait_for_each_other_stay_hidden() -> None:
    one = field("one", visible_when={"two": [1]})
    two = field("two", visible_when={"one": [1]})

    assert settle([one, two], {}) == {}


@pytest.mark.parametrize(("given", "expected"), [(True, 9), ("true", 9), (False, 1), ("TRUE", 1)])
def test_that_true_is_true_as_a_value_and_as_a_word(given: object, expected: int) -> None:
    decay = field("decay", default_when={"switch": {"true": 9}})

    assert settle([field("switch", False), decay], {"switch": given})["decay"] == expected


def test_that_the_first_default_that_applies_wins_and_what_is_given_wins_over_it() -> None:
    lr = field("lr", default_when={"kind": {"sgd": 5}, "switch": {"true": 7}})
    fields = [KIND, field("switch", True), lr]

    assert settle(fields, {"kind": "sgd"})["lr"] == 5
    assert settle(fields, {})["lr"] == 7
    assert settle(fields, {"switch": False})["lr"] == 1
    assert settle(fields, {"kind": "sgd", "lr": 2})["lr"] == 2
    assert default_of(lr, {"kind": "sgd"}) == 5


def test_that_names_without_a_setting_are_left_out() -> None:
    assert settle([KIND], {"other": 3}) == {"kind": "adam"}
