"""Every difference between POSIX and Windows, in one module: processes, locks, replacing files, local sockets.

Windows branches use only the standard library and psutil; on Linux a process is told apart by boot id and start tick.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

import psutil

_REPLACE_TRIES = 20
_REPLACE_PAUSE_S = 0.05
_WAIT_POLL_S = 0.02
_WINDOWS_DETACHED_PROCESS = 0x00000008
_WINDOWS_NEW_PROCESS_GROUP = 0x00000200
_WINDOWS_NO_WINDOW = 0x08000000


def replace_file(source: Path, target: Path) -> None:
    """Put `source` in the place of `target`; on Windows wait for a reader that holds the target open."""
    for _ in range(_REPLACE_TRIES - 1):
        try:
            source.replace(target)
            return
        except PermissionError:
            if sys.platform != "win32":
                raise
            time.sleep(_REPLACE_PAUSE_S)
    source.replace(target)


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` survive a power cut; Windows has no such call."""
    if sys.platform == "win32":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@dataclass(frozen=True, slots=True)
class Launch:
    """What a detached process is started with. Its output is appended to `log`."""

    argv: Sequence[str]
    cwd: Path
    env: Mapping[str, str]
    log: Path


def spawn_detached(launch: Launch) -> subprocess.Popen[bytes]:
    """Start a process that outlives this one, in a session of its own, with no terminal and no inherited files."""
    launch.log.parent.mkdir(parents=True, exist_ok=True)
    with launch.log.open("ab") as log:
        arguments = [str(part) for part in launch.argv]
        environment = dict(launch.env)
        if sys.platform == "win32":
            flags = _WINDOWS_DETACHED_PROCESS | _WINDOWS_NEW_PROCESS_GROUP | _WINDOWS_NO_WINDOW
            return subprocess.Popen(
                arguments,
                cwd=launch.cwd,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                creationflags=flags,
            )
        return subprocess.Popen(
            arguments,
            cwd=launch.cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def spawn_helper(
    argv: Sequence[str], env: Mapping[str, str], descriptors: Sequence[int] = ()
) -> subprocess.Popen[bytes]:
    """Start a process of this one's own group, to be spoken to by pipes; of files it inherits `descriptors` only."""
    arguments, environment = list(argv), dict(env)
    pipe = subprocess.PIPE
    if sys.platform == "win32":
        flags = _WINDOWS_NO_WINDOW
        return subprocess.Popen(arguments, env=environment, stdin=pipe, stdout=pipe, creationflags=flags)
    return subprocess.Popen(arguments, env=environment, stdin=pipe, stdout=pipe, pass_fds=tuple(descriptors))


def process_identity(pid: int) -> str | None:
    """Give a text that no other process ever has, or None when there is no such process (a zombie is none)."""
    if sys.platform.startswith("linux"):
        try:
            boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
            stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return None
        fields = stat.rpartition(")")[2].split()
        return None if fields[0] in ("Z", "X") else f"{boot}:{fields[19]}"
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else f"{process.create_time():.3f}"
    except psutil.Error:
        return None


def is_same_process(pid: int, identity: str) -> bool:
    """Say whether the process that had `identity` is still there."""
    return process_identity(pid) == identity


def terminate_group(pid: int) -> None:
    """Ask a detached process and its children to end."""
    _signal_group(pid, force=False)


def kill_group(pid: int) -> None:
    """End a detached process and its children at once."""
    _signal_group(pid, force=True)


def _signal_group(pid: int, *, force: bool) -> None:
    if sys.platform == "win32":
        for process in _family(pid):
            with contextlib.suppress(psutil.Error):
                _ = process.kill() if force else process.terminate()
        return
    number = signal.SIGKILL if force else signal.SIGTERM
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if os.getpgid(pid) == pid:
            os.killpg(pid, number)
        else:
            os.kill(pid, number)


def _family(pid: int) -> list[psutil.Process]:
    try:
        process = psutil.Process(pid)
        return [*process.children(recursive=True), process]
    except psutil.Error:
        return []


class FileLock:
    """An exclusive lock on a file, held until `release` or the end of the process, however that comes."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def release(self) -> None:
        self._file.close()


def try_lock(path: Path) -> FileLock | None:
    """Take the lock on `path` (created when absent), or give None when another process holds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.open("a+b")
    try:
        if sys.platform == "win32":
            import msvcrt  # exists on Windows only

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl  # exists on POSIX only

            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return FileLock(file)


def wait_for_lock(path: Path, timeout_s: float = 30.0, poll_s: float = 0.05) -> FileLock | None:
    """Take the lock on `path`, waiting for its holder; None after `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    while (lock := try_lock(path)) is None and time.monotonic() < deadline:
        time.sleep(poll_s)
    return lock


class LocalSocket(Protocol):
    """The writing end of the desktop's local socket."""

    def send(self, data: bytes) -> None: ...

    def close(self) -> None: ...


class _UnixSocket:
    _socket: socket.socket

    def __init__(self, address: str, timeout_s: float) -> None:
        if sys.platform == "win32":
            raise OSError("no AF_UNIX here")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(timeout_s)
        try:
            self._socket.connect(address)
        except OSError:
            self._socket.close()
            raise

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def close(self) -> None:
        self._socket.close()


class _WindowsPipe:
    def __init__(self, address: str) -> None:
        self._pipe = Path(address).open("r+b", buffering=0)  # noqa: SIM115  # closed by close()

    def send(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            # Unbuffered: one call need not take everything.
            rest = rest[self._pipe.write(rest) or 0 :]

    def close(self) -> None:
        self._pipe.close()


def connect_local_socket(address: str, timeout_s: float) -> LocalSocket:
    """Connect to a QLocalServer by its full server name.

    Raises:
        OSError: nobody listens, or the listener does not take data within `timeout_s`.
    """
    return _WindowsPipe(address) if sys.platform == "win32" else _UnixSocket(address, timeout_s)


def can_fork() -> bool:
    """Say whether a process can be doubled with its imports (POSIX)."""
    return sys.platform != "win32"


def double_process() -> int:
    """Copy this process with its imports: gives 0 in the copy and its pid in the original. See `can_fork`.

    Raises:
        OSError: on Windows, or when the system has no room for another process.
    """
    if sys.platform == "win32":
        raise OSError("Windows cannot double a process")
    return os.fork()


class Ending:
    """A request to end, which may have been lost.

    What a signal raises is thrown away where it comes upon a destructor or a callback, and importing calls many.
    """

    def __init__(self) -> None:
        self.asked: BaseException | None = None
        """What was raised, or shall be."""

    def insist(self) -> None:
        """End where that was asked before."""
        if self.asked is not None:
            raise self.asked

    def leave(self, number: int, _frame: object) -> None:
        """Heed a signal."""
        self.asked = SystemExit(128 + number)
        raise self.asked


@contextlib.contextmanager
def heeding_termination() -> Generator[Ending]:
    """Let a polite request to end raise SystemExit inside the block, so that it ends what it has started.

    Windows knows no such request, and only a main thread can be asked: there it changes nothing.
    """
    ending = Ending()
    if sys.platform == "win32" or threading.current_thread() is not threading.main_thread():
        yield ending
        return
    before = signal.signal(signal.SIGTERM, ending.leave)
    try:
        yield ending
    finally:
        signal.signal(signal.SIGTERM, before)


def lead_session() -> None:
    """Lead a session and a process group, so that whoever ends this process ends its children too."""
    if sys.platform != "win32" and os.getpgrp() != os.getpid():
        os.setsid()


def lead_own_group(ends_after_s: float) -> None:
    """Let this copy lead a process group, and end by itself in so many seconds if nobody ends it before."""
    if sys.platform == "win32":
        return
    os.setpgid(0, 0)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, ends_after_s)


def settle_child(pid: int, patience_s: float) -> int:
    """Wait so long for a copy, end it and all that it has started, and give its exit code (-9 for SIGKILL)."""
    if sys.platform == "win32":
        raise OSError("Windows cannot double a process")
    deadline = time.monotonic() + patience_s
    ended, status = os.waitpid(pid, os.WNOHANG)
    while not ended and time.monotonic() < deadline:
        time.sleep(_WAIT_POLL_S)
        ended, status = os.waitpid(pid, os.WNOHANG)
    if not ended:
        kill_group(pid)
        _, status = os.waitpid(pid, 0)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    return os.waitstatus_to_exitcode(status)


def lower_priority() -> None:
    """Go below normal priority, where the system allows it."""
    with contextlib.suppress(psutil.Error, OSError):
        process = psutil.Process()
        if sys.platform == "win32":
            process.nice(psutil.BELOW_NORMAL_PRIORITY_CLASS)
        else:
            process.nice(max(process.nice(), 5))


def thread_seconds() -> float:
    """Seconds that this thread has computed; on Windows, which counts them in sixty-fourths, those of the wall."""
    return time.perf_counter() if sys.platform == "win32" else time.thread_time()


def forget_peak_memory() -> bool:
    """Let the system count this process's peak of memory anew; False where it cannot (all but Linux).

    What the allocator keeps of freed memory is given back first: it would hide how much is needed.
    """
    if not sys.platform.startswith("linux"):
        return False
    with contextlib.suppress(OSError, AttributeError):  # another C library
        ctypes.CDLL(None).malloc_trim(0)
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return False
    return peak_memory_bytes() > 0


def peak_memory_bytes() -> int:
    """The most resident memory since `forget_peak_memory`, as the system has counted it; 0 where it does not."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return 0
    found = [line.split() for line in lines if line.startswith("VmHWM:")]
    return 1024 * int(found[0][1]) if found else 0


def free_disk_bytes(path: Path) -> int:
    """Give the bytes that can still be written under `path`."""
    return shutil.disk_usage(path).free
