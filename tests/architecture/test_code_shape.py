"""The measures of the house style that no linter knows: lengths, names, empty package files, open ends."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PARTS = ("engine", "desktop", "plugins", "benchmarks", "tests")
FILES = sorted(file for part in PARTS for file in (REPOSITORY / part).glob("**/*.py"))
SOURCES = [file for file in FILES if file.relative_to(REPOSITORY).parts[0] != "tests"]
PACKAGE_FILE_WITH_CODE = REPOSITORY / "engine" / "plugin" / "__init__.py"

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60
MAX_README_LINES = 40
BANNED_NAMES = {
    "util",
    "utils",
    "helper",
    "helpers",
    "common",
    "misc",
    "base",
    "manager",
    "handler",
    "handlers",
}
OPEN_END = re.compile(r"#\s*(TODO|FIXME|XXX|HACK)\b")


def name_of(file: Path) -> str:
    return file.relative_to(REPOSITORY).as_posix()


def functions(file: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_that_a_file_is_short_named_by_its_domain_and_without_open_ends(file: Path) -> None:
    lines = file.read_text(encoding="utf-8").splitlines()

    assert len(lines) <= MAX_FILE_LINES
    assert file.stem not in BANNED_NAMES
    assert [line for line in lines if OPEN_END.search(line)] == []


@pytest.mark.parametrize("file", SOURCES, ids=name_of)
def test_that_no_function_is_longer_than_a_page(file: Path) -> None:
    too_long = {
        function.name: function.end_lineno - function.lineno + 1
        for function in functions(file)
        if function.end_lineno is not None and function.end_lineno - function.lineno >= MAX_FUNCTION_LINES
    }

    assert too_long == {}


@pytest.mark.parametrize("file", SOURCES, ids=name_of)
def test_that_every_function_says_what_it_returns(file: Path) -> None:
    assert [function.name for function in functions(file) if function.returns is None] == []


def test_that_package_files_are_empty() -> None:
    package_files = sorted(
        file for part in ("engine", "desktop") for file in (REPOSITORY / part).glob("**/__init__.py")
    )

    full = [
        name_of(file)
        for file in package_files
        if file != PACKAGE_FILE_WITH_CODE and file.read_text(encoding="utf-8").strip()
    ]
    assert full == []


def test_that_every_folder_of_the_engine_with_modules_is_a_package() -> None:
    folders = {file.parent for part in ("engine", "desktop") for file in (REPOSITORY / part).glob("**/*.py")}

    assert [name_of(folder) for folder in sorted(folders) if not (folder / "__init__.py").is_file()] == []


def test_that_every_package_of_the_engine_has_a_short_readme() -> None:
    packages = [file.parent for file in (REPOSITORY / "engine").glob("*/__init__.py")]

    lengths = {
        folder.name: len((folder / "README.md").read_text(encoding="utf-8").splitlines())
        if (folder / "README.md").is_file()
        else None
        for folder in packages
    }
    assert {name: n for name, n in lengths.items() if n is None or n > MAX_README_LINES} == {}
