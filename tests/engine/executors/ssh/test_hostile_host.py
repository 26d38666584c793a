"""A host that answers with whatever it likes gets nothing shown that a terminal obeys, and breaks nothing here."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.errors import RemoteError
from engine.executors.ssh.agent_link import AgentLink
from engine.executors.ssh.checks import check_host
from engine.executors.ssh.cleaning import Parts, clean
from engine.executors.ssh.connection import Connection
from engine.executors.ssh.environment import list_environments
from engine.executors.ssh.plain_text import plain
from engine.executors.ssh.plugin_requirements import missing_on
from engine.executors.ssh.preparation_job import Job, Watch
from engine.executors.ssh.probing import glance_at, probe_host
from engine.protocol.home import Home
from engine.protocol.hosts import HostRecord
from tests.fixtures.ssh_host import SshHost

ESCAPE = "\x1b]0;owned\x07\x1b[2J"
LIAR = """
import json, struct, sys
answers = json.loads({answers!r})
out = sys.stdout.buffer
def say(told):
    head = json.dumps(told).encode()
    out.write(struct.pack(">I", len(head)) + head + b"x" * told.get("bytes", 0))
    out.flush()
out.write(b"LENSMITH-AGENT\\n")
say({{"id": 0, "ok": {{"root": "/r", "executable": "/p"}}}})
while True:
    size = sys.stdin.buffer.read(4)
    if len(size) < 4:
        break
    header = json.loads(sys.stdin.buffer.read(struct.unpack(">I", size)[0]))
    sys.stdin.buffer.read(header["bytes"])
    say(answers.get(header["verb"], {{"ok": {{}}}}))
"""


@pytest.fixture
def home(lensmith_home: Path) -> Home:
    return Home(lensmith_home).ensure()


@pytest.fixture
def liar(ssh_host: SshHost, tmp_path: Path) -> Callable[[dict[str, object]], HostRecord]:
    """A host whose agent gives these answers by verb, and `{}` to everything else."""

    def make(answers: dict[str, object]) -> HostRecord:
        program = tmp_path / "liar.py"
        program.write_text(LIAR.format(answers=json.dumps(answers)), encoding="utf-8")
        python = tmp_path / "python-liar"
        script = f'#!/bin/sh\n[ "$2" = -c ] && exit 0\nexec "{sys.executable}" "{program}"\n'
        python.write_text(script, encoding="utf-8")
        python.chmod(0o755)
        return ssh_host.record(python=str(python), wheels=str(tmp_path))

    return make


def connect(ssh_host: SshHost, home: Home, record: HostRecord) -> Connection:
    connection = Connection(record, home, accept=ssh_host.fingerprint())
    connection.open()
    return connection


def test_that_a_refusal_cannot_write_to_the_terminal(
    ssh_host: SshHost, home: Home, liar: Callable[[dict[str, object]], HostRecord]
) -> None:
    error = {"code": "x", "message": f"{ESCAPE}no", "hint": f"[red]{ESCAPE}" + "y" * 10_000}
    record = liar({"probe": {"error": error}})
    with connect(ssh_host, home, record) as connection, pytest.raises(RemoteError) as told:
        probe_host(connection.start_agent())

    assert "\x1b" not in str(told.value)
    assert "\x07" not in str(told.value)
    assert len(told.value.hint) <= 2000


@pytest.mark.parametrize(
    "answer",
    [
        {"ok": {"gpus": "many"}},
        {"ok": {"memory": "x"}},
        {"ok": {"gpus": [{"index": 0, "name": "G"}] * 1000}},
        {"ok": {"pythons": [{"path": "p" * 100_000, "version": "3"}]}},
    ],
)
def test_that_an_answer_of_another_form_is_a_fault_of_the_host_and_a_check_that_failed(
    answer: dict[str, object],
    ssh_host: SshHost,
    home: Home,
    liar: Callable[[dict[str, object]], HostRecord],
) -> None:
    record = liar({"probe": answer})
    with connect(ssh_host, home, record) as connection:
        with pytest.raises(RemoteError) as told:
            probe_host(connection.start_agent())
        assert told.value.code == "host_answer_invalid"

        facts = check_host(connection, home)

    assert [check.code for check in facts.checks if check.state == "failed"] == ["host_answer_invalid"]


def test_that_names_are_shown_without_what_a_terminal_obeys(
    ssh_host: SshHost, home: Home, liar: Callable[[dict[str, object]], HostRecord]
) -> None:
    gpu = {"index": 0, "name": f"{ESCAPE}GPU", "memory_bytes": 1}
    with connect(ssh_host, home, liar({"glance": {"ok": {"gpus": [gpu], "driver": ESCAPE}}})) as connection:
        glance = glance_at(connection.start_agent())

    assert "\x1b" not in glance.gpus[0].name + glance.driver
    assert glance.gpus[0].name.endswith("GPU")


def test_that_a_key_that_leads_elsewhere_and_listings_of_nonsense_are_refused(
    ssh_host: SshHost, home: Home, liar: Callable[[dict[str, object]], HostRecord]
) -> None:
    answers: dict[str, object] = {
        "environments": {"ok": {"environments": [{"key": "../../etc"}]}},
        "list": {"ok": {}, "bytes": 20},
        "missing_requirements": {"ok": {"missing": "all"}},
    }
    with connect(ssh_host, home, liar(answers)) as connection:
        link = connection.start_agent()
        for ask in (lambda: list_environments(link), lambda: missing_on(link, "/p", ("rich",))):
            with pytest.raises(RemoteError) as told:
                ask()
            assert told.value.code == "host_answer_invalid"
        assert clean(link, home, Parts(runs=True, data=True)).removed_bytes == 0


@pytest.mark.parametrize(
    "poll",
    [
        {"ok": {"alive": False, "parts": [["log.txt", 0]]}},
        {"ok": {"alive": False, "parts": [["../x", 0, 5]]}, "bytes": 5},
        {"ok": {"alive": False, "parts": [["log.txt", 0, "many"]]}},
        {"ok": {"alive": False, "parts": {"log.txt": 1}}},
        {"ok": {"alive": "no"}},
    ],
)
def test_that_a_job_that_tells_nonsense_is_one_that_died(
    poll: dict[str, object],
    ssh_host: SshHost,
    home: Home,
    liar: Callable[[dict[str, object]], HostRecord],
) -> None:
    lines: list[str] = []
    with connect(ssh_host, home, liar({"poll": poll})) as connection:
        link: AgentLink = connection.start_agent()
        with pytest.raises(RemoteError) as told:
            Job(connection, link, "ab" * 8, Watch(log=lines.append)).run(b"{}", 1, again=False)

    assert told.value.code == "prepare_died"
    assert lines == []


def test_that_plain_text_keeps_letters_of_every_language_and_drops_the_rest() -> None:
    assert plain("Größe 大小 ✓") == "Größe 大小 ✓"
    assert plain("a\nb\r\x00\u202e") == "a b   "
    assert len(plain("x" * 10_000)) == 500
