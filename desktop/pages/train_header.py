"""The head of a run's page: name, state, how far and how long still, and the buttons that apply now."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, Signal
from PySide6.QtWidgets import QMenu

from desktop.models.live_run import LiveRun
from desktop.models.place_words import place_icon, place_label, transfer_share
from desktop.models.run_words import (
    PHASE_WORDS,
    device_words,
    duration_words,
    kind_word,
    metric_phrase,
    metric_text,
    metric_words,
    run_title,
    size_words,
    state_words,
)
from desktop.theme.fonts import font
from desktop.theme.tokens import SPACE, TYPE
from desktop.widgets.buttons import Button, IconButton
from desktop.widgets.card import Card, row
from desktop.widgets.chip import Chip
from desktop.widgets.labels import ElidedLabel, text_label
from desktop.widgets.pill import Pill
from desktop.widgets.run_progress import ProgressMark, RunProgress
from engine.protocol.job import ACTIVE_STATES
from engine.store.measurements import CheckpointRow

_NAME = 72
"""So much is seen of a name, however little room there is."""
_MACHINE_AT = 2
"""Behind name and state."""
_PROGRESS_AT = 4
"""Behind the machine and what stretches."""
RESUMABLE = ("paused", "stopped", "failed")


class RunHeader(Card):
    """Says what the run does; its buttons only ask."""

    wanted = Signal(str)
    """checkpoint, pause, hold, resume, stop, cancel, move, validate_now, extend, mlflow, folder, fork, profile …"""
    mark_chosen = Signal(str, QPoint)
    """A checkpoint's name, and where its menu shall open."""

    def __init__(self, run: LiveRun) -> None:
        super().__init__(spacing=SPACE.s, margins=(SPACE.l, SPACE.m, SPACE.l, SPACE.s))
        self._run = run
        head = row(SPACE.s)
        self.name = ElidedLabel("", "section")
        self.name.setMinimumWidth(_NAME)
        self.pill = Pill()
        self.progress_text = text_label("", "muted")
        self.progress_text.setFont(font(TYPE.body, tabular=True))
        head.addWidget(self.name, 1)
        head.addWidget(self.pill)
        self.machine = Chip()
        head.addWidget(self.machine)
        head.addStretch(0)
        self._head = head
        head.addWidget(self.progress_text)
        head.addSpacing(SPACE.s)
        self.buttons: dict[str, Button] = {}
        for key, text, icon, kind, tip, shortcut in _BUTTONS:
            made = Button(text, icon, kind)
            made.explain(tip, shortcut)
            made.setProperty("order", key)
            made.clicked.connect(self._pressed)
            self.buttons[key] = made
            head.addWidget(made)
        self.more = IconButton("ph.dots-three-vertical-bold", "More for this run", "More")
        self.more.clicked.connect(self._open_menu)
        head.addWidget(self.more)
        self.body.addLayout(head)
        self.progress = RunProgress()
        self.progress.mark_activated.connect(self.mark_chosen)
        self.body.addWidget(self.progress)
        self.facts = ElidedLabel("", "caption")
        self._foot = row(SPACE.s)
        self._foot.addWidget(self.facts, 1)
        self.body.addLayout(self._foot)
        run.loaded.connect(self.refresh)
        run.row_changed.connect(self.refresh)
        run.checkpoints_changed.connect(self.refresh)
        run.phase_changed.connect(self.refresh)
        run.where.changed.connect(self.refresh)
        run.where.contact_changed.connect(self.refresh)
        run.where.transfer_changed.connect(self.refresh)

    def set_narrow(self, narrow: bool) -> None:
        """Show the buttons by their icons alone, or with their words; how far and where stand below then."""
        if narrow:
            self._foot.insertWidget(0, self.progress_text)
            self._foot.addWidget(self.machine)
        else:
            self._head.insertWidget(_MACHINE_AT, self.machine)
            self._head.insertWidget(_PROGRESS_AT, self.progress_text)
        for key, text, _icon, _kind, tip, _shortcut in _BUTTONS:
            self.buttons[key].setText("" if narrow else text)
            self.buttons[key].setAccessibleName(f"{text}: {tip}" if narrow else text)

    def refresh(self) -> None:
        """Show the run as it is now."""
        found = self._run.row
        if found is None:
            return
        self.name.setText(run_title(found))
        self.pill.say(*state_words(found))
        active = found.state in ACTIVE_STATES
        shown = {
            "checkpoint": found.kind == "train" and found.state in ("running", "held"),
            "pause": found.kind == "train" and found.state in ("running", "held"),
            "stop": active and found.state != "stopping",
            "resume": found.state == "held" or (found.state in RESUMABLE and found.kind == "train"),
            "extend": found.state == "completed" and found.kind == "train",
            "cancel": found.state in ("queued", "lost"),
        }
        shown["move"] = self._run.where.can_move(found)
        for key, made in self.buttons.items():
            made.setVisible(shown[key])
        self._show_machine()
        self.progress_text.setText(self._how_far())
        self.facts.setText(self._facts())
        epochs = max(found.epochs, 1)
        done = found.step / found.steps_total * epochs if found.steps_total else float(found.epoch)
        self.progress.show_progress(done, epochs)
        self.progress.set_marks([_mark(checkpoint) for checkpoint in _distinct(self._run.checkpoints)])

    def _show_machine(self) -> None:
        """Say where the run is, as soon as there is more than one machine."""
        where = self._run.where
        self.machine.setVisible(where.is_told)
        tone = "warn" if where.lost is not None else "muted"
        self.machine.say(place_icon(where.place), where.label, tone, f"It is on {where.label}")

    def _how_far(self) -> str:
        found = self._run.row
        if found is None:
            return ""
        if found.state == "queued":
            there = f" on {place_label(self._run.where.place)}" if self._run.where.is_elsewhere else ""
            return f"Starts when its device{there} is free"
        if found.state == "preparing" and self._run.where.transfer is not None:
            return transfer_share(self._run.where.transfer)
        if found.state in ("preparing", "starting") or (found.state == "running" and not found.step):
            phase = PHASE_WORDS.get(self._run.phase, self._run.phase.replace("_", " ").capitalize())
            if self._run.phase_edge == "stalled":
                return f"{phase}: no progress for two minutes"
            return f"{phase} …" if phase and self._run.phase_edge == "begin" else "Starting …"
        parts = [f"Epoch {found.epoch}/{found.epochs}"] if found.epochs else []
        if found.state == "running" and found.eta_s is not None:
            parts.append(f"{duration_words(found.eta_s)} left")
        elif found.started is not None and found.ended is not None:
            parts.append(duration_words(found.ended - found.started))
        return "  ·  ".join(parts)

    def _facts(self) -> str:
        found, config = self._run.row, self._run.config
        if found is None:
            return ""
        parts: list[str] = []
        if found.best_metric is not None and found.best_epoch is not None:
            value = metric_text(found.best_metric, found.best_value)
            parts.append(f"Best {metric_phrase(found.best_metric)} {value} in epoch {found.best_epoch}")
            patience = config.get("early_stopping.patience")
            if config.get("early_stopping.enabled") is True and isinstance(patience, int):
                parts.append(f"plateau {max(0, found.epoch - found.best_epoch)}/{patience}")
        parts += [f"dataset {found.dataset}"] if found.dataset else []
        there = f" of {place_label(self._run.where.place)}" if self._run.where.is_elsewhere else ""
        parts += [f"on {device_words(found.device)}{there}"] if found.device else []
        parts += [f"attempt {found.attempt}"] if found.attempt > 1 else []
        return "  ·  ".join(parts)

    def _pressed(self) -> None:
        sender = self.sender()
        if sender is not None:
            self.wanted.emit(str(sender.property("order")))

    def _open_menu(self) -> None:
        menu = QMenu(self)
        for key, text in self._menu_entries():
            if key:
                menu.addAction(text).setData(key)
            else:
                menu.addSeparator()
        chosen = menu.exec(self.more.mapToGlobal(self.more.rect().bottomLeft()))
        if chosen is not None:
            self.wanted.emit(str(chosen.data()))

    def _menu_entries(self) -> list[tuple[str, str]]:
        found = self._run.row
        if found is None:
            return []
        entries: list[tuple[str, str]] = []
        if found.state == "running" and found.kind == "train":
            entries += [("hold", "Hold (keep the memory)"), ("validate_now", "Validate now")]
        if found.kind == "train" and found.state in ("stopped", "paused"):
            entries.append(("extend", "Extend…"))
        if found.kind == "train":
            entries += [("fork", "New run with these settings"), ("profile", "Profile these settings")]
        if found.kind == "train" and found.epoch > 0:
            entries.append(("register", "Register as a model version…"))
        entries += [("", ""), ("report", "Save a report…"), ("mlflow", "Open in MLflow")]
        entries.append(("folder", "Open the run's folder"))
        entries.append(("copy_id", "Copy the run's id"))
        if found.state not in ACTIVE_STATES:
            entries += [("", ""), ("delete", "Move to the trash")]
        return entries


