from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from desktop.bridge.background import Background
from desktop.bridge.host_desk import HostDesk
from desktop.bridge.host_documents import Cleaned, HostAnswers, HostStatus, KeptHost
from engine.errors import UserError
from engine.protocol.home import Home
from engine.protocol.hosts import EnvironmentFacts, HostBook, HostFacts, HostRecord
from tests.desktop.host_stand_in import (
    FINGERPRINT,
    StandIn,
    Turn,
    added,
    box,
    box_facts,
    cleaned,
    looked_at,
    progress_line,
    put_box,
    refusal,
    unlocked,
)

WAIT_MS = 30_000
SECRET = "correct horse battery"


@pytest.fixture
def home(lensmith_home: Path) -> Home:
    return Home(lensmith_home).ensure()


@pytest.fixture
def engine(home: Home, tmp_path: Path, qtbot: QtBot) -> StandIn:
    return StandIn(home, tmp_path / "stand-in")


@pytest.fixture
def desk(home: Home, engine: StandIn) -> Iterator[HostDesk]:
    background = Background()
    made = HostDesk(home, background)
    yield made
    made.close()
    background.wait()


class Answers:
    """What came of a call."""

    def __init__(self) -> None:
        self.values: list[object] = []
        self.errors: list[UserError] = []

    @property
    def came(self) -> int:
        return len(self.values) + len(self.errors)


@pytest.fixture
def got() -> Answers:
    return Answers()


def read(desk: HostDesk, qtbot: QtBot) -> None:
    """Let it read the list, and wait for it."""
    with qtbot.waitSignal(desk.changed, timeout=WAIT_MS):
        desk.refresh()


def test_that_hosts_added_by_the_command_line_are_noticed(home: Home, desk: HostDesk, qtbot: QtBot) -> None:
    desk.start()
    qtbot.waitUntil(lambda: desk.is_loaded, timeout=WAIT_MS)
    assert desk.hosts() == []

    with qtbot.waitSignal(desk.changed, timeout=WAIT_MS):
        book = put_box(home)
    assert [host.name for host in desk.hosts()] == ["box"]
    assert desk.facts("box") is None
    assert desk.state("box").kind == "unknown"

    with qtbot.waitSignal(desk.changed, timeout=WAIT_MS):
        book.keep_facts("box", box_facts())
    assert desk.facts("box") == box_facts()
    assert desk.state("box").kind == "ready"


def test_that_a_damaged_list_is_told_and_mends_itself(home: Home, desk: HostDesk, qtbot: QtBot) -> None:
    book = put_box(home)
    read(desk, qtbot)
    book.path.write_text("{", encoding="utf-8")
    read(desk, qtbot)
    assert desk.list_trouble is not None
    assert desk.list_trouble.code == "hosts_damaged"
    assert [host.name for host in desk.hosts()] == ["box"]

    book.path.unlink()
    read(desk, qtbot)
    assert desk.list_trouble is None
    assert desk.hosts() == []


def test_that_a_machine_is_added_with_the_options_that_differ_and_the_fingerprint(
    desk: HostDesk, engine: StandIn, qtbot: QtBot, got: Answers
) -> None:
    wanted = box(port=2222, wheels="/data/wheel house")
    unknown = refusal("host_key_unknown", fingerprint=FINGERPRINT, key_type="ssh-ed25519", host="box")
    engine.plays({"add": [unknown, added(wanted)]})

    desk.add(wanted, got.values.append, got.errors.append)
    qtbot.waitUntil(lambda: got.came == 1, timeout=WAIT_MS)
    assert got.errors[0].code == "host_key_unknown"
    assert got.errors[0].details["fingerprint"] == FINGERPRINT

    desk.add(wanted, got.values.append, got.errors.append, HostAnswers(fingerprint=FINGERPRINT))
    qtbot.waitUntil(lambda: got.came == 2, timeout=WAIT_MS)
    assert got.values == [KeptHost(wanted, "", box_facts())]
    first, second = engine.heard()
    assert first.arguments == [
        "--host", "box.local", "--port", "2222", "--user", "ada", "--wheels", "/data/wheel house", "--json",
    ]  # fmt: skip
    assert second.arguments == [*first.arguments[:-1], "--accept-fingerprint", FINGERPRINT, "--json"]


