"""What is done differently on Windows, driven here with the platform's name changed."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
import types
from pathlib import Path

import psutil
import pytest

from engine.protocol import operating_system
from engine.protocol.operating_system import Launch


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")


def refuse_times(monkeypatch: pytest.MonkeyPatch, times: int) -> list[float]:
    """Let Path.replace fail so many times, as while a reader holds the file; gives the pauses that are made."""
    replace, pauses, refusals = Path.replace, [], iter(range(times))

    def held_open(self: Path, target: Path) -> Path:
        if next(refusals, None) is not None:
            raise PermissionError(13, "The process cannot access the file")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", held_open)
    monkeypatch.setattr(time, "sleep", pauses.append)
    return pauses


@pytest.mark.usefixtures("windows")
def test_that_a_reader_that_holds_the_file_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses = refuse_times(monkeypatch, 3)
    (tmp_path / "new").write_text("new")

    operating_system.replace_file(tmp_path / "new", tmp_path / "old")

    assert (tmp_path / "old").read_text() == "new"
    assert len(pauses) == 3


@pytest.mark.usefixtures("windows")
def test_that_a_reader_that_never_lets_go_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses = refuse_times(monkeypatch, 10_000)
    (tmp_path / "new").write_text("new")

    with pytest.raises(PermissionError):
        operating_system.replace_file(tmp_path / "new", tmp_path / "old")
    assert 0.5 < sum(pauses) < 10


@pytest.mark.skipif(sys.platform == "win32", reason="the POSIX side of the same choice")
def test_that_elsewhere_a_refusal_is_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses = refuse_times(monkeypatch, 1)

    with pytest.raises(PermissionError):
        operating_system.replace_file(tmp_path / "new", tmp_path / "old")
    assert pauses == []


@pytest.mark.usefixtures("windows")
def test_that_folders_are_not_synced(tmp_path: Path) -> None:
    operating_system.sync_folder(tmp_path / "not there")


@pytest.mark.usefixtures("windows")
def test_that_a_detached_process_has_no_window_and_a_group_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: dict[str, object] = {}
    monkeypatch.setattr(subprocess, "Popen", lambda argv, **options: started.update(options, argv=argv))

    operating_system.spawn_detached(Launch(["python", "a b"], tmp_path, {"A": "1"}, tmp_path / "log.txt"))

    assert started["argv"] == ["python", "a b"]
    assert started["env"] == {"A": "1"}
    assert started["creationflags"] == 0x8 | 0x200 | 0x08000000
    assert "start_new_session" not in started


@pytest.mark.usefixtures("windows")
def test_that_a_process_is_told_apart_by_its_start_time() -> None:
    own = operating_system.process_identity(os.getpid())

    assert own == f"{psutil.Process().create_time():.3f}"
    assert operating_system.process_identity(2**22 + 1) is None


def test_that_a_process_and_its_children_are_ended_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    program = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print(child.pid, flush=True); time.sleep(60)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    child = psutil.Process(int(process.stdout.readline()))

    monkeypatch.setattr(sys, "platform", "win32")
    operating_system.kill_group(process.pid)
    monkeypatch.undo()

    process.wait(timeout=10)
    process.stdout.close()
    with contextlib.suppress(psutil.Error):
        child.wait(timeout=10)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


@pytest.mark.usefixtures("windows")
def test_that_ending_a_process_that_is_gone_is_no_error_there_either() -> None:
    operating_system.terminate_group(2**22 + 1)


@pytest.mark.usefixtures("windows")
@pytest.mark.parametrize("is_free", [True, False])
def test_that_a_lock_is_a_locked_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_free: bool) -> None:
    calls: list[tuple[int, int]] = []

    def locking(file: int, mode: int, length: int) -> None:
        calls.append((mode, length))
        if not is_free:
            raise OSError(36, "Resource deadlock avoided")

    monkeypatch.setitem(sys.modules, "msvcrt", types.SimpleNamespace(locking=locking, LK_NBLCK=2))

    lock = operating_system.try_lock(tmp_path / "lock")

    assert (lock is not None) is is_free
    assert calls == [(2, 1)]
    if lock is not None:
        lock.release()


@pytest.mark.usefixtures("windows")
def test_that_the_desktop_is_reached_by_a_named_pipe(tmp_path: Path) -> None:
    # A file stands in for the pipe: both are opened for reading and writing, and must be there.
    pipe = tmp_path / "pipe"
    pipe.touch()

    client = operating_system.connect_local_socket(str(pipe), timeout_s=0.1)
    client.send(b"one\n")
    client.send(b"two\n")
    client.close()

    assert pipe.read_bytes() == b"one\ntwo\n"
    with pytest.raises(FileNotFoundError):
        operating_system.connect_local_socket(str(tmp_path / "nobody"), timeout_s=0.1)


@pytest.mark.usefixtures("windows")
def test_that_a_process_is_not_doubled() -> None:
    assert not operating_system.can_fork()


@pytest.mark.usefixtures("windows")
def test_that_priority_is_a_class(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr(psutil, "BELOW_NORMAL_PRIORITY_CLASS", "below normal", raising=False)
    monkeypatch.setattr(psutil.Process, "nice", lambda self, value=None: asked.append(value))

    operating_system.lower_priority()

    assert asked == ["below normal"]
