"""What an annotated pydantic model may say about a field beyond its type: `Setting`, and the pair type `Range`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from pydantic import BaseModel, ConfigDict, model_validator

from engine.config.field import ConfigValue, Scalar


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Metadata for the form: `lr: Annotated[float, Field(gt=0, le=1), Setting(label="Learning rate")] = 1e-3`.

    On a nested model, `group` and `advanced` hold for all its fields. Bounds of plain numbers belong in pydantic's
    `Field`; `min` and `max` here are for a `Range` and for the items of a list of numbers.
    """

    label: str = ""
    help: str = ""
    unit: str = ""
    log: bool = False
    step: float | None = None
    group: str | None = None
    advanced: bool = False
    special: Sequence[str] = ()
    min: float | None = None
    max: float | None = None
    exclusive_min: bool = False
    not_above: str | None = None
    visible_when: Mapping[str, Sequence[Scalar]] = field(default_factory=dict[str, Sequence[Scalar]])
    """By full dotted name."""
    default_when: Mapping[str, Mapping[str, ConfigValue]] = field(
        default_factory=dict[str, Mapping[str, ConfigValue]]
    )
    """By full dotted name."""


class Range(BaseModel):
    """A pair of bounds, shown as two settings `<name>_min` and `<name>_max`."""

    model_config = ConfigDict(frozen=True)

    min: float
    max: float

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.min > self.max:
            raise ValueError(f"the lower end {self.min} is above the upper end {self.max}")
        return self
