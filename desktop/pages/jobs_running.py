"""The runs at work: a card for each, that is changed in place as it goes on."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QProgressBar, QSizePolicy, QVBoxLayout, QWidget

from desktop.models.place_words import device_of, is_elsewhere, last_seen_words, place_icon, place_label
from desktop.models.run_table_entry import RunEntry
from desktop.models.run_table_text import best_text, eta_text, last_seen, metric_name, model_name, progress
from desktop.models.run_words import run_title, state_words
from desktop.pages.jobs_header import device_name
from desktop.theme.fonts import font
from desktop.theme.tokens import SPACE, TYPE
from desktop.widgets.buttons import IconButton
from desktop.widgets.card import Card, column, row
from desktop.widgets.chip import Chip
from desktop.widgets.labels import ElidedLabel, IconTile, set_role, text_label
from desktop.widgets.pill import Pill
from engine.store.runs import RunRow

_FINE = 1000
_PILL_WIDTH = 116
_BEST_WIDTH = 88
_DEVICE_WIDTH = 64
_MACHINE_WIDTH = 128
_KIND_ICONS = {
    "train": "ph.chart-line-up",
    "evaluate": "ph.target",
    "export": "ph.package",
    "profile": "ph.timer",
}
_WAITING_WORDS = {
    "preparing": "The folder is being prepared",
    "starting": "The engine is starting",
    "held": "Held: it waits and keeps its memory",
    "stopping": "A checkpoint is being saved",
}


class RunningCard(Card):
    """One run at work.

    Args:
        run: its id.
        kind: train, evaluate, export …
    """

    ordered = Signal(str, str)
    """A button was pressed: what (open, pause, resume, stop, log), and the run."""

    def __init__(self, run: str, kind: str) -> None:
        super().__init__("row", SPACE.m, (SPACE.m, SPACE.m, SPACE.m, SPACE.m))
        self.run = run
        self._name = ElidedLabel("", "strong")
        self._about = ElidedLabel("", "caption")
        self._pill = Pill()
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setRange(0, _FINE)
        self._bar.setAccessibleName("Progress")
        self._told = ElidedLabel("", "caption")
        self._told.setFont(font(TYPE.caption, tabular=True))
        self._best = text_label("", "strong")
        self._best.setFont(font(TYPE.body, 600, tabular=True))
        self._metric = text_label("", "caption")
        self._device = Pill("", "muted")
        self._machine = Chip()
        self.body.addWidget(IconTile(_KIND_ICONS.get(kind, "ph.cube")))
        self._add_words(self._name, self._about, 4)
        self.body.addWidget(_column(_PILL_WIDTH, self._pill))
        self._add_words(self._bar, self._told, 5)
        self.body.addWidget(_column(_BEST_WIDTH, self._best, self._metric))
        self._where = _column(_DEVICE_WIDTH, self._machine, self._device)
        self.body.addWidget(self._where)
        self._buttons = {
            key: self._add_button(key, icon, name)
            for key, icon, name in (
                ("pause", "ph.pause", "Pause"),
                ("resume", "ph.play", "Go on"),
                ("stop", "ph.stop", "Stop"),
                ("log", "ph.terminal-window", "Open the log"),
            )
        }
        self.clicked.connect(self._opened)

    def show_entry(self, entry: RunEntry, device: str, *, has_machines: bool) -> None:
        """Show how far the run is, and where.

        Args:
            entry: the run.
            device: what it holds, as the queue writes it.
            has_machines: some run is on another machine: each says where it is.
        """
        shown = entry.row
        name, now = run_title(shown), time.time()
        self._name.setText(name)
        self._about.setText(" · ".join(part for part in (model_name(shown), shown.dataset or "") if part))
        self._pill.say(*state_words(shown))
        self._bar.setValue(round(_FINE * progress(shown)))
        set_role(self._bar, "tone", "warn" if shown.state in ("held", "lost") else "")
        told = self._told_words(entry, now)
        self._told.setText(told)
        has_best = shown.best_metric is not None
        self._best.setText(best_text(shown) if has_best else "")
        self._metric.setText(metric_name(shown.best_metric) if shown.best_metric is not None else "")
        self._device.setText(device_name(device_of(device)) if device_of(device) else "")
        self._device.setVisible(bool(device_of(device)))
        self._where.setFixedWidth(_MACHINE_WIDTH if has_machines else _DEVICE_WIDTH)
        self._machine.setVisible(has_machines)
        tone = "warn" if entry.lost is not None else "muted"
        self._machine.say(place_icon(entry.place), place_label(entry.place), tone)
        self._offer(shown)
        if not self._is_clickable:
            self.make_clickable(f"Open {name}")
        where = f" It is on {place_label(entry.place)}." if has_machines else ""
        self.setAccessibleDescription(f"{state_words(shown)[0]}. {told}{where}")

    def tab_stops(self) -> list[QWidget]:
        """Give what the Tab key visits, in the order of the eye."""
        return [self, *self._buttons.values()]

    def _told_words(self, entry: RunEntry, now: float) -> str:
        if entry.lost is not None:
            return f"{place_label(entry.place)} is out of reach, {last_seen_words(entry.lost, now)}"
        return last_seen(entry.row, now) if entry.row.state == "lost" else self._progress_words(entry.row)

    def _progress_words(self, shown: RunRow) -> str:
        if shown.state in _WAITING_WORDS:
            return _WAITING_WORDS[shown.state]
        epoch = f"Epoch {shown.epoch} of {shown.epochs}" if shown.kind == "train" and shown.epochs else ""
        return " · ".join(part for part in (epoch, eta_text(shown)) if part) or "At work"

    def _offer(self, shown: RunRow) -> None:
        is_training = shown.kind == "train"
        can_resume = shown.state in ("held", "lost")
        self._buttons["resume"].setVisible(can_resume)
        policy = self._buttons["pause"].sizePolicy()
        policy.setRetainSizeWhenHidden(not can_resume)
        self._buttons["pause"].setSizePolicy(policy)
        self._buttons["pause"].setVisible(is_training and shown.state == "running")
        self._buttons["stop"].setVisible(shown.state not in ("stopping", "lost"))

    def _add_words(self, above: QWidget, below: QWidget, stretch: int) -> None:
        words = column(SPACE.xxs if isinstance(above, ElidedLabel) else SPACE.xs)
        words.addStretch(1)
        words.addWidget(above)
        words.addWidget(below)
        words.addStretch(1)
        self.body.addLayout(words, stretch)

    def _add_button(self, key: str, icon: str, name: str) -> IconButton:
        made = IconButton(icon, name)
        if (
            key != "resume"
        ):  # which takes the place of pause; the others keep theirs, so that rows stay in line
            policy = made.sizePolicy()
            policy.setRetainSizeWhenHidden(True)
            made.setSizePolicy(policy)
        made.setProperty("order", key)
        made.clicked.connect(self._pressed)
        self.body.addWidget(made, alignment=Qt.AlignmentFlag.AlignVCenter)
        return made

    def _pressed(self) -> None:
        sender = self.sender()
        if sender is not None:
            self.ordered.emit(str(sender.property("order")), self.run)

    def _opened(self) -> None:
        self.ordered.emit("open", self.run)


def _column(width: int, *parts: QWidget) -> QWidget:
    """Put parts under each other in a column that is equally wide in every row."""
    box = QWidget()
    box.setFixedWidth(width)
    words = QVBoxLayout(box)
    words.setContentsMargins(0, 0, 0, 0)
    words.setSpacing(SPACE.xxs)
    words.addStretch(1)
    for part in parts:
        words.addWidget(part, alignment=Qt.AlignmentFlag.AlignLeft)
    words.addStretch(1)
    return box


class RunningList(QWidget):
    """The section of all runs at work; hidden when there are none."""

    ordered = Signal(str, str)
    """As of a card."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(SPACE.s)
        head = row()
        head.addWidget(text_label("Running", "section"))
        self._layout.addLayout(head)
        self._cards: dict[str, RunningCard] = {}
        self._has_machines = False

    def show_entries(self, entries: Sequence[RunEntry], leases: Mapping[str, str]) -> None:
        """Show these runs, the oldest first; cards that stay are changed in place."""
        wanted = {entry.row.run for entry in entries}
        for run in [run for run in self._cards if run not in wanted]:
            card = self._cards.pop(run)
            card.hide()
            card.deleteLater()
        self._has_machines = any(is_elsewhere(entry.place) for entry in entries)
        for entry in entries:
            shown = entry.row
            if shown.run not in self._cards:
                card = RunningCard(shown.run, shown.kind)
                card.ordered.connect(self.ordered)
                self._cards[shown.run] = card
                self._layout.addWidget(card)
            self.show_entry(entry, leases.get(shown.run, ""))
        self.setVisible(bool(entries))

    def tab_stops(self) -> list[QWidget]:
        """Give what the Tab key visits, in the order of the eye."""
        return [stop for card in self._cards.values() for stop in card.tab_stops()]

    def show_entry(self, entry: RunEntry, device: str) -> bool:
        """Show how one of them has gone on; False when it is not among them."""
        card = self._cards.get(entry.row.run)
        if card is None or (is_elsewhere(entry.place) and not self._has_machines):
            return False
        card.show_entry(entry, device, has_machines=self._has_machines)
        return True
