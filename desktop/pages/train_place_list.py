"""The list of machines to train on: each is asked when the list is opened, and shown as soon as it answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import shiboken6
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from desktop.bridge.host_documents import HostStatus
from desktop.bridge.host_state import UNREACHABLE, HostState, host_state
from desktop.context import Context
from desktop.models.estimate import Estimate
from desktop.models.place_option import HostView, PlaceOption, option_here, option_there, waiting_at
from desktop.pages.train_place_card import PlaceCard
from desktop.theme.tokens import SIZE, SPACE
from engine.errors import UserError
from engine.protocol.hosts import LOCAL, SSH_PREFIX, HostRecord

_LEAST_PX = 240
_AROUND_PX = 260
"""Of a window's height, for what stands around the list in its sheet and around that."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What the list is opened for.

    Attributes:
        dataset: about whose data machines are asked; empty asks about none.
        action: what a card's button says.
        can_go: whether that button is there.
        estimate: time of the work on a machine; None where none was measured.
        without: a machine that is no choice.
    """

    dataset: str
    action: str
    can_go: bool
    estimate: Callable[[str], Estimate | None]
    without: str = ""


@dataclass(slots=True)
class _Answers:
    """What the machines have said since the list was opened."""

    status: dict[str, HostStatus] = field(default_factory=dict[str, HostStatus])
    trouble: dict[str, UserError] = field(default_factory=dict[str, UserError])
    asked: set[str] = field(default_factory=set[str])


class PlaceList(QScrollArea):
    """Cards of machines, this one first."""

    chosen = Signal(str)
    """A card was clicked: its place."""
    wanted = Signal(str)
    """A card's button was pressed: its place."""
    remedy_wanted = Signal(str)
    """A machine that cannot be used shall be mended: its place."""

    def __init__(self, context: Context, offer: Offer, chosen: str) -> None:
        super().__init__()
        self._context = context
        self._offer = offer
        self._chosen = chosen
        self._answers = _Answers()
        self.cards: dict[str, PlaceCard] = {}
        inside = QWidget()
        self._column = QVBoxLayout(inside)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(SPACE.s)
        self._column.addStretch(1)
        self.setWidget(inside)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        context.hosts.changed.connect(self.refresh)
        context.runs.changed.connect(self.refresh)
        context.machine.sampled.connect(self.refresh)
        self.refresh()

    def showEvent(self, event: QShowEvent) -> None:
        """Begin at the machine that is chosen."""
        super().showEvent(event)
        self._fit()
        if self._chosen in self.cards:
            self.cards[self._chosen].setFocus(Qt.FocusReason.OtherFocusReason)
            self.ensureWidgetVisible(self.cards[self._chosen])

    def choose(self, place: str) -> None:
        """Mark a machine."""
        self._chosen = place
        self.refresh()

    def refresh(self) -> None:
        """Show every machine as it is now, and ask those that were not asked yet."""
        options = self._options()
        places = [option.place for option in options]
        for place in [place for place in self.cards if place not in places]:
            card = self.cards.pop(place)
            card.hide()
            card.deleteLater()
        for at, option in enumerate(options):
            if option.place not in self.cards:
                self._add(option.place, at)
            card = self.cards[option.place]
            card.show_option(option, is_chosen=option.place == self._chosen, can_go=self._offer.can_go)
        self._fit()
        self._ask()

    def _options(self) -> list[PlaceOption]:
        runs, hosts, offer = self._context.runs, self._context.hosts, self._offer
        leases, queue = runs.leases(), runs.queue()
        found: list[PlaceOption] = []
        if offer.without != LOCAL:
            found.append(option_here(self._context.machine.last, leases, queue, offer.estimate(LOCAL)))
        for host in hosts.hosts():
            place = f"{SSH_PREFIX}{host.name}"
            if place != offer.without:
                view = HostView(
                    host, self._state(host), hosts.facts(host.name), self._answers.status.get(host.name)
                )
                found.append(option_there(view, waiting_at(place, leases, queue), offer.estimate(place)))
        return found

    def _state(self, host: HostRecord) -> HostState:
        """What it has said just now counts for more than what was found earlier."""
        known = self._context.hosts.state(host.name)
        if known.kind in ("preparing", "checking"):
            return known
        trouble = self._answers.trouble.get(host.name)
        status = self._answers.status.get(host.name)
        if trouble is not None:
            return host_state(None, None, trouble)
        if status is not None:  # it has answered, whatever was found earlier
            checks = tuple(check for check in status.facts.checks if check.code != UNREACHABLE)
            return host_state(status.facts.model_copy(update={"checks": checks}), None, None)
        return known

    def _ask(self) -> None:
        for host in self._context.hosts.hosts():
            if host.name not in self._answers.asked:
                self._answers.asked.add(host.name)
                self._ask_one(host.name)

    def _ask_one(self, name: str) -> None:
        def then(status: HostStatus) -> None:
            self._answers.status[name] = status
            self._answers.trouble.pop(name, None)
            self._refresh_if_there()

        def failed(error: UserError) -> None:
            self._answers.trouble[name] = error
            self._refresh_if_there()

        self._context.hosts.status(name, self._offer.dataset, then, failed)

    def _refresh_if_there(self) -> None:
        if shiboken6.isValid(self):  # the sheet may have been closed before the machine answered
            self.refresh()

    def _add(self, place: str, at: int) -> None:
        card = PlaceCard(place, self._offer.action)
        card.chosen.connect(self.chosen)
        card.wanted.connect(self.wanted)
        card.remedy_wanted.connect(self.remedy_wanted)
        self.cards[place] = card
        self._column.insertWidget(at, card)

    def _context_height(self) -> int:
        sheet = self.parentWidget()
        window = sheet.parentWidget() if sheet is not None else None
        return window.height() if window is not None else SIZE.minimum_height

    def _fit(self) -> None:
        needed = self._column.totalSizeHint().height()
        room = self._context_height() - _AROUND_PX
        is_long = needed > room
        self._column.setContentsMargins(0, 0, SPACE.s if is_long else 0, 0)
        self.setMinimumHeight(min(max(_LEAST_PX, room), needed))
