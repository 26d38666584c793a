"""The settings file: nested by dots, whole at any moment, kept when it is damaged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from desktop.bridge.settings import Settings
from engine.protocol.home import Home


@pytest.fixture
def home(lensmith_home: Path) -> Home:
    return Home(lensmith_home).ensure()


def test_that_a_setting_is_read_back_by_another_window(home: Home) -> None:
    Settings(home).set("tracking.enabled", False)
    assert Settings(home).get("tracking.enabled", True) is False
    assert json.loads(home.settings_path.read_text(encoding="utf-8")) == {"tracking": {"enabled": False}}


def test_that_what_the_window_does_not_know_stays_in_the_file(home: Home) -> None:
    home.settings_path.write_text('{"tracking": {"uri": "http://x"}, "later": 1}', encoding="utf-8")
    Settings(home).set("tracking.enabled", True)
    kept = json.loads(home.settings_path.read_text(encoding="utf-8"))
    assert kept == {"tracking": {"uri": "http://x", "enabled": True}, "later": 1}


@pytest.mark.parametrize("value", ["yes", 1, None, [], {}])
def test_that_a_value_of_another_type_gives_the_default(home: Home, value: object) -> None:
    home.settings_path.write_text(json.dumps({"a": {"b": value}}), encoding="utf-8")
    assert Settings(home).get("a.b", True) is True


def test_that_a_damaged_file_is_kept_and_told(home: Home) -> None:
    home.settings_path.write_text("{ not json", encoding="utf-8")
    settings = Settings(home)
    assert "cannot be read" in settings.trouble
    settings.set("a", 1)
    assert (home.path / "settings.damaged.json").read_text(encoding="utf-8") == "{ not json"
    assert Settings(home).get("a", 0) == 1


def test_that_none_forgets_a_setting(home: Home) -> None:
    settings = Settings(home)
    settings.set("a.b", 1)
    settings.set("a.b", None)
    assert settings.get("a.b", 7) == 7


def test_that_nobody_else_may_read_the_file(home: Home) -> None:
    Settings(home).set("tracking.uri", "http://user:password@host")
    assert home.settings_path.stat().st_mode & 0o077 == 0


def test_that_a_setting_that_follows_a_slider_holds_at_once_and_is_written_later(
    home: Home, qtbot: QtBot
) -> None:
    settings = Settings(home)
    for value in range(100):
        settings.set_soon("grid.side", value)
    assert settings.get("grid.side", 0) == 99
    assert not home.settings_path.exists()
    qtbot.waitUntil(home.settings_path.exists)
    assert Settings(home).get("grid.side", 0) == 99


def test_that_what_waits_is_written_with_the_next_setting(home: Home, qtbot: QtBot) -> None:
    _ = qtbot
    settings = Settings(home)
    settings.set_soon("grid.side", 7)
    settings.set("appearance.theme", "dark")
    assert Settings(home).get("grid.side", 0) == 7
