"""Chooses a model: a training, and one of its checkpoints. Used by every page that works with a trained model."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QWidget

from desktop.models.result_checkpoints import CheckpointFact, TrainedRun, preferred_run
from desktop.models.run_words import run_title
from desktop.theme.tokens import SPACE
from desktop.widgets.card import row
from desktop.widgets.choice_box import ChoiceBox
from desktop.widgets.labels import text_label

_RUN_WIDTH, _CHECKPOINT_WIDTH = (230, 130), (160, 144)
"""The widest and the narrowest."""


class CheckpointChooser(QWidget):
    """Takes the newest best checkpoint of a finished training until the user or a page chooses another."""

    changed = Signal()
    """Another checkpoint is chosen, or the chosen one was written anew."""

    def __init__(self) -> None:
        super().__init__()
        self._trained: list[TrainedRun] = []
        self._wish: tuple[str, str] | None = None
        self._told: tuple[str, CheckpointFact] | None = None
        self._runs = ChoiceBox("Run", *_RUN_WIDTH)
        self._checkpoints = ChoiceBox("Checkpoint", *_CHECKPOINT_WIDTH)
        line = row()
        self.setLayout(line)
        label = text_label("Model", "muted")
        line.addWidget(label)
        line.addWidget(self._runs, 3)
        line.addWidget(self._checkpoints, 2)
        widest = label.sizeHint().width() + _RUN_WIDTH[0] + _CHECKPOINT_WIDTH[0] + 2 * SPACE.s
        self.setMaximumWidth(widest)
        self._runs.currentIndexChanged.connect(self._run_changed)
        self._checkpoints.currentIndexChanged.connect(self._tell)

    @property
    def run(self) -> TrainedRun | None:
        place = self._runs.currentIndex()
        return self._trained[place] if 0 <= place < len(self._trained) else None

    @property
    def checkpoint(self) -> CheckpointFact | None:
        run, place = self.run, self._checkpoints.currentIndex()
        return run.checkpoints[place] if run is not None and 0 <= place < len(run.checkpoints) else None

    def wish(self, run: str, checkpoint: str = "") -> None:
        """Choose a run's checkpoint, now or as soon as it is offered; without a name its best one."""
        self._wish = (run, checkpoint)
        self._fulfil_wish()

    def offer(self, trained: Sequence[TrainedRun]) -> None:
        """Offer these; what is chosen stays where it is still there."""
        run, fact = self.run, self.checkpoint
        kept = (run.row.run, fact.name) if run is not None and fact is not None else None
        self._trained = list(trained)
        with QSignalBlocker(self._runs), QSignalBlocker(self._checkpoints):
            self._runs.clear()
            for entry in self._trained:
                self._runs.addItem(f"{run_title(entry.row)} · {entry.row.dataset or 'no dataset'}")
            preferred = preferred_run(self._trained)
            wanted = kept[0] if kept is not None else (preferred.row.run if preferred is not None else "")
            if not self._choose(wanted, kept[1] if kept is not None else "") and preferred is not None:
                self._choose(preferred.row.run, "")
        self._fulfil_wish()
        self._tell()

    def _fulfil_wish(self) -> None:
        if self._wish is None:
            return
        with QSignalBlocker(self._runs), QSignalBlocker(self._checkpoints):
            is_there = self._choose(*self._wish)
        if is_there:
            self._wish = None
            self._tell()

    def _choose(self, run: str, checkpoint: str) -> bool:
        """Set both lists; says whether the run is there. An unknown checkpoint gives the best."""
        places = [place for place, entry in enumerate(self._trained) if entry.row.run == run]
        if not places:
            return False
        self._runs.setCurrentIndex(places[0])
        self._show_checkpoints()
        names = [fact.name for fact in self._trained[places[0]].checkpoints]
        self._checkpoints.setCurrentIndex(names.index(checkpoint) if checkpoint in names else 0)
        return True

    def _run_changed(self) -> None:
        with QSignalBlocker(self._checkpoints):
            self._show_checkpoints()
        self._tell()

    def _show_checkpoints(self) -> None:
        run = self.run
        self._checkpoints.clear()
        for fact in run.checkpoints if run is not None else ():
            self._checkpoints.addItem(fact.title)

    def _tell(self) -> None:
        run, fact = self.run, self.checkpoint
        now = (run.row.run, fact) if run is not None and fact is not None else None
        self._runs.setToolTip(self._runs.currentText())
        if now != self._told:
            self._told = now
            self.changed.emit()
