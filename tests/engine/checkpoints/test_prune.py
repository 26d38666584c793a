"""Only numbered checkpoints go, the oldest first."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.checkpoints.prune import epoch_name, manual_name, names_to_prune, prune
from engine.protocol.checkpoint import META_NAME, CheckpointMeta
from engine.protocol.run_folder import write_record

NAMES = [
    "best",
    "epoch-0002",
    "epoch-0010",
    "epoch-0009",
    "last",
    manual_name(5),
    "epoch-abc",
    "my epoch-0001",
]


@pytest.mark.parametrize(
    ("keep", "gone"),
    [
        (0, ["epoch-0002", "epoch-0009", "epoch-0010"]),
        (1, ["epoch-0002", "epoch-0009"]),
        (2, ["epoch-0002"]),
        (3, []),
        (9, []),
    ],
)
def test_that_all_but_the_newest_numbered_ones_go(keep: int, gone: list[str]) -> None:
    assert names_to_prune(NAMES, keep) == gone


def test_that_an_epoch_of_five_digits_is_newer_than_one_of_four() -> None:
    assert names_to_prune([epoch_name(10_000), epoch_name(9_999)], 1) == ["epoch-9999"]


def test_that_pruning_deletes_what_it_names(tmp_path: Path) -> None:
    for step, name in enumerate(("last", "best", "epoch-0001", "epoch-0002", "epoch-0003")):
        meta = CheckpointMeta(
            kind="auto", run="r", attempt=1, epoch=1, step=step, plugin="p", plugin_hash="", config_hash=""
        )
        write_record(tmp_path / name / META_NAME, meta)

    assert prune(tmp_path, 1) == ["epoch-0001", "epoch-0002"]
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["best", "epoch-0003", "last"]
