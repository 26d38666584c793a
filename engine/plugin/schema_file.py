"""A plugin's config_schema.json: read with the line of everything that is wrong in it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast, get_args

from pydantic import ValidationError

from engine.config.field import FieldType
from engine.config.problems import nearest
from engine.config.schema import ConfigField, ConfigSchema
from engine.errors import PluginError
from engine.plugin.json_lines import JsonPath, lines_of, nearest_line
from engine.protocol.catalog import PluginProblem

FIELD_TYPES: tuple[str, ...] = get_args(FieldType)
_FORM = (
    'Write {"fields": [{"name": "depth", "type": "int", "default": 3}], "presets": {"easy": {"depth": 2}}}.'
)
_UNION_MEMBERS = frozenset({"bool", "int", "float", "str", "list[str]"})
"""What pydantic adds to a path for the members of a union."""


class SchemaFileError(PluginError):
    """All that is wrong in one config_schema.json; its code is that of the first problem."""

    def __init__(self, problems: Sequence[PluginProblem]) -> None:
        self.problems = list(problems)
        first = self.problems[0]
        told = " ".join(f"{_place_words(problem)}: {problem.message}" for problem in self.problems)
        super().__init__(first.code, told, first.hint)


def read_schema_file(path: Path) -> ConfigSchema:
    """Read settings and presets.

    Raises:
        SchemaFileError: `schema_file_unreadable`, `schema_file_not_json` or `schema_file_invalid`, with all problems.
    """
    text = _read_text(path)
    try:
        content: object = json.loads(text)
    except json.JSONDecodeError as error:
        raise SchemaFileError(
            [_problem(path, "schema_file_not_json", _not_json(error), error.lineno)]
        ) from error
    lines = lines_of(text)
    try:
        return ConfigSchema.model_validate(content)
    except ValidationError as error:
        raise SchemaFileError(
            [
                _problem(path, "schema_file_invalid", message, _line_of(lines, where, content))
                for where, message in validation_faults(error)
            ]
        ) from error


def schema_lines(path: Path) -> dict[JsonPath, int]:
    """Give the line of each value of a file that could be read."""
    return lines_of(_read_text(path))


def validation_faults(error: ValidationError) -> list[tuple[JsonPath, str]]:
    """Turn pydantic's words for a wrong schema or field into sentences, each with its path."""
    found: dict[JsonPath, str] = {}
    is_schema = error.title == ConfigSchema.__name__
    for fault in error.errors(include_url=False):
        where = tuple(fault["loc"])
        path = tuple(part for part in where if part not in _UNION_MEMBERS)
        known = list((ConfigSchema if is_schema and len(path) == 1 else ConfigField).model_fields)
        message = _sentence(path, fault["type"], cast("object", fault["input"]), str(fault["msg"]), known)
        if path != where:
            message = (
                f"The value of {_dotted(path)} must be a number, text, true, false, null or a list of texts."
            )
        found.setdefault(path, message)  # a value of many allowed types is refused once for each of them
    return list(found.items())


def _sentence(where: JsonPath, kind: str, given: object, said: str, known: Sequence[str]) -> str:
    key = str(where[-1]) if where else ""
    if kind == "extra_forbidden":
        return f"There is no key {key!r}{_meant(key, known)}"
    if kind == "literal_error" and key == "type":
        return f"There is no field type {given!r}{_meant(str(given), FIELD_TYPES)}"
    if kind == "missing":
        return f"The key {key!r} is missing."
    if kind == "value_error":
        reason = said.removeprefix("Value error, ")
        return f"{reason[:1].upper()}{reason[1:]}."
    return f"The value of {_dotted(where)} cannot be used: {said[:1].lower()}{said[1:]}."


def _meant(word: str, known: Sequence[str]) -> str:
    close = nearest(word, known)
    return f"; did you mean {close!r}?" if close is not None else f"; there are: {', '.join(known)}."


def _dotted(path: JsonPath) -> str:
    return ".".join(str(part) for part in path) or "the file"


def _line_of(lines: Mapping[JsonPath, int], where: JsonPath, content: object) -> int | None:
    twice = None if where else _declared_twice(content)
    return nearest_line(lines, twice or where)


def _declared_twice(content: object) -> JsonPath | None:
    """Find the second field with a name that another has: all that a whole schema is refused for."""
    fields = cast("Mapping[str, object]", content).get("fields") if isinstance(content, Mapping) else None
    seen: set[object] = set()
    for number, field in enumerate(cast("list[object]", fields) if isinstance(fields, list) else []):
        name = cast("Mapping[str, object]", field).get("name") if isinstance(field, Mapping) else None
        if name in seen:
            return ("fields", number, "name")
        seen.add(name)
    return None


def _not_json(error: json.JSONDecodeError) -> str:
    return f"This is not JSON: {error.msg[:1].lower()}{error.msg[1:]} (column {error.colno})."


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        problem = _problem(path, "schema_file_unreadable", f"It cannot be read: {error}.", None)
        raise SchemaFileError([problem]) from error


def _problem(path: Path, code: str, message: str, line: int | None) -> PluginProblem:
    return PluginProblem(code=code, message=message, file=str(path), line=line, hint=_FORM)


def _place_words(problem: PluginProblem) -> str:
    name = Path(problem.file).name
    return f"{name}, line {problem.line}" if problem.line else name
