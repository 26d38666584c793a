"""What a form holds: a schema, the chosen preset and what the user changed; and what follows from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from desktop.forms.groups import Group, group_title, groups_of
from desktop.forms.problem_text import short_problem
from desktop.forms.recommendations import SIDE, memory_warning, recommended, size_warning
from engine.config.conditions import default_of
from engine.config.field import ConfigField
from engine.config.problems import ConfigError
from engine.config.schema import ConfigSchema
from engine.config.validation import resolve_config
from engine.protocol.catalog import ModelMetadata

FIRST_PRESET = "easy"


@dataclass(frozen=True, slots=True)
class GroupCount:
    """How many settings of a group differ from the preset, and how many cannot be used."""

    changed: int = 0
    to_fix: int = 0


@dataclass(frozen=True, slots=True)
class _Snapshot:
    preset: str | None
    given: dict[str, object]


class FormState(QObject):
    """The form without its widgets.

    Args:
        schema: the plugin's.
        metadata: of the plugin: sets defaults and bounds, and warns.
        gpu_memory_gb: of the largest GPU here; 0 for none, None for not known.
        parent: its owner.
    """

    changed = Signal()
    """Any value, problem or the preset is another one now."""

    def __init__(
        self,
        schema: ConfigSchema,
        metadata: ModelMetadata | None = None,
        gpu_memory_gb: float | None = None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.schema = recommended(schema, metadata)
        self.metadata = metadata
        self.gpu_memory_gb = gpu_memory_gb
        self.fields = {field.name: field for field in self.schema.fields}
        self.groups: list[Group] = groups_of(self.schema.fields)
        self._preset = first_preset(self.schema)
        self._given: dict[str, object] = {}
        self._extra: dict[str, str] = {}
        self._before: _Snapshot | None = None
        self._values: dict[str, object] = {}
        self._own_problems: dict[str, str] = {}
        self._refresh()

    @property
    def preset(self) -> str | None:
        """Name of the preset that the values are laid over; None for none."""
        return self._preset

    @property
    def can_undo(self) -> bool:
        return self._before is not None

    @property
    def is_valid(self) -> bool:
        """Whether a run can start with these values."""
        return not self.problems()

    def values(self) -> dict[str, object]:
        """Give the value of every visible setting; one that cannot be used is given as it was typed."""
        return dict(self._values)

    def value(self, name: str) -> object:
        """Give what a setting's editor shows, also of one that is hidden now."""
        if name in self._values:
            return self._values[name]
        return self._given.get(name, self.base(name))

    def base(self, name: str) -> object:
        """Give what a setting is when the user leaves it alone: the preset's value, else its default now."""
        preset = self.schema.presets.get(self._preset or "", {})
        if name in preset:
            return self._read(name, preset[name])
        return default_of(self.fields[name], self._values)

    def changed_values(self) -> dict[str, object]:
        """Give the visible settings that differ from what the preset and the defaults say."""
        return {name: value for name, value in self._values.items() if self.is_changed(name)}

    def is_changed(self, name: str) -> bool:
        """Whether a visible setting differs from what the preset and the defaults say."""
        if name not in self._given or name not in self._values:
            return False
        return not _same(self._given[name], self.base(name))

    def is_visible(self, name: str) -> bool:
        """Whether a setting has a meaning with the values of the others."""
        return name in self._values

    def problems(self) -> dict[str, str]:
        """Give what is wrong, a sentence by the setting's name; also for names that no field has."""
        return {**{name: text for name, text in self._extra.items() if text}, **self._own_problems}

    def has_own_problems(self) -> bool:
        """Whether the schema alone already refuses something, so that nobody else need be asked."""
        return bool(self._own_problems)

    def unplaced_problems(self) -> list[str]:
        """Give the problems that belong to no visible field: they are shown above the form."""
        return [text for name, text in self.problems().items() if name not in self._values]

    def warnings(self) -> dict[str, str]:
        """Give what may go wrong though it is allowed, by setting."""
        told = size_warning(self._values, self.metadata)
        return {SIDE: told} if told else {}

    def notices(self) -> list[str]:
        """Give what to say before Start about the plugin as a whole."""
        told = memory_warning(self.metadata, self.gpu_memory_gb)
        return [told] if told else []

    def counts(self) -> dict[str, GroupCount]:
        """Count changed settings and problems by the title of their group."""
        changed: dict[str, int] = {}
        to_fix: dict[str, int] = {}
        for name in self.changed_values():
            title = group_title(self.fields[name])
            changed[title] = changed.get(title, 0) + 1
        for name in self.problems():
            if name in self._values:
                title = group_title(self.fields[name])
                to_fix[title] = to_fix.get(title, 0) + 1
        return {
            group.title: GroupCount(changed.get(group.title, 0), to_fix.get(group.title, 0))
            for group in self.groups
        }

    def set(self, name: str, value: object) -> None:
        """Take what the user gave a setting; a value like the preset's or the default is no change.

        Raises:
            KeyError: the schema has no such setting.
        """
        read = self._read(name, value)
        before = self._given.get(name, _NOTHING)
        if _same(read, self.base(name)):
            self._given.pop(name, None)
        else:
            self._given[name] = read
        if _same(self._given.get(name, _NOTHING), before):
            return
        self._extra.pop(name, None)
        self._refresh()
        self.changed.emit()

    def reset(self, name: str) -> None:
        """Give a setting back to the preset."""
        if name in self._given:
            del self._given[name]
            self._extra.pop(name, None)
            self._refresh()
            self.changed.emit()

    def reset_all(self) -> None:
        """Give every setting back to the preset; `undo` takes it back."""
        self._replace(self._preset, {})

    def apply_preset(self, preset: str) -> int:
        """Choose a preset for the whole form; `undo` takes it back.

        Returns:
            How many changes made by hand were replaced.

        Raises:
            KeyError: the schema has no such preset.
        """
        if preset not in self.schema.presets:
            raise KeyError(preset)
        replaced = len(self.changed_values())
        self._replace(preset, {})
        return replaced

    def load(self, preset: str | None, values: Mapping[str, object]) -> list[str]:
        """Take the settings of another run or of a text; `undo` takes it back.

        Args:
            preset: one of the schema's; an unknown one counts as none.
            values: by dotted name.

        Returns:
            The names that the schema does not have; they were left out.
        """
        known = {name: self._read(name, value) for name, value in values.items() if name in self.fields}
        self._replace(preset if preset in self.schema.presets else None, known)
        return [name for name in values if name not in self.fields]

    def apply(self, values: Mapping[str, object]) -> None:
        """Take several values at once over those that are there; `undo` takes them back together.

        Raises:
            KeyError: the schema has no such setting.
        """
        self._replace(self._preset, self._given | {name: self._read(name, values[name]) for name in values})

    def undo(self) -> None:
        """Take the last preset, reset of all, paste or several values back; once more brings it again."""
        if self._before is not None:
            self._replace(self._before.preset, self._before.given)

    def forget_undo(self) -> None:
        """Let what was replaced go."""
        self._before = None

    def set_extra_problems(self, problems: Mapping[str, str]) -> None:
        """Show what others (the plugin, in the engine's process) find wrong with the present values."""
        told = {
            name: short_problem(name, message, self.fields) if name in self.fields else message
            for name, message in problems.items()
        }
        if told != self._extra:
            self._extra = told
            self.changed.emit()

    def _replace(self, preset: str | None, given: Mapping[str, object]) -> None:
        self._before = _Snapshot(self._preset, dict(self._given))
        self._preset = preset
        self._given = dict(given)
        self._extra = {}
        self._refresh()
        self.changed.emit()

    def _refresh(self) -> None:
        """Work the values and problems out anew."""
        preset = self._preset
        try:
            self._values = resolve_config(self.schema, self._given, preset)
            self._own_problems = {}
        except ConfigError as error:
            self._values = self.schema.defaults({**self.schema.preset_values(preset or ""), **self._given})
            self._own_problems = {
                problem.name: short_problem(problem.name, problem.message, self.fields)
                for problem in error.problems
            }

    def _read(self, name: str, value: object) -> object:
        """Give a value as its field's type; one that does not fit stays as it is."""
        field = self.fields[name]
        alone = {"visible_when": {}, "default_when": {}, "not_above": None}
        try:
            return resolve_config(ConfigSchema(fields=[field.model_copy(update=alone)]), {name: value})[name]
        except ConfigError:
            return value


_NOTHING = object()


def first_preset(schema: ConfigSchema) -> str | None:
    """Give the preset with which a form begins: the easy one, else the first."""
    return FIRST_PRESET if FIRST_PRESET in schema.presets else next(iter(schema.presets), None)


def field_matches(field: ConfigField, text: str) -> bool:
    """Say whether a search finds a setting: every word is in its label, name, help or group."""
    hay = f"{field.title} {field.name} {field.description} {group_title(field)}".lower().replace("_", " ")
    return all(word in hay or word in field.name.lower() for word in text.lower().split())


def _same(one: object, other: object) -> bool:
    """Compare values; 1 and True differ, 1 and 1.0 do not."""
    if isinstance(one, bool) != isinstance(other, bool):
        return False
    return one == other
