"""Which plugins there are: folders with a model.py, or single .py files, found without importing anything."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.errors import PluginError
from engine.protocol.home import Home

MODEL_FILE = "model.py"
SCHEMA_FILE = "config_schema.json"
REQUIREMENTS_FILE = "requirements.txt"
BUILTIN_FOLDER = Path(__file__).resolve().parents[2] / "plugins"
"""The plugins that come with Lensmith."""
_IGNORED_FOLDERS = {"__pycache__", "node_modules"}
_IGNORED_SUFFIXES = {".pyc", ".pyo"}


@dataclass(frozen=True, slots=True)
class PluginSource:
    """Where one plugin lies. `path` is its folder, or the file itself for a plugin of one file."""

    id: str
    path: Path
    source_hash: str
    builtin: bool = False

    @property
    def folder(self) -> Path:
        """The folder that its imports are relative to."""
        return self.path if self.path.is_dir() else self.path.parent

    @property
    def file(self) -> str:
        """The file that is imported, relative to `folder`."""
        return MODEL_FILE if self.path.is_dir() else self.path.name

    @property
    def model_path(self) -> Path:
        return self.folder / self.file

    def own_files(self) -> list[Path]:
        """List the plugin's files, sorted."""
        return list(_files_of(self.path))


def discover(folders: Iterable[Path]) -> list[PluginSource]:
    """Find the plugins in some folders, by id. A folder that does not exist holds none."""
    found = [
        source_at(entry)
        for folder in folders
        if folder.is_dir()
        for entry in sorted(folder.iterdir())
        if is_plugin(entry)
    ]
    return sorted(found, key=lambda source: (source.id, str(source.path)))


def plugin_folders(home: Home) -> list[Path]:
    """Name the folders that are searched: the built-in plugins, and the user's own."""
    return [BUILTIN_FOLDER, home.plugins]


def is_plugin(path: Path) -> bool:
    """Say whether a path is a plugin: a folder with a model.py, or one .py file."""
    if path.name.startswith((".", "_")):
        return False
    return (path / MODEL_FILE).is_file() if path.is_dir() else path.suffix == ".py" and path.is_file()


def source_at(path: Path) -> PluginSource:
    """Describe the plugin at a path; its model.py is accepted for its folder.

    Raises:
        PluginError: `plugin_not_found` when there is none.
    """
    path = path.expanduser().resolve()
    if path.name == MODEL_FILE and path.is_file():
        path = path.parent
    if not is_plugin(path):
        raise PluginError(
            "plugin_not_found",
            f"There is no plugin at {path}: a plugin is a folder with a {MODEL_FILE}, or one .py file.",
            "Start one with `lensmith plugins new NAME`.",
        )
    return PluginSource(
        id=path.name if path.is_dir() else path.stem,
        path=path,
        source_hash=source_hash(path),
        builtin=path.parent == BUILTIN_FOLDER,
    )


def source_hash(path: Path) -> str:
    """Give the sha256 (hex) over the names and contents of a plugin's files."""
    digest = hashlib.sha256()
    root = path if path.is_dir() else path.parent
    for file in _files_of(path):
        name = file.relative_to(root).as_posix().encode()
        content = _content(file)
        digest.update(len(name).to_bytes(8, "big") + name + len(content).to_bytes(8, "big") + content)
    return digest.hexdigest()


def _content(file: Path) -> bytes:
    """Read a file; one that cannot be read is its plugin's own problem, told when it is imported."""
    try:
        return file.read_bytes()
    except OSError as error:
        return f"unreadable: {error.errno}".encode()


def _files_of(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    for entry in sorted(path.iterdir(), key=lambda entry: entry.name):
        if entry.name.startswith(".") or entry.name in _IGNORED_FOLDERS or entry.suffix in _IGNORED_SUFFIXES:
            continue
        if entry.is_dir():
            yield from _files_of(entry)
        elif entry.is_file():
            yield entry
