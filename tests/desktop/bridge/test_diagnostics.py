from __future__ import annotations

import json
import sys
import zipfile
from pathlib import Path

import pytest

from desktop.bridge import diagnostics
from desktop.bridge.diagnostics import DiagnosticFile, collect, save, tail
from engine.errors import UserError
from engine.protocol.catalog import PluginEntry, PluginProblem
from engine.protocol.home import Home

CANARIES = {
    "uri": "c4nUri0001",
    "webhook": "c4nWebhook0002",
    "environment": "c4nEnvironment0003",
    "log": "c4nLog0004",
    "job": "c4nJob0005",
    "event": "c4nEvent0006",
    "plugin": "c4nPlugin0007",
    "config": "c4nConfig0008",
    "rotated": "c4nRotated0009",
}


@pytest.fixture
def home(lensmith_home: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """Give a user folder with a secret planted in every file that goes into the zip."""
    home = Home(lensmith_home).ensure()
    monkeypatch.setenv("WORK_API_KEY", CANARIES["environment"])
    monkeypatch.setenv("HOME", str(lensmith_home.parent))
    settings = {
        "tracking": {"uri": f"https://ada:{CANARIES['uri']}@tracking.example.org"},
        "notifications": {"webhook": f"https://example.org/hook/{CANARIES['webhook']}"},
        "engine": {"interpreter": sys.executable},
        "appearance": {"theme": "light"},
    }
    home.settings_path.write_text(json.dumps(settings), encoding="utf-8")
    log = f"posting to https://example.org/hook/{CANARIES['webhook']}\npassword={CANARIES['log']}\n"
    log += f"the environment has {CANARIES['environment']}\nlog {lensmith_home}/runs\n"
    (home.logs / "desktop.log").write_text(log, encoding="utf-8")
    (home.logs / "desktop.log.1").write_text(
        f"Authorization: Bearer {CANARIES['rotated']}\n", encoding="utf-8"
    )
    attempt = home.runs / "20260101-000000-abcd" / "attempts" / "0001"
    attempt.mkdir(parents=True)
    job = {
        "name": "first",
        "env": {"AWS_SECRET_ACCESS_KEY": CANARIES["job"]},
        "config": {"token": CANARIES["config"]},
    }
    (attempt.parents[1] / "job.json").write_text(json.dumps(job), encoding="utf-8")
    event = {"type": "log", "text": f'cloning https://{CANARIES["event"]}@git.example.org "now"'}
    (attempt / "events.jsonl").write_text(json.dumps(event) + "\n", encoding="utf-8")
    (attempt / "log.txt").write_text(f"{CANARIES['uri']} was refused\nepoch 1 done\n", encoding="utf-8")
    return home


@pytest.fixture
def plugins() -> list[PluginEntry]:
    problem = PluginProblem(
        code="plugin_import_failed",
        message="It failed.",
        traceback=f"secret='{CANARIES['plugin']}'\nKeyError: 'a'",
    )
    return [PluginEntry(id="mine", folder="/home/ada/plugins/mine", problems=[problem])]


def test_that_no_planted_secret_is_in_the_zip(home: Home, plugins: list[PluginEntry], tmp_path: Path) -> None:
    path = save(collect(home, plugins), tmp_path / "out.zip")

    with zipfile.ZipFile(path) as archive:
        texts = {name: archive.read(name).decode() for name in archive.namelist()}
    leaks = {
        (word, name) for word, canary in CANARIES.items() for name, text in texts.items() if canary in text
    }
    assert leaks == set()
    assert not any(canary in name for name in texts for canary in CANARIES.values())


def test_that_what_helps_is_still_there(home: Home, plugins: list[PluginEntry]) -> None:
    texts = {file.name: file.text for file in collect(home, plugins)}

    run = "runs/20260101-000000-abcd"
    assert {"versions.txt", "settings.json", "packages.txt", "plugins.json", "logs/desktop.log"} <= set(texts)
    assert {f"{run}/job.json", f"{run}/attempts/0001/events.jsonl", f"{run}/attempts/0001/log.txt"} <= set(
        texts
    )
    assert "epoch 1 done" in texts[f"{run}/attempts/0001/log.txt"]
    assert '"theme": "light"' in texts["settings.json"]
    assert "KeyError: 'a'" in texts["plugins.json"]
    assert "~/plugins/mine" in texts["plugins.json"]
    assert f"log ~/{home.path.name}/runs" in texts["logs/desktop.log"]
    assert "pydantic==" in texts["packages.txt"].lower()
    assert "Lensmith: " in texts["versions.txt"]


def test_that_a_part_that_cannot_be_read_says_so(home: Home) -> None:
    home.settings_path.write_text(
        json.dumps({"engine": {"interpreter": "/no/such/python"}}), encoding="utf-8"
    )

    texts = {file.name: file.text for file in collect(home, [])}

    assert texts["packages.txt"].startswith("This part could not be read: FileNotFoundError")


def test_that_only_the_newest_runs_are_taken(home: Home) -> None:
    for number in range(diagnostics.MOST_RUNS + 2):
        folder = home.runs / f"run-{number}"
        folder.mkdir()
        (folder / "job.json").write_text("{}", encoding="utf-8")

    names = {file.name.split("/")[1] for file in collect(home, []) if file.name.startswith("runs/")}

    assert len(names) == diagnostics.MOST_RUNS


def test_that_the_end_of_a_long_file_begins_with_a_whole_line(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_text("first line\nsecond line\nthird line\n", encoding="utf-8")

    assert tail(path, 1_000) == "first line\nsecond line\nthird line\n"
    assert tail(path, 15) == "… 23 bytes before this were left out …\nthird line\n"


def test_that_a_zip_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(UserError):
        save([DiagnosticFile("a.txt", "a")], tmp_path / "missing" / "out.zip")

    assert list(tmp_path.iterdir()) == []
