"""Plugins see `engine.plugin`, torch and their framework; nothing else of ours."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
ALLOWED_OF_OURS = {"engine.plugin"}
NEVER = {"PySide6", "pyqtgraph", "desktop", "boto3", "paramiko", "mlflow"}
PLUGIN_FILES = sorted((REPOSITORY / "plugins").glob("**/*.py"))


def imported_modules(source: str) -> set[str]:
    """Give the absolute names that a file imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module)
    return names


@pytest.mark.parametrize("file", PLUGIN_FILES, ids=lambda f: f.relative_to(REPOSITORY).as_posix())
def test_that_a_built_in_plugin_imports_only_the_contract_of_ours(file: Path) -> None:
    names = imported_modules(file.read_text(encoding="utf-8"))

    assert {name for name in names if name.split(".")[0] == "engine"} <= ALLOWED_OF_OURS
    assert {name.split(".")[0] for name in names} & NEVER == set()
