"""The child's side of describing: imports plugins, each in a copy of this process, and says what they are made of."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import os
from collections.abc import Sequence
from pathlib import Path

from engine.plugin.answers import Answer
from engine.plugin.contract import BaseModel
from engine.plugin.discovery import PluginSource, source_at
from engine.plugin.import_faults import absent_package, import_problems
from engine.plugin.isolation import Limits, Say, end_after, run_isolated
from engine.plugin.loading import load_source
from engine.plugin.model_rules import ModelDescription, describe_model
from engine.protocol.catalog import PluginEntry, PluginProblem
from engine.protocol.operating_system import heeding_termination

ADAPTERS = "engine.plugin.adapters"
_FRAMEWORKS = ("torch", "torchvision", "timm")
"""Loaded once for all plugins, when one of them mentions it: `TorchModel` mentions torch, `TimmModel` timm."""


def main(paths: Sequence[Path], limits: Limits, in_process: bool = False) -> int:
    """Describe plugins and write one JSON line after another to the output; give the exit code.

    Args:
        paths: of the plugins.
        limits: of each.
        in_process: import the one plugin here, where a process cannot be doubled.
    """
    # Whatever a plugin prints must not get between the answers.
    answers = os.dup(1)
    os.dup2(2, 1)
    sources = [source_at(path) for path in paths]
    with os.fdopen(answers, "w", encoding="utf-8") as output:

        def say(line: str) -> None:
            output.write(line + "\n")
            output.flush()

        _load_frameworks(sources)
        for source in sources:
            if in_process:
                end_after(limits.import_s)
                _describe_and_try(source, limits, say)
                os._exit(0)  # threads that the plugin started must not keep this process
            else:
                with heeding_termination():
                    _describe_apart(source, limits, say, answers)
    return 0


def describe_source(source: PluginSource) -> tuple[Answer, list[type[BaseModel]]]:
    """Import one plugin into this process and describe its models; nothing that it raises gets out."""
    try:
        models = load_source(source)
    except BaseException as error:  # noqa: BLE001  # a plugin may raise anything, SystemExit too: it is its problem
        entry = entry_of(source, ModelDescription(problems=import_problems(source, error)))
        missing = absent_package(error)
        return Answer(path=str(source.path), kind="described", entries=[entry], missing_module=missing), []
    described = [(model, describe_model(source, model, is_full_control(model))) for model in models]
    entries = [entry_of(source, found, is_full_control(model)) for model, found in described]
    return Answer(path=str(source.path), kind="described", entries=entries), models


def entry_of(source: PluginSource, found: ModelDescription, full_control: bool = False) -> PluginEntry:
    """Make the catalogue's entry of one model, or of a plugin that could not be imported."""
    return PluginEntry(
        id=source.id,
        model=found.metadata.name if found.metadata else "",
        folder=str(source.path),
        builtin=source.builtin,
        source_hash=source.source_hash,
        metadata=found.metadata,
        config_schema=found.schema,
        problems=found.problems,
        full_control=full_control,
    )


def is_full_control(model: type[BaseModel]) -> bool:
    """Say whether a model has a loop of its own, because no adapter is among its bases."""
    return not any(base.__module__.startswith(ADAPTERS) for base in inspect.getmro(model))


def _describe_apart(source: PluginSource, limits: Limits, say: Say, answers: int) -> None:
    isolated = run_isolated(lambda tell: _describe_and_try(source, limits, tell), limits, (answers,))
    for line in isolated.lines:
        say(line)
    say(Answer(path=str(source.path), kind="ended", ending=isolated.ending).model_dump_json())


def _describe_and_try(source: PluginSource, limits: Limits, say: Say) -> None:
    answer, models = describe_source(source)
    say(answer.model_dump_json())
    if limits.trial_s <= 0:
        return
    end_after(limits.trial_s)
    problems: list[PluginProblem] = []
    usable = [(entry, model) for entry, model in zip(answer.entries, models, strict=False) if entry.is_usable]
    if usable:
        from engine.plugin.trial import try_model  # only where it was asked for

        for entry, model in usable:
            problems += try_model(source, model, entry)
    say(Answer(path=str(source.path), kind="tried", problems=problems).model_dump_json())


def _load_frameworks(sources: Sequence[PluginSource]) -> None:
    for name in _FRAMEWORKS:
        if any(_mentions(source, name) for source in sources):
            # Where a framework is broken, each plugin that imports it says so itself.
            with contextlib.suppress(ImportError, OSError):
                importlib.import_module(name)


def _mentions(source: PluginSource, word: str) -> bool:
    return any(word in _text_of(file) for file in source.own_files() if file.suffix == ".py")


def _text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace").lower()
    except OSError:
        return ""  # its import tells of it
