"""A form's settings as text to pass on: JSON, or a `lensmith train` command; and back."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from engine.config.field import number_text
from engine.config.validation import parse_assignments
from engine.errors import UserError

MOST_CHARACTERS = 1_000_000


@dataclass(frozen=True, slots=True)
class SettingList:
    """What a text says about a form."""

    plugin: str = ""
    preset: str | None = None
    settings: Mapping[str, object] = field(default_factory=dict[str, object])


def as_json(wanted: SettingList) -> str:
    """Write a list of settings as JSON that `read_settings` takes."""
    parts = {"plugin": wanted.plugin, "preset": wanted.preset, "settings": dict(wanted.settings)}
    return json.dumps(parts, indent=2, ensure_ascii=False)


def as_command(wanted: SettingList, dataset: str = "DATASET") -> str:
    """Write the command that starts the same training, quoted for the system's shell."""
    words = ["lensmith", "train", "--plugin", wanted.plugin or "PLUGIN", "--data", dataset or "DATASET"]
    if wanted.preset:
        words += ["--preset", wanted.preset]
    for name, value in wanted.settings.items():
        words += ["--set", f"{name}={assignment_text(value)}"]
    return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)


def assignment_text(value: object) -> str:
    """Write a value the way `--set` reads it."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return number_text(value)
    if isinstance(value, (list, tuple)):
        return ",".join(str(part) for part in cast("Sequence[object]", value))
    return str(value)


def read_settings(text: str) -> SettingList:
    """Read settings from JSON or from a `lensmith train` command.

    JSON is what `as_json` writes, or an object of dotted names and values.

    Raises:
        UserError: `settings_unreadable`.
    """
    stripped = text.strip()
    if not stripped:
        raise _unreadable("The clipboard holds no text.")
    if len(stripped) > MOST_CHARACTERS:
        raise _unreadable("The clipboard holds far more text than settings can be.")
    return _from_json(stripped) if stripped.startswith("{") else _from_command(stripped)


def _from_json(text: str) -> SettingList:
    try:
        found: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _unreadable(f"The clipboard's JSON cannot be read ({str(error).splitlines()[0]}).") from error
    parts = cast("dict[str, object]", found)
    settings = parts.get("settings", parts)
    if not isinstance(settings, dict):
        raise _unreadable("In the clipboard's JSON, `settings` is not an object of names and values.")
    preset = parts.get("preset") if settings is not parts else None
    return SettingList(
        str(parts.get("plugin") or "") if settings is not parts else "",
        str(preset) if preset else None,
        cast("dict[str, object]", settings),
    )


def _from_command(text: str) -> SettingList:
    try:
        words = shlex.split(text.replace("\\\n", " "), posix=os.name != "nt")
    except ValueError as error:
        raise _unreadable("The clipboard's text has a quote without its end.") from error
    if "train" not in words[:6] and "--set" not in words:
        raise _unreadable("The clipboard holds neither JSON nor a `lensmith train` command.")
    options: dict[str, str] = {}
    assignments: list[str] = []
    pairs: list[tuple[str, str]] = []
    for at, word in enumerate(words):
        name, equals, value = word.partition("=")
        if name in ("--set", "--plugin", "--preset"):
            pairs.append((name, value if equals else words[at + 1] if at + 1 < len(words) else ""))
    for name, value in pairs:
        if name == "--set":
            assignments.append(value.strip('"'))
        else:
            options[name] = value
    return SettingList(
        options.get("--plugin", ""), options.get("--preset") or None, parse_assignments(assignments)
    )


def _unreadable(message: str) -> UserError:
    return UserError(
        "settings_unreadable", message, "Copy settings from another form, or a lensmith train command."
    )
