"""Descriptions kept between calls, as long as the plugin, the engine, the frameworks and Python stay the same."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import platform
from pathlib import Path

from pydantic import Field, ValidationError

from engine.errors import UserError
from engine.plugin.discovery import PluginSource
from engine.plugin.import_faults import is_there
from engine.protocol.catalog import PluginEntry
from engine.protocol.home import Home
from engine.protocol.interpreter import PACKAGE_ROOT
from engine.protocol.job import Frozen
from engine.protocol.run_folder import write_record

_FILE_NAME = "catalogue.json"
_PACKAGES = ("lensmith", "torch", "torchvision", "timm", "pydantic")
_SHAPES_SCHEMAS = ("config", "plugin", "plugin/adapters", "protocol")
"""Packages of the engine whose code decides what a description says; in a checkout they change between versions."""


class Kept(Frozen):
    """The description of one plugin."""

    source_hash: str
    entries: list[PluginEntry]
    missing_module: str | None = None
    """Its description holds only as long as this package is not installed."""


class _File(Frozen):
    environment: str = ""
    plugins: dict[str, Kept] = Field(default_factory=dict[str, Kept])
    """By path."""


class CatalogueCache:
    """The file with all descriptions of one user. Without the right to write, every call describes anew."""

    def __init__(self, home: Home) -> None:
        self._path = home.cache / _FILE_NAME
        self._environment = environment_key()
        self._kept = self._read()

    def get(self, source: PluginSource) -> list[PluginEntry] | None:
        """Give the entries of a plugin, or None when they must be found out anew."""
        kept = self._kept.get(str(source.path))
        if kept is None or kept.source_hash != source.source_hash:
            return None
        if kept.missing_module is not None and is_there(kept.missing_module):
            return None
        return kept.entries

    def keep(self, source: PluginSource, entries: list[PluginEntry], missing_module: str | None) -> None:
        self._kept[str(source.path)] = Kept(
            source_hash=source.source_hash, entries=entries, missing_module=missing_module
        )

    def save(self, sources: list[PluginSource]) -> None:
        """Write the descriptions of the plugins that there are; where that is not possible, none are kept."""
        there = {str(source.path) for source in sources}
        plugins = {path: kept for path, kept in self._kept.items() if path in there}
        with contextlib.suppress(OSError):
            write_record(self._path, _File(environment=self._environment, plugins=plugins))

    def _read(self) -> dict[str, Kept]:
        try:
            file = _File.model_validate_json(self._path.read_bytes())
        except (OSError, ValidationError, UserError):
            return {}
        return dict(file.plugins) if file.environment == self._environment else {}


def environment_key() -> str:
    """Name everything beside a plugin's own files that its description depends on."""
    versions = [f"{name} {_version(name)}" for name in _PACKAGES]
    return ", ".join([f"python {platform.python_version()}", *versions, f"source {_source_key()}"])


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "none"


def _source_key() -> str:
    digest = hashlib.sha256()
    folders = [PACKAGE_ROOT / "engine" / part for part in _SHAPES_SCHEMAS]
    for file in sorted(file for folder in folders for file in folder.glob("*.py")):
        facts = file.stat()
        digest.update(f"{_relative(file)} {facts.st_size} {facts.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:16]


def _relative(file: Path) -> str:
    return file.relative_to(PACKAGE_ROOT).as_posix()
