"""What differs between tasks lives in desktop/tasks: nothing else of the window asks which task it is."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from desktop.tasks.task import TaskView, task_view
from engine.tasks.registry import task_names

EXEMPT = {
    "desktop/models/demo_dataset.py": "the demo's folder and first model are of one task, which it has to name",
}
"""Modules that may name a task, and why; one that does not any more must go from here."""


def names_in(file: Path, names: frozenset[str]) -> Iterator[int]:
    """The lines on which a text is the name of a task."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in names:
            yield node.lineno


def test_that_the_window_knows_no_task_by_name(repository: Path) -> None:
    names = frozenset(task_names())
    tasks = repository / "desktop" / "tasks"
    files = [file for file in (repository / "desktop").rglob("*.py") if tasks not in file.parents]
    assert len(files) > 200
    found = [
        (file.relative_to(repository).as_posix(), line) for file in files for line in names_in(file, names)
    ]

    assert [f"{file}:{line}" for file, line in found if file not in EXEMPT] == []
    assert {file for file, _ in found} == set(EXEMPT)


def test_that_a_written_name_would_be_found(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text('"""detection"""\nif task == "detection":\n    pass\n')

    assert list(names_in(module, frozenset({"detection"}))) == [1, 2]


@pytest.mark.parametrize("name", sorted(task_names()))
def test_that_the_window_shows_every_task_of_the_engine(name: str) -> None:
    view = task_view(name)
    wanted = [part for part in (*vars(TaskView), *TaskView.__annotations__) if not part.startswith("_")]

    assert [part for part in wanted if not hasattr(view, part)] == []
    assert view.icon.startswith("ph.")
