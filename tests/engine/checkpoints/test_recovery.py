"""Whatever moment a kill chooses, a whole checkpoint is found afterwards: leftovers here are what a kill leaves."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from engine.checkpoints.read import read_checkpoint
from engine.checkpoints.recovery import publish, recover_interrupted, remove_checkpoint
from engine.checkpoints.write import write_checkpoint
from engine.protocol.checkpoint import META_NAME, CheckpointMeta, list_checkpoints

META = CheckpointMeta(
    kind="last", run="r1", attempt=1, epoch=1, step=0, plugin="p", plugin_hash="00", config_hash="11"
)


def put(folder: Path, step: int) -> Path:
    write_checkpoint(folder, {"w": torch.tensor([float(step)])}, {}, META.model_copy(update={"step": step}))
    return folder


def state_of(folder: Path) -> tuple[list[str], dict[str, int]]:
    """Every name in the folder, and the step of every checkpoint."""
    names = sorted(entry.name for entry in folder.iterdir())
    return names, {name: meta.step for name, meta in list_checkpoints(folder)}


def test_that_a_kill_between_the_two_renames_is_finished_with_the_newer_one(tmp_path: Path) -> None:
    put(tmp_path / ".old-last", 1)
    put(tmp_path / ".draft-last", 2)

    assert recover_interrupted(tmp_path) == ["last"]
    assert state_of(tmp_path) == (["last"], {"last": 2})


def test_that_a_kill_after_the_second_rename_leaves_the_newer_one(tmp_path: Path) -> None:
    put(tmp_path / ".old-last", 1)
    put(tmp_path / "last", 2)

    assert recover_interrupted(tmp_path) == []
    assert state_of(tmp_path) == (["last"], {"last": 2})


def test_that_an_unfinished_draft_is_dropped_and_the_older_one_comes_back(tmp_path: Path) -> None:
    put(tmp_path / ".old-last", 1)
    put(tmp_path / ".draft-last", 2)
    (tmp_path / ".draft-last" / META_NAME).unlink()

    assert recover_interrupted(tmp_path) == ["last"]
    assert state_of(tmp_path) == (["last"], {"last": 1})


def test_that_a_finished_draft_beside_the_older_one_is_dropped(tmp_path: Path) -> None:
    put(tmp_path / "last", 1)
    put(tmp_path / ".draft-last", 2)

    assert recover_interrupted(tmp_path) == []
    assert state_of(tmp_path) == (["last"], {"last": 1})


def test_that_a_kill_before_the_first_checkpoint_was_named_is_finished(tmp_path: Path) -> None:
    put(tmp_path / ".draft-best", 3)

    assert recover_interrupted(tmp_path) == ["best"]
    assert state_of(tmp_path) == (["best"], {"best": 3})


def test_that_mending_twice_changes_nothing(tmp_path: Path) -> None:
    put(tmp_path / ".old-last", 1)
    recover_interrupted(tmp_path)
    before = state_of(tmp_path)

    assert recover_interrupted(tmp_path) == []
    assert state_of(tmp_path) == before


def test_that_reading_mends_what_a_kill_left(tmp_path: Path) -> None:
    put(tmp_path / ".old-last", 1)

    assert read_checkpoint(tmp_path / "last").meta.step == 1


def test_that_a_removed_checkpoint_is_gone_with_its_files(tmp_path: Path) -> None:
    put(tmp_path / "epoch-0001", 1)
    remove_checkpoint(tmp_path / "epoch-0001")
    remove_checkpoint(tmp_path / "epoch-0001")

    assert state_of(tmp_path) == ([], {})


@pytest.mark.parametrize("kill_after", [1, 2])
def test_that_a_removal_cut_off_by_a_kill_does_not_bring_the_checkpoint_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kill_after: int
) -> None:
    put(tmp_path / "epoch-0001", 1)
    put(tmp_path / "last", 2)
    replace, renames = Path.replace, iter(range(1, 100))

    def killed(self: Path, target: Path) -> Path:
        moved = replace(self, target)
        if next(renames) == kill_after:
            raise KeyboardInterrupt
        return moved

    monkeypatch.setattr(Path, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        remove_checkpoint(tmp_path / "epoch-0001")
    monkeypatch.undo()

    assert state_of(tmp_path)[1] == {"last": 2}
    assert recover_interrupted(tmp_path) == []
    assert state_of(tmp_path) == (["last"], {"last": 2})


@pytest.mark.parametrize("kill_before", [1, 2])
def test_that_a_publication_cut_off_by_a_kill_loses_neither_the_old_nor_the_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kill_before: int
) -> None:
    put(tmp_path / "last", 1)
    put(tmp_path / ".draft-last", 2)
    replace, renames = Path.replace, iter(range(1, 100))

    def killed(self: Path, target: Path) -> Path:
        if next(renames) == kill_before:
            raise KeyboardInterrupt
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        publish(tmp_path / ".draft-last", tmp_path / "last")
    monkeypatch.undo()
    recover_interrupted(tmp_path)

    assert state_of(tmp_path) == (["last"], {"last": kill_before})
