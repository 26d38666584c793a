"""A host is prepared for real: venv, pip, our wheel and a self-test, from a folder of wheels and without network."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import requires
from pathlib import Path

import psutil
import pytest

from engine.errors import RemoteError, UserError
from engine.executors.ssh import environment, preparation_job
from engine.executors.ssh.cleaning import Parts, clean
from engine.executors.ssh.connection import Connection
from engine.executors.ssh.engine_wheel import DISTRIBUTION, EngineWheel, build_wheel, engine_wheel
from engine.executors.ssh.environment import look_up, ready_environment
from engine.executors.ssh.plugin_requirements import (
    install_requirements,
    missing_on,
    python_for,
    requirement_lines,
)
from engine.executors.ssh.preparation import prepare
from engine.executors.ssh.preparation_job import Watch
from engine.protocol.home import Home
from engine.protocol.hosts import EnvironmentFacts, HostRecord
from engine.protocol.interpreter import PACKAGE_ROOT
from tests.engine.executors.ssh.host_faker import python_with_settings
from tests.engine.executors.ssh.wheel_maker import TORCH, add_stub, fill
from tests.fixtures.ssh_host import SshHost

TORCH_STEP = "Installing torch"
ENGINE_STEP = "Installing the engine"
WITHOUT_PIP = "import sys; sys.modules['ensurepip'] = None; sys.modules['pip'] = None"


class Onlooker:
    """Remembers what it is told, and once does something when a step begins."""

    def __init__(self, at: str = "", do: Callable[[], object] = lambda: None) -> None:
        self.steps: list[str] = []
        self.lines: list[str] = []
        self.is_cancelled = False
        self._at = at
        self.then = do

    @property
    def watch(self) -> Watch:
        return Watch(self._progress, self.lines.append, lambda: self.is_cancelled)

    def cancel(self) -> None:
        self.is_cancelled = True

    def _progress(self, _done: int, _total: int, text: str) -> None:
        began = text not in self.steps
        self.steps.append(text)
        if self._at and began and text.startswith(self._at):
            self.then()


@pytest.fixture
def home(lensmith_home: Path) -> Home:
    return Home(lensmith_home).ensure()


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = fill(tmp_path_factory.mktemp("wheels"))
    add_stub(folder, "plugin-extra", "1.5", "WORD = 'of the plugin'")
    return folder


@pytest.fixture
def record(ssh_host: SshHost, wheels: Path) -> HostRecord:
    return ssh_host.record(wheels=str(wheels), python=sys.executable)


def run(
    ssh_host: SshHost,
    home: Home,
    record: HostRecord,
    onlooker: Onlooker | None = None,
    *,
    again: bool = False,
) -> EnvironmentFacts:
    with Connection(record, home, accept=ssh_host.fingerprint()) as connection:
        return prepare(connection, home, (onlooker or Onlooker()).watch, again=again)


def folders(ssh_host: SshHost) -> list[Path]:
    return sorted(path for path in (ssh_host.root / "environments").iterdir() if path.is_dir())


def job_processes(ssh_host: SshHost) -> list[psutil.Process]:
    """Processes that work in this host's folder, but for agents."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        line = " ".join(process.info["cmdline"] or [])
        if f"{ssh_host.root}/environments" in line and process.status() != psutil.STATUS_ZOMBIE:
            found.append(process)
    return found