def test_that_an_edit_names_what_changed_even_where_it_is_emptied(
    home: Home, desk: HostDesk, engine: StandIn, qtbot: QtBot, got: Answers
) -> None:
    put_box(home)
    read(desk, qtbot)
    engine.plays({"edit": [added(box(user=""))]})

    desk.edit(box(user=""), got.values.append, got.errors.append)
    qtbot.waitUntil(lambda: got.came == 1, timeout=WAIT_MS)

    assert engine.heard()[0].arguments == ["--user", "", "--json"]


def test_that_a_passphrase_goes_to_standard_input_and_nowhere_else(
    home: Home, desk: HostDesk, engine: StandIn, qtbot: QtBot, got: Answers
) -> None:
    put_box(home)
    read(desk, qtbot)
    locked = refusal("host_passphrase_needed", key="~/.ssh/id")
    engine.plays({"unlock": [unlocked("memory")], "add": [locked]})

    desk.unlock("box", SECRET, got.values.append, got.errors.append)
    qtbot.waitUntil(lambda: got.came == 1, timeout=WAIT_MS)
    desk.add(box(name="other"), None, got.errors.append, HostAnswers(passphrase=SECRET))
    qtbot.waitUntil(lambda: got.came == 2, timeout=WAIT_MS)

    assert got.values == [KeptHost(box(), "memory")]
    for call in engine.heard():
        assert call.input == f"{SECRET}\n"
        assert call.arguments[-2:] == ["--passphrase-stdin", "--json"]
        assert not any(SECRET in argument for argument in call.argv)
    assert SECRET not in repr(HostAnswers(passphrase=SECRET))


def test_that_a_test_is_joined_by_who_asks_again_and_keeps_what_it_found(
    home: Home, desk: HostDesk, engine: StandIn, qtbot: QtBot, got: Answers
) -> None:
    put_box(home)
    read(desk, qtbot)
    engine.plays({"test": [Turn(looked_at(box_facts()).document, waits=True)]})
    desk.test("box", got.values.append, got.errors.append)
    desk.test("box", got.values.append, got.errors.append)
    assert desk.state("box").kind == "checking"
    desk.prepare("box", got.values.append, got.errors.append)
    assert [error.code for error in got.errors] == ["host_busy"]

    engine.let_go()
    qtbot.waitUntil(lambda: got.came == 3, timeout=WAIT_MS)

    assert got.values == [box_facts(), box_facts()]
    assert len(engine.heard()) == 1
    assert desk.work("box") is None


def test_that_a_failed_test_says_how_the_machine_stands_until_it_is_asked_anew(
    home: Home, desk: HostDesk, engine: StandIn, qtbot: QtBot, got: Answers
) -> None:
    book = put_box(home, box_facts())
    read(desk, qtbot)
    engine.plays({"test": [refusal("host_unreachable", "box.local does not answer.")]})

    desk.test("box", None, got.errors.append)
    qtbot.waitUntil(lambda: got.came == 1, timeout=WAIT_MS)
    assert desk.state("box").kind == "unreachable"
    assert desk.state("box").sentence == "box.local does not answer."

    # The command line asks it.
    book.keep_facts("box", box_facts(checked=2_000.0))
    desk.refresh()
    qtbot.waitUntil(lambda: desk.state("box").kind == "ready", timeout=WAIT_MS)


