"""Between the flat dotted names of forms, `--set` and job.json, and the nested values that pydantic models take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar, cast

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from engine.config.derivation import SWITCH
from engine.config.field import number_text
from engine.config.setting import Range
from engine.config.shapes import is_range, model_in, shape_of, variants_in

Model = TypeVar("Model", bound=BaseModel)


def unflatten(model: type[Model], flat: Mapping[str, object]) -> Model:
    """Build a model from dotted names. Names that it does not have are left alone; missing ones keep their default."""
    return model.model_validate(_nested(model, flat, ""))


def flatten(instance: BaseModel) -> dict[str, object]:
    """Write a model as dotted names: the inverse of `unflatten`."""
    return _flattened(instance, "")


def _nested(model: type[BaseModel], flat: Mapping[str, object], prefix: str) -> dict[str, object]:
    values: dict[str, object] = {}
    for name, info in model.model_fields.items():
        where = prefix + name
        variants = variants_in(info)
        nested = model_in(info)
        if variants:
            tag = str(info.discriminator)
            word = flat.get(f"{where}.{tag}", _default_tag(info, tag))
            if word is not None and any(key.startswith(f"{where}.") for key in flat):
                values[name] = {**_nested(variants[str(word)], flat, f"{where}."), tag: word}
        elif nested is not None:
            _put_nested(values, name, (where, nested), flat)
        elif is_range(info):
            if f"{where}_min" in flat or f"{where}_max" in flat:
                default = cast("Range", info.get_default(call_default_factory=True))
                values[name] = {
                    "min": flat.get(f"{where}_min", default.min),
                    "max": flat.get(f"{where}_max", default.max),
                }
        elif where in flat:
            values[name] = _listed(flat[where]) if shape_of(info, where).list_of else flat[where]
    return values


def _default_tag(info: FieldInfo, tag: str) -> object:
    """The tag of the variant that a union holds unless another one is named."""
    default: object = info.get_default(call_default_factory=True)
    return getattr(default, tag, None)


def _put_nested(
    values: dict[str, object], name: str, target: tuple[str, type[BaseModel]], flat: Mapping[str, object]
) -> None:
    where, nested = target
    if SWITCH not in nested.model_fields and flat.get(f"{where}.{SWITCH}") is False:
        values[name] = None
        return
    inner = _nested(nested, flat, f"{where}.")
    if inner or flat.get(f"{where}.{SWITCH}") is True:
        values[name] = inner


def _listed(value: object) -> object:
    if not isinstance(value, str):
        return value
    return [float(part) for part in value.split(",") if part.strip()]


def _flattened(instance: BaseModel, prefix: str) -> dict[str, object]:
    flat: dict[str, object] = {}
    for name, info in type(instance).model_fields.items():
        value: object = getattr(instance, name)
        where = prefix + name
        nested = model_in(info)
        if isinstance(value, Range):
            flat |= {f"{where}_min": value.min, f"{where}_max": value.max}
        elif isinstance(value, BaseModel):
            if nested is not None and SWITCH not in nested.model_fields and _is_optional(info.annotation):
                flat[f"{where}.{SWITCH}"] = True
            flat |= _flattened(value, f"{where}.")
        elif nested is not None and value is None:
            flat[f"{where}.{SWITCH}"] = False
        elif isinstance(value, (tuple, list)) and shape_of(info, where).list_of:
            flat[where] = ", ".join(map(number_text, cast("list[float]", value)))
        else:
            flat[where] = list(cast("list[object]", value)) if isinstance(value, (tuple, set)) else value
    return flat


def _is_optional(annotation: object) -> bool:
    return type(None) in getattr(annotation, "__args__", ())