def kill_job(ssh_host: SshHost) -> None:
    (folder,) = folders(ssh_host)
    pid = json.loads((folder / "job" / "pid.json").read_bytes())["pid"]
    os.killpg(pid, signal.SIGKILL)


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[None]:
    """Put a disk of that size under a folder; only root can."""
    folder.mkdir(parents=True, exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("only root can mount a small disk")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def install_for_a_plugin(connection: Connection, home: Home, record: HostRecord) -> None:
    """Install a requirement over the environment, use it, and see that neither can be removed meanwhile."""
    lines = ("plugin-extra>=1", "rich")
    link = connection.start_agent()
    base = python_for(link, record, ())
    assert missing_on(link, base, lines) == ("plugin-extra>=1",)
    with pytest.raises(RemoteError) as told:
        python_for(link, record, lines)
    assert told.value.code == "host_requirements_missing"
    assert "plugin-extra" in told.value.message

    install_requirements(connection, home, lines)

    python = python_for(link, record, lines)
    program = "import plugin_extra, engine.cli, torch; print(plugin_extra.WORD, plugin_extra.__file__)"
    said = subprocess.run([python, "-I", "-c", program], capture_output=True, text=True, check=True).stdout
    assert said.startswith("of the plugin")
    assert missing_on(link, base, lines) == ("plugin-extra>=1",), "what others run with is as it was"

    place = "runs/20260101-000000-aaaa/attempts/0001"
    link.ask("launch", b"", folder=place, argv=[python, "-c", "import time; time.sleep(600)"])
    for key in (Path(base).parts[-4], Path(python).parts[-4]):
        with pytest.raises(RemoteError) as told:
            link.ask("drop_environment", b"", key=key)
        assert told.value.code == "environment_in_use"
    link.ask("signal", b"", folder=place, name="KILL")
    while link.ask("poll", b"", folder=place, reads={}).data["alive"]:
        time.sleep(0.05)


def other_engine(release: str = "0.0.9") -> EngineWheel:
    return build_wheel(PACKAGE_ROOT / "engine", release, requires(DISTRIBUTION) or [])


@pytest.mark.slow
def test_that_a_host_gets_an_environment_that_runs_our_engine_and_keeps_it(
    ssh_host: SshHost, home: Home, record: HostRecord, tmp_path: Path
) -> None:
    other_home = Home(tmp_path / "another desktop").ensure()
    theirs: list[EnvironmentFacts] = []
    thread = threading.Thread(target=lambda: theirs.append(run(ssh_host, other_home, record)))
    onlooker = Onlooker(TORCH_STEP, thread.start)

    facts = run(ssh_host, home, record, onlooker)
    thread.join()

    assert theirs == [facts], "another desktop joins the job that is at work"
    assert len(folders(ssh_host)) == 1
    assert (facts.state, facts.engine, facts.torch_build) == ("ready", engine_wheel().version, "cpu")
    assert facts.torch == "2.14.1+stub"
    assert facts.device_ok is None
    assert facts.bytes > 1_000_000
    order = ["Sending the wheels", "Making the environment", TORCH_STEP, ENGINE_STEP, "Testing", "Ready"]
    places = [next(i for i, step in enumerate(onlooker.steps) if step.startswith(name)) for name in order]
    assert places == sorted(places)
    assert any("Successfully installed" in line for line in onlooker.lines)

    with Connection(record, home) as connection:
        link = connection.start_agent()
        python, found = ready_environment(link, record)
        assert found == facts
        program = "import engine.cli; print(engine.cli.__file__)"
        told = subprocess.run([python, "-I", "-c", program], capture_output=True, text=True, check=True)
        assert told.stdout.startswith(str(ssh_host.root))

        again = Onlooker()
        assert prepare(connection, home, again.watch) == facts
        assert again.lines == [], "one that is ready is left as it is"

        install_for_a_plugin(connection, home, record)
        assert prepare(connection, home) == facts
        assert len(folders(ssh_host)) == 2, "what lies over the environment stays with it"

        kept_bytes = clean(link, home, Parts(environment=True)).removed_bytes
    assert kept_bytes > facts.bytes / 2
    assert folders(ssh_host) == []
    assert not (ssh_host.root / "wheels").exists()
    assert [path for path in (ssh_host.root / "objects").rglob("*") if path.is_file()] == []


@pytest.mark.slow
def test_that_another_version_takes_over_what_is_the_same_and_the_old_one_goes_when_no_run_uses_it(
    ssh_host: SshHost, home: Home, record: HostRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as older:
        older.setattr(environment, "engine_wheel", other_engine)
        before = run(ssh_host, home, record)
    assert before.engine.startswith("0.0.9+h")
    (old,) = folders(ssh_host)
    with Connection(record, home) as connection:
        link = connection.start_agent()
        _, found = look_up(link, record)
        assert (found.state, found.engine) == ("outdated", before.engine)
        with pytest.raises(RemoteError) as told:
            ready_environment(link, record)
        assert told.value.code == "host_not_prepared"
        assert "another version" in told.value.message

        place = "runs/20260101-000000-aaaa/attempts/0001"
        program = [str(old / "venv" / "bin" / "python"), "-c", "import time; time.sleep(600)"]
        link.ask("launch", b"", folder=place, argv=program)
        onlooker = Onlooker()
        after = run(ssh_host, home, record, onlooker)

        assert after.engine == engine_wheel().version
        assert not any(step.startswith(TORCH_STEP) for step in onlooker.steps), "torch is taken over"
        assert old.exists(), "a run is at work with it"
        with pytest.raises(RemoteError) as told:
            link.ask("drop_environment", b"", key=old.name)
        assert told.value.code == "environment_in_use"
        assert "20260101-000000-aaaa" in told.value.message

        link.ask("signal", b"", folder=place, name="KILL")
        while link.ask("poll", b"", folder=place, reads={}).data["alive"]:
            time.sleep(0.05)
        run(ssh_host, home, record)
    assert not old.exists()
    assert len(folders(ssh_host)) == 1


@pytest.mark.slow
def test_that_a_cancel_ends_the_job_there_and_leaves_nothing(
    ssh_host: SshHost, home: Home, record: HostRecord
) -> None:
    onlooker = Onlooker(TORCH_STEP)
    onlooker.then = onlooker.cancel

    with pytest.raises(UserError) as told:
        run(ssh_host, home, record, onlooker)

    assert told.value.code == "prepare_cancelled"
    assert job_processes(ssh_host) == []
    assert folders(ssh_host) == []


@pytest.mark.slow
def test_that_a_killed_job_is_found_out_and_the_next_one_survives_a_cut_and_a_python_without_pip(
    own_ssh_host: SshHost, home: Home, wheels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparation_job, "_RETRY_S", 0.1)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "bare"], check=True)
    (packages,) = (tmp_path / "bare" / "lib").glob("python3*/site-packages")
    (packages / "sitecustomize.py").write_text(WITHOUT_PIP, encoding="utf-8")
    record = own_ssh_host.record(wheels=str(wheels), python=str(tmp_path / "bare" / "bin" / "python"))

    with pytest.raises(RemoteError) as told:
        run(own_ssh_host, home, record, Onlooker(TORCH_STEP, lambda: kill_job(own_ssh_host)))
    assert told.value.code == "prepare_died"

    onlooker = Onlooker(TORCH_STEP, own_ssh_host.kill_children)
    assert run(own_ssh_host, home, record, onlooker).state == "ready"
    commands = [line for line in onlooker.lines if line.startswith("$ ")]
    assert len(commands) == 4, "one job, no step of it twice"
    assert "--without-pip" in commands[0]
    assert any("cannot be reached" in line for line in onlooker.lines)