def test_that_a_preparation_tells_its_progress_and_keeps_a_log(
    home: Home, desk: HostDesk, engine: StandIn, qtbot: QtBot, got: Answers
) -> None:
    put_box(home, box_facts(environment=EnvironmentFacts()))
    read(desk, qtbot)
    ready = EnvironmentFacts(state="ready", torch="2.14.1")
    lines = [
        progress_line(1, 4, "Making the environment"),
        "Collecting torch",
        progress_line(2, 4, "Installing"),
        progress_line(3, 4, "Installing"),
    ]
    document = {"host": box().model_dump(), "environment": ready.model_dump()}
    engine.plays({"prepare": [Turn(document, errors=lines)]})
    told: list[tuple[str, int, int, str]] = []
    desk.progress.connect(lambda *values: told.append(values))

    desk.prepare("box", got.values.append, got.errors.append)
    qtbot.waitUntil(lambda: got.came == 1, timeout=WAIT_MS)

    assert got.values == [ready]
    assert told[-1] == ("box", 3, 4, "Installing")
    assert desk.log("box").lines == ("Making the environment", "Collecting torch", "Installing")


def test_that_a_preparation_that_is_cancelled_ends_when_the_engine_has_left_off(
    home: Home, desk: HostDesk, engine: StandIn, qtbot: QtBot, got: Answers
) -> None:
    put_box(home, box_facts(environment=EnvironmentFacts()))
    read(desk, qtbot)
    engine.plays({"prepare": [Turn(errors=[progress_line(1, 4, "Installing")], waits=True)]})
    desk.prepare("box", got.values.append, got.errors.append)
    qtbot.waitUntil(lambda: engine.is_waiting, timeout=WAIT_MS)

    desk.cancel("box")
    work = desk.work("box")
    assert work is not None
    assert work.is_ending
    assert desk.state("box").kind == "preparing"
    qtbot.waitUntil(lambda: desk.work("box") is None, timeout=WAIT_MS)

    assert got.came == 0
    assert desk.state("box").kind == "needs_preparing"
    assert desk.trouble("box") is None


def test_that_a_status_may_be_asked_while_something_else_works(
    home: Home, desk: HostDesk, engine: StandIn, qtbot: QtBot, got: Answers
) -> None:
    put_box(home)
    read(desk, qtbot)
    now = box_facts(queue=2)
    status = Turn(
        {"host": "box", "facts": now.model_dump(mode="json"), "bytes_to_send": 5_000, "seconds_to_send": None}
    )
    engine.plays({"test": [Turn(looked_at(now).document, waits=True)], "status": [status]})
    desk.test("box")
    qtbot.waitUntil(lambda: engine.is_waiting, timeout=WAIT_MS)

    desk.status("box", "pets", got.values.append, got.errors.append)
    qtbot.waitUntil(lambda: got.came == 1, timeout=WAIT_MS)

    assert got.values == [HostStatus(now, 5_000, None)]
    assert desk.work("box") is not None
    assert next(call for call in engine.heard() if call.verb == "status").arguments == [
        "--data",
        "pets",
        "--json",
    ]


def test_that_a_machine_is_removed_with_its_files_and_cleaned_in_parts(
    home: Home, desk: HostDesk, engine: StandIn, qtbot: QtBot, got: Answers
) -> None:
    put_box(home)
    read(desk, qtbot)
    engine.plays(
        {
            "clean": [cleaned(7, "The run r: not all of it is here.")],
            "remove": [cleaned(0)],
            "forget-key": [Turn()],
        }
    )

    desk.clean("box", ["data", "environment"], got.values.append, got.errors.append)
    qtbot.waitUntil(lambda: got.came == 1, timeout=WAIT_MS)
    desk.forget_key("box", got.values.append, got.errors.append)
    qtbot.waitUntil(lambda: got.came == 2, timeout=WAIT_MS)
    desk.remove("box", got.values.append, got.errors.append, clean=True)
    qtbot.waitUntil(lambda: got.came == 3, timeout=WAIT_MS)

    assert got.values[0] == Cleaned(7, ("The run r: not all of it is here.",))
    assert [(call.verb, call.arguments) for call in engine.heard()] == [
        ("clean", ["--data", "--environment", "--json"]),
        ("forget-key", ["--json"]),
        ("remove", ["--clean", "--json"]),
    ]


