"""What differs between tasks when results are shown lives in desktop/tasks: no page asks which task it is."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from desktop.tasks.task import TaskView, task_view
from engine.tasks.registry import task_names

FOLDERS = ("pages", "forms", "charts", "viewers", "grids", "widgets", "bridge")
LABELS_ON_DISK = "data_"
"""Pages that tell of a dataset's labels, which lie in other files for each task."""


def names_in(file: Path, names: frozenset[str]) -> Iterator[int]:
    """The lines on which a text is the name of a task."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in names:
            yield node.lineno


def test_that_pages_and_parts_know_no_task_by_name(repository: Path) -> None:
    names = frozenset(task_names())
    files = [file for folder in FOLDERS for file in (repository / "desktop" / folder).rglob("*.py")]
    assert len(files) > 100
    found = [
        f"{file.relative_to(repository)}:{line}"
        for file in files
        if not file.name.startswith(LABELS_ON_DISK)
        for line in names_in(file, names)
    ]

    assert found == []


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
