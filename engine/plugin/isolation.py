"""Doubles this process, imports and all, to do one risky piece of work with a time limit (POSIX only)."""

from __future__ import annotations

import contextlib
import faulthandler
import os
import select
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO

from engine.plugin.answers import TIMEOUT_MARK, Ending, log_end
from engine.protocol.operating_system import double_process, lead_own_group, settle_child

GRACE_S = 1.0
"""How much longer than its limit the copy may take to write down where it was."""
_SUICIDE_AFTER_S = 10.0
_CHUNK = 1 << 16

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Isolated:
    """What the copy said, line by line, and how it ended."""

    lines: list[str]
    ending: Ending


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds: for the import of a plugin, and (0: not asked for) for trying it out after that."""

    import_s: float
    trial_s: float = 0.0

    @property
    def total_s(self) -> float:
        return self.import_s + self.trial_s


def end_after(seconds: float) -> None:
    """End this process in so many seconds, its stacks written to its errors; a later call takes its place."""
    faulthandler.dump_traceback_later(seconds, exit=True, file=2)


def run_isolated(work: Callable[[Say], None], limits: Limits, unwanted_fds: tuple[int, ...] = ()) -> Isolated:
    """Do `work` in a copy of this process, which cannot harm this one.

    Args:
        work: gets a function that says one line to this process. It has `import_s`, and calls `end_after` for more.
        limits: the copy is ended after them, with its stacks in the ending's log.
        unwanted_fds: files of this process that the copy must not hold open.
    """
    reading, writing = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    with tempfile.TemporaryFile() as log:
        pid = double_process()
        if pid == 0:
            _be_the_copy(work, limits, (reading, *unwanted_fds), writing, log)
        os.close(writing)
        try:
            lines, is_late = _read_lines(reading, limits.total_s + GRACE_S)
        except BaseException:  # this process is asked to end: the copy, a group of its own, would go on
            settle_child(pid, 0.0)
            raise
        finally:
            os.close(reading)
        exit_code = settle_child(pid, 0.0 if is_late else GRACE_S)
        log.seek(0)
        text = log.read().decode("utf-8", errors="replace")
    ending = Ending(timed_out=is_late or TIMEOUT_MARK in text, exit_code=exit_code, log=log_end(text))
    return Isolated(lines, ending)


def _be_the_copy(
    work: Callable[[Say], None], limits: Limits, unwanted: tuple[int, ...], writing: int, log: IO[bytes]
) -> None:
    """Work, and end here whatever happens: nothing of the original's may run on."""
    exit_code = 1
    try:
        # A copy whose original was killed ends by itself.
        lead_own_group(limits.total_s + _SUICIDE_AFTER_S)
        for descriptor in unwanted:
            os.close(descriptor)
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
        sys.stdout = os.fdopen(1, "w", encoding="utf-8", errors="replace", closefd=False)
        sys.stderr = os.fdopen(2, "w", encoding="utf-8", errors="replace", closefd=False)
        faulthandler.enable(file=2)
        end_after(limits.import_s)
        with os.fdopen(os.dup(writing), "w", encoding="utf-8") as pipe:
            os.close(writing)

            def say(line: str) -> None:
                pipe.write(line + "\n")
                pipe.flush()

            work(say)
            say("")
        exit_code = 0
    except BaseException:  # noqa: BLE001  # whatever it is, the copy ends here and its log tells of it
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        os._exit(exit_code)


def _read_lines(reading: int, limit_s: float) -> tuple[list[str], bool]:
    """Read until an empty line, the end, or the time is over; the flag says that the time was over."""
    deadline = time.monotonic() + limit_s
    received = b""
    while not received.endswith(b"\n\n") and received != b"\n":
        left = deadline - time.monotonic()
        ready, _, _ = select.select([reading], [], [], max(0.0, left))
        if not ready:
            return _complete_lines(received), True
        chunk = os.read(reading, _CHUNK)
        if not chunk:
            break
        received += chunk
    return _complete_lines(received), False


def _complete_lines(received: bytes) -> list[str]:
    whole = received[: received.rfind(b"\n") + 1].decode("utf-8", errors="replace")
    return [line for line in whole.split("\n") if line]