def test_that_an_answer_that_cannot_be_read_is_an_error_and_not_a_crash(
    home: Home, desk: HostDesk, engine: StandIn, qtbot: QtBot, got: Answers
) -> None:
    put_box(home)
    read(desk, qtbot)
    engine.plays({"test": [Turn({"facts": {"gpus": "many"}})], "status": [Turn({"facts": None})]})

    desk.test("box", got.values.append, got.errors.append)
    desk.status("box", then=got.values.append, failed=got.errors.append)
    qtbot.waitUntil(lambda: got.came == 2, timeout=WAIT_MS)

    assert {error.code for error in got.errors} == {"engine_differs"}


def test_that_a_failure_nobody_waits_for_is_told_by_the_signal(
    desk: HostDesk, engine: StandIn, qtbot: QtBot
) -> None:
    engine.plays({"test": [refusal("host_unknown", "There is no host named 'gone'.")]})

    with qtbot.waitSignal(desk.failed, timeout=WAIT_MS) as told:
        desk.test("gone")

    assert told.args is not None
    assert told.args[0].code == "host_unknown"
    assert desk.trouble("gone") is None


def test_that_a_missing_python_of_the_engine_is_told(
    home: Home, desk: HostDesk, engine: StandIn, qtbot: QtBot, got: Answers
) -> None:
    (engine.folder / "python").unlink()

    desk.add(box(), None, got.errors.append, HostAnswers(passphrase=SECRET))
    qtbot.waitUntil(lambda: got.came == 1, timeout=WAIT_MS)

    assert got.errors[0].code == "engine_missing"
    assert desk.work("box") is None


@pytest.mark.parametrize(("verb", "told"), [("test", True), ("prepare", False)])
def test_that_children_end_with_the_window_and_a_preparation_goes_on_there(
    verb: str, told: bool, home: Home, desk: HostDesk, engine: StandIn, qtbot: QtBot, got: Answers
) -> None:
    put_box(home)
    read(desk, qtbot)
    engine.plays({verb: [Turn(waits=True)]})
    start = desk.test if verb == "test" else desk.prepare
    start("box", got.values.append, got.errors.append)
    qtbot.waitUntil(lambda: engine.is_waiting, timeout=WAIT_MS)

    desk.close()

    assert desk.work("box") is None
    assert got.came == 0
    assert engine.was_told_to_end == told  # told to end, the engine ends the preparation on the machine too


def test_that_a_child_knows_where_the_key_agent_is(
    desk: HostDesk, engine: StandIn, qtbot: QtBot, got: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSH_AUTH_SOCK", "/run/agent")
    monkeypatch.setenv("SOME_TOKEN", "hush")
    seen = engine.folder / "environment"
    program = engine.folder / "python"
    program.write_text(f"#!/bin/sh\nenv > '{seen}'\necho '{{}}'\n", encoding="utf-8")

    desk.forget_key("box", got.values.append, got.errors.append)
    qtbot.waitUntil(lambda: got.came == 1, timeout=WAIT_MS)

    lines = seen.read_text(encoding="utf-8").splitlines()
    assert "SSH_AUTH_SOCK=/run/agent" in lines
    assert not any(line.startswith("SOME_TOKEN") for line in lines)


def test_that_records_without_facts_do_not_hide_those_with(home: Home, desk: HostDesk, qtbot: QtBot) -> None:
    book = put_box(home, box_facts())
    book.put(HostRecord(name="attic", host="attic.local"))
    HostBook(home).facts("attic")
    read(desk, qtbot)

    assert [(host.name, isinstance(desk.facts(host.name), HostFacts)) for host in desk.hosts()] == [
        ("attic", False),
        ("box", True),
    ]
