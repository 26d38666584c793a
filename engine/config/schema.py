"""ConfigSchema: a model's settings and presets as plain JSON; derived from a pydantic model, or written out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from engine.config.conditions import settle
from engine.config.derivation import fields_of
from engine.config.field import ConfigField, ConfigValue

__all__ = ["ConfigField", "ConfigSchema"]

Presets = dict[str, dict[str, ConfigValue]]


class ConfigSchema(BaseModel):
    """All settings of one model, in the order in which the form shows them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fields: list[ConfigField]
    presets: Presets = Field(default_factory=dict[str, dict[str, ConfigValue]])
    """Preset name (easy, medium, advanced), then the values that differ from the defaults."""

    @field_validator("presets", mode="before")
    @classmethod
    def _no_presets(cls, value: object) -> object:
        return {} if value is None else value

    @model_validator(mode="after")
    def _unique_names(self) -> Self:
        names = [field.name for field in self.fields]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"these settings are declared twice: {', '.join(twice)}")
        return self

    @classmethod
    def from_pydantic(
        cls,
        model: type[BaseModel],
        presets: Mapping[str, Mapping[str, ConfigValue]] | None = None,
        groups: Mapping[str, str] | None = None,
    ) -> ConfigSchema:
        """Derive the schema from an annotated pydantic model, so that nothing is written twice.

        Nested models flatten to dotted names, a tagged union becomes its tag's select and the variants' fields,
        a `Range` becomes two fields, a list of numbers text. Where a model has a bool `enabled`, its other fields
        are shown only when that is on; an optional model gets such a switch.

        Args:
            model: the settings; every field needs a default, or is required.
            presets: values that differ from the defaults, by preset.
            groups: group by dotted name, for fields that do not say it themselves.

        Raises:
            PluginError: `schema_invalid` naming the field that no form can show.
        """
        found = fields_of(model)
        if groups:
            found = [
                field.model_copy(update={"group": groups[field.name]}) if field.name in groups else field
                for field in found
            ]
        return cls(fields=found, presets={name: dict(values) for name, values in (presets or {}).items()})

    def field(self, name: str) -> ConfigField | None:
        """Give the field with that name, or None."""
        return next((field for field in self.fields if field.name == name), None)

    def names(self) -> list[str]:
        return [field.name for field in self.fields]

    def defaults(self, values: Mapping[str, object] | None = None) -> dict[str, object]:
        """Give a full flat configuration: `values`, and the defaults of every other visible field."""
        return settle(self.fields, values or {})

    def preset_values(self, preset: str) -> dict[str, ConfigValue]:
        """Give the overrides of a preset; empty for one the schema does not have."""
        return dict(self.presets.get(preset, {}))
