from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import PluginError
from engine.plugin.discovery import BUILTIN_FOLDER, source_at
from engine.plugin.loading import load_source
from engine.plugin.new import STARTS, new_plugin
from engine.protocol.home import Home
from engine.tasks.registry import task_names
from tests.engine.plugin.texts import IMPORTS, model_class, plugin_text, write_plugin


@pytest.fixture
def folder(home: Home) -> Path:
    """Give a user's plugins with one to start from."""
    write_plugin(
        home.plugins / "origin",
        {
            "model.py": '"""name="keep" é"""\n' + plugin_text("origin-model"),
            "parts/layers.py": "X = 1\n",
            "README.md": "About.",
            "__pycache__/model.pyc": "",
            ".hidden": "",
        },
    )
    return home.plugins


def test_that_a_copy_has_all_files_and_bears_the_new_name(folder: Path) -> None:
    made = new_plugin("mine", folder, "origin")

    assert made == folder / "mine"
    files = sorted(path.relative_to(made).as_posix() for path in made.rglob("*") if path.is_file())
    assert files == ["README.md", "model.py", "parts/layers.py"]
    assert load_source(source_at(made))[0].get_metadata().name == "mine"


def test_that_nothing_but_the_name_is_changed(folder: Path) -> None:
    before = (folder / "origin" / "model.py").read_bytes()

    after = (new_plugin("mine", folder, "origin") / "model.py").read_bytes()

    assert after == before.replace(b'"origin-model"', b'"mine"')
    assert (folder / "origin" / "model.py").read_bytes() == before


def test_that_a_plugin_of_one_file_becomes_a_folder(folder: Path) -> None:
    (folder / "single.py").write_text(plugin_text("single-model"))

    made = new_plugin("mine", folder, "single")

    assert [path.name for path in made.iterdir()] == ["model.py"]
    assert load_source(source_at(made))[0].get_metadata().name == "mine"


def test_that_each_of_several_models_has_a_name_of_its_own(folder: Path) -> None:
    text = IMPORTS + model_class("a", class_name="A") + model_class("b", class_name="B")
    write_plugin(folder / "several", text)

    made = new_plugin("mine", folder, "several")

    assert [model.get_metadata().name for model in load_source(source_at(made))] == ["mine", "mine-2"]


@pytest.mark.parametrize("task", STARTS)
def test_that_each_task_has_a_start_that_is_not_recommended(tmp_path: Path, task: str) -> None:
    made = new_plugin("mine", tmp_path, STARTS[task])

    metadata = load_source(source_at(made))[0].get_metadata()

    assert (metadata.name, metadata.task_type, metadata.recommended) == ("mine", task, False)


def test_that_the_tasks_with_a_start_are_those_that_can_be_trained() -> None:
    assert set(STARTS) == set(task_names())


@pytest.mark.parametrize(
    "name", ["", "1st", "a b", "../up", "a/b", "a.py", "_hidden", "é", "a" * 65, "nul", "COM1"]
)
def test_that_a_name_that_no_folder_or_program_could_bear_is_refused(folder: Path, name: str) -> None:
    with pytest.raises(PluginError) as raised:
        new_plugin(name, folder, "origin")

    assert raised.value.code == "plugin_name_invalid"
    assert [path.name for path in folder.iterdir()] == ["origin"]


@pytest.mark.parametrize("name", ["origin", "ORIGIN", "single", "leftover"])
def test_that_a_name_that_is_taken_is_refused(folder: Path, name: str) -> None:
    (folder / "single.py").write_text(plugin_text("single-model"))
    (folder / "leftover").mkdir()

    with pytest.raises(PluginError) as raised:
        new_plugin(name, folder, "origin")

    assert raised.value.code == "plugin_exists"


def test_that_an_unknown_origin_is_told_with_the_nearest(folder: Path) -> None:
    with pytest.raises(PluginError, match="Did you mean 'origin'") as raised:
        new_plugin("mine", folder, "orign")

    assert raised.value.code == "plugin_unknown"


def test_that_an_origin_whose_name_is_computed_is_refused_and_leaves_nothing(folder: Path) -> None:
    write_plugin(folder / "computed", plugin_text("m").replace('"m"', "str(3)"))

    with pytest.raises(PluginError) as raised:
        new_plugin("mine", folder, "computed")

    assert raised.value.code == "plugin_not_copyable"
    assert sorted(path.name for path in folder.iterdir()) == ["computed", "origin"]


@pytest.mark.parametrize("example", sorted(path.name for path in BUILTIN_FOLDER.iterdir() if path.is_dir()))
def test_that_every_built_in_plugin_can_be_copied(tmp_path: Path, example: str) -> None:
    made = new_plugin("mine", tmp_path, example)

    assert 'name="mine"' in (made / "model.py").read_text(encoding="utf-8")
