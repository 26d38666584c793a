"""A host is tested for real, from its key to the speed of its line; what is wrong is told with its remedy."""

from __future__ import annotations

import getpass
import shutil
import sys
import time
from pathlib import Path

import pytest

from engine.errors import RemoteError
from engine.executors.ssh.checks import ORDER, check_host, check_now
from engine.executors.ssh.connection import Connection
from engine.executors.ssh.host_checks import clock, disk, folder, gpu, network, sleep, speed
from engine.executors.ssh.probing import DiskFacts, NetworkFacts, Probe, SleepFacts
from engine.protocol.home import Home
from engine.protocol.hosts import EnvironmentFacts, HostBook, HostCheck, HostFacts, HostRecord
from tests.engine.executors.ssh.host_faker import H100, nvidia_smi, python_at, python_with_path
from tests.engine.executors.ssh.wheel_maker import add_stub
from tests.fixtures.ssh_host import SshHost, make_key


@pytest.fixture
def home(lensmith_home: Path) -> Home:
    return Home(lensmith_home).ensure()


@pytest.fixture
def wheels(tmp_path: Path) -> str:
    """A folder of wheels, so that no test looks for a network."""
    (tmp_path / "wheels").mkdir()
    add_stub(tmp_path / "wheels", "torch", "2.14.1")
    return str(tmp_path / "wheels")


@pytest.fixture
def record(ssh_host: SshHost, wheels: str) -> HostRecord:
    return ssh_host.record(wheels=wheels, python=sys.executable)


def look(ssh_host: SshHost, home: Home, record: HostRecord) -> HostFacts:
    connection = Connection(record, home, accept=ssh_host.fingerprint())
    try:
        return check_host(connection, home)
    finally:
        connection.close()


def of(facts: HostFacts, name: str) -> HostCheck:
    (found,) = (check for check in facts.checks if check.name == name)
    return found


def test_that_a_host_is_told_with_all_that_a_training_needs(
    ssh_host: SshHost, home: Home, record: HostRecord
) -> None:
    facts = look(ssh_host, home, record)

    assert tuple(check.name for check in facts.checks) == ORDER
    assert [check for check in facts.checks if check.state == "failed"] == []
    assert facts.python.startswith(".".join(map(str, sys.version_info[:3])))
    assert facts.disk_free_bytes == pytest.approx(shutil.disk_usage(ssh_host.root).free, rel=0.05)
    assert facts.memory_bytes > 0
    assert facts.cpus > 0
    assert abs(facts.clock_offset_s) < 1
    assert 0 < facts.latency_s < 1
    assert facts.upload_bytes_per_s > 1e5
    assert abs(facts.checked - time.time()) < 60
    assert facts.environment.state == "missing"
    assert of(facts, "environment").code == "host_not_prepared"
    assert not list(ssh_host.root.glob("speed*")), "nothing of the test is left there"


def test_that_a_gpu_there_is_named_with_its_driver(
    ssh_host: SshHost, home: Home, record: HostRecord, tmp_path: Path
) -> None:
    python = python_with_path(tmp_path, nvidia_smi(tmp_path / "bin", H100))

    facts = look(ssh_host, home, record.model_copy(update={"python": python}))

    assert [gpu.name for gpu in facts.gpus] == ["NVIDIA H100 80GB HBM3"]
    assert of(facts, "gpu").state == "ok"
    assert "580.159.04" in of(facts, "gpu").message


def test_that_a_driver_that_does_not_work_fails_with_a_remedy(
    ssh_host: SshHost, home: Home, record: HostRecord, tmp_path: Path
) -> None:
    smi = nvidia_smi(tmp_path / "bin", fault="NVIDIA-SMI has failed")

    facts = look(ssh_host, home, record.model_copy(update={"python": python_with_path(tmp_path, smi)}))

    assert (of(facts, "gpu").state, of(facts, "gpu").code) == ("failed", "host_gpu_driver")
    assert "NVIDIA-SMI has failed" in of(facts, "gpu").message


