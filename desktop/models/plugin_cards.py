"""What a plugin's card says: words and tones for one entry of the catalogue, and which cards a filter lets through."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from desktop.models.run_words import plural
from engine.config.schema import ConfigSchema
from engine.protocol.catalog import ModelCard, PluginEntry, PluginProblem

ALL, READY, PROBLEMS = "all", "ready", "problems"
STRICT_LICENCES = ("AGPL", "GPL")
"""Licences that bind what is built with the model, so that they are pointed out."""
_MILLION, _BILLION = 1e6, 1e9
_MANY_DIGITS = 100


@dataclass(frozen=True, slots=True)
class Status:
    """Whether a plugin can be used, in words, in a colour's role and in a sign."""

    text: str
    tone: str
    """ok, warn or bad."""
    icon: str


@dataclass(frozen=True, slots=True)
class CardFilter:
    """What a card must fit; empty texts ask for nothing."""

    words: str = ""
    task: str = ""
    framework: str = ""
    tag: str = ""
    state: str = ALL

    @property
    def is_open(self) -> bool:
        """Whether every card is let through."""
        return replace(self, words=self.words.strip()) == CardFilter()


def status_of(entry: PluginEntry) -> Status:
    """Say whether a plugin is ready, lacks packages, or has problems."""
    errors = [problem for problem in entry.problems if problem.severity == "error"]
    if errors or (entry.metadata is None and not entry.missing_requirements):
        return Status(plural(len(errors) or 1, "problem"), "bad", "ph.x-circle")
    if entry.missing_requirements:
        return Status(f"Needs {plural(len(entry.missing_requirements), 'package')}", "bad", "ph.x-circle")
    if entry.problems:
        return Status(f"Ready, {plural(len(entry.problems), 'warning')}", "warn", "ph.warning")
    return Status("Ready", "ok", "ph.check-circle")


def title_of(entry: PluginEntry) -> str:
    """The model's name; the folder's where the plugin could not say."""
    return entry.model or entry.id


def key_of(entry: PluginEntry) -> tuple[str, str]:
    """What stays the same when a plugin is described again: its place, and its model where it has several."""
    return entry.folder, entry.model


def byline(entry: PluginEntry) -> str:
    """Framework and task, then version and author, as far as they are known."""
    about = entry.metadata
    if about is None:
        return "It could not be described."
    parts = [about.framework, about.task_type, f"v{about.version}", about.author]
    return " · ".join(dict.fromkeys(part for part in parts if part))


def origin(entry: PluginEntry) -> str:
    """Say whose it is."""
    return "Built-in" if entry.builtin else "Yours"


def is_strict(licence: str) -> bool:
    """Say whether a licence binds what is built with the model."""
    return licence.upper().startswith(STRICT_LICENCES)


def licence_sentence(licence: str) -> str:
    """Say what a licence asks of whoever uses the model, before it is used; empty where it asks for little."""
    if not is_strict(licence):
        return ""
    over = ", or offers it over a network" if licence.upper().startswith("AGPL") else ""
    return (
        f"{licence}: who passes on a product with this model{over}, must give its whole source under the same "
        "licence, unless its maker has sold another one."
    )


def task_title(task: str) -> str:
    """Write a task for people."""
    return task.replace("_", " ").capitalize()


def last_words(problem: PluginProblem) -> str:
    """The last line of a problem's traceback; its message where there is none."""
    lines = [line.strip() for line in problem.traceback.splitlines() if line.strip()]
    return lines[-1] if lines else problem.message


def breakable(text: str) -> str:
    """Let long names and paths break over lines after a dot, an underscore or a slash."""
    return re.sub(r"([._/\\\\])(?=\w)", "\\1\u200b", text)


def place_of(problem: PluginProblem) -> str:
    """Name the file and line of a problem, such as `model.py:12`; empty where it has no place."""
    if not problem.file:
        return ""
    name = Path(problem.file).name
    return f"{name}:{problem.line}" if problem.line else name


