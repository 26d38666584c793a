from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import PluginError
from engine.plugin.discovery import BUILTIN_FOLDER, discover, plugin_folders, source_at, source_hash
from engine.protocol.home import Home
from tests.engine.plugin.texts import write_plugin


def test_that_folders_with_a_model_and_single_files_are_plugins(tmp_path: Path) -> None:
    write_plugin(tmp_path / "folder", "")
    (tmp_path / "single.py").touch()
    (tmp_path / "notes.txt").touch()
    (tmp_path / "empty").mkdir()
    (tmp_path / "_draft.py").touch()
    write_plugin(tmp_path / "hidden", "")
    (tmp_path / "hidden").rename(tmp_path / ".hidden")

    found = discover([tmp_path, tmp_path / "not there"])

    assert [(source.id, source.file) for source in found] == [("folder", "model.py"), ("single", "single.py")]


def test_that_built_in_plugins_and_the_users_own_are_searched(tmp_path: Path) -> None:
    assert plugin_folders(Home(tmp_path)) == [BUILTIN_FOLDER, tmp_path / "plugins"]


def test_that_a_plugin_is_found_by_its_folder_and_by_its_model_file(tmp_path: Path) -> None:
    source = write_plugin(tmp_path / "p", "")

    assert source_at(tmp_path / "p" / "model.py") == source
    assert source.model_path == tmp_path / "p" / "model.py"


@pytest.mark.parametrize("path", ["nothing", "file.txt", "empty"])
def test_that_a_path_without_a_plugin_is_refused(tmp_path: Path, path: str) -> None:
    (tmp_path / "file.txt").touch()
    (tmp_path / "empty").mkdir()

    with pytest.raises(PluginError) as raised:
        source_at(tmp_path / path)

    assert raised.value.code == "plugin_not_found"


def test_that_the_hash_follows_names_and_contents_but_not_byte_code(tmp_path: Path) -> None:
    folder = tmp_path / "p"
    write_plugin(folder, {"model.py": "x = 1", "layers.py": "y"})
    first = source_hash(folder)
    write_plugin(folder, {"__pycache__/model.pyc": "z", ".notes": "z"})
    assert source_hash(folder) == first

    (folder / "layers.py").rename(folder / "blocks.py")
    renamed = source_hash(folder)
    (folder / "blocks.py").write_text("z")

    assert len({first, renamed, source_hash(folder)}) == 3


def test_that_equal_plugins_in_two_places_have_one_hash(tmp_path: Path) -> None:
    files = {"model.py": "x", "parts/layers.py": "y"}

    first, second = (write_plugin(tmp_path / place / "p", files) for place in ("a", "b"))

    assert first.source_hash == second.source_hash
