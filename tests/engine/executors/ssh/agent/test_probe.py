"""The agent's look at its host, with real programs in the place of `nvidia-smi`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from engine.executors.ssh.agent import cleaning, probe, processes, pythons
from engine.executors.ssh.agent.words import Agent
from tests.engine.executors.ssh.host_faker import H100, nvidia_smi

PACKAGE = Path(probe.__file__).parent


@pytest.fixture
def agent(tmp_path: Path) -> Agent:
    (tmp_path / "root").mkdir()
    return Agent(tmp_path / "root")


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The one folder in which programs are found."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setattr(probe, "SMI_FOLDERS", ())
    return folder


def test_that_a_gpu_is_told_with_memory_driver_and_capability(agent: Agent, programs: Path) -> None:
    nvidia_smi(programs, H100, "1, NVIDIA Titan, Anniversary, 12288, [N/A], [N/A], 580.159.04, [N/A]")

    told, _ = probe.glance(agent, {}, b"")

    first, second = told["gpus"]
    assert (first["name"], first["capability"], told["driver"]) == (
        "NVIDIA H100 80GB HBM3",
        "9.0",
        "580.159.04",
    )
    assert first["memory_bytes"] == 81559 << 20
    assert first["free_bytes"] == 81000 << 20
    assert first["utilisation"] == 3.0
    assert (second["name"], second["capability"], second["free_bytes"]) == (
        "NVIDIA Titan, Anniversary",
        "",
        0,
    )
    assert told["smi_fault"] == ""


def test_that_an_old_driver_that_knows_no_capability_is_asked_again(agent: Agent, programs: Path) -> None:
    nvidia_smi(programs, "0, Tesla K80, 11441, 11000, 0, 470.256.02", knows_capability=False)

    told, _ = probe.glance(agent, {}, b"")

    assert [(gpu["name"], gpu["capability"]) for gpu in told["gpus"]] == [("Tesla K80", "")]
    assert told["driver"] == "470.256.02"


def test_that_a_driver_that_does_not_work_is_told_and_is_no_gpu(agent: Agent, programs: Path) -> None:
    nvidia_smi(programs, fault="Failed to initialize NVML: Driver/library version mismatch")

    told, _ = probe.glance(agent, {}, b"")

    assert told["gpus"] == []
    assert "version mismatch" in told["smi_fault"]


def test_that_nvidia_smi_that_hangs_does_not_hold_up_the_rest(
    agent: Agent, programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe, "SMI_TIMEOUT_S", 0.2)
    (programs / "nvidia-smi").write_text("#!/bin/sh\nexec sleep 30\n", encoding="utf-8")
    (programs / "nvidia-smi").chmod(0o755)

    told, _ = probe.glance(agent, {}, b"")

    assert told["smi_fault"] == "nvidia-smi does not answer"
    assert told["memory"] > 0


def test_that_a_host_without_gpu_has_no_fault(agent: Agent, programs: Path) -> None:
    told, _ = probe.glance(agent, {}, b"")

    assert (told["gpus"], told["smi_fault"]) == ([], "")


def test_that_memory_disk_and_processors_agree_with_an_independent_look(agent: Agent) -> None:
    told, _ = probe.probe(agent, {"python": sys.executable}, b"")

    assert told["memory"] <= psutil.virtual_memory().total
    assert 0 < told["memory_free"] <= told["memory"]
    assert told["disk"]["free"] == pytest.approx(shutil.disk_usage(agent.root).free, rel=0.05)
    assert 1 <= told["cpus"] <= (os.cpu_count() or 1)
    assert told["libc"].startswith("glibc")
    assert told["queue"] == 0


def test_that_a_named_python_alone_is_looked_at(agent: Agent) -> None:
    told, _ = probe.probe(agent, {"python": sys.executable}, b"")

    (python,) = told["pythons"]
    assert python["version"] == ".".join(map(str, sys.version_info[:3]))
    assert python["venv"]
    assert python["is_64"]
    assert probe.probe(agent, {"python": "/nowhere/python"}, b"")[0]["pythons"] == []


def test_that_pythons_on_the_path_are_found_once_and_broken_ones_passed_over(
    programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pythons, "FOLDERS", ())
    monkeypatch.setenv("PATH", str(programs))
    (programs / "python3").symlink_to(sys.executable)
    (programs / "python3.11").symlink_to(sys.executable)
    (programs / "python").write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    (programs / "python").chmod(0o755)

    found = pythons.find_pythons()

    assert len(found) == 1


def test_that_what_a_living_run_holds_is_told(agent: Agent) -> None:
    data = agent.root / "data" / "abc"
    data.mkdir(parents=True)
    attempt = agent.root / "runs" / "run-1" / "attempts" / "0001"
    attempt.mkdir(parents=True)
    spec = json.dumps({"placement": {"dataset_root": str(data)}})
    (attempt / "attempt.json").write_text(spec, encoding="utf-8")
    place = "runs/run-1/attempts/0001"
    processes.launch(agent, {"folder": place, "argv": ["/bin/sleep", "60"]}, b"")
    try:
        assert cleaning.in_use(agent, {}, b"")[0] == {"runs": ["run-1"], "data": ["data/abc"]}
        assert probe.glance(agent, {}, b"")[0]["queue"] == 1
    finally:
        processes.send_signal(agent, {"folder": place, "name": "KILL"}, b"")
    while processes.living(attempt) is not None:
        pass
    assert cleaning.in_use(agent, {}, b"")[0] == {"runs": [], "data": []}


@pytest.mark.parametrize(
    ("settings", "kills"),
    [
        ("KillUserProcesses=yes\nKillExcludeUsers=\n", True),
        ("KillUserProcesses=no\n", False),
        ("# KillUserProcesses=yes\n", False),
        ("KillUserProcesses=yes\nKillExcludeUsers=somebody\n", True),
    ],
)
def test_that_a_login_manager_that_ends_trainings_is_noticed(
    settings: str, kills: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "logind.conf").write_text(f"[Login]\n{settings}", encoding="utf-8")
    monkeypatch.setattr(probe, "LOGIN_CONFIGURATION", (str(tmp_path / "logind.conf"),))

    assert probe._sleep()["kills_at_logout"] is kills


def test_that_the_agent_is_plain_python_of_3_8() -> None:
    old = [*sorted(Path.home().glob(".pyenv/versions/3.8*/bin/python3")), Path("/usr/bin/python3.8")]
    python = next((path for path in old if path.exists()), None)
    if python is None:
        pytest.skip("no Python 3.8 is here")
    modules = ", ".join(f"engine.executors.ssh.agent.{path.stem}" for path in PACKAGE.glob("[a-z]*.py"))
    program = f"import sys; sys.path.insert(0, {str(PACKAGE.parents[3])!r}); import {modules}"

    ended = subprocess.run([python, "-I", "-c", program], capture_output=True, text=True, check=False)

    assert ended.returncode == 0, ended.stderr
