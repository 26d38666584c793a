"""Contact with a host over hours: lost, taken up again with growing pauses, and said once each way."""

from __future__ import annotations

import time
from collections.abc import Callable

from engine.errors import RemoteError
from engine.executors.ssh.agent_link import ANSWER_S, AgentLink, Answer
from engine.executors.ssh.connection import Connection
from engine.executors.ssh.credentials import Secrets
from engine.protocol.events import Contact as ContactEvent
from engine.protocol.events import Event
from engine.protocol.home import Home
from engine.protocol.hosts import HostRecord

PAUSES_S = (0.5, 1.0, 2.0, 5.0, 10.0)
"""Between tries to reach a host that is out of reach; the last one is repeated."""
SAID_AFTER_S = 3.0
"""A shorter cut is nobody's business."""


class Contact:
    """One host, as long as a run is there. Used by one thread, but for `own_link`.

    Args:
        host: where to.
        home: whose known keys and passphrases.
        tell: hears of a loss and of its end.
    """

    def __init__(self, host: HostRecord, home: Home, tell: Callable[[Event], None] = lambda _: None) -> None:
        self.host = host
        self.home = home
        self.connection = Connection(host, home, passphrase=lambda: Secrets(home).get(host.name))
        self._tell = tell
        self._link: AgentLink | None = None
        self._failed: RemoteError | None = None
        self._failures = 0
        self._next_try = 0.0
        self._lost_since: float | None = None
        self._said = False
        self.last_seen = time.time()

    def ask(
        self, verb: str, payload: bytes = b"", *, timeout_s: float = ANSWER_S, **arguments: object
    ) -> Answer:
        """Ask the agent, over a new connection where the old one is gone.

        Raises:
            RemoteError: at once, while the pause after a failure lasts.
        """
        link = self.link()
        try:
            answer = link.ask(verb, payload, timeout_s=timeout_s, **arguments)
        except RemoteError as error:
            if not link.is_open:
                self._note_loss(error)
            raise
        self._note_answer()
        return answer

    def link(self) -> AgentLink:
        """The link that `ask` uses.

        Raises:
            RemoteError: why there is none.
        """
        if self._link is not None and self._link.is_open:
            return self._link
        if self._failed is not None and time.monotonic() < self._next_try:
            raise self._failed
        try:
            self._link = self._fresh_link()
        except RemoteError as error:
            self._note_loss(error)
            raise
        self._note_answer()
        return self._link

    def own_link(self) -> AgentLink:
        """A link for a long transfer, which the caller closes, so that small questions need not wait for it.

        Raises:
            RemoteError: why there is none.
        """
        self.link()
        return self.connection.start_agent()

    def second_link(self) -> AgentLink:
        """A link of another thread's own, over the connection as it is.

        Raises:
            RemoteError: the connection is gone; `ask` makes a new one.
        """
        return self.connection.start_agent()

    def close(self) -> None:
        if self._link is not None:
            self._link.close()
        self.connection.close()

    def _fresh_link(self) -> AgentLink:
        # A frozen host keeps its connection and answers on none of its channels.
        if self._failures or not self.connection.is_open:
            self.connection.open()
        return self.connection.start_agent()

    def _note_loss(self, error: RemoteError) -> None:
        now = time.monotonic()
        self._failed = error
        self._next_try = now + PAUSES_S[min(self._failures, len(PAUSES_S) - 1)]
        self._failures += 1
        self._lost_since = self._lost_since or now
        if not self._said and now - self._lost_since >= SAID_AFTER_S:
            self._said = True
            self._tell(self._event(False, error.message))

    def _note_answer(self) -> None:
        self.last_seen = time.time()
        self._failed, self._failures, self._lost_since = None, 0, None
        if self._said:
            self._said = False
            self._tell(self._event(True, f"{self.host.name} is heard again."))

    def _event(self, reachable: bool, message: str) -> ContactEvent:
        return ContactEvent(
            host=self.host.name, reachable=reachable, last_seen=self.last_seen, message=message
        )
