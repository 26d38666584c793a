"""Where the run on show is, as it goes on: its machine, contact with it, what is on its way, and its parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from PySide6.QtCore import QObject, Signal

from desktop.bridge.host_desk import HostDesk
from desktop.bridge.place_history import PlaceHistory
from desktop.models.place_segments import Segment, segments_of
from desktop.models.place_words import is_elsewhere, is_under_way, machine_label
from engine.protocol.events import Contact, Event, PhaseChanged, Transfer
from engine.protocol.hosts import LOCAL, HostFacts, place_name
from engine.store.runs import RunRow

WORTH_S: Final = 3.0
"""What comes home sooner is not told: checkpoints do so all the time."""
MOVABLE: Final = ("queued", "running", "held", "paused", "stopped", "failed")
"""States from which a training can go on elsewhere."""


class LivePlace(QObject):
    """Of one run; `LiveRun` feeds it."""

    changed = Signal()
    """Another machine, or another part of the curves."""
    contact_changed = Signal()
    transfer_changed = Signal()

    def __init__(self, hosts: HostDesk) -> None:
        super().__init__()
        self._hosts = hosts
        hosts.changed.connect(self.changed)
        self.reset()

    def reset(self) -> None:
        """Forget: another run comes."""
        self.place = LOCAL
        self.moves_to = ""
        self.step = ""
        self.contact: Contact | None = None
        self._transfers: dict[str, Transfer] = {}
        self._places: dict[int, str] = {}
        self._begins: dict[int, float] = {}

    def take(self, history: PlaceHistory, begins: Mapping[int, float]) -> None:
        """Take what the folder and the store know.

        Args:
            history: of the run's folder.
            begins: epoch at which each attempt took over.
        """
        self.place = history.now
        self.moves_to = history.moves_to
        self._places = dict(history.places)
        self._begins = dict(begins)
        if history.contact is not None:
            self.contact = history.contact
        self._transfers = {history.transfer.direction: history.transfer} if history.transfer else {}
        for tell in (self.changed, self.contact_changed, self.transfer_changed):
            tell.emit()

    @property
    def is_elsewhere(self) -> bool:
        """Whether it is on another machine."""
        return is_elsewhere(self.place)

    @property
    def last_elsewhere(self) -> str:
        """The other machine on which it was last, or is; empty when it was only here."""
        there = [place for _, place in sorted(self._places.items()) if is_elsewhere(place)]
        return there[-1] if there else ""

    @property
    def is_told(self) -> bool:
        """Whether its machine is worth a word: there is more than one."""
        return self.is_elsewhere or len(set(self._places.values())) > 1 or bool(self._hosts.hosts())

    @property
    def label(self) -> str:
        """The machine as it is read, with its GPU."""
        return machine_label(self.place, self.facts)

    @property
    def facts(self) -> HostFacts | None:
        """What was last found on its machine; None for this one, and for one that is forgotten."""
        return self._hosts.facts(place_name(self.place))

    def can_move(self, row: RunRow) -> bool:
        """Whether it can go to another machine: a training not at its end, whose machine can let go of it."""
        others = [host for host in self._hosts.hosts() if host.name != place_name(self.place)]
        is_movable = row.kind == "train" and row.state in MOVABLE and self.lost is None and not self.moves_to
        return is_movable and bool(others or self.is_elsewhere)

    @property
    def segments(self) -> list[Segment]:
        """The parts of the training by machine, in their order."""
        return segments_of(self._places, self._begins)

    @property
    def lost(self) -> Contact | None:
        """The last contact, when the machine is out of reach; None when it is not, or the run is here."""
        is_lost = self.contact is not None and not self.contact.reachable and is_elsewhere(self.place)
        return self.contact if is_lost else None

    @property
    def transfer(self) -> Transfer | None:
        """What is on its way there; else what is on its way home, where that takes a while."""
        there, home = self._transfers.get("there"), self._transfers.get("home")
        if is_under_way(there):
            return there
        takes_long = home is not None and (home.eta_s or 0.0) >= WORTH_S
        return home if takes_long and is_under_way(home) else None

    def knows(self, attempt: int) -> bool:
        return attempt in self._begins

    def begin(self, attempt: int, epoch: float) -> None:
        """An attempt has measured its first value; the attempt before had come as far as `epoch`."""
        self._begins[attempt] = epoch
        self.changed.emit()

    def take_step(self, event: PhaseChanged) -> None:
        """Take what is being done to make the machine ready, while it is told."""
        step = event.message if event.edge == "begin" else ""
        if step != self.step:
            self.step = step
            self.transfer_changed.emit()

    def hear(self, event: Event) -> None:
        """Take a word on contact or a transfer."""
        if isinstance(event, Contact):
            self.contact = event
            self.contact_changed.emit()
        elif isinstance(event, Transfer):
            self._transfers[event.direction] = event
            self.transfer_changed.emit()
