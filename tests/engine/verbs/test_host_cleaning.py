"""`lensmith hosts clean` and `remove` take away what nobody needs, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.protocol.job import AttemptSpec, JobSpec, Placement, PluginRef
from engine.protocol.run_folder import RunFolder, write_record
from engine.store.database import Store
from tests.engine.verbs.hosts_typed import options, told
from tests.fixtures.ssh_host import SshHost

pytestmark = pytest.mark.usefixtures("no_keyring")


def test_that_cleaning_keeps_what_is_not_here_and_what_is_not_ours(
    ssh_host: SshHost, wheels: Path, lensmith_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    accepted = ["--accept-fingerprint", ssh_host.fingerprint()]
    told(capsys, "hosts", "add", "box", *options(ssh_host, wheels), *accepted)
    for run in ("here", "half", "theirs"):
        folder = ssh_host.root / "runs" / run / "checkpoints" / "last"
        folder.mkdir(parents=True)
        (folder / "model.pt").write_bytes(b"x" * 1000)
    for run, size in (("here", 1000), ("half", 10)):
        folder = lensmith_home / "runs" / run / "checkpoints" / "last"
        folder.mkdir(parents=True)
        (folder / "model.pt").write_bytes(b"x" * size)

    assert told(capsys, "hosts", "clean", "box", code=2)["error"]["code"] == "clean_nothing"
    cleaned = told(capsys, "hosts", "clean", "box", "--runs", "--data")

    assert sorted(path.name for path in (ssh_host.root / "runs").iterdir()) == ["half", "theirs"]
    assert cleaned["removed_bytes"] >= 1000
    assert len(cleaned["kept"]) == 2
    assert "lensmith runs fetch half" in " ".join(cleaned["kept"])


def test_that_a_host_with_unfinished_runs_is_not_removed(
    ssh_host: SshHost, wheels: Path, lensmith_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    accepted = ["--accept-fingerprint", ssh_host.fingerprint()]
    told(capsys, "hosts", "add", "box", *options(ssh_host, wheels), *accepted)
    plugin = PluginRef(id="p", model="M", source_hash="0" * 64)
    job = JobSpec(
        run="20260101-000000-aaaa",
        kind="train",
        created="2026-01-01T00:00:00",
        task="classification",
        plugin=plugin,
    )
    with Store.open(lensmith_home / "store.db") as store:
        store.add_run(job)
    attempt = RunFolder(lensmith_home / "runs" / job.run).attempt(1)
    write_record(attempt.spec_path, AttemptSpec(attempt=1, placement=Placement(executor="ssh:box")))

    error = told(capsys, "hosts", "remove", "box", code=2)["error"]

    assert error["code"] == "host_in_use"
    assert job.run in error["message"]
