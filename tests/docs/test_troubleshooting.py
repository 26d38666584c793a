"""The troubleshooting page has an entry for every failure there is, and for none that there is not."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import get_args

import pytest

from engine.protocol.job import FailureCause
from tests.docs.failure_codes import codes_in

ROW = re.compile(r"^\| `(?P<code>[a-z0-9_]+)` \| (?P<sentence>.*) \| (?P<remedy>.*) \|$", re.MULTILINE)
CAUSES_HEADING = "## Why a run failed\n"


@pytest.fixture(scope="module")
def page() -> str:
    path = Path(__file__).resolve().parents[2] / "docs" / "troubleshooting.md"
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def code_rows(page: str) -> list[re.Match[str]]:
    before, after = page.split(CAUSES_HEADING)
    return list(ROW.finditer(before + after[after.index("\n## ") :]))


@pytest.fixture(scope="module")
def cause_rows(page: str) -> list[re.Match[str]]:
    after = page.split(CAUSES_HEADING)[1]
    return list(ROW.finditer(after[: after.index("\n## ")]))


@pytest.fixture(scope="module")
def places() -> dict[str, set[str]]:
    repository = Path(__file__).resolve().parents[2]
    return codes_in([repository / "engine", repository / "desktop"])


def test_that_every_failure_code_has_an_entry(
    code_rows: list[re.Match[str]], places: dict[str, set[str]]
) -> None:
    described = {row["code"] for row in code_rows}

    assert {code: sorted(where) for code, where in places.items() if code not in described} == {}


def test_that_no_entry_is_left_of_a_code_that_is_gone(
    code_rows: list[re.Match[str]], places: dict[str, set[str]]
) -> None:
    assert [row["code"] for row in code_rows if row["code"] not in places] == []


def test_that_every_cause_of_a_failed_run_has_an_entry(cause_rows: list[re.Match[str]]) -> None:
    assert sorted(row["code"] for row in cause_rows) == sorted(get_args(FailureCause))


def test_that_an_entry_is_a_sentence_and_what_to_do_and_stands_once(
    code_rows: list[re.Match[str]], cause_rows: list[re.Match[str]]
) -> None:
    counts = Counter(row["code"] for row in code_rows)

    assert [code for code, count in counts.items() if count > 1] == []
    for row in (*code_rows, *cause_rows):
        assert row["sentence"].endswith((".", "?")), row["code"]
        assert row["remedy"].endswith((".", "?")), row["code"]


def test_that_every_row_of_a_table_is_an_entry(page: str) -> None:
    rows = [line for line in page.splitlines() if line.startswith("| `")]

    assert [line for line in rows if not ROW.match(line)] == []


WAYS_TO_GIVE_A_CODE = """
class Broken(PluginError):
    def __init__(self):
        super().__init__("of_a_subclass", "x")

def fault(code, message):
    return UserError(code, message)

def group(words):
    code, message = words
    return Problem(code=code, message=message)

def summed(code):
    return Problem(code=code, message=WORDS[code])

WORDS = {"of_a_table": "x"}

def use(late):
    raise fault("of_a_function", "x")
    group(("of_a_tuple", "x"))
    Notice(code="early" if not late else "late", message="x")
    name = "of_a_variable"
    raise UserError(name, "x")
"""


def test_that_a_code_is_found_however_it_is_given(tmp_path: Path) -> None:
    (tmp_path / "faults.py").write_text(WAYS_TO_GIVE_A_CODE, encoding="utf-8")

    assert sorted(codes_in([tmp_path])) == [
        "early",
        "late",
        "of_a_function",
        "of_a_subclass",
        "of_a_table",
        "of_a_tuple",
        "of_a_variable",
    ]
