"""What holds for every plugin that comes with Lensmith; `plugins check` of each is tested beside the checks."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

from engine.config.train import TrainConfig
from engine.config.validation import resolve_config
from engine.plugin.contract import BaseModel
from engine.plugin.discovery import BUILTIN_FOLDER, source_at
from engine.plugin.loading import load_source
from engine.tasks.registry import task_names

FOLDERS = sorted(path for path in BUILTIN_FOLDER.iterdir() if (path / "model.py").is_file())
FRAMEWORKS = {"torch", "torchvision", "timm", "ultralytics"}
PRESETS = ["easy", "medium", "advanced"]


def model_of(folder: Path) -> type[BaseModel]:
    (model,) = load_source(source_at(folder))
    return model


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_that_a_plugin_imports_only_what_an_authors_may(folder: Path) -> None:
    imported: set[str] = set()
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                imported.add(str(node.module))

    foreign = {name for name in imported if name.split(".")[0] not in FRAMEWORKS | sys.stdlib_module_names}
    assert foreign == {"engine.plugin"}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_that_a_plugin_says_who_it_is_and_whose_its_code_is(folder: Path) -> None:
    metadata = model_of(folder).get_metadata()

    assert metadata.name == folder.name.replace("_", "-")
    assert all([metadata.author, metadata.description, metadata.tags, metadata.licence])
    assert (folder / "README.md").read_text(encoding="utf-8").startswith(f"# {folder.name}\n")


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_that_each_preset_is_a_valid_configuration(folder: Path, preset: str) -> None:
    schema = model_of(folder).get_config_schema()

    assert sorted(schema.presets) == sorted(PRESETS)
    TrainConfig.from_flat(resolve_config(schema, {}, preset))


def test_that_one_plugin_is_recommended_for_each_task() -> None:
    recommended = [model_of(folder).get_metadata() for folder in FOLDERS]

    tasks = [metadata.task_type for metadata in recommended if metadata.recommended]
    assert sorted(tasks) == task_names()


def test_that_the_tutorial_is_one_file_of_at_most_forty_lines() -> None:
    folder = BUILTIN_FOLDER / "example_minimal"

    assert [file.name for file in folder.rglob("*.py")] == ["model.py"]
    assert len((folder / "model.py").read_text(encoding="utf-8").splitlines()) <= 40