@pytest.mark.parametrize(("offset_s", "state"), [(1200.0, "failed"), (-1200.0, "failed"), (90.0, "warning")])
def test_that_a_clock_that_is_off_is_measured_and_said(
    ssh_host: SshHost, home: Home, record: HostRecord, tmp_path: Path, offset_s: float, state: str
) -> None:
    facts = look(ssh_host, home, record.model_copy(update={"python": python_at(tmp_path, offset_s)}))

    assert facts.clock_offset_s == pytest.approx(offset_s, abs=1)
    assert (of(facts, "clock").state, of(facts, "clock").code) == (state, "host_clock_wrong")
    assert "all the same" in of(facts, "clock").hint
    assert of(facts, "environment").state == "warning", "everything else is looked at"


def test_that_a_host_without_python_is_told_what_to_install(
    ssh_host: SshHost, home: Home, record: HostRecord
) -> None:
    facts = look(ssh_host, home, record.model_copy(update={"python": "/nowhere/python3"}))

    assert [check.name for check in facts.checks] == ["key", "login", "python"]
    assert of(facts, "python").code == "host_without_python"
    assert "apt install" in of(facts, "python").hint


def test_that_a_python_too_old_for_the_engine_is_told_and_the_rest_looked_at(
    ssh_host: SshHost, home: Home, record: HostRecord
) -> None:
    old = next(iter(sorted(Path.home().glob(".pyenv/versions/3.[89].*/bin/python3"))), None)
    if old is None:
        pytest.skip("no older Python is here")

    facts = look(ssh_host, home, record.model_copy(update={"python": str(old)}))

    assert (of(facts, "python").state, of(facts, "python").code) == ("failed", "host_python_missing")
    assert "3.11 to 3.14" in of(facts, "python").message
    assert of(facts, "disk").state == "ok"


