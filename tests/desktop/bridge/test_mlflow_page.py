"""MLflow's own server as a child of the window: started for a run, and gone with everything it started."""

from __future__ import annotations

import urllib.request
from pathlib import Path

import psutil
import pytest
from PySide6.QtCore import QUrl
from pytestqt.qtbot import QtBot

from desktop.bridge import mlflow_page
from desktop.bridge.mlflow_page import MlflowPage
from engine.protocol.home import Home
from engine.protocol.run_folder import RunFolder, write_json


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that a browser would be sent to."""
    found: list[str] = []

    class Browser:
        @staticmethod
        def openUrl(address: QUrl) -> None:
            found.append(address.toString())

    monkeypatch.setattr(mlflow_page, "QDesktopServices", Browser)
    return found


@pytest.mark.slow
def test_that_the_server_opens_on_the_run_and_leaves_no_process_behind(
    qtbot: QtBot, lensmith_home: Path, opened: list[str]
) -> None:
    home = Home(lensmith_home).ensure()
    home.mlflow.mkdir()
    folder = RunFolder(home.runs / "r")
    write_json(folder.path / "tracking.json", {"run_id": "abc", "experiment_id": "1"})
    page = MlflowPage(home)
    told: list[str] = []
    page.told.connect(lambda title, _tone, _text: told.append(title))
    before = set(psutil.Process().children(recursive=True))

    page.open_run(folder)
    qtbot.waitUntil(lambda: bool(opened), timeout=120_000)

    address, fragment = opened[0].split("#")
    assert fragment == "/experiments/1/runs/abc"
    assert urllib.request.urlopen(address, timeout=30).status == 200
    started = set(psutil.Process().children(recursive=True)) - before
    assert started
    page.close()
    assert psutil.wait_procs(list(started), timeout=10)[1] == []
    assert told == ["MLflow is starting"]


def test_that_a_run_tracked_elsewhere_is_opened_there_without_a_server(
    qtbot: QtBot, lensmith_home: Path, opened: list[str]
) -> None:
    _ = qtbot
    home = Home(lensmith_home).ensure()
    write_json(home.settings_path, {"tracking": {"uri": "https://user:canary@mlflow.example.org"}})
    MlflowPage(home).open_run(RunFolder(home.runs))
    assert opened == ["https://mlflow.example.org/#/"]


def test_that_tracking_that_is_off_is_said(qtbot: QtBot, lensmith_home: Path, opened: list[str]) -> None:
    _ = qtbot
    home = Home(lensmith_home).ensure()
    write_json(home.settings_path, {"tracking": {"enabled": False}})
    page = MlflowPage(home)
    told: list[str] = []
    page.told.connect(lambda title, _tone, _text: told.append(title))
    page.open_run(RunFolder(home.runs))
    assert (told, opened) == (["Tracking is off"], [])
