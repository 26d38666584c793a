"""Checkpoints removed by hand: hidden, brought back, purged, and told in events so that a rebuilt store agrees."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import UserError
from engine.protocol.checkpoint import CheckpointMeta
from engine.protocol.home import Home
from engine.protocol.job import AttemptSpec, JobSpec, PluginRef
from engine.protocol.run_folder import RunFolder, write_record
from engine.runner.checkpoint_removal import (
    prune_checkpoints,
    purge_checkpoints,
    remove_checkpoint,
    restore_checkpoint,
)
from engine.store.database import Store
from engine.store.rebuild import take_run

NAMES = ("best", "epoch-0001", "epoch-0002", "last")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path).ensure()
    folder = RunFolder(home.runs / "r")
    job = JobSpec(
        run="r", created="2026-01-01T00:00:00", plugin=PluginRef(id="p", model="m", source_hash="0")
    )
    write_record(folder.job_path, job)
    write_record(folder.attempt(1).spec_path, AttemptSpec(attempt=1))
    for step, name in enumerate(NAMES):
        meta = CheckpointMeta(
            kind="auto", run="r", attempt=1, epoch=1, step=step, plugin="p", plugin_hash="0", config_hash="0"
        )
        write_record(folder.checkpoints / name / "meta.json", meta)
        (folder.checkpoints / name / "weights.safetensors").write_bytes(b"w")
    with Store.open(home.store_path) as store:
        store.add_run(job)
    return home


def names(home: Home) -> set[str]:
    return {entry.name for entry in (home.runs / "r" / "checkpoints").iterdir()}


def test_that_a_removed_checkpoint_can_be_brought_back_whole(home: Home) -> None:
    remove_checkpoint("r", "epoch-0001", home)
    assert "epoch-0001" not in names(home)
    restore_checkpoint("r", "epoch-0001", home)
    assert (home.runs / "r" / "checkpoints" / "epoch-0001" / "weights.safetensors").read_bytes() == b"w"
    with Store.open(home.store_path) as store:
        assert [row.name for row in store.checkpoints("r")] == ["epoch-0001"]


def test_that_pruning_leaves_the_best_and_the_last(home: Home) -> None:
    assert prune_checkpoints("r", home) == ["epoch-0001", "epoch-0002"]
    purge_checkpoints("r", home)
    assert names(home) == {"best", "last"}


def test_that_what_was_purged_cannot_be_brought_back_and_says_so(home: Home) -> None:
    remove_checkpoint("r", "epoch-0001", home)
    purge_checkpoints("r", home)
    with pytest.raises(UserError, match="cannot be brought back"):
        restore_checkpoint("r", "epoch-0001", home)


def test_that_a_waiting_run_keeps_what_it_goes_on_from(home: Home) -> None:
    with pytest.raises(UserError) as refused:
        remove_checkpoint("r", "last", home)
    assert refused.value.code == "checkpoint_in_use"
    assert "last" in names(home)


def test_that_a_store_made_anew_knows_of_the_removal(home: Home) -> None:
    remove_checkpoint("r", "epoch-0002", home)
    with Store.open(home.store_path) as store:
        known = {row.name for row in store.checkpoints("r")}
    home.store_path.unlink()
    with Store.open(home.store_path) as store:
        take_run(store, RunFolder(home.runs / "r"))
        assert {row.name for row in store.checkpoints("r")} == known
