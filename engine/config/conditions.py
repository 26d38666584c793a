"""Which settings are visible and what their defaults are, given the values of the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine.config.field import ConfigField, ConfigValue, condition_word


def settle(fields: Sequence[ConfigField], given: Mapping[str, object]) -> dict[str, object]:
    """Give every visible field its value: the given one, else its default under the values of the others.

    Hidden fields are left out, and so is every given name that no field has.
    """
    return _Settling(fields, given).run()


def default_of(field: ConfigField, values: Mapping[str, object]) -> ConfigValue:
    """Give the default of `field` where the other settings have `values`."""
    for name, table in field.default_when.items():
        word = condition_word(values.get(name))
        if word in table:
            return table[word]
    return field.default


class _Settling:
    """One pass over the fields that visits each after the fields it depends on."""

    def __init__(self, fields: Sequence[ConfigField], given: Mapping[str, object]) -> None:
        self._fields = {field.name: field for field in fields}
        self._given = given
        self._values: dict[str, object] = {}
        self._visited: set[str] = set()

    def run(self) -> dict[str, object]:
        for field in self._fields.values():
            self._visit(field)
        return {name: self._values[name] for name in self._fields if name in self._values}

    def _visit(self, field: ConfigField) -> None:
        if field.name in self._visited:
            return
        self._visited.add(field.name)
        for name in (*field.visible_when, *field.default_when):
            if name in self._fields:
                self._visit(self._fields[name])
        if not self._is_visible(field):
            return
        if field.name in self._given:
            self._values[field.name] = self._given[field.name]
        else:
            self._values[field.name] = default_of(field, self._values)

    def _is_visible(self, field: ConfigField) -> bool:
        return all(
            name in self._values and condition_word(self._values[name]) in map(condition_word, allowed)
            for name, allowed in field.visible_when.items()
        )
