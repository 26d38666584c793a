"""Runs side by side: what differs, and their curves, from real stores and folders."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot

from desktop.models.run_comparison import (
    ComparedRun,
    Line,
    as_csv,
    as_markdown,
    differences,
    labels,
    load_runs,
    metric_names,
)
from desktop.models.run_comparison_table import RunComparisonModel
from engine.protocol.events import BestImproved
from engine.protocol.home import Home
from engine.protocol.job import AttemptSpec
from engine.protocol.run_folder import write_record
from tests.desktop.run_rows import measured, progress, put_run, row


def lines(*runs: ComparedRun) -> dict[str, tuple[str, ...]]:
    return {line.name: line.values for line in differences(runs)}


def run(name: str, config: dict[str, object], **changes: object) -> ComparedRun:
    return ComparedRun(row(name, **changes), config, {})


def test_that_only_settings_that_differ_are_told() -> None:
    first = run("a", {"epochs": 4, "optimizer.lr": 0.01, "amp": True})
    second = run("b", {"epochs": 4, "optimizer.lr": 0.001, "amp": False})
    told = lines(first, second)
    assert told["optimizer.lr"] == ("0.01", "0.001")
    assert told["amp"] == ("yes", "no")
    assert "epochs" not in told


def test_that_a_setting_that_one_of_them_does_not_have_differs() -> None:
    told = lines(run("a", {"optimizer.momentum": 0.9}), run("b", {}))
    assert told["optimizer.momentum"] == ("0.9", "–")


def test_that_true_and_one_and_none_are_told_apart() -> None:
    told = lines(run("a", {"x": True, "y": None}), run("b", {"x": 1, "y": "–"}))
    assert told["x"] == ("yes", "1")
    assert told["y"] == ("none", "–")


def test_that_the_best_values_are_always_told_each_under_its_own_metric() -> None:
    told = lines(run("a", {}), run("b", {}, best_metric="val/loss", best_value=0.25))
    assert told["Best accuracy"] == ("50.0%", "–")
    assert told["Best loss"] == ("–", "0.250")


def test_that_model_and_dataset_are_told_when_they_differ() -> None:
    told = lines(run("a", {}), run("b", {}, dataset="cars"))
    assert told["Dataset"] == ("pets", "cars")
    assert "Model" not in told


def test_that_runs_with_one_name_are_told_apart_by_their_ids() -> None:
    runs = [ComparedRun(row(f"20260101-000000-{end}", name="same"), {}, {}) for end in ("aaaa", "bbbb")]
    assert labels(runs) == ["same (aaaa)", "same (bbbb)"]


def test_that_nothing_compared_is_nothing_told() -> None:
    assert differences([]) == []
    assert metric_names([]) == []


def test_that_curves_and_settings_are_read_from_the_store_and_the_folder(lensmith_home: Path) -> None:
    home = Home(lensmith_home)
    best = BestImproved(metric="val/accuracy", value=0.75, epoch=2, step=20)
    also = [progress(1), measured(1, val_accuracy=0.5, val_loss=2.0), measured(2, val_accuracy=0.75), best]
    put_run(home, "first", also=also)
    put_run(
        home, "second", also=[progress(1), measured(1, val_loss=1.0)], config={"epochs": 4, "batch_size": 16}
    )
    runs = load_runs(home, ["second", "first"])
    assert [compared.row.run for compared in runs] == ["second", "first"]
    assert metric_names(runs)[:2] == ["val/accuracy", "val/loss"]
    curve = runs[1].curves["val/accuracy"]
    np.testing.assert_allclose(curve.epochs, [1.0, 2.0])
    np.testing.assert_allclose(curve.values, [0.5, 0.75])
    assert lines(*runs)["batch_size"] == ("16", "8")


def test_that_what_a_later_attempt_changed_is_compared(lensmith_home: Path) -> None:
    home = Home(lensmith_home)
    folder = put_run(home, "first")
    put_run(home, "second")
    write_record(folder.attempt(2).spec_path, AttemptSpec(attempt=2, overrides={"batch_size": 4}))
    assert lines(*load_runs(home, ["first", "second"]))["batch_size"] == ("4", "8")


def test_that_a_run_whose_folder_is_gone_is_compared_by_what_the_store_knows(lensmith_home: Path) -> None:
    home = Home(lensmith_home)
    folder = put_run(home, "first")
    folder.path.rename(lensmith_home / "elsewhere")
    assert load_runs(home, ["first", "unknown"])[0].config["batch_size"] == 8


def test_that_the_table_is_copied_whole_and_quoted() -> None:
    told = [Line("a|b", ('say "x", y', "2"))]
    assert list(csv.reader(io.StringIO(as_csv(["one", "two"], told)))) == [
        ["Setting", "one", "two"],
        ["a|b", 'say "x", y', "2"],
    ]
    assert as_markdown(["one", "two"], told) == (
        '| Setting | one | two |\n| --- | --- | --- |\n| a\\|b | say "x", y | 2 |\n'
    )


def test_that_the_table_shows_lines_under_the_names_of_the_runs(qtbot: QtBot) -> None:
    model = RunComparisonModel()
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, model)
    model.show(["one", "two"], [Line("optimizer.lr", ("0.1", "0.2"))])
    assert [model.headerData(n, Qt.Orientation.Horizontal) for n in range(3)] == ["Setting", "one", "two"]
    assert [model.index(0, n).data() for n in range(3)] == ["optimizer.lr", "0.1", "0.2"]
