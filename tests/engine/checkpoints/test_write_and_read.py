"""A checkpoint gives back what was put in, replaces the older one whole, or is not there at all."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from pathlib import Path

import pytest
import torch
from torch import Tensor

from engine.checkpoints import write
from engine.checkpoints.read import read_checkpoint, read_weights
from engine.checkpoints.write import copy_checkpoint, write_checkpoint
from engine.errors import UserError
from engine.protocol.checkpoint import META_NAME, STATE_NAME, WEIGHTS_NAME, CheckpointMeta, read_meta

META = CheckpointMeta(
    kind="last", run="r1", attempt=1, epoch=2, step=7, plugin="p", plugin_hash="00", config_hash="11"
)


def weights(value: float = 1.0) -> dict[str, Tensor]:
    return {"layer.weight": torch.full((3, 2), value), "layer.count": torch.tensor(5)}


STATE: dict[str, object] = {
    "optimizer": {"state": {0: {"step": torch.tensor(3.0)}}, "groups": [{"lr": 0.1, "betas": (0.9, 0.99)}]},
    "epoch": 2,
    "note": "größe",
    "nothing": None,
    "rng": torch.arange(5, dtype=torch.uint8),
}


def names_in(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_that_everything_comes_back_as_it_was(tmp_path: Path) -> None:
    written = write_checkpoint(tmp_path / "last", weights(), STATE, META)
    found = read_checkpoint(tmp_path / "last")

    assert set(found.weights) == set(weights())
    assert all(torch.equal(found.weights[name], value) for name, value in weights().items())
    assert found.weights["layer.count"].dtype == torch.int64
    assert found.state["note"] == "größe"
    assert found.state["nothing"] is None
    assert found.state["optimizer"] == STATE["optimizer"]
    assert torch.equal(found.state["rng"], torch.arange(5, dtype=torch.uint8))  # type: ignore[arg-type]  # a tensor was put in
    assert found.meta == written == read_meta(tmp_path / "last")


def test_that_the_record_holds_hashes_and_size_of_the_files(tmp_path: Path) -> None:
    meta = write_checkpoint(tmp_path / "last", weights(), STATE, META)

    sizes = [(tmp_path / "last" / name).stat().st_size for name in (WEIGHTS_NAME, STATE_NAME)]
    assert set(meta.files) == {WEIGHTS_NAME, STATE_NAME}
    assert meta.size_bytes == sum(sizes)
    assert meta.created
    assert (meta.run, meta.epoch, meta.step) == ("r1", 2, 7)


def test_that_a_newer_one_takes_the_place_of_the_older_and_leaves_nothing_beside(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "last", weights(1.0), STATE, META)
    write_checkpoint(tmp_path / "last", weights(2.0), STATE, META.model_copy(update={"step": 8}))

    found = read_checkpoint(tmp_path / "last")
    assert found.meta.step == 8
    assert found.weights["layer.weight"][0, 0] == 2.0
    assert names_in(tmp_path) == ["last"]


def test_that_tied_and_sliced_weights_can_be_stored(tmp_path: Path) -> None:
    table = torch.arange(12.0).reshape(3, 4)
    tied = {"input": table, "output": table, "turned": table.t(), "row": table[1]}

    write_checkpoint(tmp_path / "last", tied, {}, META)
    found = read_checkpoint(tmp_path / "last").weights

    assert all(torch.equal(found[name], value) for name, value in tied.items())


@pytest.mark.parametrize("name", [WEIGHTS_NAME, STATE_NAME])
def test_that_a_changed_byte_is_told(tmp_path: Path, name: str) -> None:
    write_checkpoint(tmp_path / "last", weights(), STATE, META)
    content = bytearray((tmp_path / "last" / name).read_bytes())
    content[-1] ^= 1
    (tmp_path / "last" / name).write_bytes(content)

    with pytest.raises(UserError, match=f"{name} is not what was written") as caught:
        read_checkpoint(tmp_path / "last")
    assert caught.value.code == "checkpoint_damaged"


@pytest.mark.parametrize("name", [WEIGHTS_NAME, STATE_NAME])
def test_that_a_missing_file_is_told(tmp_path: Path, name: str) -> None:
    write_checkpoint(tmp_path / "last", weights(), STATE, META)
    (tmp_path / "last" / name).unlink()

    with pytest.raises(UserError, match=f"{name} cannot be read"):
        read_checkpoint(tmp_path / "last")


def test_that_a_copy_has_its_own_record_and_shares_the_files(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "last", weights(), STATE, META)
    copy_checkpoint(tmp_path / "last", tmp_path / "best", META.model_copy(update={"kind": "best"}))

    best = read_checkpoint(tmp_path / "best")
    assert best.meta.kind == "best"
    assert read_meta(tmp_path / "last").kind == "last"
    for name in (WEIGHTS_NAME, STATE_NAME):
        assert (tmp_path / "last" / name).samefile(tmp_path / "best" / name)


def test_that_shared_files_are_not_read_for_their_hashes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = write_checkpoint(tmp_path / "last", weights(), STATE, META)
    monkeypatch.delattr(hashlib, "file_digest")

    copied = copy_checkpoint(tmp_path / "last", tmp_path / "best", META)

    assert copied.files == written.files
    assert copied.size_bytes == written.size_bytes


def test_that_a_copy_stays_when_the_original_is_written_anew(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "last", weights(1.0), STATE, META)
    copy_checkpoint(tmp_path / "last", tmp_path / "best", META)
    write_checkpoint(tmp_path / "last", weights(2.0), STATE, META)

    assert read_checkpoint(tmp_path / "best").weights["layer.weight"][0, 0] == 1.0


def test_that_a_copy_is_made_where_files_cannot_be_shared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(source: object, target: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    write_checkpoint(tmp_path / "last", weights(), STATE, META)
    monkeypatch.setattr(os, "link", refuse)
    copy_checkpoint(tmp_path / "last", tmp_path / "best", META)

    assert read_checkpoint(tmp_path / "best").weights["layer.weight"][0, 0] == 1.0
    assert not (tmp_path / "last" / WEIGHTS_NAME).samefile(tmp_path / "best" / WEIGHTS_NAME)


def test_that_too_little_room_is_told_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_checkpoint(tmp_path / "last", weights(1.0), STATE, META)
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1000))

    with pytest.raises(UserError, match="disk is full") as caught:
        write_checkpoint(tmp_path / "last", weights(2.0), STATE, META)

    assert caught.value.code == "disk_full"
    assert names_in(tmp_path) == ["last"]
    assert read_checkpoint(tmp_path / "last").weights["layer.weight"][0, 0] == 1.0


@pytest.mark.parametrize("where", ["weights", "state", "sync", "second rename"])
def test_that_a_write_that_fails_leaves_the_older_one_in_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    write_checkpoint(tmp_path / "last", weights(1.0), STATE, META)
    replace, renames = Path.replace, iter(range(100))

    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    def fail_second(self: Path, target: Path) -> Path:
        if next(renames) == 1:
            fail()
        return replace(self, target)

    if where == "weights":
        monkeypatch.setattr(write, "save_file", fail)
    elif where == "state":
        monkeypatch.setattr(torch, "save", fail)
    elif where == "sync":
        monkeypatch.setattr(os, "fsync", fail)
    else:
        monkeypatch.setattr(Path, "replace", fail_second)
    with pytest.raises(UserError) as caught:
        write_checkpoint(tmp_path / "last", weights(2.0), STATE, META)
    monkeypatch.undo()

    assert caught.value.code == "disk_full"
    assert names_in(tmp_path) == ["last"]
    assert read_checkpoint(tmp_path / "last").weights["layer.weight"][0, 0] == 1.0


def test_that_words_of_a_full_disk_without_a_number_are_understood(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError(
            "[enforce fail at inline_container.cc:664] . PytorchStreamWriter failed writing file"
        )

    monkeypatch.setattr(torch, "save", fail)

    with pytest.raises(UserError, match="disk is full"):
        write_checkpoint(tmp_path / "last", weights(), STATE, META)
    assert names_in(tmp_path) == []


def test_that_weights_are_read_from_a_folder_and_from_files_of_elsewhere(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "last", weights(), STATE, META)
    torch.save(weights(), tmp_path / "plain.pt")
    torch.save({"state_dict": weights(), "epoch": 3}, tmp_path / "nested.pth")
    torch.save({"model": weights(), "args": {"lr": 0.1}}, tmp_path / "model.pt")

    for path in ("last", f"last/{WEIGHTS_NAME}", "plain.pt", "nested.pth", "model.pt"):
        assert torch.equal(read_weights(tmp_path / path)["layer.weight"], weights()["layer.weight"])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.pt", b""),
        ("text.pt", b"hello"),
        ("json.pth", json.dumps({"a": 1}).encode()),
        ("noise.pt", bytes(range(256)) * 8),
        ("zip.pt", b"PK\x03\x04" + bytes(100)),
        ("empty.safetensors", b""),
        ("noise.safetensors", bytes(range(256)) * 8),
    ],
)
def test_that_a_file_without_weights_is_told(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)

    with pytest.raises(UserError, match=name) as caught:
        read_weights(tmp_path / name)
    assert caught.value.code == "checkpoint_damaged"


class _Foreign:
    """What only code of elsewhere could rebuild."""


@pytest.mark.parametrize("value", [{"epoch": 3}, [1, 2], {"code": _Foreign()}])
def test_that_a_file_of_other_things_is_told_and_runs_no_code(tmp_path: Path, value: object) -> None:
    torch.save(value, tmp_path / "other.pt")

    with pytest.raises(UserError) as caught:
        read_weights(tmp_path / "other.pt")
    assert caught.value.code == "checkpoint_damaged"


def test_that_a_path_without_weights_is_told(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nothing.pt"):
        with pytest.raises(UserError) as caught:
            read_weights(path)
        assert caught.value.code == "checkpoint_missing"


def test_that_an_incomplete_checkpoint_is_missing_not_damaged(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "last", weights(), STATE, META)
    (tmp_path / "last" / META_NAME).unlink()

    with pytest.raises(UserError) as caught:
        read_checkpoint(tmp_path / "last")
    assert caught.value.code == "checkpoint_missing"
