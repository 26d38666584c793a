"""A conversation with an agent: many requests may be under way, and each is answered or found out to be cut off."""

from __future__ import annotations

import contextlib
import json
import struct
import threading
from collections import deque
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass
from typing import cast

import paramiko

from engine.errors import RemoteError
from engine.executors.ssh.plain_text import plain
from engine.protocol.hosts import HostRecord

ANSWER_S = 10.0
"""An agent that does not answer a small question for so long is taken for frozen."""
SEND_S = 20.0
"""And one that takes no bytes for so long."""
LONGEST_TOLD = 2000
LONGEST_HEADER = 1 << 20
LONGEST_PAYLOAD = 1 << 28


@dataclass(frozen=True, slots=True)
class Answer:
    """What the agent says. The host is another party: nothing in here is trusted to have its form."""

    data: dict[str, object]
    payload: bytes = b""


class AgentLink:
    """Speaks with one agent on one channel. May be used from several threads.

    Args:
        channel: on which the agent has said its first word.
        host: for the sentences about it.
        rest: bytes that were read beyond that word.
    """

    def __init__(self, channel: paramiko.Channel, host: HostRecord, rest: bytes = b"") -> None:
        self.host = host
        self._channel = channel
        self._channel.settimeout(SEND_S)
        self._buffer = bytearray(rest)
        self._turn = threading.Lock()
        self._waiting: deque[Future[Answer]] = deque()
        self._count = 0
        self._broken: RemoteError | None = None
        hello: Future[Answer] = Future()
        self._waiting.append(hello)
        self._reader = threading.Thread(target=self._read_until_closed, name="agent link", daemon=True)
        self._reader.start()
        self.hello = self._wait(hello, ANSWER_S).data
        """What the agent has said of itself: root, python, host, boot."""

    @property
    def is_open(self) -> bool:
        return self._broken is None

    def ask(
        self, verb: str, payload: bytes = b"", *, timeout_s: float = ANSWER_S, **arguments: object
    ) -> Answer:
        """Send a request and wait for its answer.

        Raises:
            RemoteError: `host_unreachable`, or the agent's refusal under its own code.
        """
        return self._wait(self.post(verb, payload, **arguments), timeout_s)

    def post(self, verb: str, payload: bytes | memoryview = b"", **arguments: object) -> Future[Answer]:
        """Send a request and give the answer to come. Waits only while the host takes no more bytes.

        The payload has been sent when this returns, so that its memory may be used for something else.

        Raises:
            RemoteError: `host_unreachable`.
        """
        future: Future[Answer] = Future()
        with self._turn:
            if self._broken is not None:
                raise self._broken
            self._count += 1
            header = {"id": self._count, "verb": verb, "arguments": arguments, "bytes": len(payload)}
            head = json.dumps(header).encode()
            self._waiting.append(future)
            try:
                self._channel.sendall(struct.pack(">I", len(head)) + head)
                if payload:
                    # A view: sendall cuts off what it has sent, which would copy the rest each time.
                    self._channel.sendall(cast("bytes", memoryview(payload)))
            except (OSError, EOFError, paramiko.SSHException) as error:
                self._break(error)
        return future

    def close(self) -> None:
        """End the conversation, and with it the agent."""
        self._break(None)

    def _wait(self, future: Future[Answer], timeout_s: float) -> Answer:
        try:
            return future.result(timeout_s)
        except NotYet:
            # A later answer would be taken for that of another question: this conversation is over.
            self._break(TimeoutError())
            raise self._cut(TimeoutError()) from None

    def _read_until_closed(self) -> None:
        try:
            while True:
                (length,) = struct.unpack(">I", self._take(4))
                if length > LONGEST_HEADER:
                    raise ValueError("a header beyond its limit")
                header = cast("object", json.loads(self._take(length)))
                if not isinstance(header, dict):
                    raise TypeError("a header that is no object")
                self._settle(cast("dict[str, object]", header))
        except (OSError, EOFError, ValueError, TypeError, struct.error, paramiko.SSHException) as error:
            self._break(error)

    def _settle(self, header: dict[str, object]) -> None:
        size = header.get("bytes", 0)
        if not isinstance(size, int) or not 0 <= size <= LONGEST_PAYLOAD:
            raise ValueError("a payload beyond its limit")
        payload = self._take(size)
        future = self._waiting.popleft() if self._waiting else None
        if future is None:
            raise ValueError("an answer to no question")
        refusal = header.get("error")
        if isinstance(refusal, dict):
            future.set_exception(self._refused(cast("dict[str, object]", refusal)))
            return
        told = header.get("ok")
        future.set_result(Answer(cast("dict[str, object]", told) if isinstance(told, dict) else {}, payload))

    def _refused(self, told: dict[str, object]) -> RemoteError:
        code, message, hint = (
            plain(str(told.get(part, "")), LONGEST_TOLD) for part in ("code", "message", "hint")
        )
        return RemoteError(code or "host_agent_bug", f"{self.host.name}: {message}", hint)

    def _take(self, size: int) -> bytes:
        while len(self._buffer) < size:
            with contextlib.suppress(TimeoutError):  # silence is judged where an answer is waited for
                new = self._channel.recv(max(1 << 16, min(size - len(self._buffer), 1 << 20)))
                if not new:
                    raise EOFError
                self._buffer += new
            if self._broken is not None:
                raise EOFError
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken

    def _break(self, error: BaseException | None) -> None:
        if self._broken is None:
            self._broken = self._cut(error)
        with contextlib.suppress(Exception):  # a channel of a dead transport fails in many ways
            self._channel.close()
        while self._waiting:
            with contextlib.suppress(IndexError):
                future = self._waiting.popleft()
                if not future.done():
                    future.set_exception(self._broken)

    def _cut(self, error: BaseException | None) -> RemoteError:
        why = "it does not answer any more" if isinstance(error, TimeoutError) else "the connection broke"
        return RemoteError(
            "host_unreachable",
            f"{self.host.name} ({self.host.host}) cannot be reached: {why}.",
            "Check the network. What runs there goes on; nothing is lost.",
        )
