"""Following the job that makes an environment on a host: its steps, its log, its end; also over a cut connection."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from pydantic import ValidationError

from engine.errors import RemoteError
from engine.executors.ssh.environment import ReadyMark
from engine.executors.ssh.plain_text import plain
from engine.executors.ssh.preparation_faults import JobResult, cancelled_fault, fault_of, job_died
from engine.executors.ssh.probing import Word
from engine.protocol.job import Frozen

if TYPE_CHECKING:
    from engine.executors.ssh.agent_link import AgentLink
    from engine.executors.ssh.connection import Connection

LOOK_EVERY_S: Final = 0.25
ENDS_WITHIN_S: Final = 15.0
"""A job that is told to end and does not is killed."""
RECONNECT_S: Final = 120.0
"""For so long a cut connection is made again; the job goes on meanwhile."""
START_S: Final = 300.0
"""An old environment of many files is removed first."""
LOG: Final = "log.txt"
STEPS: Final = "steps.jsonl"
_LONGEST_PART: Final = 64 * 1024
_RETRY_S: Final = 2.0


def _ignore(*_: object) -> None:
    """Nobody watches."""


@dataclass(frozen=True, slots=True)
class Watch:
    """Who watches a preparation.

    Attributes:
        progress: told done, total and what is done at the moment.
        log: told each line of the log on the host, made safe to show.
        cancelled: asked a few times a second.
    """

    progress: Callable[[int, int, str], None] = _ignore
    log: Callable[[str], None] = _ignore
    cancelled: Callable[[], bool] = lambda: False


class _Step(Frozen):
    done: int = 0
    total: int = 0
    text: Word = ""


class Job:
    """One job on the host, followed to its end.

    Args:
        connection: opened again when it is cut.
        link: to an agent; `link` is a later one after a cut.
        key: of the environment.
        watch: who is told.
    """

    def __init__(self, connection: Connection, link: AgentLink, key: str, watch: Watch) -> None:
        self.link = link
        self._connection = connection
        self._key = key
        self._watch = watch
        self._folder = f"environments/{key}/job"
        self._offsets = {LOG: 0, STEPS: 0}
        self._rests = {LOG: b"", STEPS: b""}

    def run(self, specification: bytes, need_bytes: int, *, again: bool) -> ReadyMark:
        """Start the job, or join the one at work, and follow it to its end.

        Raises:
            UserError: `prepare_cancelled`.
            RemoteError: why it failed; `host_unreachable` when the host stays away: the job goes on there.
        """
        self.link.ask("prepare", specification, timeout_s=START_S, key=self._key, again=again)
        try:
            while self._look():
                time.sleep(LOOK_EVERY_S)
                if self._watch.cancelled():
                    raise cancelled_fault(self.link.host)
        except BaseException as error:
            # A cut leaves the job alone; a cancel, also one by a signal to this process, does not.
            if not (isinstance(error, RemoteError) and error.code == "host_unreachable"):
                self._end()
            raise
        return self._result(need_bytes)

    def _look(self) -> bool:
        """Take what is new; False when the job has ended and everything is read."""
        try:
            answer = self.link.ask("poll", b"", folder=self._folder, reads=dict(self._offsets))
        except RemoteError as error:
            if error.code != "host_unreachable":
                raise
            self._reconnect(error)
            return True
        if not self._take(answer.data.get("parts"), answer.payload):
            return answer.data.get("alive") is True
        return True

    def _take(self, parts: object, payload: bytes) -> bool:
        """Give what was read to those who watch; False when there was nothing."""
        place = 0
        rows = cast("list[object]", parts) if isinstance(parts, list) else []
        for row in rows:
            cells = cast("list[object]", row) if isinstance(row, list) else []
            name, length = (cells[0], cells[2]) if len(cells) == 3 else ("", 0)
            if name not in self._offsets or not isinstance(length, int):
                return False
            text = str(name)
            data = payload[place : place + length]
            place += length
            self._offsets[text] += len(data)
            lines = (self._rests[text] + data).split(b"\n")
            self._rests[text] = lines.pop()[-_LONGEST_PART:]
            for line in lines:
                self._tell(text, line)
        return bool(rows)

    def _tell(self, name: str, line: bytes) -> None:
        if name == LOG:
            self._watch.log(plain(line.decode("utf-8", "replace")))
            return
        with contextlib.suppress(ValidationError):  # a host that writes nonsense is not shown
            step = _Step.model_validate_json(line)
            self._watch.progress(step.done, step.total, step.text)

    def _reconnect(self, cut: RemoteError) -> None:
        """Make the connection again; the job has gone on meanwhile."""
        self._watch.log(str(cut))
        until = time.monotonic() + RECONNECT_S
        while True:
            self.link.close()
            try:
                self._connection.open()
                self.link = self._connection.start_agent()
            except RemoteError as error:
                if error.code != "host_unreachable" or time.monotonic() > until:
                    raise
            else:
                return
            if self._watch.cancelled():
                raise cut
            time.sleep(_RETRY_S)

    def _end(self) -> None:
        """End the job and remove what it has made."""
        with contextlib.suppress(RemoteError):
            until = time.monotonic() + ENDS_WITHIN_S
            name = "TERM"
            while self.link.ask("signal", b"", folder=self._folder, name=name).data.get("signalled") is True:
                time.sleep(LOOK_EVERY_S)
                name = "KILL" if time.monotonic() > until else "TERM"
            self.link.ask("drop_environment", b"", timeout_s=START_S, key=self._key)

    def _result(self, need_bytes: int) -> ReadyMark:
        """What the job has left."""
        host = self.link.host
        answer = self.link.ask("read", b"", path=f"{self._folder}/result.json", limit=_LONGEST_PART)
        if answer.data.get("there") is not True:
            raise job_died(host)
        try:
            result = JobResult.model_validate_json(answer.payload)
            if not result.ok:
                raise fault_of(host, result, need_bytes)
            mark = ReadyMark.model_validate_json(answer.payload)
        except ValidationError as error:
            raise job_died(host) from error
        return mark
