"""What a run's checkpoints say about themselves, without torch."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import pytest

from engine.errors import UserError
from engine.protocol.checkpoint import META_NAME, CheckpointMeta, list_checkpoints, read_meta
from engine.protocol.run_folder import write_record


def meta(step: int, **changes: object) -> CheckpointMeta:
    values: dict[str, object] = {
        "kind": "auto",
        "run": "r1",
        "attempt": 1,
        "epoch": 1,
        "step": step,
        "plugin": "p",
        "plugin_hash": "00",
        "config_hash": "11",
        **changes,
    }
    return CheckpointMeta.model_validate(values)


def put(folder: Path, name: str, step: int) -> None:
    write_record(folder / name / META_NAME, meta(step))


def test_that_checkpoints_are_listed_by_step_then_name(tmp_path: Path) -> None:
    for name, step in (("last", 20), ("best", 20), ("epoch-0001", 10), ("manual-00000015", 15)):
        put(tmp_path, name, step)

    assert [name for name, _ in list_checkpoints(tmp_path)] == [
        "epoch-0001",
        "manual-00000015",
        "best",
        "last",
    ]


def test_that_drafts_and_incomplete_folders_are_no_checkpoints(tmp_path: Path) -> None:
    put(tmp_path, ".draft-last", 5)
    put(tmp_path, ".old-last", 4)
    (tmp_path / "best").mkdir()
    (tmp_path / "notes.txt").write_text("a file")

    assert list_checkpoints(tmp_path) == []


def test_that_a_damaged_checkpoint_does_not_hide_the_others(tmp_path: Path) -> None:
    put(tmp_path, "last", 20)
    put(tmp_path, "epoch-0001", 10)
    (tmp_path / "epoch-0001" / META_NAME).write_text('{"kind": "auto"')

    assert [name for name, _ in list_checkpoints(tmp_path)] == ["last"]


def test_that_a_run_without_checkpoints_has_none(tmp_path: Path) -> None:
    assert list_checkpoints(tmp_path / "checkpoints") == []


def test_that_a_checkpoint_that_is_gone_is_told_apart_from_a_damaged_one(tmp_path: Path) -> None:
    put(tmp_path, "last", 1)
    (tmp_path / "last" / META_NAME).write_bytes(b"\x00\x01")
    with pytest.raises(UserError) as damaged:
        read_meta(tmp_path / "last")
    shutil.rmtree(tmp_path / "last")
    with pytest.raises(UserError) as gone:
        read_meta(tmp_path / "last")

    assert (damaged.value.code, gone.value.code) == ("checkpoint_damaged", "checkpoint_missing")


def test_that_a_checkpoint_with_a_measure_that_is_no_number_can_be_read(tmp_path: Path) -> None:
    write_record(tmp_path / META_NAME, meta(1, metrics={"val/loss": math.nan}))

    assert math.isnan(read_meta(tmp_path).metrics["val/loss"])
