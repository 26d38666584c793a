"""The tasks by name. A task is imported when it is asked for."""

from __future__ import annotations

import importlib
from typing import cast

from engine.errors import UserError
from engine.tasks.task import Task

_TASKS = {
    "classification": ("engine.tasks.classification.classification", "Classification"),
    "detection": ("engine.tasks.detection.detection", "Detection"),
    "segmentation": ("engine.tasks.segmentation.segmentation", "Segmentation"),
}


def task_names() -> list[str]:
    """All tasks that this engine can train."""
    return sorted(_TASKS)


def task_named(name: str) -> Task:
    """Give the task.

    Raises:
        UserError: `task_unknown` naming those there are.
    """
    if name not in _TASKS:
        raise UserError(
            "task_unknown",
            f"There is no task named {name!r}.",
            f"The tasks are: {', '.join(task_names())}.",
        )
    module, attribute = _TASKS[name]
    return cast("Task", getattr(importlib.import_module(module), attribute)())
