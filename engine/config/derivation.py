"""From an annotated pydantic model to ConfigFields: what `ConfigSchema.from_pydantic` does, field by field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from engine.config.field import ConfigField, ConfigValue, Scalar, condition_word, number_text
from engine.config.setting import Range, Setting
from engine.config.shapes import Shape, is_range, model_in, schema_error, shape_of, variants_in

SWITCH = "enabled"
"""A bool of this name decides whether the other fields of its model are shown."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in the tree of models a field stands, and what it inherits from above."""

    prefix: str = ""
    group: str | None = None
    advanced: bool = False
    visible_when: Mapping[str, Sequence[Scalar]] = field(default_factory=dict[str, Sequence[Scalar]])

    def name(self, part: str) -> str:
        return f"{self.prefix}{part}"


def fields_of(model: type[BaseModel]) -> list[ConfigField]:
    """Flatten a model. A name that several variants of a union share is one field."""
    return _of_model(model, _Place(), instance=None)


def _of_model(model: type[BaseModel], place: _Place, instance: BaseModel | None) -> list[ConfigField]:
    switch = model.model_fields.get(SWITCH)
    found: list[ConfigField] = []
    for name, info in model.model_fields.items():
        inside = place
        if switch is not None and name != SWITCH:
            inside = replace(place, visible_when={**place.visible_when, place.name(SWITCH): [True]})
        default = getattr(instance, name) if instance is not None else _default(info)
        found += _of_field(name, info, inside, default)
    return found


def _of_field(name: str, info: FieldInfo, place: _Place, default: object) -> list[ConfigField]:
    setting = _setting(info)
    where = place.name(name)
    variants = variants_in(info)
    nested = model_in(info)
    if variants:
        return _of_union(where, info, variants, _below(place, setting, where), default)
    if nested is not None:
        return _of_nested(where, info, nested, _below(place, setting, where), default)
    if is_range(info):
        return _of_range(where, info, place, default)
    return [_plain(where, info, place, default)]


def _below(place: _Place, setting: Setting, where: str) -> _Place:
    return _Place(
        prefix=where + ".",
        group=setting.group or place.group or where.split(".")[0],
        advanced=place.advanced or setting.advanced,
        visible_when={**place.visible_when, **setting.visible_when},
    )


def _of_nested(
    where: str, info: FieldInfo, nested: type[BaseModel], place: _Place, default: object
) -> list[ConfigField]:
    instance = default if isinstance(default, BaseModel) else None
    optional = default is None or _may_be_none(info)
    if not optional or SWITCH in nested.model_fields:
        return _of_model(nested, place, instance)
    setting = _setting(info)
    switch = ConfigField(
        name=f"{where}.{SWITCH}",
        type="bool",
        default=default is not None,
        description=setting.help or info.description or "",
        label=setting.label,
        group=place.group,
        advanced=place.advanced,
        visible_when={key: list(words) for key, words in place.visible_when.items()},
    )
    inside = replace(place, visible_when={**place.visible_when, switch.name: [True]})
    return [switch, *_of_model(nested, inside, instance)]


def _of_union(
    where: str, info: FieldInfo, variants: Mapping[str, type[BaseModel]], place: _Place, default: object
) -> list[ConfigField]:
    tag = str(info.discriminator)
    tag_name = f"{where}.{tag}"
    setting = _setting(info)
    chosen = cast("str", getattr(default, tag)) if isinstance(default, BaseModel) else next(iter(variants))
    select = ConfigField(
        name=tag_name,
        type="select",
        default=chosen,
        options=list(variants),
        description=setting.help or info.description or "",
        label=setting.label,
        group=place.group,
        advanced=place.advanced,
        visible_when={key: list(words) for key, words in place.visible_when.items()},
    )
    merged: dict[str, ConfigField] = {}
    for word, model in variants.items():
        instance = default if isinstance(default, model) else None
        for found in _of_model(model, place, instance):
            if found.name != tag_name:
                _merge(merged, found, tag_name, word)
    return [select, *(_tidied(found, tag_name, len(variants)) for found in merged.values())]


