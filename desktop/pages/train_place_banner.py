"""What is said while a run is on another machine: what goes over to it or comes back, and that it is out of reach."""

from __future__ import annotations

import time

from PySide6.QtCore import QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QProgressBar, QVBoxLayout, QWidget

from desktop.models.live_run import LiveRun
from desktop.models.place_words import (
    last_seen_words,
    place_inside,
    place_label,
    transfer_numbers,
    transfer_title,
)
from desktop.theme.fonts import font
from desktop.theme.tokens import SPACE, TYPE
from desktop.widgets.card import Card, row
from desktop.widgets.labels import ElidedLabel, IconLabel, plain_tip, text_label
from desktop.widgets.message_banner import Banner
from engine.protocol.events import Contact, Transfer
from engine.protocol.job import ACTIVE_STATES

_FINE = 1000
_TICK_MS = 1_000


class TransferCard(Card):
    """Files on their way: what, how much of how much, how fast, how long still."""

    def __init__(self) -> None:
        super().__init__(spacing=SPACE.s, margins=(SPACE.l, SPACE.m, SPACE.l, SPACE.m))
        head = row(SPACE.s)
        self._icon = IconLabel("ph.cloud-arrow-up", "accent")
        self.title = ElidedLabel("", "strong")
        self.numbers = text_label("", "caption")
        self.numbers.setFont(font(TYPE.caption, tabular=True))
        head.addWidget(self._icon)
        head.addWidget(self.title, 1)
        head.addWidget(self.numbers)
        self.body.addLayout(head)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setRange(0, _FINE)
        self.body.addWidget(self.bar)

    def show_transfer(self, transfer: Transfer) -> None:
        """Show how far it is."""
        title, numbers = transfer_title(transfer), transfer_numbers(transfer)
        is_home = transfer.direction == "home"
        self._icon.show_icon("ph.cloud-arrow-down" if is_home else "ph.cloud-arrow-up", "accent")
        self.title.setText(title)
        self.numbers.setText(numbers)
        share = transfer.done_bytes / transfer.total_bytes if transfer.total_bytes else 0.0
        self.bar.setValue(round(_FINE * share))
        self.bar.setAccessibleName(title)
        self.setAccessibleName(title)
        self.setAccessibleDescription(numbers)


class PlaceBanner(QWidget):
    """Hidden while there is nothing to say."""

    def __init__(self, run: LiveRun) -> None:
        super().__init__()
        self._run = run
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE.s)
        self.lost = Banner("warn")
        self.transfer = TransferCard()
        self.work = Banner("info")
        layout.addWidget(self.lost)
        layout.addWidget(self.work)
        layout.addWidget(self.transfer)
        self._tick = QTimer(self)
        self._tick.setInterval(_TICK_MS)
        self._tick.timeout.connect(self.refresh)
        for told in (
            run.where.changed,
            run.where.contact_changed,
            run.where.transfer_changed,
            run.loaded,
            run.row_changed,
        ):
            told.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show what there is to say now."""
        found, where = self._run.row, self._run.where
        is_at_work = found is not None and found.state in (*ACTIVE_STATES, "lost")
        lost = where.lost if is_at_work else None
        transfer = where.transfer if found is not None and (is_at_work or found.state == "queued") else None
        if lost is not None:
            self._say_lost(lost)
        if transfer is not None:
            self.transfer.show_transfer(transfer)
        moves_to = where.moves_to if is_at_work else ""
        is_preparing = found is not None and found.state == "preparing" and where.is_elsewhere
        step = where.step if is_preparing and transfer is None else ""
        if moves_to:
            self._say_moving(moves_to)
        elif step:
            self.work.say("info", f"Preparing {place_label(where.place)}", step)
        self.lost.setVisible(lost is not None)
        self.work.setVisible(bool(moves_to or step))
        self.transfer.setVisible(transfer is not None and lost is None)
        self.setVisible(lost is not None or transfer is not None or bool(moves_to or step))
        self._beat()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._beat()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._tick.stop()

    def _beat(self) -> None:
        """Count the seconds only while they are seen."""
        if self.isVisible() and self._run.where.lost is not None:
            self._tick.start()
        else:
            self._tick.stop()

    def _say_moving(self, to: str) -> None:
        here, there = place_inside(self._run.where.place), place_inside(to)
        self.work.say(
            "info",
            f"Moving to {there}",
            f"A checkpoint is saved on {here}; then the training goes on there, in these curves.",
        )

    def _say_lost(self, lost: Contact) -> None:
        host = place_label(self._run.where.place)
        text = (
            "The run goes on there; nothing is lost, and nothing is started twice. What it writes comes home when "
            f"{host} answers."
        )
        self.lost.say("warn", f"{host} is out of reach, {last_seen_words(lost, time.time())}", text)
        self.lost.setToolTip(plain_tip(lost.message))
        self.lost.setAccessibleDescription(f"{lost.message} {text}".strip())
