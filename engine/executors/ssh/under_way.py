"""Requests whose answers are awaited in order, several at a time; a host that answers nothing is found out."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from typing import TYPE_CHECKING, Generic, TypeVar

from engine.errors import RemoteError

if TYPE_CHECKING:
    from engine.executors.ssh.agent_link import AgentLink, Answer

STALLED_S = 60.0
"""No answer for so long: the host is frozen, or its disk is."""
_LOOK_S = 0.2

ThingT = TypeVar("ThingT")


class UnderWay(Generic[ThingT]):
    """Requests of one transfer, each with what belongs to it.

    Args:
        link: that carries them; it is closed when it stalls.
        look: called several times a second while an answer is waited for.
    """

    def __init__(self, link: AgentLink, look: Callable[[], None]) -> None:
        self._link = link
        self._look = look
        self._waiting: deque[tuple[Future[Answer], ThingT]] = deque()

    def add(self, future: Future[Answer], thing: ThingT) -> None:
        self._waiting.append((future, thing))

    def settle(self, allowed: int) -> Iterator[tuple[Answer, ThingT]]:
        """Give the answers that are there; wait until at most `allowed` requests are without one.

        Raises:
            RemoteError: the first refusal, or `host_unreachable`.
        """
        while self._waiting and (len(self._waiting) > allowed or self._waiting[0][0].done()):
            future, thing = self._waiting[0]
            answer = self._answer(future)
            self._waiting.popleft()
            yield answer, thing

    def _answer(self, future: Future[Answer]) -> Answer:
        until = time.monotonic() + STALLED_S
        while True:
            try:
                return future.result(_LOOK_S)
            except NotYet:
                self._look()
                if time.monotonic() > until:
                    self._link.close()
                    raise self._stalled() from None

    def _stalled(self) -> RemoteError:
        return RemoteError(
            "host_unreachable",
            f"{self._link.host.name} has not answered for {STALLED_S:.0f} seconds.",
            "Check the network and the host's disk. What has arrived is kept; start again to go on.",
        )


def answer_invalid(link: AgentLink) -> RemoteError:
    """The host's answer has not the form it must have; nothing of it is used."""
    return RemoteError(
        "host_answer_invalid",
        f"{link.host.name} answers in a form that Lensmith does not know, so nothing of it was used.",
        "Check that the host is the one you mean, then try again.",
    )