def _merge(merged: dict[str, ConfigField], found: ConfigField, tag_name: str, word: str) -> None:
    """Add a variant's field: one record for a name, with the tag's words in which it is shown."""
    before = merged.get(found.name)
    shown = [*(before.visible_when[tag_name] if before else []), word]
    if before is None:
        merged[found.name] = found.model_copy(
            update={"visible_when": {**found.visible_when, tag_name: shown}}
        )
        return
    varying = {"default", "default_when", "visible_when"}
    if before.model_dump(exclude=varying) != found.model_dump(exclude=varying):
        raise schema_error(found.name, "has another type, bounds or help in another variant of its union")
    defaults = dict(before.default_when)
    if found.default != before.default:
        defaults[tag_name] = {**defaults.get(tag_name, {}), condition_word(word): found.default}
    merged[found.name] = before.model_copy(
        update={"visible_when": {**before.visible_when, tag_name: shown}, "default_when": defaults}
    )


def _tidied(found: ConfigField, tag_name: str, variants: int) -> ConfigField:
    """Drop the condition on the tag where the field is in every variant."""
    if len(found.visible_when[tag_name]) < variants:
        return found
    conditions = {key: words for key, words in found.visible_when.items() if key != tag_name}
    return found.model_copy(update={"visible_when": conditions})


def _of_range(where: str, info: FieldInfo, place: _Place, default: object) -> list[ConfigField]:
    setting = _setting(info)
    pair = default if isinstance(default, Range) else Range(min=0.0, max=1.0)
    low = _numeric(where, "_min", info, place, pair.min)
    high = _numeric(where, "_max", info, place, pair.max)
    label = setting.label or where.rsplit(".", 1)[-1].replace("_", " ").capitalize()
    return [
        low.model_copy(update={"label": f"{label}, from", "not_above": high.name}),
        high.model_copy(update={"label": f"{label}, to"}),
    ]


def _numeric(where: str, end: str, info: FieldInfo, place: _Place, default: float) -> ConfigField:
    return _record(f"{where}{end}", info, place, Shape("float"), default)


def _plain(where: str, info: FieldInfo, place: _Place, default: object) -> ConfigField:
    return _record(where, info, place, shape_of(info, where), default)


def _record(where: str, info: FieldInfo, place: _Place, shape: Shape, default: object) -> ConfigField:
    setting = _setting(info)
    bounds = _bounds([*info.metadata, *shape.constraints])
    value = _flat_value(default, shape)
    return ConfigField(
        name=where,
        type=shape.type,
        default=value,
        description=setting.help or info.description or "",
        required=default is PydanticUndefined,
        options=list(shape.options) or None,
        min=setting.min if setting.min is not None else bounds.get("min"),
        max=setting.max if setting.max is not None else bounds.get("max"),
        exclusive_min=setting.exclusive_min or "exclusive_min" in bounds,
        exclusive_max="exclusive_max" in bounds,
        step=setting.step,
        group=setting.group or place.group,
        advanced=place.advanced or setting.advanced,
        label=setting.label,
        unit=setting.unit,
        log=setting.log,
        nullable=shape.nullable,
        special=[*shape.special, *(word for word in setting.special if word not in shape.special)],
        list_of=shape.list_of,
        length=shape.length,
        not_above=setting.not_above,
        visible_when={
            key: list(words) for key, words in {**place.visible_when, **setting.visible_when}.items()
        },
        default_when={key: dict(table) for key, table in setting.default_when.items()},
    )


def _bounds(metadata: Sequence[object]) -> dict[str, float]:
    found: dict[str, float] = {}
    for item in metadata:
        for attribute, name in (("ge", "min"), ("gt", "min"), ("le", "max"), ("lt", "max")):
            value = getattr(item, attribute, None)
            if isinstance(value, (int, float)):
                found[name] = float(value)
                if attribute in ("gt", "lt"):
                    found[f"exclusive_{name}"] = 1.0
    return found


def _flat_value(value: object, shape: Shape) -> ConfigValue:
    if value is PydanticUndefined or value is None:
        return None
    if shape.type == "multiselect":
        return [str(word) for word in cast("Sequence[object]", value)]
    if shape.list_of is not None:
        return ", ".join(map(number_text, cast("Sequence[float]", value)))
    return cast("ConfigValue", value)


def _default(info: FieldInfo) -> object:
    return info.get_default(call_default_factory=True) if not info.is_required() else PydanticUndefined


def _setting(info: FieldInfo) -> Setting:
    return next((item for item in info.metadata if isinstance(item, Setting)), Setting())


def _may_be_none(info: FieldInfo) -> bool:
    return type(None) in getattr(info.annotation, "__args__", ())
