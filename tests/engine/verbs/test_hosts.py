"""`lensmith hosts` from end to end, against a real SSH server."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest
from PIL import Image

from engine.cli import main
from engine.executors.ssh.credentials import Secrets
from engine.protocol.home import Home
from engine.protocol.hosts import HostBook
from tests.conftest import CommandLine
from tests.engine.verbs.hosts_typed import options, told
from tests.fixtures.ssh_host import SshHost, make_key

pytestmark = pytest.mark.usefixtures("no_keyring")
CANARY = "canary-9b2e-passphrase"


def test_that_a_host_is_added_after_its_key_was_accepted_and_shown_listed_edited_removed(
    ssh_host: SshHost, wheels: Path, lensmith_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = options(ssh_host, wheels)
    error = told(capsys, "hosts", "add", "box", *given, code=2)["error"]
    assert error["code"] == "host_key_unknown"
    assert error["details"]["fingerprint"] == ssh_host.fingerprint()
    assert error["details"]["key_type"] == "ssh-ed25519"
    assert told(capsys, "hosts", "list") == {"hosts": []}, "nothing is kept of a host that was not reached"

    wrong = told(capsys, "hosts", "add", "box", *given, "--accept-fingerprint", "SHA256:wrong", code=2)
    assert wrong["error"]["code"] == "host_key_differs"

    accepted = ["--accept-fingerprint", ssh_host.fingerprint()]
    added = told(capsys, "hosts", "add", "box", *given, *accepted)
    assert added["host"]["port"] == ssh_host.port
    assert {check["name"] for check in added["facts"]["checks"]} >= {"key", "login", "gpu", "speed"}
    assert told(capsys, "hosts", "add", "box", *given, code=2)["error"]["code"] == "host_exists"

    (listed,) = told(capsys, "hosts", "list")["hosts"]
    assert listed["name"] == "box"
    assert listed["facts"] == added["facts"]
    assert told(capsys, "hosts", "show", "box") == added

    edited = told(capsys, "hosts", "edit", "box", "--clean", "keep", "--bring-home", "at_the_end")
    assert (edited["host"]["clean"], edited["host"]["bring_home"]) == ("keep", "at_the_end")
    assert edited["facts"] == added["facts"]
    refused = told(capsys, "hosts", "edit", "box", "--port", 1, code=2)
    assert refused["error"]["code"] == "host_unreachable"
    assert HostBook(Home(lensmith_home)).get("box").port == ssh_host.port, "what does not work is not kept"

    tested = told(capsys, "hosts", "test", "box")
    assert tested["ok"] is True
    removed = told(capsys, "hosts", "remove", "box", "--clean")
    assert removed["host"]["name"] == "box"
    assert told(capsys, "hosts", "show", "box", code=2)["error"]["code"] == "host_unknown"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (["--port", "70000"], "host_value_invalid"),
        (["--port", "many"], "host_value_invalid"),
        (["--clean", "sometimes"], "host_value_invalid"),
        (["--torch", "gpu"], "torch_build_unknown"),
        (["--wheels", "/nowhere/wheels"], "wheels_missing"),
        (["--key", "/nowhere/key"], "host_key_file_missing"),
    ],
)
def test_that_a_wrong_value_is_said_before_anything_is_kept(
    given: list[str], code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    error = told(capsys, "hosts", "add", "box", "--host", "127.0.0.1", *given, code=2)["error"]

    assert error["code"] == code
    assert error["message"].endswith((".", "]."))
    assert told(capsys, "hosts", "list") == {"hosts": []}


def test_that_a_name_that_leads_elsewhere_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("../box", "a b", "", "x" * 50):
        error = told(capsys, "hosts", "add", name, "--host", "127.0.0.1", code=2)["error"]
        assert error["code"] == "host_name_invalid"


def test_that_a_host_that_is_away_is_an_answer_of_the_test(
    own_ssh_host: SshHost, wheels: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    accepted = ["--accept-fingerprint", own_ssh_host.fingerprint()]
    told(capsys, "hosts", "add", "box", *options(own_ssh_host, wheels), *accepted)
    own_ssh_host.stop()

    away = told(capsys, "hosts", "test", "box")

    assert away["ok"] is False
    (check,) = away["facts"]["checks"]
    assert (check["name"], check["code"]) == ("login", "host_unreachable")
    assert check["hint"] != ""
    assert told(capsys, "hosts", "status", "box", code=2)["error"]["code"] == "host_unreachable"


def test_that_a_changed_key_is_never_accepted_by_a_flag_but_after_it_was_forgotten(
    own_ssh_host: SshHost, wheels: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    accepted = ["--accept-fingerprint", own_ssh_host.fingerprint()]
    told(capsys, "hosts", "add", "box", *options(own_ssh_host, wheels), *accepted)
    own_ssh_host.change_key()
    new = ["--accept-fingerprint", own_ssh_host.fingerprint()]

    error = told(capsys, "hosts", "edit", "box", *new, code=2)["error"]
    assert error["code"] == "host_key_changed"
    assert "forget-key box" in error["hint"]

    assert told(capsys, "hosts", "forget-key", "box")["forgotten"] is True
    assert told(capsys, "hosts", "forget-key", "box")["forgotten"] is False
    assert told(capsys, "hosts", "edit", "box", code=0)["host"]["name"] == "box"
    assert told(capsys, "hosts", "test", "box", code=2)["error"]["code"] == "host_key_unknown"
    assert told(capsys, "hosts", "edit", "box", *new)["facts"]["checks"] != []


def test_that_a_passphrase_is_given_once_kept_in_memory_and_stands_nowhere(
    ssh_host: SshHost, wheels: Path, tmp_path: Path, lensmith: CommandLine
) -> None:
    make_key(tmp_path / "locked", CANARY)
    keys = ssh_host.folder / "authorized_keys"
    before = keys.read_text(encoding="utf-8")
    keys.write_text(before + (tmp_path / "locked.pub").read_text(encoding="utf-8"), encoding="utf-8")
    given = options(ssh_host, wheels, key=tmp_path / "locked")
    given += ["--accept-fingerprint", ssh_host.fingerprint()]
    try:
        needed = lensmith("hosts", "add", "box", *given, code=2)["error"]
        assert (needed["code"], needed["details"]["key"]) == (
            "host_passphrase_needed",
            str(tmp_path / "locked"),
        )
        wrong = with_input(lensmith, "not-it-5d", "hosts", "add", "box", *given, "--passphrase-stdin")
        assert (wrong[0], wrong[1]["error"]["code"]) == (2, "host_passphrase_wrong")
        assert lensmith("hosts", "list") == {"hosts": []}

        added = with_input(lensmith, CANARY, "hosts", "add", "box", *given, "--passphrase-stdin")
        assert added[0] == 0, added
        assert lensmith("hosts", "status", "box")["facts"]["cpus"] > 0, "another process finds it"

        Secrets(Home(lensmith.home)).forget("box")
        assert lensmith("hosts", "status", "box", code=2)["error"]["code"] == "host_passphrase_needed"
        assert lensmith("hosts", "unlock", "box", code=2)["error"]["code"] == "passphrase_missing"
        bad = with_input(lensmith, "not-it-5d", "hosts", "unlock", "box", "--passphrase-stdin")
        assert bad[1]["error"]["code"] == "host_passphrase_wrong"
        unlocked = with_input(lensmith, CANARY, "hosts", "unlock", "box", "--passphrase-stdin")
        assert unlocked[1]["kept"] == "memory"
        assert lensmith("hosts", "test", "box")["ok"] is True

        for place in (lensmith.home, ssh_host.root, ssh_host.folder):
            files = [path for path in place.rglob("*") if path.is_file()]
            assert [path for path in files if CANARY.encode() in path.read_bytes()] == []
        mine = psutil.Process().uids().real
        for process in psutil.process_iter():
            assert CANARY not in words_of(process, mine)
    finally:
        keys.write_text(before, encoding="utf-8")
        Secrets(Home(lensmith.home)).forget("box")


def with_input(lensmith: CommandLine, text: str, *arguments: object) -> tuple[int, dict[str, Any]]:
    process = subprocess.run(
        [sys.executable, "-P", "-m", "engine", *map(str, arguments), "--json"],
        env={**os.environ, "LENSMITH_HOME": str(lensmith.home), "PYTHONPATH": str(Path(__file__).parents[3])},
        input=f"{text}\n",
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert text not in process.stdout + process.stderr
    return process.returncode, json.loads(process.stdout)


def words_of(process: psutil.Process, user: int) -> str:
    try:
        return "" if process.uids().real != user else f"{process.cmdline()} {process.environ()}"
    except (psutil.Error, OSError):
        return ""


def test_that_on_a_terminal_the_fingerprint_is_shown_and_asked(
    ssh_host: SshHost, wheels: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for answer, code in (("no\n", 2), ("yes\n", 0)):
        with monkeypatch.context() as typed:
            typed.setattr("sys.stdin", Terminal(answer))
            typed.setattr("sys.stderr.isatty", lambda: True, raising=False)

            assert main(["hosts", "add", "box", *map(str, options(ssh_host, wheels))]) == code

        assert ssh_host.fingerprint() in capsys.readouterr().err
    assert main(["hosts", "list"]) == 0
    assert "box" in capsys.readouterr().out


class Terminal(io.StringIO):
    """A terminal on which something was typed."""

    def isatty(self) -> bool:
        return True


def test_that_status_tells_what_of_a_dataset_is_still_to_be_sent(
    ssh_host: SshHost, wheels: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    size = 0
    for name in ("a/1.png", "a/2.png", "b/1.png", "b/2.png"):
        path = tmp_path / "pictures" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.effect_noise((32, 32), 50 + len(name) + size % 7).save(path)
        size += path.stat().st_size
    told(capsys, "data", "import", tmp_path / "pictures", "--name", "d")
    accepted = ["--accept-fingerprint", ssh_host.fingerprint()]
    told(capsys, "hosts", "add", "box", *options(ssh_host, wheels), *accepted)

    status = told(capsys, "hosts", "status", "box", "--data", "d")
    without = told(capsys, "hosts", "status", "box")

    assert status["bytes_to_send"] == size
    assert 0 < status["seconds_to_send"] < 60
    assert (without["bytes_to_send"], without["seconds_to_send"]) == (None, None)
    assert told(capsys, "hosts", "status", "box", "--data", "x", code=2)["error"]["code"] == "dataset_unknown"
