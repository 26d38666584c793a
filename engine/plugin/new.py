"""Starts a plugin of the user's own as a copy of another one."""

from __future__ import annotations

import ast
import re
import shutil
from pathlib import Path

from engine.config.problems import nearest
from engine.errors import PluginError
from engine.plugin.discovery import BUILTIN_FOLDER, MODEL_FILE, PluginSource, discover
from engine.protocol.disk import write_error

STARTS = {
    "classification": "example_minimal",
    "detection": "torchvision_detector",
    "segmentation": "timm_segmenter",
}
"""The built-in plugin that a new one of each task begins as."""
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
_RESERVED = frozenset(
    {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(10))}
)
"""Names that Windows gives to devices; a folder that is called so cannot be copied there."""


def new_plugin(name: str, folder: Path, source: str = "example_minimal") -> Path:
    """Copy a plugin; the copy's folder and its model bear `name`.

    Args:
        name: letters, digits, `_` and `-`, beginning with a letter.
        folder: the user's plugins.
        source: name of a built-in plugin or of one of the user's.

    Returns:
        The new plugin's folder.

    Raises:
        PluginError: `plugin_name_invalid`, `plugin_exists`, `plugin_unknown`, `plugin_not_copyable`.
        UserError: `disk_full`, `folder_read_only`, `write_failed`.
    """
    known = discover([BUILTIN_FOLDER, folder])
    _refuse_bad_name(name, folder, known)
    origin = _origin(source, known)
    renamed = _renamed_file(origin, name)
    target = folder / name
    draft = folder / f".draft-{name}"
    shutil.rmtree(draft, ignore_errors=True)
    try:
        _copy(origin, draft)
        path, text = renamed
        (draft / path).write_text(text, encoding="utf-8")
        draft.rename(target)
    except OSError as error:
        raise write_error(error, target) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return target


def _refuse_bad_name(name: str, folder: Path, known: list[PluginSource]) -> None:
    if not _NAME.fullmatch(name):
        raise PluginError(
            "plugin_name_invalid",
            f"{name!r} cannot be the name of a plugin.",
            "Begin with a letter, and go on with letters, digits, _ or -; 64 characters at most.",
        )
    if name.lower() in _RESERVED:
        raise PluginError(
            "plugin_name_invalid",
            f"{name!r} cannot be the name of a plugin, because Windows keeps it for a device.",
            "Choose another name.",
        )
    taken = {source.id.lower(): source.path for source in known}
    path = taken.get(name.lower()) or (folder / name if (folder / name).exists() else None)
    if path is not None:
        raise PluginError(
            "plugin_exists",
            f"There already is something called {name!r}: {path}.",
            "Choose another name, or delete that one first.",
        )


def _origin(source: str, known: list[PluginSource]) -> PluginSource:
    found = next((one for one in known if one.id == source), None)
    if found is not None:
        return found
    names = [one.id for one in known]
    close = nearest(source, names)
    hint = f"Did you mean {close!r}?" if close is not None else f"There are: {', '.join(names) or 'none'}."
    raise PluginError("plugin_unknown", f"There is no plugin {source!r} to start from.", hint)


def _copy(origin: PluginSource, draft: Path) -> None:
    """Copy what belongs to the plugin, without byte code and hidden files; a lone file becomes a model.py."""
    for file in origin.own_files():
        inside = file.relative_to(origin.folder) if origin.path.is_dir() else Path(MODEL_FILE)
        (draft / inside).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, draft / inside)


def _renamed_file(origin: PluginSource, name: str) -> tuple[Path, str]:
    """Give the file with the metadata, relative to the plugin's folder, and its text with the new name."""
    files = [origin.model_path, *(file for file in origin.own_files() if file.suffix == ".py")]
    for file in files:
        try:
            text = file.read_text(encoding="utf-8")
            tree = ast.parse(text)
        except (OSError, UnicodeDecodeError, SyntaxError) as error:
            raise _not_copyable(origin, f"{file.name} cannot be read as Python ({error})") from error
        literals = _name_literals(tree)
        if literals:
            inside = file.relative_to(origin.folder) if origin.path.is_dir() else Path(MODEL_FILE)
            return inside, _with_words(text, [*_named(literals, name), *_no_longer_recommended(tree)])
    raise _not_copyable(origin, 'no file of it says ModelMetadata(name="...")')


def _name_literals(tree: ast.Module) -> list[ast.Constant]:
    """Find the names of all models: the literal `name` in each call of ModelMetadata, in order."""
    return sorted(_literals(tree, "name"), key=lambda literal: (literal.lineno, literal.col_offset))


def _literals(tree: ast.Module, argument: str) -> list[ast.Constant]:
    return [
        keyword.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "ModelMetadata"
        for keyword in node.keywords
        if keyword.arg == argument and isinstance(keyword.value, ast.Constant)
    ]


def _named(literals: list[ast.Constant], name: str) -> list[tuple[ast.Constant, str]]:
    """Give the first literal `name`, the second `name-2` ..."""
    names = (name if number == 1 else f"{name}-{number}" for number in range(1, len(literals) + 1))
    return [(literal, f'"{new}"') for literal, new in zip(literals, names, strict=True)]


def _no_longer_recommended(tree: ast.Module) -> list[tuple[ast.Constant, str]]:
    """A copy is not what everybody should begin with, whatever its origin says of itself."""
    return [(literal, "False") for literal in _literals(tree, "recommended") if literal.value is True]


def _with_words(text: str, words: list[tuple[ast.Constant, str]]) -> str:
    """Put other words in the places of literals, keeping all other text."""
    lines = text.encode().splitlines(keepends=True)
    for literal, new in sorted(words, key=lambda each: (each[0].lineno, each[0].col_offset), reverse=True):
        first, last = literal.lineno - 1, (literal.end_lineno or literal.lineno) - 1
        head, tail = lines[first][: literal.col_offset], lines[last][literal.end_col_offset :]
        lines[first : last + 1] = [head + new.encode() + tail]
    return b"".join(lines).decode()


def _not_copyable(origin: PluginSource, why: str) -> PluginError:
    return PluginError(
        "plugin_not_copyable",
        f"The plugin {origin.id!r} cannot be copied under another name: {why}.",
        "Start from another one, such as example_minimal.",
    )
