"""A large JSON file is read piece by piece to the same values, and what is wrong with it is told with the line."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import pytest

from engine.datasets.formats import json_stream
from engine.datasets.formats.json_stream import JsonStream
from engine.errors import UserError

TOLD = {
    "info": {"a": [1, 2, {"b": '}]\\"'}]},
    "images": [{"id": 1, "name": "ü [{\n"}, {"id": 22222, "x": -1.5e3}],
    "empty": [],
    "number": 12345,
    "last": [[1, 2], "text", None, True],
}


def read_all(path: Path, chunk: int) -> dict[str, object]:
    found: dict[str, object] = {}
    with JsonStream(path, chunk) as stream:
        for key in stream.members():
            found[key] = [value for _, value in stream.elements()] if stream.is_array() else stream.value()
    return found


@pytest.mark.parametrize("chunk", [1, 2, 3, 7, 64, 1 << 20])
@pytest.mark.parametrize("indent", [None, 2])
def test_that_pieces_of_any_size_give_the_same_values(chunk: int, indent: int | None, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(TOLD, indent=indent, ensure_ascii=False), encoding="utf-8")

    assert read_all(tmp_path / "a.json", chunk) == TOLD


@pytest.mark.parametrize("chunk", [1, 5, 1 << 20])
def test_that_each_element_has_its_line(chunk: int, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{\n"a": [\n{"x":\n1},\n\n2,\n3]}')

    with JsonStream(tmp_path / "a.json", chunk) as stream:
        for _ in stream.members():
            assert list(stream.elements()) == [(3, {"x": 1}), (6, 2), (7, 3)]


def test_that_skipped_members_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(TOLD))

    with JsonStream(tmp_path / "a.json", 3) as stream:
        keys = []
        for key in stream.members():
            keys.append(key)
            stream.skip()
    assert keys == list(TOLD)


def test_that_a_mark_at_the_beginning_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('\ufeff{"a": [1]}', encoding="utf-8")

    assert read_all(tmp_path / "a.json", 2) == {"a": [1]}


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("", 1, "cut off"),
        ("[1]", 1, "'{' is missing"),
        ('{"a": [1,\n2\n3]}', 3, "is missing"),
        ('{"a": [{"x":\n tru}]}', 2, "Expecting value"),
        ('{"a": [{"x": 1}', 1, "cut off"),
        ('{"a" 1}', 1, "':' is missing"),
        ("{1: 2}", 1, "name in quotes"),
        ('{"a": ' + "[" * 100_000, 1, "too deep"),
        ('{"a": [{"x": "' + "y" * 50, 1, "Unterminated string"),
    ],
)
@pytest.mark.parametrize("chunk", [2, 1 << 20])
def test_that_damage_is_told_with_its_line(
    text: str, line: int, why: str, chunk: int, tmp_path: Path
) -> None:
    (tmp_path / "a.json").write_text(text)

    with pytest.raises(UserError, match=rf"a\.json, line {line}: .*{why}") as refusal:
        read_all(tmp_path / "a.json", chunk if len(text) < 1000 else 1 << 20)
    assert refusal.value.code == "annotations_invalid"


def test_that_other_encodings_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes('{"a": ["ü"]}'.encode("latin-1"))

    with pytest.raises(UserError, match="not UTF-8"):
        read_all(tmp_path / "a.json", 4)


def test_that_one_value_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_stream, "MOST_OF_ONE", 1000)
    (tmp_path / "a.json").write_text('{"a": ["' + "x" * 5000 + '"]}')

    with pytest.raises(UserError, match="larger than any annotation"):
        read_all(tmp_path / "a.json", 100)


def test_that_a_file_takes_no_more_memory_than_a_few_pieces(tmp_path: Path) -> None:
    entry = '{"id": 1, "bbox": [1, 2, 3, 4]},\n'
    (tmp_path / "a.json").write_text('{"annotations": [' + entry * 100_000 + "0]}")

    tracemalloc.start()
    with JsonStream(tmp_path / "a.json", 1 << 16) as stream:
        for _ in stream.members():
            assert sum(1 for _ in stream.elements()) == 100_001
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 20
