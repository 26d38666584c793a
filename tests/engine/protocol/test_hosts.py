from __future__ import annotations

import stat
from pathlib import Path

import pytest

from engine.errors import UserError
from engine.protocol.home import Home
from engine.protocol.hosts import HostBook, HostCheck, HostFacts, HostRecord, place_name


@pytest.fixture
def book(tmp_path: Path) -> HostBook:
    return HostBook(Home(tmp_path).ensure())


def test_that_hosts_are_kept_by_name_and_only_the_user_may_read_them(book: HostBook) -> None:
    book.put(HostRecord(name="tower", host="10.0.0.7", user="ada"))
    book.put(HostRecord(name="box", host="box.local"))
    book.put(HostRecord(name="box", host="box.local", port=2222))

    assert [(host.name, host.port) for host in book.list()] == [("box", 2222), ("tower", 22)]
    assert stat.S_IMODE(book.path.stat().st_mode) == 0o600


def test_that_an_unknown_host_is_answered_with_those_there_are(book: HostBook) -> None:
    book.put(HostRecord(name="box", host="h"))
    with pytest.raises(UserError, match="There are: box"):
        book.get("bax")


@pytest.mark.parametrize("name", ["", "-x", "a b", "../up", "x/y", "ssh:box", "n" * 41, "box\n"])
def test_that_a_name_that_could_mean_something_else_is_refused(book: HostBook, name: str) -> None:
    with pytest.raises(UserError) as told:
        book.put(HostRecord(name=name, host="h"))
    assert told.value.code == "host_name_invalid"


def test_that_what_was_found_goes_with_the_host(book: HostBook) -> None:
    book.put(HostRecord(name="box", host="h"))
    facts = HostFacts(cpus=8, checks=(HostCheck(name="disk", state="ok", message="fine"),))
    book.keep_facts("box", facts)
    assert book.facts("box") == facts

    book.remove("box")

    assert book.facts("box") is None
    assert book.list() == []


def test_that_damaged_lists_are_named_and_damaged_facts_forgotten(book: HostBook) -> None:
    book.put(HostRecord(name="box", host="h"))
    book.folder.mkdir()
    (book.folder / "box.facts.json").write_text("{", encoding="utf-8")
    assert book.facts("box") is None

    book.path.write_text("[]", encoding="utf-8")
    with pytest.raises(UserError, match=r"hosts\.json"):
        book.list()


def test_that_a_place_is_told_apart_from_this_machine() -> None:
    assert place_name("ssh:box") == "box"
    assert place_name("local") == ""
