"""Which settings stand together, in which order, and which groups begin open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.config.field import ConfigField

_TITLES = {
    "training": "Basic",
    "data": "Basic",
    "basic": "Basic",
    "optimizer": "Optimizer",
    "scheduler": "Scheduler",
    "augmentation": "Augmentation",
    "preprocessing": "Preprocessing",
    "validation": "Validation",
    "early_stopping": "Early stopping",
    "ema": "Weight average",
    "checkpoint": "Checkpoints",
    "speed": "Speed",
}
"""The engine's groups in the order of the form; those of a plugin come after them."""
_ORDER = list(dict.fromkeys(_TITLES.values()))
_BASIC_NAMES = {"epochs", "batch_size", "image_size", "learning_rate", "lr", "seed"}
_OPEN_AT_FIRST = {"Basic", "Optimizer", "Scheduler"}
UNNAMED = "General"


@dataclass(frozen=True, slots=True)
class Group:
    """One collapsible part of the form."""

    title: str
    fields: tuple[ConfigField, ...]
    is_own: bool = False
    """The plugin's own, not one of the engine's."""

    @property
    def begins_open(self) -> bool:
        return self.is_own or self.title in _OPEN_AT_FIRST


def group_title(field: ConfigField) -> str:
    """Say in which group a setting stands."""
    if not field.group:
        return "Basic" if field.name in _BASIC_NAMES else UNNAMED
    known = _TITLES.get(field.group.strip().lower())
    return known or field.group.strip().replace("_", " ").capitalize() or UNNAMED


def groups_of(fields: Sequence[ConfigField]) -> list[Group]:
    """Sort fields into groups: the engine's in their order, then the plugin's in the order of its schema."""
    found: dict[str, list[ConfigField]] = {}
    for field in fields:
        found.setdefault(group_title(field), []).append(field)
    own = [title for title in found if title not in _ORDER]
    titles = [title for title in _ORDER if title in found] + own
    return [Group(title, tuple(found[title]), title in own) for title in titles]
