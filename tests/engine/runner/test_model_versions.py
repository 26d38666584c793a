"""Model versions in a real MLflow store of this folder: what stands there afterwards, and what is refused."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.errors import UserError
from engine.protocol.checkpoint import WEIGHTS_NAME, CheckpointMeta
from engine.protocol.events import ExportWritten
from engine.protocol.home import Home
from engine.protocol.run_folder import write_record
from engine.runner.model_versions import VersionWish, list_versions, register_version
from tests.conftest import CommandLine
from tests.desktop.measured_runs import MeasuredRun, measured_run
from tests.fixtures.stand_in_runs import quiet_home

WEIGHTS = b"weights of the best epoch"
DIGEST = hashlib.sha256(WEIGHTS).hexdigest()


@pytest.fixture(autouse=True)
def environment_as_it_was(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before = dict(os.environ)
    yield
    for name in set(os.environ) - set(before):
        del os.environ[name]
    os.environ.update(before)


@pytest.fixture
def home(lensmith_home: Path) -> Home:
    return Home(lensmith_home).ensure()


@pytest.fixture
def run(home: Home, tmp_path: Path) -> MeasuredRun:
    """A finished training whose checkpoints have weights."""
    made = measured_run(home, tmp_path)
    for name in ("best", "last"):
        give_weights(made, name)
    return made


def give_weights(run: MeasuredRun, name: str, weights: bytes = WEIGHTS) -> None:
    place = run.folder.checkpoints / name
    place.mkdir(parents=True, exist_ok=True)
    (place / WEIGHTS_NAME).write_bytes(weights)
    meta = CheckpointMeta.model_validate_json((place / "meta.json").read_bytes())
    digest = hashlib.sha256(weights).hexdigest()
    write_record(place / "meta.json", meta.model_copy(update={"files": {WEIGHTS_NAME: digest}}))


def export_of(run: MeasuredRun, checkpoint: str) -> MeasuredRun:
    made = MeasuredRun(run.home, "20260101-000200-eeee", run.manifest, kind="export", parent=run.run).create()
    job = made.folder.job()
    options = {**job.task_options, "checkpoint": checkpoint}
    write_record(made.folder.job_path, job.model_copy(update={"task_options": options}))
    made.folder.exports.mkdir(parents=True)
    (made.folder.exports / "model.onnx").write_bytes(b"a graph")
    made.said.append(ExportWritten(path="exports/model.onnx", format="onnx", verified=True, size_bytes=7))
    return made.tell()


def rows(home: Home, query: str) -> list[tuple[Any, ...]]:
    with sqlite3.connect(home.mlflow / "mlflow.db") as connection:
        return connection.execute(query).fetchall()


@pytest.mark.slow
def test_that_versions_are_numbered_and_an_alias_moves_on(home: Home, run: MeasuredRun) -> None:
    first = register_version(home, VersionWish(run.run, "pets", alias="champion", notes=" the first "))
    second = register_version(home, VersionWish(run.run, "pets", "last", alias="champion"))
    third = register_version(home, VersionWish(run.run, "pets", alias="archived"))

    assert [made.version for made in (first, second, third)] == [1, 2, 3]
    assert (first.moved_from, second.moved_from) == (None, 1)
    assert (third.aliases, third.stage) == ((), "archived")
    newest, middle, oldest = list_versions(home, "pets")
    assert (newest.version, newest.stage, newest.aliases) == (3, "archived", ())
    assert (middle.aliases, middle.tags["checkpoint"]) == (("champion",), "last")
    assert (oldest.aliases, oldest.notes) == ((), "the first")
    assert list_versions(home, "others") == []
    assert rows(home, "SELECT name, status FROM runs") == [(run.run, "FINISHED")]
    files = {
        path.relative_to(home.mlflow / "artifacts").as_posix() for path in home.mlflow.rglob(WEIGHTS_NAME)
    }
    assert sorted(name.partition("/artifacts/")[2] for name in files) == [
        f"versions/best-{DIGEST[:12]}/{WEIGHTS_NAME}",
        f"versions/last-{DIGEST[:12]}/{WEIGHTS_NAME}",
    ]
    assert oldest.source.endswith(f"versions/best-{DIGEST[:12]}")


@pytest.mark.slow
def test_that_the_lineage_is_told_in_tags(home: Home, run: MeasuredRun) -> None:
    export = export_of(run, "best")
    child = MeasuredRun(home, "20260103-000000-cccc", run.manifest).create()
    job = child.folder.job()
    began = {**job.config, "start_from": "artifacts/start_from/weights.safetensors"}
    write_record(child.folder.job_path, job.model_copy(update={"config": began}))
    weights = child.folder.path / "artifacts/start_from/weights.safetensors"
    weights.parent.mkdir(parents=True)
    weights.write_bytes(WEIGHTS)
    child.checkpoint("best", "best", 1)
    give_weights(child, "best", b"others")
    child.tell()

    of_run = register_version(home, VersionWish(run.run, "pets")).tags
    of_export = register_version(home, VersionWish(run.run, "pets", export="onnx"))
    of_child = register_version(home, VersionWish(child.run, "pets")).tags
    assert (of_run["run"], of_run["dataset"], of_run["dataset_version"]) == (
        run.run, "pictures", run.manifest.version
    )  # fmt: skip
    assert (of_run["exports"], of_run["weights_sha256"]) == (f"onnx of {export.run}", DIGEST)
    assert of_run["metric.val/accuracy"] == "0.5"
    assert "parent_run" not in of_run
    assert of_child["parent_run"] == run.run
    assert of_export.tags["export"] == "onnx"
    (graph,) = home.mlflow.rglob("model.onnx")
    assert graph.read_bytes() == b"a graph"
    assert graph.as_uri().startswith(of_export.source)


@pytest.mark.slow
def test_that_the_command_line_registers_and_lists(
    lensmith: CommandLine, home: Home, run: MeasuredRun
) -> None:
    wish = ("register", run.run, "--name", "pets", "--alias", "candidate", "--notes", "try it")
    made = lensmith(*wish)
    listed = lensmith.run("versions").stdout

    assert (made["version"], made["aliases"], made["moved_from"]) == (1, ["candidate"], None)
    assert made["tags"]["run"] == run.run
    assert "try it" in listed
    assert "candidate" in listed


def test_that_without_tracking_it_is_said_what_to_switch_on(
    tmp_path: Path, lensmith_home: Path, run: MeasuredRun
) -> None:
    quiet_home(lensmith_home)
    with pytest.raises(UserError, match="Tracking with MLflow is off") as told:
        register_version(Home(lensmith_home), VersionWish(run.run, "pets"))

    assert (told.value.code, "Settings, Tracking" in told.value.hint) == ("tracking_off", True)
    assert not Home(lensmith_home).mlflow.exists()


@pytest.mark.parametrize("name", ["", "  ", "a/b", "a:b", 'a"b', "a\nb", "x" * 201])
def test_that_a_name_that_the_registry_refuses_is_refused_before(
    home: Home, run: MeasuredRun, name: str
) -> None:
    with pytest.raises(UserError, match="cannot be called") as told:
        register_version(home, VersionWish(run.run, name))

    assert told.value.code == "model_name_invalid"


@pytest.mark.parametrize("alias", ["a b", "latest", "V12", "-x", "ä", "x" * 101])
def test_that_an_alias_that_the_registry_refuses_is_refused_before(
    home: Home, run: MeasuredRun, alias: str
) -> None:
    with pytest.raises(UserError, match="cannot be an alias") as told:
        register_version(home, VersionWish(run.run, "pets", alias=alias))

    assert told.value.code == "model_alias_invalid"


def test_that_what_is_not_there_cannot_be_registered(home: Home, run: MeasuredRun) -> None:
    for wish, code in (
        (VersionWish("nobody", "pets"), "run_unknown"),
        (VersionWish(run.run, "pets", "epoch-0007"), "checkpoint_unknown"),
        (VersionWish(run.run, "pets", export="onnx"), "export_unknown"),
    ):
        with pytest.raises(UserError) as told:
            register_version(home, wish)
        assert told.value.code == code


@pytest.mark.slow
def test_that_a_dead_server_is_told_without_credentials(home: Home, run: MeasuredRun) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    uri = f"http://anna:top-secret@127.0.0.1:{port}"
    home.settings_path.write_text(json.dumps({"tracking": {"uri": uri}}), encoding="utf-8")
    with pytest.raises(UserError, match="registry did not do it") as told:
        register_version(home, VersionWish(run.run, "pets"))

    assert told.value.code == "registry_failed"
    assert "top-secret" not in str(told.value)
    assert "anna" not in str(told.value)