_BUTTONS = (
    ("checkpoint", "Checkpoint", "ph.floppy-disk", None, "Save a checkpoint now", "Ctrl+S"),
    ("resume", "Resume", "ph.play", None, "Go on from the last checkpoint", None),
    ("pause", "Pause", "ph.pause", None, "Save, end the process and free the device", "Ctrl+P"),
    ("move", "Move…", "ph.arrows-left-right", None, "Go on with this run on another machine", None),
    ("extend", "Extend…", "ph.plus", None, "Train for more epochs", None),
    ("stop", "Stop", "ph.stop", "danger", "End now and keep the model", "Ctrl+."),
    ("cancel", "Cancel", "ph.x", None, "Take the run back", None),
)


def _distinct(checkpoints: Sequence[CheckpointRow]) -> list[CheckpointRow]:
    """One mark a step: the best wins over a numbered one, and `last` is the end of the bar."""
    order = {"best": 3, "manual": 2, "auto": 1, "last": 0}
    by_step: dict[int, CheckpointRow] = {}
    for checkpoint in checkpoints:
        there = by_step.get(checkpoint.step)
        if there is None or order.get(checkpoint.kind, 0) > order.get(there.kind, 0):
            by_step[checkpoint.step] = checkpoint
    return list(by_step.values())


def _mark(checkpoint: CheckpointRow) -> ProgressMark:
    details = [
        f"{metric_words(name)} {metric_text(name, value)}" for name, value in checkpoint.metrics.items()
    ][:4]
    shape = "best" if checkpoint.kind == "best" else "diamond" if checkpoint.kind == "manual" else "dot"
    size = size_words(checkpoint.size_bytes)
    return ProgressMark(
        checkpoint.name, float(checkpoint.epoch), shape, [f"{kind_word(checkpoint)}, {size}", *details]
    )
