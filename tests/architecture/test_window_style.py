"""Colours come from the theme alone, and every icon is one that the pack has."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

HEX_COLOR = re.compile(r"#(?:[0-9a-fA-F]{8}|[0-9a-fA-F]{6}|[0-9a-fA-F]{3})\b")
ICON = re.compile(r"ph\.[a-z0-9-]+")


def strings_of(file: Path) -> Iterator[tuple[int, str]]:
    """Every text in a module that is not a docstring, with its line."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    said = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said:
            yield node.lineno, node.value


def colors_by_name(file: Path) -> Iterator[int]:
    """The lines on which a colour is made of a written text or of written numbers."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "QColor" and node.args:
            first = node.args[0]
            if isinstance(first, ast.Constant) or ast.unparse(first).startswith("Qt.GlobalColor"):
                yield node.lineno


def window_files(repository: Path) -> list[Path]:
    return sorted((repository / "desktop").rglob("*.py"))


def outside_the_theme(repository: Path) -> list[Path]:
    theme = repository / "desktop" / "theme"
    files = [file for file in window_files(repository) if not file.is_relative_to(theme)]
    assert len(files) > 100
    return files


def test_that_no_colour_is_written_outside_the_theme(repository: Path) -> None:
    files = outside_the_theme(repository)
    written = [
        f"{file.relative_to(repository)}:{line}: {text}"
        for file in files
        for line, text in strings_of(file)
        if HEX_COLOR.search(text)
    ]
    written += [f"{file.relative_to(repository)}:{line}" for file in files for line in colors_by_name(file)]

    assert written == []


def test_that_a_written_colour_would_be_found(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text('"""Not #123456."""\na = QColor("red")\nb = "border: 1px solid #12ab9f;"\n')

    assert list(colors_by_name(module)) == [2]
    assert [line for line, text in strings_of(module) if HEX_COLOR.search(text)] == [3]


def charmap() -> set[str]:
    spec = find_spec("qtawesome")
    if spec is None or spec.origin is None:
        pytest.skip("the icon pack is not installed here")
    found = list((Path(spec.origin).parent / "fonts").glob("phosphor*charmap*.json"))
    assert len(found) == 1, found
    return set(json.loads(found[0].read_text(encoding="utf-8")))


def test_that_every_icon_is_in_the_pack(repository: Path) -> None:
    pack = charmap()
    used = {
        (text, str(file.relative_to(repository)))
        for file in window_files(repository)
        for _, text in strings_of(file)
        if ICON.fullmatch(text)
    }
    assert len(used) > 50

    assert sorted((name, file) for name, file in used if name.removeprefix("ph.") not in pack) == []
