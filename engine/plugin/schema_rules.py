"""What a schema must keep to beyond its form: defaults and presets that fit, conditions that name settings.

Also how the schemas of a plugin and of the engine are put together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from engine.config.field import ConfigField
from engine.config.problems import ConfigError, FieldProblem, nearest
from engine.config.schema import ConfigSchema
from engine.config.train import RunConfig
from engine.config.validation import resolve_config
from engine.plugin.json_lines import JsonPath

_NOT_FOR_OWN_LOOPS = frozenset({"augmentation.mixup_alpha", "augmentation.cutmix_alpha"})
"""Done in the engine's training step, which a plugin with a loop of its own does not use."""


@dataclass(frozen=True, slots=True)
class SchemaFault:
    """One fault of a schema and where in it: `("fields", 3, "default")`, `("presets", "easy", "dept")`."""

    code: str
    message: str
    path: JsonPath
    hint: str = ""
    severity: str = "error"


def schema_faults(schema: ConfigSchema) -> list[SchemaFault]:
    """Find everything in a schema that the form or a run would trip over."""
    faults = [
        fault for number, field in enumerate(schema.fields) for fault in _field_faults(schema, number, field)
    ]
    broken = {schema.fields[int(fault.path[1])].name for fault in faults}
    numbers = {field.name: number for number, field in enumerate(schema.fields)}
    faults += [
        SchemaFault(
            "default_invalid",
            f"The default of a setting cannot be used: {problem.message}",
            ("fields", numbers[problem.name], "default"),
            "Give a default that the setting itself would accept.",
        )
        for problem in _refused(schema, None)
        if problem.name not in broken
    ]
    broken |= {problem.name for problem in _refused(schema, None)}
    for preset in schema.presets:
        faults += _preset_faults(schema, preset, broken)
    return faults


def laid_over(own: ConfigSchema, beneath: ConfigSchema) -> ConfigSchema:
    """Put a plugin's own settings before those it builds on; of two with one name, the plugin's own is kept."""
    names = set(own.names())
    fields = [*own.fields, *(field for field in beneath.fields if field.name not in names)]
    presets = {
        name: {**beneath.preset_values(name), **own.preset_values(name)}
        for name in dict.fromkeys([*beneath.presets, *own.presets])
    }
    return ConfigSchema(fields=fields, presets=presets)


def with_run_settings(own: ConfigSchema) -> ConfigSchema:
    """Add what the engine honours for every plugin (epochs, batch size, ...) to a full-control plugin's settings."""
    engine_fields = [
        field
        for field in ConfigSchema.from_pydantic(RunConfig).fields
        if field.name not in _NOT_FOR_OWN_LOOPS
    ]
    return laid_over(own, ConfigSchema(fields=engine_fields))


def _field_faults(schema: ConfigSchema, number: int, field: ConfigField) -> Iterator[SchemaFault]:
    place: JsonPath = ("fields", number)
    if field.type in {"select", "multiselect"} and not field.options:
        yield SchemaFault(
            "options_missing",
            f"The setting {field.name} is a {field.type} without options.",
            (*place, "type"),
            'List them: options=["a", "b"].',
        )
    if field.min is not None and field.max is not None and field.min > field.max:
        yield SchemaFault(
            "bounds_crossed",
            f"The setting {field.name} has a min of {field.min:g} above its max of {field.max:g}.",
            (*place, "min"),
            "Exchange them.",
        )
    if field.type == "multiselect" and isinstance(field.default, str):
        yield SchemaFault(
            "default_invalid",
            f"The default of the multiselect {field.name} is text; it must be a list.",
            (*place, "default"),
            f'Write default=["{field.default}"].',
        )
    named = {"visible_when": list(field.visible_when), "default_when": list(field.default_when)}
    named["not_above"] = [field.not_above] if field.not_above is not None else []
    for key, others in named.items():
        for other in others:
            if other not in schema.names():
                yield SchemaFault(
                    "setting_unknown",
                    f"The {key} of {field.name} names {other!r}, which is no setting{_meant(other, schema)}",
                    (*place, key),
                )


def _preset_faults(schema: ConfigSchema, preset: str, broken: set[str]) -> Iterator[SchemaFault]:
    for problem in _refused(schema, preset):
        place: JsonPath = ("presets", preset, problem.name)
        if problem.name not in schema.names():
            yield SchemaFault(
                "preset_setting_unknown",
                f"The preset {preset!r} sets {problem.name!r}, which is no setting{_meant(problem.name, schema)}",
                place,
                "Name a setting of the schema, or leave it out.",
            )
        elif problem.name in schema.presets[preset] or problem.name not in broken:
            yield SchemaFault(
                "preset_value_invalid",
                f"The preset {preset!r} cannot be used: {problem.message}",
                place,
                "Give a value that the setting itself would accept.",
            )


def _refused(schema: ConfigSchema, preset: str | None) -> list[FieldProblem]:
    try:
        resolve_config(schema, {}, preset)
    except ConfigError as error:
        return error.problems
    return []


def _meant(word: str, schema: ConfigSchema) -> str:
    close = nearest(word, schema.names())
    return f"; did you mean {close!r}?" if close is not None else "."
