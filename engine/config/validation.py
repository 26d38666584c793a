"""From what a user gave (form values, `--set` texts, a preset) to a full flat configuration, or all its problems."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import cast

from engine.config.conditions import settle
from engine.config.field import ConfigField, number_text
from engine.config.problems import ConfigError, FieldProblem, nearest
from engine.config.schema import ConfigSchema
from engine.errors import UserError

NONE_WORDS = {"none", "null", ""}
TRUE_WORDS = {"true", "yes", "on", "1"}
FALSE_WORDS = {"false", "no", "off", "0"}


class _Refused(Exception):
    """A value does not fit its field; the text goes on from the setting's name."""


def parse_assignments(assignments: Sequence[str]) -> dict[str, object]:
    """Read `key=value` texts.

    Raises:
        UserError: `assignment_invalid` for one without `=`.
    """
    values: dict[str, object] = {}
    for text in assignments:
        name, found, value = text.partition("=")
        if not found or not name.strip():
            raise UserError(
                "assignment_invalid",
                f"--set takes key=value, not {text!r}.",
                "Write it like `--set optimizer.lr=0.001`.",
            )
        values[name.strip()] = value.strip()
    return values


def resolve_config(
    schema: ConfigSchema, values: Mapping[str, object], preset: str | None = None
) -> dict[str, object]:
    """Lay `values` over the preset over the defaults, drop what is hidden, and check everything.

    Args:
        schema: the plugin's schema.
        values: by dotted name; text is read as the field's type.
        preset: name of one of the schema's presets.

    Returns:
        A value for every visible field, by name.

    Raises:
        ConfigError: `config_invalid` with all problems, one a setting.
    """
    problems: list[FieldProblem] = []
    if preset is not None and preset not in schema.presets:
        problems.append(FieldProblem("preset", _unknown("preset", preset, list(schema.presets))))
    layers: dict[str, object] = {**schema.preset_values(preset or ""), **values}
    fields = {field.name: field for field in schema.fields}
    given: dict[str, object] = {}
    for name, value in layers.items():
        field = fields.get(name)
        if field is None:
            problems.append(FieldProblem(name, _unknown("setting", name, list(fields))))
            continue
        try:
            given[name] = coerce(field, value)
        except _Refused:
            given[name] = value
    config = settle(schema.fields, given)
    for name, value in config.items():
        try:
            config[name] = coerce(fields[name], value)
        except _Refused as refusal:
            problems.append(FieldProblem(name, f"{name} {refusal}."))
    problems += _order_problems(fields, config)
    if problems:
        raise ConfigError(problems)
    return config


def coerce(field: ConfigField, value: object) -> object:
    """Read one value as its field's type and check it. Raises `_Refused` with the rest of a sentence."""
    if value is None or (isinstance(value, str) and value.strip().lower() in NONE_WORDS):
        if isinstance(value, str) and value in (field.options or ()):
            return value
        if field.type == "str" and value == "" and not field.required and not field.accepts_none:
            return ""
        if field.accepts_none:
            return None
        if field.type != "multiselect" or value is None:
            raise _Refused("needs a value")
    if isinstance(value, str) and value in field.special:
        return value
    reader = _READERS[field.type]
    return reader(field, value)


def _unknown(what: str, name: str, known: Sequence[str]) -> str:
    close = nearest(name, known)
    if close is not None:
        return f"There is no {what} {name!r}; did you mean {close!r}?"
    return f"There is no {what} {name!r}; there are: {', '.join(known[:40]) or 'none'}."


def _read_int(field: ConfigField, value: object) -> object:
    if isinstance(value, str):
        try:
            value = int(value) if value.strip().lstrip("+-").isdigit() else float(value)
        except ValueError:
            raise _Refused(_wrong(field, value, "a whole number")) from None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value or value % 1:
        raise _Refused(_wrong(field, value, "a whole number"))
    return int(_within(field, value))


def _read_float(field: ConfigField, value: object) -> object:
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            raise _Refused(_wrong(field, value, "a number")) from None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise _Refused(_wrong(field, value, "a number"))
    return float(_within(field, value))


