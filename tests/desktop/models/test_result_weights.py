"""A result finds the checkpoint with the weights that it was measured with, and no other."""

from __future__ import annotations

from pathlib import Path

from desktop.models.result_weights import weights_of
from engine.protocol.checkpoint import WEIGHTS_NAME, CheckpointMeta
from engine.protocol.home import Home
from engine.protocol.results import ResultSummary
from engine.protocol.run_folder import RunFolder, write_record


def kept(home: Home, name: str, step: int, sha: str) -> Path:
    folder = RunFolder(home.runs / "run").checkpoints / name
    folder.mkdir(parents=True)
    (folder / WEIGHTS_NAME).write_bytes(b"")
    meta = CheckpointMeta(
        kind="last",
        plugin="p",
        plugin_hash="",
        config_hash="",
        run="run",
        attempt=1,
        epoch=step,
        step=step,
        task="classification",
        class_names=("a", "b"),
        files={WEIGHTS_NAME: sha},
    )
    write_record(folder / "meta.json", meta)
    return folder


def summary(step: int, sha: str = "") -> ResultSummary:
    return ResultSummary(
        task="classification", split="val", epoch=step, step=step, checkpoint=None, weights_sha256=sha
    )


def test_that_the_hash_or_else_the_step_tells_the_checkpoint(lensmith_home: Path) -> None:
    home = Home(lensmith_home).ensure()
    best, last = kept(home, "best", 10, "aa"), kept(home, "last", 20, "bb")

    assert weights_of(home, "run", summary(0, "aa")).checkpoint == best
    assert weights_of(home, "run", summary(20)).checkpoint == last


def test_that_weights_that_went_on_are_not_taken_for_those_measured(lensmith_home: Path) -> None:
    home = Home(lensmith_home).ensure()
    kept(home, "last", 20, "bb")

    found = weights_of(home, "run", summary(10, "aa"))

    assert found.checkpoint is None
    assert "epoch 10" in found.reason
    assert weights_of(home, "other", summary(10)).checkpoint is None
