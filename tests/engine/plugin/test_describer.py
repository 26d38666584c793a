from __future__ import annotations

import importlib.metadata
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from engine.errors import UserError
from engine.plugin import catalogue_cache, plugin_process
from engine.plugin.describer import describe, filter_entries, find_entry
from engine.plugin.discovery import BUILTIN_FOLDER
from engine.protocol.catalog import Catalogue, ModelMetadata, PluginEntry
from engine.protocol.home import Home
from engine.protocol.interpreter import engine_command
from tests.engine.plugin.texts import IMPORTS, model_class, plugin_text, write_plugin


def deny(path: Path, mode: int) -> None:
    """Take rights on a path away, or skip the test where that does not hold for this user (root)."""
    path.chmod(mode)
    if os.access(path, os.R_OK | os.W_OK):
        pytest.skip("this user may read and write everything")


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Sequence[str]]:
    """Count the processes that describing starts."""
    commands: list[Sequence[str]] = []

    def count(*arguments: str) -> list[str]:
        commands.append(arguments)
        return engine_command(*arguments)

    monkeypatch.setattr(plugin_process, "engine_command", count)
    return commands


def entry(
    plugin: str,
    model: str = "",
    framework: str = "timm",
    task: str = "classification",
    tags: Sequence[str] = (),
) -> PluginEntry:
    metadata = (
        ModelMetadata(name=model, framework=framework, task_type=task, tags=list(tags)) if model else None
    )
    return PluginEntry(id=plugin, model=model, folder=f"/plugins/{plugin}", metadata=metadata)


def codes(found: PluginEntry) -> list[str]:
    return [problem.code for problem in found.problems]


def test_that_a_plugin_is_imported_once_and_again_only_when_it_changed(
    home: Home, started: list[Sequence[str]], tmp_path: Path
) -> None:
    imports = tmp_path / "imports"
    mark = f"with open({str(imports)!r}, 'a') as file:\n    file.write('x')\n"
    write_plugin(home.plugins / "kept", mark + plugin_text("kept-model"))

    first = describe(home)
    second = describe(home)
    write_plugin(home.plugins / "new", plugin_text("new-model"))
    third = describe(home)

    assert first.entries[0].model == "kept-model"
    assert second == first
    assert [one.id for one in third.entries] == ["kept", "new"]
    assert imports.read_text() == "x"
    assert len(started) == 2
    assert [Path(argument).name for argument in started[1] if "plugins" in argument] == ["new"]

    write_plugin(home.plugins / "kept", mark + plugin_text("changed-model"))
    assert [one.model for one in describe(home).entries] == ["changed-model", "new-model"]
    assert imports.read_text() == "xx"


def test_that_a_refresh_describes_all_anew(home: Home, started: list[Sequence[str]]) -> None:
    write_plugin(home.plugins / "one", plugin_text("one"))
    describe(home)

    describe(home, refresh=True)

    assert len(started) == 2