@pytest.mark.slow
def test_that_a_missing_wheel_is_named(ssh_host: SshHost, home: Home, tmp_path: Path) -> None:
    (tmp_path / "few").mkdir()
    add_stub(tmp_path / "few", "torch", "2.14.1")
    record = ssh_host.record(wheels=str(tmp_path / "few"), python=sys.executable)

    with pytest.raises(RemoteError) as told:
        run(ssh_host, home, record)

    assert told.value.code == "prepare_package_missing"
    assert "torchvision" in told.value.message
    assert "Add the wheel" in told.value.hint
    (folder,) = folders(ssh_host)
    assert not (folder / "venv").exists(), "what was half made takes no room"


@pytest.mark.slow
def test_that_the_next_build_and_other_versions_are_taken_where_the_first_are_not_to_be_had(
    ssh_host: SshHost, home: Home, tmp_path: Path
) -> None:
    folder = fill(tmp_path / "index")
    for path in (*folder.glob("torch-*.whl"), *folder.glob("torchvision-*.whl")):
        path.unlink()
    add_stub(folder, "torch", "2.14.1", TORCH)
    add_stub(folder, "torchvision", "0.29.1")
    python = python_with_settings(tmp_path, PIP_NO_INDEX=1, PIP_FIND_LINKS=folder, PIP_CONFIG_FILE=os.devnull)
    onlooker = Onlooker()

    facts = run(ssh_host, home, ssh_host.record(python=python), onlooker)

    assert facts.state == "ready"
    assert "Installing torch (cpu)" in onlooker.steps
    assert "The build cpu of torch does not do here; the next one is tried." in onlooker.steps
    assert "Installing torch (default)" in onlooker.steps
    assert any(step.startswith("The versions that were proven together") for step in onlooker.steps)


