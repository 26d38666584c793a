"""What a plugin's requirements.txt asks for, and which of it is not installed."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

from engine.plugin.discovery import REQUIREMENTS_FILE, PluginSource
from engine.protocol.catalog import PluginProblem


def missing_requirements(source: PluginSource) -> tuple[list[str], list[PluginProblem]]:
    """Give the requirements that are not met here, and the lines that cannot be read."""
    path = source.folder / REQUIREMENTS_FILE
    if not source.path.is_dir() or not path.is_file():
        return [], []
    missing: list[str] = []
    problems: list[PluginProblem] = []
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
        text = line.split(" #")[0].strip()
        if not text or text.startswith("#"):
            continue
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            problems.append(_unreadable(path, number, text))
            continue
        if not _is_met(requirement):
            missing.append(str(requirement))
    return missing, problems


def _is_met(requirement: Requirement) -> bool:
    if requirement.marker is not None and not requirement.marker.evaluate():
        return True
    try:
        version = importlib.metadata.version(requirement.name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return requirement.specifier.contains(version, prereleases=True)


def _unreadable(path: Path, line: int, text: str) -> PluginProblem:
    return PluginProblem(
        code="requirement_unreadable",
        message=f"The line {text!r} is not a requirement.",
        file=str(path),
        line=line,
        hint="Write one package a line, such as `einops>=0.8`; pip's options are not read.",
        severity="warning",
    )