def test_that_a_folder_that_cannot_be_written_is_told(
    ssh_host: SshHost, home: Home, record: HostRecord, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()  # root writes everywhere, but not below a file

    facts = look(ssh_host, home, record.model_copy(update={"folder": str(tmp_path / "file" / "folder")}))

    assert (of(facts, "folder").state, of(facts, "folder").code) == ("failed", "host_not_writable")
    assert "--folder" in of(facts, "folder").hint


def test_that_a_refused_login_and_a_host_that_is_away_are_checks_that_failed(
    ssh_host: SshHost, home: Home, record: HostRecord, tmp_path: Path
) -> None:
    make_key(tmp_path / "other")
    refused = look(ssh_host, home, record.model_copy(update={"key_file": str(tmp_path / "other")}))
    away = look(ssh_host, home, record.model_copy(update={"port": 1}))

    assert of(refused, "login").code == "host_login_refused"
    assert getpass.getuser() in of(refused, "login").message
    assert of(away, "login").code == "host_unreachable"


def test_that_a_changed_key_is_a_warning_of_an_attack(own_ssh_host: SshHost, home: Home) -> None:
    record = own_ssh_host.record()
    Connection(record, home, accept=own_ssh_host.fingerprint()).open()
    own_ssh_host.change_key()

    facts = check_host(Connection(record, home), home)

    assert [(check.name, check.code) for check in facts.checks] == [("key", "host_key_changed")]
    assert facts.checks[0].message.startswith("Stop:")


def test_that_an_unknown_key_is_asked_for_and_not_a_finding(ssh_host: SshHost, home: Home) -> None:
    with pytest.raises(RemoteError) as told:
        check_host(Connection(ssh_host.record(), home), home)

    assert told.value.code == "host_key_unknown"
    assert told.value.details["fingerprint"] == ssh_host.fingerprint()


def test_that_an_own_environment_is_tried_out(ssh_host: SshHost, home: Home, record: HostRecord) -> None:
    own = record.model_copy(update={"environment": sys.executable})
    bare = record.model_copy(update={"environment": "/bin/false"})

    good, bad = look(ssh_host, home, own), look(ssh_host, home, bare)

    assert good.environment.state == "own"
    assert of(good, "environment").state == "ok"
    assert good.environment.torch != ""
    assert (of(bad, "environment").state, of(bad, "environment").code) == (
        "failed",
        "host_environment_broken",
    )


def test_that_what_is_found_while_a_host_is_away_stays_as_it_was(
    own_ssh_host: SshHost, home: Home, wheels: str
) -> None:
    record = own_ssh_host.record(wheels=wheels, python=sys.executable)
    facts = look(own_ssh_host, home, record)
    HostBook(home).keep_facts("box", facts)
    own_ssh_host.stop()

    away = check_host(Connection(record, home), home)

    assert away.system == facts.system
    assert [check.code for check in away.checks] == ["host_unreachable"]


def test_that_a_glance_is_quick_and_keeps_what_was_found(
    ssh_host: SshHost, home: Home, record: HostRecord, tmp_path: Path
) -> None:
    HostBook(home).keep_facts("box", look(ssh_host, home, record))
    python = python_with_path(tmp_path, nvidia_smi(tmp_path / "bin", H100))
    with Connection(record.model_copy(update={"python": python}), home) as connection:
        link = connection.start_agent()
        place = "runs/run-1/attempts/0001"
        link.ask("launch", b"", folder=place, argv=["/bin/sleep", "60"])
        link.ask("hold", b"", devices="cuda:0", run="run-1", attempt=1, desktop="d")

        facts = check_now(link, home)

        link.ask("signal", b"", folder=place, name="KILL")
    assert facts.queue == 1
    assert facts.gpus[0].holder == "run-1"
    assert tuple(check.name for check in facts.checks) == ORDER


def test_that_a_glance_takes_back_that_the_host_was_away(
    ssh_host: SshHost, home: Home, record: HostRecord
) -> None:
    whole = look(ssh_host, home, record)
    away = HostCheck(name="login", state="failed", message="It does not answer.", code="host_unreachable")
    HostBook(home).keep_facts("box", whole.model_copy(update={"checks": (away,)}))

    with Connection(record, home) as connection:
        facts = check_now(connection.start_agent(), home)

    assert [(check.name, check.state, check.code) for check in facts.checks] == [("login", "ok", "")]


def test_that_a_host_reaches_its_own_index_where_pip_does(
    ssh_host: SshHost, home: Home, tmp_path: Path
) -> None:
    add_stub(tmp_path, "packaging", "1.0")
    wrapped = tmp_path / "python-offline"
    settings = f'PIP_NO_INDEX=1 PIP_FIND_LINKS="{tmp_path}" PIP_CONFIG_FILE=/dev/null'
    wrapped.write_text(f'#!/bin/sh\n{settings} exec "{sys.executable}" "$@"\n', encoding="utf-8")
    wrapped.chmod(0o755)
    record = ssh_host.record(python=str(wrapped))

    found = of(look(ssh_host, home, record), "network")
    (tmp_path / "packaging-1.0-py3-none-any.whl").unlink()
    missing = of(look(ssh_host, home, record), "network")

    assert found.state == "ok"
    assert (missing.state, missing.code) == ("failed", "host_offline")
    assert "--wheels" in missing.hint


BOX = HostRecord(name="box", host="b")


def test_the_sentences_of_findings_that_no_host_here_has() -> None:
    found = [
        folder(BOX, "/r", DiskFacts(noexec=True)),
        disk(BOX, Probe(disk=DiskFacts(free=1 << 30)), EnvironmentFacts()),
        disk(BOX, Probe(disk=DiskFacts(free=1 << 30)), EnvironmentFacts(state="ready")),
        disk(BOX, Probe(disk=DiskFacts(free=1 << 40, files_free=10)), EnvironmentFacts()),
        gpu(
            BOX,
            Probe.model_validate(
                {"driver": "470.1", "gpus": [{"index": 0, "name": "A", "capability": "8.6"}]}
            ),
        ),
        sleep(BOX, SleepFacts(kills_at_logout=True)),
        sleep(BOX, SleepFacts(idle_action="suspend")),
        sleep(BOX, SleepFacts(battery=True)),
        speed(1e4, 0.2),
        clock(3600.0),
        network(BOX, NetworkFacts(pip=False), is_ready=True),
        network(BOX, NetworkFacts(pip=False), is_ready=False),
    ]

    assert [check.code for check in found if check.state == "failed"] == [
        "host_folder_noexec",
        "host_disk_small",
        "host_clock_wrong",
        "host_offline",
    ]
    for check in found:
        assert check.state != "ok"
        assert check.message.endswith((".", ")")), check
        assert check.hint != "", check
