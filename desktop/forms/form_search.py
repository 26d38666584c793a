"""Which settings a form shows, by its search and its switch; and what to say when there are none."""

from __future__ import annotations

from desktop.forms.form_state import FormState, field_matches
from engine.config.field import ConfigField

_MOST_NAMED = 3


def shown_names(state: FormState, search: str, *, shows_all: bool) -> list[str]:
    """Give the settings to show, in the form's order.

    A search looks through advanced settings too. Without one, an advanced setting is shown when the user wants all,
    has changed it, or must mend it.
    """
    problems = state.problems()

    def is_shown(field: ConfigField) -> bool:
        if not state.is_visible(field.name):
            return False
        if search:
            return field_matches(field, search)
        return shows_all or not field.advanced or state.is_changed(field.name) or field.name in problems

    return [field.name for group in state.groups for field in group.fields if is_shown(field)]


def nothing_found(state: FormState, search: str) -> str:
    """Say that a search finds nothing; and where it would, under other choices."""
    if not search:
        return "This model has no settings."
    hidden = [
        field
        for group in state.groups
        for field in group.fields
        if not state.is_visible(field.name) and field_matches(field, search)
    ]
    if not hidden:
        return f"Nothing matches “{search}”."
    told = [f"{field.title} needs {_needs(state, field)}." for field in hidden[:_MOST_NAMED]]
    return " ".join(["Nothing matches now.", *told])


def _needs(state: FormState, field: ConfigField) -> str:
    parts: list[str] = []
    for name, allowed in field.visible_when.items():
        other = state.fields.get(name)
        words = " or ".join(_word(value) for value in allowed)
        parts.append(f"{other.title if other is not None else name}: {words}")
    return ", ".join(parts)


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value)
