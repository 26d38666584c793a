"""A schema with every kind of field there can be, and some that only a strange plugin would write."""

from __future__ import annotations

from engine.config.field import ConfigField
from engine.config.schema import ConfigSchema

LONG_HELP = " ".join(["It says a great deal about very little, as authors do."] * 40)
MANY = [f"option_{number}" for number in range(60)]


def exotic_schema() -> ConfigSchema:
    return ConfigSchema(
        fields=[*_numbers(), *_texts(), *_choices()],
        presets={"careful": {"rate": 1e-4}, "fast": {"rate": 1e-2, "kind": "b"}},
    )


def _numbers() -> list[ConfigField]:
    return [
        ConfigField(name="count", type="int", default=3, min=1, max=9, unit="things", group="numbers"),
        ConfigField(name="huge", type="int", default=2**40, group="numbers"),
        ConfigField(
            name="rate",
            type="float",
            default=1e-3,
            min=0,
            max=1,
            exclusive_min=True,
            log=True,
            group="numbers",
        ),
        ConfigField(
            name="share", type="float", default=0.5, min=0, max=1, exclusive_max=True, group="numbers"
        ),
        ConfigField(
            name="limit", type="float", default=None, nullable=True, min=0, unit="h", group="numbers"
        ),
        ConfigField(
            name="workers", type="int", default="auto", special=["auto"], min=0, max=64, group="numbers"
        ),
        ConfigField(name="low", type="int", default=1, not_above="high", group="numbers"),
        ConfigField(name="high", type="int", default=5, group="numbers", label="Upper end"),
    ]


def _texts() -> list[ConfigField]:
    return [
        ConfigField(
            name="title", type="str", default="", required=True, group="texts", description="A name."
        ),
        ConfigField(name="notes", type="str", default=None, group="texts", description=LONG_HELP),
        ConfigField(
            name="mean",
            type="str",
            default="0.5, 0.5, 0.5",
            list_of="float",
            length=3,
            min=0,
            max=1,
            group="texts",
        ),
        ConfigField(name="weights_path", type="str", default=None, nullable=True, group="texts"),
    ]


def _choices() -> list[ConfigField]:
    return [
        ConfigField(name="on", type="bool", default=True, group="choices"),
        ConfigField(name="maybe", type="bool", default=None, nullable=True, group="choices"),
        ConfigField(
            name="kind", type="select", default="a", options=["a", "b", "<b>c</b> & d"], group="choices"
        ),
        ConfigField(name="backbone", type="select", default="option_7", options=MANY, group="choices"),
        ConfigField(
            name="policy", type="select", default=None, nullable=True, options=["x", "y"], group="choices"
        ),
        ConfigField(
            name="layers", type="multiselect", default=["l1"], options=["l1", "l2", "l3"], group="choices"
        ),
        ConfigField(name="labels", type="multiselect", default=[], options=MANY, group="choices"),
        ConfigField(name="extra", type="float", default=1.0, visible_when={"kind": ["b"]}, group="choices"),
        ConfigField(
            name="a_very_long_name_without_any_spaces_in_it_at_all",
            type="float",
            default=0.0,
            advanced=True,
            group="my_own_group_with_a_long_name",
            description="<b>Not bold</b> & not markup.",
        ),
    ]
