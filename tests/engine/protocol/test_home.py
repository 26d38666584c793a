"""The user's folder: where it is, that it is made, and what is said when it cannot be written."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import UserError
from engine.protocol.home import Home


def test_that_the_environment_names_the_folder(lensmith_home: Path) -> None:
    assert Home.default().path == lensmith_home
    assert not lensmith_home.exists()


def test_that_without_it_the_platform_names_the_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LENSMITH_HOME", "")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))

    assert Home.default().path.name == "Lensmith"
    assert Home.default().path.is_absolute()


def test_that_a_relative_folder_is_made_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LENSMITH_HOME", "my data 'ü'")

    assert Home.default().path == tmp_path / "my data 'ü'"


def test_that_all_parts_are_made_and_no_probe_is_left(lensmith_home: Path) -> None:
    home = Home.default().ensure().ensure()

    made = {entry.name for entry in home.path.iterdir()}
    assert made == {"runs", "datasets", "plugins", "cache", "trash", "logs"}


def test_that_everything_of_the_user_lies_in_the_folder(tmp_path: Path) -> None:
    home = Home(tmp_path)
    parts = [home.store_path, home.mlflow, home.settings_path, home.tap_path, home.runs, home.logs]

    assert {part.parent for part in parts} == {tmp_path}
    assert len(set(parts)) == len(parts)


def test_that_a_file_in_the_place_of_the_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")

    with pytest.raises(UserError, match="cannot be written") as caught:
        Home(tmp_path / "taken").ensure()

    assert caught.value.code == "home_read_only"
    assert str(tmp_path / "taken") in caught.value.message
    assert "LENSMITH_HOME" in caught.value.hint


def test_that_a_folder_that_cannot_be_written_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path, data: bytes) -> int:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "write_bytes", refuse)

    with pytest.raises(UserError, match="Permission denied") as caught:
        Home(tmp_path).ensure()
    assert caught.value.code == "home_read_only"
