"""`lensmith report`, as it is typed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engine.cli import main
from engine.protocol.home import Home
from tests.desktop.measured_runs import MeasuredRun, measured_run


@pytest.fixture
def run(lensmith_home: Path, tmp_path: Path) -> MeasuredRun:
    return measured_run(Home(lensmith_home), tmp_path)


def ask(capsys: pytest.CaptureFixture[str], *typed: str) -> tuple[int, Any]:
    code = main([*typed, "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_that_a_report_is_written_where_it_is_wanted(
    run: MeasuredRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "told.html"

    code, told = ask(capsys, "report", run.run[:17], "--out", str(file))

    assert code == 0
    assert told == {"run": run.run, "path": str(file), "size_bytes": file.stat().st_size}
    assert file.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_that_without_a_place_it_is_named_by_its_run(
    run: MeasuredRun, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert ask(capsys, "report", run.run)[0] == 0
    assert (tmp_path / f"report-{run.run}.html").is_file()

    folder = tmp_path / "reports"
    folder.mkdir()
    assert ask(capsys, "report", run.run, "--out", str(folder))[1]["path"] == str(
        folder / f"report-{run.run}.html"
    )


def test_that_a_file_that_is_there_is_written_over_only_when_that_is_said(
    run: MeasuredRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "told.html"
    file.write_text("mine")

    code, told = ask(capsys, "report", run.run, "--out", str(file))

    assert code == 2
    assert told["error"]["code"] == "report_exists"
    assert file.read_text() == "mine"
    assert ask(capsys, "report", run.run, "--out", str(file), "--replace")[0] == 0
    assert file.read_text() != "mine"


def test_that_an_unknown_run_is_told(
    run: MeasuredRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, told = ask(capsys, "report", "nothing", "--out", str(tmp_path / "x.html"))

    assert code == 2
    assert told["error"]["code"] == "run_unknown"
