"""Processes, locks and sockets of this system, with real processes."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from engine.protocol import operating_system
from engine.protocol.operating_system import (
    Launch,
    connect_local_socket,
    free_disk_bytes,
    heeding_termination,
    is_same_process,
    kill_group,
    process_identity,
    replace_file,
    spawn_detached,
    terminate_group,
    try_lock,
    wait_for_lock,
)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="these are the POSIX branches")

SLEEP = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)"]
HOLD_LOCK = (
    "import sys, time, pathlib\n"
    "from engine.protocol.operating_system import try_lock\n"
    "lock = try_lock(pathlib.Path(sys.argv[1]))\n"
    "print('held' if lock else 'refused', flush=True)\n"
    "time.sleep(60)\n"
)


def is_gone(pid: int, within_s: float = 10) -> bool:
    deadline = time.monotonic() + within_s
    while process_identity(pid) is not None and time.monotonic() < deadline:
        time.sleep(0.01)
    return process_identity(pid) is None


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(SLEEP, stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert process.stdout is not None
    process.stdout.readline()
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


@pytest.fixture
def short_folder() -> Iterator[Path]:
    # A socket's address has room for about 100 characters.
    folder = Path(tempfile.mkdtemp(prefix="ls"))
    yield folder
    shutil.rmtree(folder)


def test_that_a_process_keeps_its_identity_and_shares_it_with_nobody(sleeper: subprocess.Popen[str]) -> None:
    own, other = process_identity(os.getpid()), process_identity(sleeper.pid)

    assert own is not None
    assert own == process_identity(os.getpid())
    assert own != other


def test_that_a_later_process_with_the_same_number_is_another(sleeper: subprocess.Popen[str]) -> None:
    identity = process_identity(sleeper.pid)
    assert identity is not None

    assert is_same_process(sleeper.pid, identity)
    assert not is_same_process(os.getpid(), identity)


def test_that_a_dead_process_has_no_identity_even_before_its_parent_knows(
    sleeper: subprocess.Popen[str],
) -> None:
    sleeper.kill()

    assert is_gone(sleeper.pid)
    assert sleeper.poll() is not None
    assert process_identity(sleeper.pid) is None


def test_that_a_detached_process_outlives_the_hard_end_of_its_parents_group(tmp_path: Path) -> None:
    program = (
        "import sys, os, time, pathlib\n"
        "from engine.protocol.operating_system import Launch, spawn_detached\n"
        "folder = pathlib.Path(sys.argv[1])\n"
        "launch = Launch(sys.argv[2:], folder, dict(os.environ), folder / 'logs' / 'log.txt')\n"
        "print(spawn_detached(launch).pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path), *SLEEP]
    parent = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    identity = process_identity(child)

    assert sys.platform != "win32"  # for the type checker
    os.killpg(parent.pid, signal.SIGKILL)
    parent.wait()
    parent.stdout.close()

    assert identity is not None
    assert is_same_process(child, identity)
    kill_group(child)
    assert is_gone(child)


def test_that_a_detached_process_writes_its_output_to_its_log(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    log.write_text("before\n")
    program = "import sys; print('out', flush=True); print('err', file=sys.stderr); print(sys.stdin.read())"

    process = spawn_detached(Launch([sys.executable, "-c", program], tmp_path, {}, log))

    assert process.wait(timeout=30) == 0
    assert log.read_text().split() == ["before", "out", "err"]


@pytest.mark.parametrize("end", [terminate_group, kill_group])
def test_that_ending_a_detached_process_ends_its_children(end: object, tmp_path: Path) -> None:
    program = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    log = tmp_path / "log.txt"
    process = spawn_detached(Launch([sys.executable, "-c", program], tmp_path, {}, log))
    deadline = time.monotonic() + 30
    while not log.read_text().endswith("\n") and time.monotonic() < deadline:
        time.sleep(0.01)

    end(process.pid)  # type: ignore[operator]  # one of the two functions

    assert is_gone(int(log.read_text()))
    process.wait(timeout=10)


def test_that_ending_a_process_that_is_gone_is_no_error(sleeper: subprocess.Popen[str]) -> None:
    sleeper.kill()
    sleeper.wait()

    terminate_group(sleeper.pid)
    kill_group(sleeper.pid)


def test_that_a_lock_is_held_by_one_process_and_freed_by_its_hard_end(tmp_path: Path) -> None:
    path = tmp_path / "locks" / "runner.lock"
    command = [sys.executable, "-c", HOLD_LOCK, str(path)]
    holder = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline().strip() == "held"

    assert try_lock(path) is None
    assert wait_for_lock(path, timeout_s=0.05, poll_s=0.01) is None
    holder.kill()
    lock = wait_for_lock(path, timeout_s=10)
    holder.wait()
    holder.stdout.close()

    assert lock is not None
    lock.release()


def test_that_a_lock_can_be_taken_again_after_its_release(tmp_path: Path) -> None:
    first = try_lock(tmp_path / "lock")
    assert first is not None
    assert try_lock(tmp_path / "lock") is None

    first.release()
    second = try_lock(tmp_path / "lock")

    assert second is not None
    second.release()


def test_that_a_started_process_does_not_inherit_a_lock(tmp_path: Path) -> None:
    lock = try_lock(tmp_path / "lock")
    assert lock is not None
    process = spawn_detached(Launch(SLEEP, tmp_path, dict(os.environ), tmp_path / "log.txt"))

    lock.release()
    again = try_lock(tmp_path / "lock")
    kill_group(process.pid)
    process.wait()

    assert again is not None
    again.release()


def test_that_a_local_socket_brings_all_bytes_in_order(short_folder: Path) -> None:
    assert sys.platform != "win32"  # for the type checker
    address = str(short_folder / "tap")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind(address)
        server.listen()
        client = connect_local_socket(address, timeout_s=5)
        listener, _ = server.accept()
        client.send(b"one\n")
        client.send(b"two\n")
        client.close()
        with listener, listener.makefile("rb") as stream:
            assert stream.read() == b"one\ntwo\n"


def test_that_a_listener_that_does_not_read_is_given_up(short_folder: Path) -> None:
    assert sys.platform != "win32"  # for the type checker
    address = str(short_folder / "tap")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind(address)
        server.listen()
        client = connect_local_socket(address, timeout_s=0.05)
        with pytest.raises(OSError, match="timed out"):
            client.send(bytes(64 * 1024 * 1024))
        client.close()


@pytest.mark.parametrize("address", ["nobody", "x" * 200])
def test_that_an_address_where_nobody_listens_is_an_os_error(short_folder: Path, address: str) -> None:
    with pytest.raises(OSError, match=r"No such file|too long"):
        connect_local_socket(str(short_folder / address), timeout_s=0.1)


def test_that_a_file_takes_the_place_of_another(tmp_path: Path) -> None:
    (tmp_path / "new").write_text("new")
    (tmp_path / "old").write_text("old")

    replace_file(tmp_path / "new", tmp_path / "old")

    assert (tmp_path / "old").read_text() == "new"
    assert not (tmp_path / "new").exists()


def test_that_priority_is_lowered_once_and_not_further() -> None:
    program = (
        "import psutil; from engine.protocol.operating_system import lower_priority\n"
        "lower_priority(); first = psutil.Process().nice(); lower_priority()\n"
        "print(first, psutil.Process().nice())\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    first, second = map(int, ended.stdout.split())

    assert first >= max(5, psutil.Process().nice())
    assert second == first


def test_that_free_room_is_that_of_the_disk(tmp_path: Path) -> None:
    assert 0 < free_disk_bytes(tmp_path) <= shutil.disk_usage(tmp_path).total


def test_that_windows_says_that_it_cannot_double_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operating_system.sys, "platform", "win32")

    assert not operating_system.can_fork()
    with pytest.raises(OSError, match="cannot double"):
        operating_system.double_process()
    with pytest.raises(OSError, match="cannot double"):
        operating_system.settle_child(1, 0.0)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_that_a_request_to_end_that_a_destructor_has_lost_is_insisted_on() -> None:
    class Dying:
        def __del__(self) -> None:
            signal.raise_signal(signal.SIGTERM)
            len("")  # here the signal raises

    with heeding_termination() as ending:
        ending.insist()  # nobody has asked yet
        Dying()
        with pytest.raises(SystemExit) as left:
            ending.insist()

    assert left.value.code == 128 + signal.SIGTERM
