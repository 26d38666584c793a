"""The reference of the command line says what the parser says, and its examples can be typed one after the other."""

from __future__ import annotations

import io
import json
import shlex
import time
from pathlib import Path

import pytest
from keyring.backends.fail import Keyring as NoKeyring

from engine import cli
from engine.datasets.demo import write_demo_dataset
from engine.protocol.home import Home
from engine.protocol.job import ACTIVE_STATES
from engine.protocol.run_folder import RunFolder
from engine.store.database import Store
from engine.verbs.examples import EXAMPLES
from engine.verbs.following import has_ended
from engine.verbs.reference import PATH, reference, verbs_of
from tests.engine.executors.ssh.wheel_maker import add_stub
from tests.fixtures.ssh_host import SshHost

LONG = "train --plugin my_model --data shapes --set epochs=4000 --set image_size=16 --set batch_size=8 --detach --name"
# What must be done before an example, and the state that its run must be in.
BEFORE: dict[str, list[str]] = {
    "queue list": [f"{LONG} second"],
    "runs retry": [],
    "runs cancel": [f"{LONG} third"],
}
STATE: dict[str, tuple[str, str]] = {
    "runs checkpoint": ("second", "running"),
    "runs validate": ("second", "running"),
    "runs hold": ("second", "running"),
    "runs resume": ("second", "held"),
    "runs pause": ("second", "running"),
    "runs compare": ("second", "paused"),
    "runs retry": ("second", "paused"),
    "runs stop": ("second", "running"),
    "runs cancel": ("third", "running"),
    "runs delete": ("second", "stopped"),
    "store backup": ("third", "cancelled"),
}
# Take a run under way on another machine, minutes, or a network: the tests of hosts and of runs on them type these.
ELSEWHERE = ("hosts prepare", "hosts wheels", "runs move", "runs fetch")


def test_that_the_reference_is_what_the_parser_says() -> None:
    assert PATH.read_text(encoding="utf-8") == reference(cli.build_parser()), "run: python3 dev.py docs"


def test_that_every_verb_for_people_has_one_example_of_itself() -> None:
    verbs = [name for name, told, _ in verbs_of(cli.build_parser()) if not told.startswith("(process)")]

    assert sorted(EXAMPLES) == sorted(verbs)
    assert [name for name, line in EXAMPLES.items() if not line.startswith(f"lensmith {name}")] == []


def test_that_every_argument_is_explained() -> None:
    unexplained = [
        (name, action.dest)
        for name, told, verb in verbs_of(cli.build_parser())
        for action in verb._actions
        if not action.help and not told.startswith("(process)")
    ]

    assert unexplained == []


def wait_for(folder: Path, run: str, state: str) -> None:
    home = Home(folder)
    deadline = time.monotonic() + 120
    while True:
        with Store.open(home.store_path) as store:
            found = store.run(run).state
        if found == state and (state in ACTIVE_STATES or has_ended(home, run, RunFolder(home.runs / run))):
            return
        assert time.monotonic() < deadline, f"{run} is {found}, not {state}"
        time.sleep(0.1)


def real_host(example: str, host: SshHost, wheels: Path) -> str:
    """The example of `hosts add`, with the machine that there is, which needs no network."""
    wheels.mkdir()
    add_stub(wheels, "torch", "2.14.1")
    way = f"--host 127.0.0.1 --port {host.port} --key {shlex.quote(str(host.key))}"
    there = f"--folder {shlex.quote(str(host.root))} --wheels {shlex.quote(str(wheels))}"
    return f"{example.partition(' --host')[0]} {way} {there} --accept-fingerprint {host.fingerprint()}"


def type_in(line: str, capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    code = cli.main([*shlex.split(line.removeprefix("lensmith ")), "--json"])
    printed = capsys.readouterr()
    assert code == 0, f"{line}\n{printed.out}\n{printed.err}"
    answer: dict[str, object] = json.loads(printed.out)
    assert "error" not in answer, line
    return answer


@pytest.mark.slow
@pytest.mark.timeout(900)  # every verb once, each a process that loads torch
def test_that_the_examples_work_in_their_order(
    lensmith_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write_demo_dataset(tmp_path / "shapes")
    known: dict[str, str] = {}
    for name, example in EXAMPLES.items():
        if name in ELSEWHERE or name.startswith("hosts "):
            continue
        for line in BEFORE.get(name, []):
            known[line.rsplit(" ", 1)[-1]] = str(type_in(line, capsys)["run"])
        if name in STATE:
            wait_for(lensmith_home, known[STATE[name][0]], STATE[name][1])
        type_in(example.replace("20260131-120000-abcd", known.get("second", "")), capsys)
    assert (tmp_path / "answers.csv").is_file()
    assert (tmp_path / "lensmith-backup.db").is_file()


@pytest.mark.slow
def test_that_the_examples_for_other_machines_work_in_their_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], ssh_host: SshHost
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", io.StringIO("a passphrase\n"))
    monkeypatch.setattr("keyring.get_keyring", NoKeyring)
    write_demo_dataset(tmp_path / "shapes")
    for needed in ("data import", "plugins new"):
        type_in(EXAMPLES[needed], capsys)
    for name, example in EXAMPLES.items():
        if name.startswith("hosts ") and name not in ELSEWHERE:
            line = real_host(example, ssh_host, tmp_path / "wheels") if name == "hosts add" else example
            type_in(line, capsys)
