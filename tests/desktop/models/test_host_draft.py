from __future__ import annotations

import pytest

from desktop.models.host_draft import (
    BRING_HOME,
    CLEAN,
    HostDraft,
    advanced_changes,
    draft_of,
    draft_problems,
    record_of_draft,
    taken_apart,
)
from engine.protocol.hosts import DEFAULT_FOLDER, HostRecord
from tests.desktop.host_stand_in import box

GOOD = HostDraft(name="box", host="box.local")


@pytest.mark.parametrize(
    ("typed", "parts"),
    [
        ("box.local", ("box.local", "", "22")),
        ("ada@box:2222", ("box", "ada", "2222")),
        (" ssh://ada@10.0.0.5:99/ ", ("10.0.0.5", "ada", "99")),
        ("[fe80::1]:2222", ("fe80::1", "", "2222")),
        ("fe80::1", ("fe80::1", "", "22")),
        ("two words", ("two words", "", "22")),
        ("", ("", "", "22")),
    ],
)
def test_that_user_and_port_typed_into_the_address_go_where_they_belong(
    typed: str, parts: tuple[str, str, str]
) -> None:
    draft = taken_apart(HostDraft(host=typed))

    assert (draft.host, draft.user, draft.port) == parts


def test_that_an_address_without_a_user_leaves_the_one_that_was_given() -> None:
    assert taken_apart(HostDraft(host="box", user="ada", port="2222")) == HostDraft(
        host="box", user="ada", port="2222"
    )


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"name": " "}, "name", "Give it a name."),
        ({"name": "two words"}, "name", "letters, digits"),
        ({"name": "attic"}, "name", "named attic already"),
        ({"host": ""}, "host", "Give its address"),
        ({"host": "a b"}, "host", "no spaces"),
        ({"port": "0"}, "port", "1 to 65535"),
        ({"port": "ssh"}, "port", "1 to 65535"),
        ({"port": "²"}, "port", "1 to 65535"),
        ({"key_file": "~/.ssh/id.pub "}, "key_file", "without .pub"),
        ({"environment": "venv"}, "environment", "whole path"),
    ],
)
def test_that_what_is_wrong_is_told_by_field(changes: dict[str, str], field: str, words: str) -> None:
    draft = HostDraft(**{"name": "box", "host": "box.local", **changes})

    problems = draft_problems(draft, taken=["attic"])

    assert list(problems) == [field]
    assert words in problems[field]


def test_that_a_good_draft_becomes_its_record_and_a_record_its_draft() -> None:
    assert draft_problems(GOOD) == {}
    assert record_of_draft(GOOD) == HostRecord(name="box", host="box.local")
    full = box(port=2222, folder="/data/lens smith", python="/usr/bin/python3.11", clean="keep")
    assert record_of_draft(draft_of(full)) == full
    assert draft_of(box()).folder == ""
    assert record_of_draft(draft_of(box())).folder == DEFAULT_FOLDER


def test_that_changed_advanced_fields_are_counted() -> None:
    assert advanced_changes(GOOD) == 0
    assert advanced_changes(draft_of(box(clean="keep", torch_build="cpu", user="bob"))) == 2


def test_that_every_policy_has_words() -> None:
    for field, choices in (("bring_home", BRING_HOME), ("clean", CLEAN)):
        schema = HostRecord.model_json_schema()["properties"][field]
        assert [key for key, _words in choices] == schema["enum"]
