"""`lensmith hosts prepare`, `install` and `wheels`: progress, a log, an end by a signal, and no network."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from engine.executors.ssh.engine_wheel import engine_wheel
from tests.conftest import CommandLine
from tests.engine.executors.ssh.wheel_maker import add_stub, fill
from tests.engine.verbs.hosts_typed import options, told
from tests.fixtures.ssh_host import SshHost

pytestmark = pytest.mark.usefixtures("no_keyring")


@pytest.mark.slow
def test_that_a_host_is_prepared_with_progress_and_a_log_and_ended_by_a_signal(
    ssh_host: SshHost, tmp_path: Path, lensmith: CommandLine
) -> None:
    folder = fill(tmp_path / "full")
    accepted = ["--accept-fingerprint", ssh_host.fingerprint()]
    lensmith("hosts", "add", "box", *options(ssh_host, folder), *accepted)

    cancelled = lensmith.start("hosts", "prepare", "box", "--json")
    assert cancelled.stderr is not None
    for line in cancelled.stderr:
        if "Installing torch" in line:
            break
    cancelled.send_signal(signal.SIGTERM)
    out, _ = cancelled.communicate(timeout=60)
    assert cancelled.returncode == 2
    assert json.loads(out)["error"]["code"] == "prepare_cancelled"
    assert not [path for path in (ssh_host.root / "environments").iterdir() if path.is_dir()]

    ended = lensmith.run("hosts", "prepare", "box", "--json")
    assert ended.returncode == 0, ended.stderr
    environment = json.loads(ended.stdout)["environment"]
    assert (environment["state"], environment["torch_build"]) == ("ready", "cpu")
    lines = ended.stderr.splitlines()
    phases = [json.loads(line)["progress"]["phase"] for line in lines if line.startswith('{"progress"')]
    assert {"Sending the wheels", "Testing", "Ready"} <= set(phases)
    assert any(line.startswith("Successfully installed") for line in lines)

    plugin = lensmith.home / "plugins" / "mine"
    plugin.mkdir(parents=True)
    (plugin / "model.py").touch()
    assert lensmith("hosts", "install", "box", "--plugin", "mine")["requirements"] == []
    add_stub(folder, "plugin-extra", "1.5")
    (plugin / "requirements.txt").write_text("plugin-extra\n", encoding="utf-8")
    asked = lensmith("hosts", "install", "box", "--plugin", "mine", code=2)["error"]
    assert (asked["code"], asked["details"]["requirements"]) == ("consent_needed", "plugin-extra")
    assert lensmith("hosts", "install", "box", "--plugin", "mine", "--yes")["environment"]["state"] == "ready"

    (listed,) = lensmith("hosts", "list")["hosts"]
    assert listed["facts"]["environment"] == environment
    began = time.monotonic()
    assert lensmith("hosts", "prepare", "box")["environment"] == environment
    assert time.monotonic() - began < 10
    assert lensmith("hosts", "clean", "box", "--environment")["removed_bytes"] > 1_000_000
    assert lensmith("hosts", "status", "box")["facts"]["environment"]["state"] == "missing"


def test_that_a_folder_is_filled_with_what_a_host_without_internet_needs(
    ssh_host: SshHost,
    wheels: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    index = fill(tmp_path / "index")
    for name, version in (("torch", "2.14.1"), ("torchvision", "0.29.1")):
        add_stub(index, name, version)
    settings = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(index), "PIP_CONFIG_FILE": os.devnull}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    accepted = ["--accept-fingerprint", ssh_host.fingerprint()]
    told(capsys, "hosts", "add", "box", *options(ssh_host, wheels), *accepted)

    filled = told(capsys, "hosts", "wheels", "box", tmp_path / "filled")

    names = {path.name.split("-")[0] for path in (tmp_path / "filled").iterdir()}
    assert {Requirement(text).name.replace("-", "_") for text in engine_wheel().requirements} <= names
    assert (tmp_path / "filled" / "torch-2.14.1-py3-none-any.whl").exists()
    assert filled["torch_build"] == "default", "the index of PyTorch is out of reach"
    assert filled["bytes"] > 1_000_000

    (index / "torchvision-0.29.1-py3-none-any.whl").unlink()
    error = told(capsys, "hosts", "wheels", "box", tmp_path / "other", code=2)["error"]
    assert error["code"] == "wheels_not_downloaded"
    assert "torch==2.14.1" in error["message"]