def install_line(requirements: Sequence[str], interpreter: str) -> str:
    """Write the line that installs packages for the engine's Python, to be pasted into a terminal."""
    command = [interpreter, "-m", "pip", "install", *requirements]
    return subprocess.list2cmdline(command) if os.name == "nt" else shlex.join(command)


def settings_sentence(schema: ConfigSchema) -> str:
    """Count a plugin's settings, their groups and the presets."""
    groups = {field.group for field in schema.fields if field.group}
    parts = [plural(len(schema.fields), "setting")]
    if len(groups) > 1:
        parts.append(f"in {len(groups)} groups")
    names = list(schema.presets)
    presets = f"; presets: {', '.join(names)}" if names else "; no presets"
    return " ".join(parts) + presets + "."


def parameters_text(card: ModelCard) -> str:
    """Say how many parameters a model has: `4.65 million`."""
    if card.parameters is None:
        return "not known"
    if card.parameters < _MILLION:
        return f"{card.parameters:,}"
    if card.parameters < _BILLION:
        return f"{_short(card.parameters / _MILLION)} million"
    return f"{_short(card.parameters / _BILLION)} billion"


def compute_text(card: ModelCard) -> str:
    """Say what one image costs: `0.77 GFLOPs at 224 px`."""
    if card.flops is None:
        return "not known"
    if card.flops < _BILLION / 10:
        return f"{_short(card.flops / _MILLION)} MFLOPs at {card.image_size} px"
    return f"{_short(card.flops / _BILLION)} GFLOPs at {card.image_size} px"


def filtered(entries: Sequence[PluginEntry], wanted: CardFilter, task_first: str = "") -> list[PluginEntry]:
    """Give the entries that fit, the recommended first, then the usable, then by name.

    Args:
        entries: of the catalogue.
        wanted: what they must fit.
        task_first: those of this task stand before all others.
    """

    def rank(entry: PluginEntry) -> tuple[bool, tuple[bool, bool, str]]:
        about = entry.metadata
        is_other = bool(task_first) and (about is None or about.task_type != task_first)
        return is_other, _rank(entry)

    return sorted((entry for entry in entries if _fits(entry, wanted)), key=rank)


def choices(entries: Sequence[PluginEntry]) -> tuple[list[str], list[str], list[str]]:
    """Give the tasks, frameworks and tags that there are, sorted."""
    known = [entry.metadata for entry in entries if entry.metadata is not None]
    tasks = {about.task_type for about in known}
    frameworks = {about.framework for about in known}
    tags = {tag for about in known for tag in about.tags}
    return sorted(tasks), sorted(frameworks), sorted(tags, key=str.lower)


def _short(value: float) -> str:
    return f"{value:.0f}" if value >= _MANY_DIGITS else f"{value:.3g}"


def _fits(entry: PluginEntry, wanted: CardFilter) -> bool:
    about = entry.metadata
    if wanted.state == READY and not entry.is_usable:
        return False
    if wanted.state == PROBLEMS and not (entry.problems or entry.missing_requirements):
        return False
    asks_metadata = wanted.task or wanted.framework or wanted.tag
    if asks_metadata and about is None:
        return False
    if about is not None and not (
        wanted.task in ("", about.task_type)
        and wanted.framework in ("", about.framework)
        and (not wanted.tag or wanted.tag in about.tags)
    ):
        return False
    text = _searched_text(entry)
    return all(word in text for word in wanted.words.lower().split())


def _searched_text(entry: PluginEntry) -> str:
    about = entry.metadata
    parts = [entry.id, entry.model, *(problem.message for problem in entry.problems)]
    if about is not None:
        parts += [
            about.author,
            about.framework,
            about.task_type,
            about.description,
            about.licence,
            *about.tags,
        ]
    return " ".join(parts).lower()


def _rank(entry: PluginEntry) -> tuple[bool, bool, str]:
    recommended = entry.metadata is not None and entry.metadata.recommended
    return not (recommended and entry.is_usable), not entry.is_usable, title_of(entry).lower()
