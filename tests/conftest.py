"""What every test gets: a fresh user folder, one thread for torch, no way out to the network."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.ssh_host import SshHost, missing_programs

# Before anything imports torch or albumentations; child processes inherit it.
os.environ.update(
    OMP_NUM_THREADS="1",
    MKL_NUM_THREADS="1",
    HF_HUB_OFFLINE="1",
    YOLO_OFFLINE="True",
    YOLO_CONFIG_DIR=str(Path(tempfile.gettempdir()) / "lensmith-test-ultralytics"),
    NO_ALBUMENTATIONS_UPDATE="1",
    MLFLOW_DISABLE_TELEMETRY="true",
    QT_QPA_PLATFORM=os.environ.get("QT_QPA_PLATFORM", "offscreen"),
    QT_SCALE_FACTOR="1",
    QT_FONT_DPI="96",
)

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def lensmith_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give this test a user folder of its own, that does not exist yet, and name it in LENSMITH_HOME."""
    folder = tmp_path_factory.mktemp("user") / "lensmith"
    monkeypatch.setenv("LENSMITH_HOME", str(folder))
    return folder


@pytest.fixture
def shared_data() -> Path:
    """Give the folder of real data sets beside the checkout, or skip where there is none."""
    folder = Path(os.environ.get("LENSMITH_SHARED_DATA") or REPOSITORY.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip("the real data sets are not beside this checkout")
    return folder


@pytest.fixture
def repository() -> Path:
    """Give the folder of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def ssh_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshHost]:
    """A real SSH server on this machine, shared by the tests of this process."""
    missing = missing_programs()
    if missing:
        pytest.fail(f"These tests need {', '.join(missing)}: install openssh-server (python3 dev.py setup)")
    host = SshHost.make(tmp_path_factory.mktemp("sshd"))
    yield host
    host.stop()


@pytest.fixture
def ssh_host(ssh_server: SshHost, tmp_path: Path) -> Iterator[SshHost]:
    """That server with a folder of this test's own for Lensmith; whatever still runs there ends with the test."""
    host = replace(ssh_server, root=tmp_path / "the host's folder")
    yield host
    host.end_processes()


@pytest.fixture
def own_ssh_host(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> Iterator[SshHost]:
    """A server of this test's own, to be stopped, frozen or given another key."""
    host = SshHost.make(tmp_path_factory.mktemp("sshd"))
    host.root = tmp_path / "the host's folder"
    yield host
    host.stop()
    host.end_processes()


class CommandLine:
    """The command line in processes of its own, on one user folder."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def __call__(
        self, *arguments: object, code: int = 0, timeout_s: float = 240, stdin: str | None = None
    ) -> dict[str, Any]:
        """Run a verb with `--json`, see that it ends with `code`, and give its document."""
        ended = self.run(*arguments, "--json", timeout_s=timeout_s, stdin=stdin)
        assert ended.returncode == code, f"{arguments}: {ended.returncode}\n{ended.stdout}\n{ended.stderr}"
        return json.loads(ended.stdout)

    def run(
        self, *arguments: object, timeout_s: float = 240, stdin: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a verb as it is typed."""
        command = [sys.executable, "-P", "-m", "engine", *map(str, arguments)]
        environment = {**os.environ, "LENSMITH_HOME": str(self.home), "PYTHONPATH": str(REPOSITORY)}
        return subprocess.run(
            command,
            env=environment,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
            input=stdin,
        )

    def start(self, *arguments: object) -> subprocess.Popen[str]:
        """Start a verb and come back at once."""
        command = [sys.executable, "-P", "-m", "engine", *map(str, arguments)]
        environment = {**os.environ, "LENSMITH_HOME": str(self.home), "PYTHONPATH": str(REPOSITORY)}
        return subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )


@pytest.fixture
def lensmith(lensmith_home: Path) -> CommandLine:
    """Give the command line on this test's own user folder."""
    return CommandLine(lensmith_home)