def test_that_another_version_of_a_framework_makes_descriptions_out_of_date(
    home: Home, started: list[Sequence[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_plugin(home.plugins / "one", plugin_text("one"))
    describe(home)
    versions = importlib.metadata.version
    monkeypatch.setattr(
        catalogue_cache.importlib.metadata,
        "version",
        lambda name: "99" if name == "torch" else versions(name),
    )

    describe(home)

    assert len(started) == 2


def test_that_a_damaged_cache_is_passed_over(home: Home) -> None:
    write_plugin(home.plugins / "one", plugin_text("one"))
    (home.cache / "catalogue.json").write_text('{"plugins": {"', encoding="utf-8")

    assert describe(home).entries[0].is_usable
    assert json.loads((home.cache / "catalogue.json").read_text())["plugins"]


def test_that_no_plugins_cost_no_process(home: Home, started: list[Sequence[str]]) -> None:
    assert describe(home) == Catalogue()
    assert started == []


def test_that_plugins_are_described_where_nothing_can_be_kept(home: Home) -> None:
    write_plugin(home.plugins / "one", plugin_text("one"))
    home.cache.rmdir()
    home.cache.write_text("not a folder")

    assert describe(home).entries[0].is_usable


def test_that_plugins_are_described_in_a_read_only_home(home: Home) -> None:
    write_plugin(home.plugins / "one", plugin_text("one"))
    deny(home.cache, 0o500)

    assert describe(home).entries[0].is_usable


def test_that_a_plugin_that_cannot_be_read_is_that_plugins_problem_only(home: Home) -> None:
    write_plugin(home.plugins / "good", plugin_text("good-model"))
    write_plugin(home.plugins / "locked", plugin_text("locked-model"))
    deny(home.plugins / "locked" / "model.py", 0)

    good, locked = describe(home).entries

    assert good.is_usable
    assert codes(locked) == ["plugin_import_failed"]


def test_that_a_package_installed_later_mends_a_plugin_without_a_change(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, started: list[Sequence[str]]
) -> None:
    write_plugin(home.plugins / "needy", "import einops_of_a_test\n" + plugin_text("needy"))

    (broken,) = describe(home).entries
    describe(home)
    assert len(started) == 1
    assert codes(broken) == ["plugin_import_failed"]
    assert broken.problems[0].line == 1
    assert "pip install einops_of_a_test" in broken.problems[0].hint

    (tmp_path / "installed").mkdir()
    (tmp_path / "installed" / "einops_of_a_test.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path / "installed"))
    describe(home)
    assert len(started) == 2


def test_that_missing_requirements_are_found_anew_each_time(
    home: Home, monkeypatch: pytest.MonkeyPatch, started: list[Sequence[str]]
) -> None:
    files = {"model.py": plugin_text("m"), "requirements.txt": "numpy\nlensmith-test-dep>=2  # a note\n"}
    write_plugin(home.plugins / "needy", files)

    (before,) = describe(home).entries
    versions = importlib.metadata.version
    monkeypatch.setattr(
        importlib.metadata, "version", lambda name: "2.1" if name == "lensmith-test-dep" else versions(name)
    )
    (after,) = describe(home).entries

    assert before.missing_requirements == ["lensmith-test-dep>=2"]
    assert not before.is_usable
    assert after.missing_requirements == []
    assert after.is_usable
    assert len(started) == 1


def test_that_two_plugins_with_one_name_are_a_problem_of_both(home: Home) -> None:
    write_plugin(home.plugins / "first", plugin_text("same"))
    write_plugin(home.plugins / "second", plugin_text("same"))
    write_plugin(home.plugins / "third", plugin_text("other"))

    catalogue = describe(home)

    first, second, third = catalogue.entries
    assert codes(first) == codes(second) == ["plugin_name_clash"]
    for found in (first, second):
        assert str(home.plugins / "first") in found.problems[0].message
        assert str(home.plugins / "second") in found.problems[0].message
    assert third.is_usable
    with pytest.raises(UserError, match="More than one plugin is called 'same'") as raised:
        find_entry(catalogue, "same")
    assert raised.value.code == "plugin_ambiguous"
    assert find_entry(catalogue, "first") == first


def test_that_a_model_called_like_another_plugins_folder_is_a_problem_of_both(home: Home) -> None:
    write_plugin(home.plugins / "first", plugin_text("second"))
    write_plugin(home.plugins / "second", plugin_text("whatever"))

    assert [codes(one) for one in describe(home).entries] == [["plugin_name_clash"], ["plugin_name_clash"]]


def test_that_two_models_of_one_file_with_one_name_are_a_problem(home: Home) -> None:
    text = IMPORTS + model_class("same", class_name="A") + model_class("same", class_name="B")
    write_plugin(home.plugins / "twins", text)

    assert [codes(one) for one in describe(home).entries] == [["plugin_name_clash"], ["plugin_name_clash"]]


def test_that_a_plugin_named_like_its_model_is_no_problem(home: Home) -> None:
    write_plugin(home.plugins / "same", plugin_text("same"))

    assert describe(home).entries[0].problems == []


def test_that_entries_are_filtered_by_all_that_is_asked_for() -> None:
    first = entry("a", "m1", "timm", "classification", ["small"])
    second = entry("b", "m2", "pytorch", "classification", ["Small", "fast"])
    third = entry("c", "m3", "pytorch", "detection")
    broken = entry("d")
    catalogue = Catalogue(entries=[first, second, third, broken])

    assert filter_entries(catalogue) == [first, second, third, broken]
    assert filter_entries(catalogue, framework="PyTorch") == [second, third]
    assert filter_entries(catalogue, task="classification") == [first, second]
    assert filter_entries(catalogue, tag="small") == [first, second]
    assert filter_entries(catalogue, framework="pytorch", task="classification", tag="fast") == [second]
    assert filter_entries(catalogue, framework="none") == []


def test_that_an_entry_is_found_by_folder_and_by_model_name() -> None:
    catalogue = Catalogue(entries=[entry("folder", "model-name"), entry("broken")])

    assert find_entry(catalogue, "folder").model == "model-name"
    assert find_entry(catalogue, "model-name").id == "folder"
    assert find_entry(catalogue, "broken").id == "broken"


def test_that_an_unknown_name_is_told_with_the_nearest() -> None:
    with pytest.raises(UserError) as raised:
        find_entry(Catalogue(entries=[entry("timm_classifier", "timm-classifier")]), "tim_clasifier")

    assert raised.value.code == "plugin_unknown"
    assert "timm_classifier" in raised.value.hint


def test_that_a_plugin_of_several_models_must_be_asked_for_by_model() -> None:
    catalogue = Catalogue(entries=[entry("several", "a"), entry("several", "b")])

    assert find_entry(catalogue, "b").model == "b"
    with pytest.raises(UserError, match="holds several models: a, b"):
        find_entry(catalogue, "several")


def test_that_a_model_called_like_its_plugin_stands_for_the_plugin() -> None:
    catalogue = Catalogue(entries=[entry("several", "several"), entry("several", "b")])

    assert find_entry(catalogue, "several").model == "several"


def test_that_describing_loads_no_framework_into_this_process(home: Home) -> None:
    write_plugin(home.plugins / "one", plugin_text("one"))
    program = (
        "import sys\nfrom pathlib import Path\nfrom engine.plugin import describer, discovery\n"
        "from engine.plugin import conformance\n"
        "from engine.protocol.home import Home\n"
        f"discovery.BUILTIN_FOLDER = Path({str(home.path / 'none')!r})\n"
        f"entries = describer.describe(Home(Path({str(home.path)!r}))).entries\n"
        "print(entries[0].is_usable, [name for name in ('torch', 'timm', 'cv2') if name in sys.modules])\n"
    )

    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert ended.stdout.strip() == "True []"


@pytest.mark.slow
def test_that_every_built_in_plugin_is_usable(lensmith_home: Path) -> None:
    catalogue = describe(Home(lensmith_home))

    names = {path.name for path in BUILTIN_FOLDER.iterdir() if (path / "model.py").is_file()}
    assert {one.id for one in catalogue.entries} == names
    assert {one.id: one.problems for one in catalogue.entries if not one.is_usable} == {}
