"""Real trainings on another machine over a real SSH server, moved there and back, and nothing secret left behind."""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
import torch

from engine.protocol.home import Home
from engine.protocol.run_folder import RunFolder
from engine.store.database import Store
from tests.conftest import REPOSITORY, CommandLine
from tests.end_to_end.conftest import QUICK, write_pictures
from tests.end_to_end.test_kills import (
    EPOCHS,
    LONG,
    assert_nothing_lost,
    assert_same_bits,
    epoch_of,
    in_mid_run,
    last_weights,
    start,
    until,
    wait_for,
)
from tests.fixtures.ssh_host import ENVIRONMENT, SshHost, make_key

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def host(ssh_server: SshHost, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshHost]:
    made = replace(ssh_server, root=tmp_path_factory.mktemp("host") / "Lensmith's folder")
    yield made
    made.end_processes()


@pytest.fixture(scope="module")
def machine(host: SshHost, tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """A user folder with a dataset and a host whose Python has the engine."""
    place = tmp_path_factory.mktemp("second")
    write_pictures(place / "data ü")
    lensmith = CommandLine(place / "home")
    lensmith("data", "import", place / "data ü", "--name", "colours")
    shutil.copytree(REPOSITORY / "tests/fixtures/plan_example", place / "home/plugins/plan_example")
    host.known(Home(place / "home"), environment=ENVIRONMENT)
    return lensmith


@pytest.fixture(scope="module")
def undisturbed(machine: CommandLine) -> dict[str, torch.Tensor]:
    """Weights of the run that stays here."""
    answer = machine("train", "--plugin", "example_minimal", "--data", "colours", *LONG)
    return last_weights(RunFolder(Path(answer["folder"])))


@pytest.mark.parametrize("plugin", ["example_minimal", "plan_example"])
def test_that_an_adapter_and_a_plugin_of_nine_methods_train_there(machine: CommandLine, plugin: str) -> None:
    settings = [*QUICK, "--set", "epochs=2"] if plugin == "example_minimal" else ["--set", "epochs=2"]

    answer = machine("train", "--plugin", plugin, "--data", "colours", "--on", "ssh:box", *settings)

    assert answer["state"] == "completed"
    assert answer["place"] == "ssh:box"
    shown = machine("runs", "checkpoints", answer["run"])["checkpoints"]
    assert {entry["name"] for entry in shown} >= {"last"}
    assert all(entry["here"] for entry in shown)
    predicted = machine("predict", answer["run"], machine.home.parent / "data ü" / "test" / "red")
    assert len(predicted["predictions"]) == 6


def test_that_unchanged_data_is_sent_once(machine: CommandLine, host: SshHost) -> None:
    settings = [*QUICK, "--set", "epochs=1"]
    machine("train", "--plugin", "example_minimal", "--data", "colours", "--on", "ssh:box", *settings)
    trees = {path.name: path.stat().st_ino for path in (host.root / "data").iterdir()}

    answer = machine(
        "train", "--plugin", "example_minimal", "--data", "colours", "--on", "ssh:box", *settings
    )

    assert {path.name: path.stat().st_ino for path in (host.root / "data").iterdir()} == trees
    events = machine("runs", "events", answer["run"])["events"]
    assert not [line for line in events if '"transfer"' in line and '"data"' in line]


def test_that_a_run_moved_there_and_back_ends_with_the_same_bits(
    machine: CommandLine, undisturbed: dict[str, torch.Tensor]
) -> None:
    folder = start(machine)
    in_mid_run(machine, folder)
    machine("runs", "move", folder.run, "--on", "ssh:box")
    until(lambda: len(folder.attempts()) == 2, "the attempt there")
    here = epoch_of(machine, folder)
    until(lambda: epoch_of(machine, folder) >= min(here + 6, EPOCHS - 4), "some epochs there")
    machine("runs", "move", folder.run, "--on", "local")
    until(lambda: len(folder.attempts()) == 3, "the attempt back here")

    wait_for(machine, folder, "completed")

    places = [attempt.spec().placement.executor for attempt in folder.attempts()]
    assert places == ["local", "ssh:box", "local"]
    assert_same_bits(folder, undisturbed)
    assert_nothing_lost(machine, folder)


def test_that_no_secret_is_left_anywhere(
    machine: CommandLine, host: SshHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key with a passphrase held in memory, and credentials in the environment: none of it is to be found again."""
    canaries = {"passphrase": "canary-open-sesame-7391", "environment": "canary-AKIA-5527"}
    locked = tmp_path / "locked"
    make_key(locked, canaries["passphrase"])
    authorized = host.folder / "authorized_keys"
    authorized.write_text(authorized.read_text() + (tmp_path / "locked.pub").read_text())
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", canaries["environment"])
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    machine(
        "hosts", "add", "vault", "--host", "127.0.0.1", "--port", host.port, "--user", getpass.getuser(),
        "--key", locked, "--folder", host.root, "--environment", ENVIRONMENT,
        "--accept-fingerprint", host.fingerprint(), "--passphrase-stdin", stdin=canaries["passphrase"],
    )  # fmt: skip
    seen: list[str] = []

    answer = machine(
        "train", "--plugin", "example_minimal", "--data", "colours", "--on", "ssh:vault",
        *QUICK, "--set", "epochs=6", "--detach",
    )  # fmt: skip
    folder = RunFolder(Path(answer["folder"]))
    while state(machine, folder) != "completed":
        assert state(machine, folder) != "failed", machine("runs", "show", folder.run)
        seen += process_texts()
    machine("hosts", "test", "vault")

    places = [machine.home, host.root, host.folder, Path(os.environ.get("XDG_RUNTIME_DIR", "/nonexistent"))]
    written = {path: content for place in places for path, content in contents(place)}
    machine("hosts", "remove", "vault")  # and with it what the keeper holds, which then ends
    assert len(written) > 50
    for name, canary in canaries.items():
        assert [path for path, content in written.items() if canary.encode() in content] == [], name
        assert not [text for text in seen if canary in text and not text.startswith(f"{os.getpid()} ")], name


def contents(place: Path) -> Iterator[tuple[Path, bytes]]:
    """Every file below a folder; what goes away meanwhile is not left anywhere."""
    for folder, _, names in os.walk(place):
        for name in names:
            path = Path(folder) / name
            with contextlib.suppress(FileNotFoundError):
                if path.is_file():
                    yield path, path.read_bytes()


def state(machine: CommandLine, folder: RunFolder) -> str:
    with Store.open(machine.home / "store.db") as store:
        return store.run(folder.run).state


def process_texts() -> list[str]:
    """Arguments of every process of this user, and the environment of those that hold none of the test's own."""
    texts: list[str] = []
    for process in psutil.process_iter():
        try:
            if process.username() == getpass.getuser():
                words = " ".join(process.cmdline())
                texts.append(f"{process.pid} {words}")
                if "engine" in words and "work" in words:
                    texts.append(f"{process.pid} {process.environ()}")
        except psutil.Error:
            continue
    return texts