def _read_bool(field: ConfigField, value: object) -> object:
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word in TRUE_WORDS | FALSE_WORDS:
        return word in TRUE_WORDS
    raise _Refused(_wrong(field, value, "true or false"))


def _read_str(field: ConfigField, value: object) -> object:
    if field.list_of is not None:
        return _read_numbers(field, value)
    if not isinstance(value, str):
        raise _Refused(_wrong(field, value, "text"))
    return value


def _read_numbers(field: ConfigField, value: object) -> str:
    parts = value.strip("[]() ").split(",") if isinstance(value, str) else value
    if not isinstance(parts, (list, tuple)):
        raise _Refused(_wrong(field, value, "numbers separated by commas"))
    try:
        numbers = [float(str(part)) for part in cast("list[object]", parts)]
    except ValueError:
        raise _Refused(_wrong(field, value, "numbers separated by commas")) from None
    if field.length is not None and len(numbers) != field.length:
        raise _Refused(f"takes {field.length} numbers, not {len(numbers)}")
    for number in numbers:
        if not math.isfinite(number):
            raise _Refused(_wrong(field, value, "numbers separated by commas"))
        if field.list_of == "int" and number % 1:
            raise _Refused(_wrong(field, value, "whole numbers separated by commas"))
        _within(field, number)
    return ", ".join(map(number_text, numbers))


def _read_select(field: ConfigField, value: object) -> object:
    word = str(value).lower() if isinstance(value, bool) else str(value)
    options = field.options or []
    if word in options:
        return word
    # Whoever writes false where a list says off means that.
    for switch, words in (("off", FALSE_WORDS), ("on", TRUE_WORDS)):
        if switch in options and word.lower() in words:
            return switch
    raise _Refused(_not_an_option(field, word))


def _read_multiselect(field: ConfigField, value: object) -> object:
    if isinstance(value, str):
        value = [part.strip() for part in value.strip("[]").split(",") if part.strip()]
    if not isinstance(value, (list, tuple)):
        raise _Refused(_wrong(field, value, "a list of its options"))
    words = [str(word) for word in cast("list[object]", value)]
    for word in words:
        if word not in (field.options or []):
            raise _Refused(_not_an_option(field, word))
    return words


def _not_an_option(field: ConfigField, word: str) -> str:
    options = [*(field.options or []), *field.special]
    close = nearest(word, options)
    meant = f"; did you mean {close!r}" if close else ""
    listed = ", ".join(options[:12]) + (f" and {len(options) - 12} more" if len(options) > 12 else "")
    return f"cannot be {word!r}{meant} (it takes: {listed})"


def _wrong(field: ConfigField, value: object, wanted: str) -> str:
    words = f" or {', '.join(field.special)}" if field.special else ""
    return f"takes {wanted}{words}, not {value!r}"


def _within(field: ConfigField, value: float) -> float:
    unit = f" {field.unit}" if field.unit and not field.name.endswith(field.unit) else ""
    if field.min is not None and (value < field.min or (field.exclusive_min and value == field.min)):
        word = "above" if field.exclusive_min else "at least"
        raise _Refused(f"must be {word} {number_text(field.min)}{unit}, not {number_text(value)}")
    if field.max is not None and (value > field.max or (field.exclusive_max and value == field.max)):
        word = "below" if field.exclusive_max else "at most"
        raise _Refused(f"must be {word} {number_text(field.max)}{unit}, not {number_text(value)}")
    return value


def _order_problems(fields: Mapping[str, ConfigField], config: Mapping[str, object]) -> list[FieldProblem]:
    problems: list[FieldProblem] = []
    for name, value in config.items():
        other = fields[name].not_above
        limit = config.get(other) if other is not None else None
        if isinstance(value, (int, float)) and isinstance(limit, (int, float)) and value > limit:
            found, most = number_text(value), number_text(limit)
            problems.append(FieldProblem(name, f"{name} ({found}) may not be above {other} ({most})."))
    return problems


_READERS = {
    "int": _read_int,
    "float": _read_float,
    "bool": _read_bool,
    "str": _read_str,
    "select": _read_select,
    "multiselect": _read_multiselect,
}