@pytest.mark.slow
def test_that_a_host_without_network_is_told_of_the_folder_of_wheels(
    ssh_host: SshHost, home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.executors.ssh.preparation.CUDA_BYTES", 1)  # whatever this disk has free
    nowhere = "http://127.0.0.1:9/simple"
    python = python_with_settings(
        tmp_path, PIP_INDEX_URL=nowhere, PIP_CONFIG_FILE=os.devnull, PIP_FIND_LINKS=""
    )

    with pytest.raises(RemoteError) as told:
        run(ssh_host, home, ssh_host.record(python=python, torch_build="default"))

    assert told.value.code == "prepare_no_network"
    assert "hosts wheels box" in told.value.hint


@pytest.mark.slow
def test_that_a_self_test_that_fails_shows_what_python_said(
    ssh_host: SshHost, home: Home, tmp_path: Path
) -> None:
    folder = fill(tmp_path / "wheels")
    next(folder.glob("torchvision-*.whl")).unlink()
    add_stub(
        folder, "torchvision", "0.29.1", "raise ImportError('libGL.so.1: cannot open shared object file')"
    )

    with pytest.raises(RemoteError) as told:
        run(ssh_host, home, ssh_host.record(wheels=str(folder), python=sys.executable))

    assert told.value.code == "prepare_self_test_failed"
    assert "libGL.so.1" in told.value.message


def test_that_a_folder_without_wheels_is_said_before_anything_is_sent(
    ssh_host: SshHost, home: Home, tmp_path: Path
) -> None:
    for folder, why in ((tmp_path / "nowhere", "is not there"), (tmp_path, "holds no wheels")):
        with pytest.raises(UserError) as told:
            run(ssh_host, home, ssh_host.record(wheels=str(folder), python=sys.executable))
        assert told.value.code == "wheels_missing"
        assert why in told.value.message


def test_that_a_full_disk_is_said_before_it_is_full(
    ssh_host: SshHost, home: Home, record: HostRecord
) -> None:
    with small_disk(ssh_host.root, 24), pytest.raises(RemoteError) as told:
        run(ssh_host, home, record)

    assert told.value.code == "prepare_no_space"
    assert "GB free" in told.value.message


@pytest.mark.slow
def test_that_a_disk_that_runs_full_is_told_by_what_it_needs(
    ssh_host: SshHost, home: Home, record: HostRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.executors.ssh.preparation.UNPACKED", 0)
    with small_disk(ssh_host.root, 24), pytest.raises(RemoteError) as told:
        run(ssh_host, home, record)

    assert told.value.code == "prepare_no_space"
    assert "hosts clean" in told.value.hint


def test_that_only_packages_are_read_from_a_plugins_requirements(tmp_path: Path) -> None:
    text = "# what it needs\neinops>=0.8  # shapes\n--index-url https://x.invalid\n-r other.txt\n\nrich\n../evil.whl\n"
    (tmp_path / "requirements.txt").write_text(text, encoding="utf-8")

    assert requirement_lines(tmp_path) == ("einops>=0.8", "rich")
    assert requirement_lines(tmp_path / "nowhere") == ()
