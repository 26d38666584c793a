"""The run folder: its paths, its records, and writes that a reader never sees half done."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import pytest

from engine.errors import UserError
from engine.protocol.job import AttemptSpec, JobSpec, PluginRef
from engine.protocol.run_folder import RunFolder, read_record, write_atomic, write_json, write_record


def job(**config: object) -> JobSpec:
    plugin = PluginRef(id="p", model="P", source_hash="00")
    return JobSpec(run="r1", created="2026-01-01T00:00:00+00:00", plugin=plugin, config=config)


def folder_with(tmp_path: Path, *overrides: dict[str, object]) -> RunFolder:
    folder = RunFolder(tmp_path / "r1")
    write_record(folder.job_path, job(epochs=10, batch_size=32))
    for number, values in enumerate(overrides, start=1):
        write_record(folder.attempt(number).spec_path, AttemptSpec(attempt=number, overrides=values))
    return folder


def test_that_a_write_leaves_the_new_content_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "record.json"
    write_atomic(path, b"old")
    write_atomic(path, b"new")

    assert path.read_bytes() == b"new"
    assert [entry.name for entry in path.parent.iterdir()] == ["record.json"]


@pytest.mark.parametrize("broken", ["fsync", "replace"])
def test_that_a_write_that_fails_leaves_the_old_content_and_no_draft(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    path = tmp_path / "record.json"
    write_atomic(path, b"old")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    if broken == "fsync":
        monkeypatch.setattr(os, "fsync", fail)
    else:
        monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="No space"):
        write_atomic(path, b"new")

    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["record.json"]


def test_that_a_reader_sees_only_whole_contents_while_threads_write(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    contents = [bytes([65 + index]) * 20_000 for index in range(3)]
    write_atomic(path, contents[0])
    failures: list[BaseException] = []

    def write_often(content: bytes) -> None:
        try:
            for _ in range(20):
                write_atomic(path, content)
        except OSError as error:
            failures.append(error)

    writers = [threading.Thread(target=write_often, args=(content,)) for content in contents]
    for writer in writers:
        writer.start()
    seen = set()
    while any(writer.is_alive() for writer in writers):
        seen.add(path.read_bytes())
    for writer in writers:
        writer.join()

    assert failures == []
    assert seen <= set(contents)


def test_that_json_is_written_as_plain_text(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"größe": [1, None]})

    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == {"größe": [1, None]}
    assert "größe" in (tmp_path / "a.json").read_text(encoding="utf-8")


def test_that_a_record_that_is_missing_or_damaged_is_named(tmp_path: Path) -> None:
    path = tmp_path / "job.json"
    for content in (None, b"", b'{"run": "r1"', b"\xff\xfe"):
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(UserError, match=r"job\.json cannot be read as JobSpec") as caught:
            read_record(path, JobSpec)
        assert caught.value.code == "run_folder_damaged"
        assert caught.value.hint


def test_that_attempts_are_listed_by_number_and_strangers_are_passed_over(tmp_path: Path) -> None:
    folder = folder_with(tmp_path)
    for name in ("0002", "0010", "0001", "notes", ".trash"):
        (folder.path / "attempts" / name).mkdir(parents=True)

    assert [attempt.number for attempt in folder.attempts()] == [1, 2, 10]
    assert folder.latest_attempt().number == 10
    assert folder.attempt(3).path.name == "0003"


def test_that_a_run_without_an_attempt_says_so(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no attempt"):
        RunFolder(tmp_path).latest_attempt()


def test_that_overrides_of_later_attempts_lie_over_those_of_earlier_ones(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, {}, {"batch_size": 16}, {"batch_size": 8, "epochs": 20})

    assert folder.effective_config() == {"epochs": 20, "batch_size": 8}
    assert folder.effective_config(up_to=2) == {"epochs": 10, "batch_size": 16}
    assert folder.effective_config(up_to=1) == {"epochs": 10, "batch_size": 32}


def test_that_what_an_attempt_has_not_written_yet_is_none(tmp_path: Path) -> None:
    attempt = folder_with(tmp_path, {}).attempt(1)

    assert attempt.exit_record() is None
    assert attempt.process() is None
