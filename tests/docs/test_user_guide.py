"""The recipes of the user guide can be set as they stand, and the metrics that it explains are those that are told."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from engine.config.validation import parse_assignments, resolve_config
from engine.plugin.discovery import BUILTIN_FOLDER, source_at
from engine.plugin.loading import load_source
from engine.tasks.registry import task_named

CHAPTERS = {
    "classification": ("### Classification", "timm_classifier"),
    "detection": ("### Detection", "torchvision_detector"),
    "segmentation": ("### Segmentation", "timm_segmenter"),
}


def chapter(repository: Path, title: str) -> str:
    text = (repository / "docs" / "user-guide.md").read_text(encoding="utf-8")
    return re.split(r"\n#{2,3} ", text.split(title, 1)[1], maxsplit=1)[0]


@pytest.mark.parametrize("task", CHAPTERS)
def test_that_every_setting_of_a_recipe_is_one_of_the_plugin(repository: Path, task: str) -> None:
    title, plugin = CHAPTERS[task]
    rows = [line for line in chapter(repository, title).splitlines() if line.startswith("|")]
    recipes = [re.findall(r"(?:--set |`)([a-z_.]+=[A-Za-z0-9_./-]+)", row) for row in rows]
    assert sum(map(bool, recipes)) >= 3
    for row, assignments in zip(rows, recipes, strict=True):
        named = re.search(r"--plugin (\w+)", row)
        (model,) = load_source(source_at(BUILTIN_FOLDER / (named[1] if named else plugin)))
        for preset in re.findall(r"`?(easy|medium|advanced)`?", row) or ["easy"]:
            config = resolve_config(model.get_config_schema(), parse_assignments(assignments), preset)
            assert {one.partition("=")[0] for one in assignments} <= config.keys()


@pytest.mark.parametrize("task", CHAPTERS)
def test_that_every_metric_is_explained(repository: Path, task: str) -> None:
    text = chapter(repository, CHAPTERS[task][0])
    for name in task_named(task).metric_directions:
        # Those over images are explained beside those over classes.
        assert name == "loss" or f"`{name.replace('_micro', '_macro')}`" in text, name
