"""ConfigField: the one record between any schema of settings and the form, plain JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

FieldType = Literal["int", "float", "str", "bool", "select", "multiselect"]
Scalar = bool | int | float | str
ConfigValue = bool | int | float | str | list[str] | None


class ConfigField(BaseModel):
    """Describe one setting: what it may hold, what it means, and when it is shown."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1)
    """Dotted name, as `--set` takes it: `optimizer.lr`."""
    type: FieldType
    default: ConfigValue = None
    description: str = ""
    """Help: full sentences that say what the setting does."""
    required: bool = False
    """A value must be there: None and empty text are refused."""
    options: list[str] | None = None
    """Choices of a select or multiselect."""
    min: float | None = None
    max: float | None = None
    """Bounds; for text with `list_of` they hold for every number in it."""
    exclusive_min: bool = False
    """`min` itself is not allowed."""
    exclusive_max: bool = False
    step: float | None = None
    """How far one click of the form's arrows goes. Not a constraint."""
    group: str | None = None
    advanced: bool = False
    label: str = ""
    unit: str = ""
    log: bool = False
    """Show on a logarithmic scale."""
    nullable: bool = False
    """None is a value ("none" in the form, `--set name=none`)."""
    special: list[str] = Field(default_factory=list)
    """Words allowed beside what the type allows: `auto` beside a number."""
    list_of: Literal["int", "float"] | None = None
    """For text: it holds numbers separated by commas."""
    length: int | None = None
    """How many numbers such text holds."""
    not_above: str | None = None
    """Name of a number setting that this one may not exceed."""
    visible_when: dict[str, list[Scalar]] = Field(default_factory=dict[str, list[Scalar]])
    """Shown and validated only when every named setting has one of the listed values."""
    default_when: dict[str, dict[str, ConfigValue]] = Field(default_factory=dict[str, dict[str, ConfigValue]])
    """Other defaults by the value of another setting: `{"optimizer.type": {"sgd": 0.05}}`; the first match wins."""

    @field_validator("visible_when", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        """Take a single value for a list of one."""
        if not isinstance(value, Mapping):
            return value
        conditions = cast("Mapping[object, object]", value)
        return {
            key: cast("object", item) if isinstance(item, (list, tuple)) else [item]
            for key, item in conditions.items()
        }

    @field_validator("default")
    @classmethod
    def _float_default(cls, value: ConfigValue, info: ValidationInfo) -> ConfigValue:
        """Write the default of a float as a float."""
        return _as_float(value) if info.data.get("type") == "float" else value

    @field_validator("default_when")
    @classmethod
    def _float_defaults(
        cls, value: dict[str, dict[str, ConfigValue]], info: ValidationInfo
    ) -> dict[str, dict[str, ConfigValue]]:
        if info.data.get("type") != "float":
            return value
        return {name: {key: _as_float(item) for key, item in table.items()} for name, table in value.items()}

    @property
    def title(self) -> str:
        """The label, or one made from the last part of the name."""
        return self.label or self.name.rsplit(".", 1)[-1].replace("_", " ").capitalize()

    @property
    def accepts_none(self) -> bool:
        """Whether None may stand for a value."""
        return not self.required and (self.nullable or self.default is None)


def _as_float(value: ConfigValue) -> ConfigValue:
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def condition_word(value: object) -> str:
    """Write a value the way conditions compare it: `true` for True, else its text."""
    return str(value).lower() if isinstance(value, bool) or value is None else str(value)


def number_text(value: float) -> str:
    """Write a number so that reading it gives the same one: 3 for 3.0, 0.485, 1e-06."""
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(float(value))
