"""Which editor a setting gets: follows from its type alone."""

from __future__ import annotations

from desktop.forms.choice_editors import BoolEditor, CheckListEditor, ChipsEditor, SelectEditor, fits_chips
from desktop.forms.field_editor import FieldEditor
from desktop.forms.number_editors import FloatEditor, IntEditor, NumberOrWordEditor
from desktop.forms.text_editor import TextEditor
from engine.config.field import ConfigField


def make_editor(field: ConfigField, choices: tuple[int, ...] = ()) -> FieldEditor:
    """Make the editor of a setting.

    Args:
        field: the setting.
        choices: numbers that a number's editor offers beside free typing.
    """
    if field.type in ("int", "float"):
        return _number_editor(field, choices)
    if field.type == "bool":
        return SelectEditor(field) if field.special or field.accepts_none else BoolEditor(field)
    if field.type == "select":
        return SelectEditor(field)
    if field.type == "multiselect":
        return ChipsEditor(field) if fits_chips(field) else CheckListEditor(field)
    if field.special:
        return NumberOrWordEditor(field)
    return TextEditor(field)


def _number_editor(field: ConfigField, choices: tuple[int, ...]) -> FieldEditor:
    if field.special or field.accepts_none or choices:
        return NumberOrWordEditor(field, choices)
    return IntEditor(field) if field.type == "int" else FloatEditor(field)
