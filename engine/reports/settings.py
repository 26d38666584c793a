"""The settings of a run as a report lists them: those that were changed first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.config.conditions import default_of
from engine.config.derivation import fields_of
from engine.config.field import ConfigField, number_text
from engine.config.train import TrainConfig

_SECRET = ("token", "password", "secret", "api_key", "credential")
_HIDDEN = "not shown"
_ELSEWHERE = "a place on the machine of the run"


@dataclass(frozen=True, slots=True)
class SettingLine:
    """One setting."""

    name: str
    title: str
    value: str
    usual: str
    """Its default where the value differs from it; empty where it does not."""
    is_own: bool
    """Of the model's plugin, beyond those that every training has: its default is not known."""


def setting_lines(config: Mapping[str, object]) -> list[SettingLine]:
    """Give the changed settings, then those of the plugin, then the rest in the order of the form."""
    fields = {field.name: field for field in fields_of(TrainConfig)}
    lines = [_line(name, value, config, fields) for name, value in config.items()]
    places = {name: place for place, name in enumerate(fields)}
    lines.sort(
        key=lambda line: (not line.usual, not line.is_own, places.get(line.name, len(places)), line.name)
    )
    return lines


def _line(
    name: str, value: object, config: Mapping[str, object], fields: Mapping[str, ConfigField]
) -> SettingLine:
    field = fields.get(name)
    if field is None:
        title = name.rpartition(".")[2].replace("_", " ").capitalize()
        return SettingLine(name, title, _shown(name, value), "", True)
    default = default_of(field, config)
    is_changed = value != default
    unit = f" {field.unit}" if field.unit and isinstance(value, int | float) else ""
    usual = f"{_text(default)}{unit}" if is_changed else ""
    return SettingLine(name, field.title, f"{_shown(name, value)}{unit}", usual, False)


def _shown(name: str, value: object) -> str:
    """A value, unless it is a secret or names a place on somebody's machine."""
    text = _text(value)
    if any(part in name.lower() for part in _SECRET) and text not in ("", "none"):
        return _HIDDEN
    return _ELSEWHERE if isinstance(value, str) and is_place(value) else text


def is_place(text: str) -> bool:
    """Say whether a text is an absolute path, of whichever system, or an address with a name and a password."""
    has_drive = len(text) > 2 and text[0].isalpha() and text[1] == ":" and text[2] in "\\/"
    return text.startswith(("/", "~", "\\\\")) or has_drive or ("://" in text and "@" in text)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "none"
    return number_text(value) if isinstance(value, float) else str(value)
