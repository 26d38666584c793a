"""What the annotation of a pydantic field asks for: a value of a plain type, a pair, a model, or a tagged union."""

from __future__ import annotations

import types
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Annotated, Final, Literal, Union, cast, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from engine.config.field import FieldType
from engine.config.setting import Range
from engine.errors import PluginError

_PLAIN: Final[dict[object, FieldType]] = {bool: "bool", int: "int", float: "float", str: "str"}
_COLLECTIONS: Final[tuple[object, ...]] = (list, tuple, set, frozenset, Sequence, AbstractSet)


@dataclass(frozen=True, slots=True)
class Shape:
    """A plain value: its form type and what else it may hold. `constraints` were found inside a union."""

    type: FieldType
    options: tuple[str, ...] = ()
    nullable: bool = False
    special: tuple[str, ...] = ()
    list_of: Literal["int", "float"] | None = None
    length: int | None = None
    constraints: tuple[object, ...] = ()


def schema_error(where: str, what: str) -> PluginError:
    """Make the error for a model that no form can be derived from."""
    return PluginError(
        "schema_invalid", f"The setting {where} {what}.", "Change the annotation in the config model."
    )


def model_in(info: FieldInfo) -> type[BaseModel] | None:
    """Give the nested model a field holds, or None; a `Range` is not one."""
    members, _, _ = _members(info.annotation)
    return _as_model(members[0]) if len(members) == 1 and not is_range(info) else None


def is_range(info: FieldInfo) -> bool:
    """Say whether a field holds a `Range` pair."""
    annotation: object = info.annotation
    return isinstance(annotation, type) and issubclass(annotation, Range)


def variants_in(info: FieldInfo) -> dict[str, type[BaseModel]]:
    """Give the models of a tagged union by tag; empty for any other field."""
    if not isinstance(info.discriminator, str):
        return {}
    members, _, _ = _members(info.annotation)
    found: dict[str, type[BaseModel]] = {}
    for member in members:
        model = _as_model(member)
        if model is not None:
            tags = cast("tuple[str, ...]", get_args(model.model_fields[info.discriminator].annotation))
            found.update(dict.fromkeys(tags, model))
    return found


def shape_of(info: FieldInfo, where: str) -> Shape:
    """Read the annotation of a plain field.

    Raises:
        PluginError: `schema_invalid`, naming the field at `where`.
    """
    members, constraints, nullable = _members(info.annotation)
    literals = [member for member in members if get_origin(member) is Literal]
    others = [member for member in members if get_origin(member) is not Literal]
    words = tuple(word for member in literals for word in _words(member, where))
    if not others and words:
        return Shape("select", options=words, nullable=nullable, constraints=constraints)
    if set(others) == {int, float}:
        others = [float]
    if len(others) != 1:
        raise schema_error(where, f"has a type that no form can show: {info.annotation}")
    return replace(_single(others[0], where), nullable=nullable, special=words, constraints=constraints)


def _single(member: object, where: str) -> Shape:
    if member in _PLAIN:
        return Shape(_PLAIN[member])
    if get_origin(member) in _COLLECTIONS:
        return _collection(member, where)
    raise schema_error(where, f"has a type that no form can show: {member}")


def _collection(member: object, where: str) -> Shape:
    items = cast("tuple[object, ...]", get_args(member))
    kinds = {item for item in items if item is not Ellipsis}
    if len(kinds) != 1:
        raise schema_error(where, f"must hold items of one type, not {member}")
    item = kinds.pop()
    if get_origin(item) is Literal:
        return Shape("multiselect", options=_words(item, where))
    if item is float or item is int:
        is_fixed = get_origin(member) is tuple and Ellipsis not in items
        return Shape(
            "str", list_of="float" if item is float else "int", length=len(items) if is_fixed else None
        )
    raise schema_error(where, f"must hold numbers or literals, not {item}")


def _words(literal: object, where: str) -> tuple[str, ...]:
    words = cast("tuple[object, ...]", get_args(literal))
    if not all(isinstance(word, str) for word in words):
        raise schema_error(where, "has options that are not text")
    return cast("tuple[str, ...]", words)


def _members(annotation: object) -> tuple[list[object], tuple[object, ...], bool]:
    """Take an annotation apart: its types other than None, the constraints inside, and whether None is allowed."""
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *extra = cast("tuple[object, ...]", get_args(annotation))
        members, constraints, nullable = _members(inner)
        return members, (*constraints, *_flat_metadata(extra)), nullable
    if origin is Union or origin is types.UnionType:
        found: list[object] = []
        constraints = ()
        nullable = False
        for part in cast("tuple[object, ...]", get_args(annotation)):
            members, more, part_nullable = _members(part)
            found += members
            constraints += more
            nullable = nullable or part_nullable
        return found, constraints, nullable
    return ([], (), True) if annotation is type(None) else ([annotation], (), False)


def _flat_metadata(extra: Sequence[object]) -> list[object]:
    flat: list[object] = []
    for item in extra:
        flat += cast("list[object]", item.metadata) if isinstance(item, FieldInfo) else [item]
    return flat


def _as_model(member: object) -> type[BaseModel] | None:
    return member if isinstance(member, type) and issubclass(member, BaseModel) else None
