"""The head of the jobs page: how many runs there are, the switch of the queue, and who holds which device."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop.models.place_words import device_of, devices_of, is_elsewhere, place_icon, place_label, place_of
from desktop.theme.tokens import SIZE, SPACE
from desktop.widgets.buttons import Button
from desktop.widgets.card import Card, column, row
from desktop.widgets.flow_layout import FlowLayout
from desktop.widgets.labels import ElidedLabel, IconLabel, text_label
from desktop.widgets.pill import Pill

_DEVICE_WIDTH = 220


class JobsHeader(QWidget):
    """Counts, the switch of the queue, and a chip for each device."""

    hold_wanted = Signal(bool)
    """The queue shall be held, or let run."""
    run_opened = Signal(str)
    """The chip of a device was clicked: the run on it."""

    def __init__(self) -> None:
        super().__init__()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE.m)
        self._counts = text_label("", "section")
        self._held = Pill("The queue is on hold", "warn")
        self._switch = Button("Hold the queue", "ph.pause")
        self._switch.clicked.connect(self._switched)
        self._is_held = False
        top = row(SPACE.m)
        top.addWidget(self._counts)
        top.addWidget(self._held)
        top.addStretch(1)
        top.addWidget(self._switch)
        layout.addLayout(top)
        self._devices = FlowLayout(SPACE.s, _DEVICE_WIDTH)
        layout.addLayout(self._devices)
        self._shown: list[tuple[str, str, str]] | None = None
        self.show_queue(0, 0, is_held=False)

    def show_queue(self, running: int, waiting: int, *, is_held: bool) -> None:
        """Show how many run and wait, and whether anything new starts."""
        self._counts.setText(f"{running} running, {waiting} queued")
        self._held.setVisible(is_held)
        if is_held != self._is_held or not self._switch.accessibleDescription():
            self._is_held = is_held
            self._switch.setText("Let it run" if is_held else "Hold the queue")
            self._switch.set_icon("ph.play" if is_held else "ph.pause")
            tip = (
                "Start waiting runs again as soon as a device is free."
                if is_held
                else "Start nothing new. What runs goes on."
            )
            self._switch.explain(tip)
            self._switch.setAccessibleDescription(tip)

    def show_devices(
        self, devices: Sequence[str], leases: Mapping[str, str], names: Mapping[str, str]
    ) -> None:
        """Show who holds which device.

        Args:
            devices: of this machine.
            leases: device, or several with commas, by run.
            names: of runs, by id.
        """
        held: dict[str, list[str]] = {device: [] for device in devices}
        for run, resource in leases.items():
            for device in devices_of(resource):
                held.setdefault(device, []).append(run)
        held = dict(sorted(held.items()))
        shown = [
            (device, ", ".join(names.get(run, run) for run in runs), runs[0] if runs else "")
            for device, runs in held.items()
        ]
        if shown == self._shown:
            return
        self._shown = shown
        self._devices.clear()
        for device, who, run in shown:
            self._devices.addWidget(self._chip(device, who, run))

    def tab_stops(self) -> list[QWidget]:
        """Give what the Tab key visits, in the order of the eye."""
        chips = [item.widget() for item in map(self._devices.itemAt, range(self._devices.count())) if item]
        return [self._switch, *(chip for chip in chips if isinstance(chip, Card))]

    def _chip(self, device: str, who: str, run: str) -> Card:
        card = Card("row", SPACE.s, (SPACE.m, SPACE.s, SPACE.m, SPACE.s))
        icon = IconLabel(_icon(device), "accent" if who else "text3", SIZE.icon_large)
        card.body.addWidget(icon, alignment=Qt.AlignmentFlag.AlignVCenter)
        words = column(0)
        words.addWidget(text_label(device_name(device), "strong"))
        words.addWidget(ElidedLabel(who or "Free", "caption"))
        card.body.addLayout(words, 1)
        card.setAccessibleName(f"{device_name(device)}: {who or 'free'}")
        if run:
            card.setProperty("run", run)
            card.make_clickable(f"{device_name(device)}: {who}. Open the run")
            card.clicked.connect(self._opened)
        return card

    def _opened(self) -> None:
        sender = self.sender()
        if sender is not None:
            self.run_opened.emit(str(sender.property("run")))

    def _switched(self) -> None:
        self.hold_wanted.emit(not self._is_held)


def device_name(device: str) -> str:
    """Give a device's name as it is read: `cuda:0` is `GPU 0`, `ssh:box/cuda:0` is `box · GPU 0`."""
    if is_elsewhere(place := place_of(device)):
        own = device_of(device)
        return f"{place_label(place)} · {device_name(own)}" if own else place_label(place)
    kind, _, number = device.partition(":")
    return f"GPU {number}" if kind == "cuda" else device.upper()


def _icon(device: str) -> str:
    if is_elsewhere(place := place_of(device)):
        return place_icon(place)
    return "ph.cpu" if device == "cpu" else "ph.lightning"
