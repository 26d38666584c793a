"""Chooses a model: a training, and one of its checkpoints or exported files. Shared by pages that use models."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QWidget

from desktop.models.predictions_models import ModelFile, Offered, offered_runs
from desktop.models.result_checkpoints import CheckpointFact, TrainedRun, preferred_run
from desktop.models.run_words import run_title
from desktop.theme.tokens import SPACE
from desktop.widgets.card import row
from desktop.widgets.choice_box import ChoiceBox
from desktop.widgets.labels import text_label

_RUN_WIDTH, _CHECKPOINT_WIDTH = (230, 130), (160, 144)
"""The widest and the narrowest."""


class CheckpointChooser(QWidget):
    """Takes the newest best checkpoint of a finished training until the user or a page chooses another.

    Args:
        title: stands before the lists.
        spoken: is added to what the lists are called, where there are two choosers.
    """

    changed = Signal()
    """Another checkpoint is chosen, or the chosen one was written anew."""

    def __init__(self, title: str = "Model", spoken: str = "") -> None:
        super().__init__()
        self._offered = Offered()
        self._wish: tuple[str, str] | None = None
        self._told: tuple[str, ModelFile] | None = None
        self._runs = ChoiceBox(f"Run{spoken}", *_RUN_WIDTH)
        self._checkpoints = ChoiceBox(f"Checkpoint{spoken}", *_CHECKPOINT_WIDTH)
        line = row()
        self.setLayout(line)
        self.title = label = text_label(title, "muted")
        label.setMinimumWidth(label.sizeHint().width())  # lists below each other begin at one place
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
        return self._offered.runs[place] if 0 <= place < len(self._offered.runs) else None

    @property
    def model(self) -> ModelFile | None:
        """What is chosen: a checkpoint, or an exported file."""
        files, place = self._files(), self._checkpoints.currentIndex()
        return files[place] if 0 <= place < len(files) else None

    @property
    def checkpoint(self) -> CheckpointFact | None:
        """The chosen checkpoint; None where an exported file is chosen, or nothing."""
        model = self.model
        return model.fact if model is not None else None

    def _files(self) -> Sequence[ModelFile]:
        run = self.run
        return self._offered.files(run) if run is not None else ()

    def wish(self, run: str, checkpoint: str = "") -> None:
        """Choose a run's checkpoint, now or as soon as it is offered; without a name its best one."""
        self._wish = (run, checkpoint)
        self._fulfil_wish()

    def offer(self, trained: Sequence[TrainedRun]) -> None:
        """Offer the checkpoints of these; what is chosen stays where it is still there."""
        self.offer_models(offered_runs(trained))

    def offer_models(self, offered: Offered) -> None:
        """Offer these, exported files too; what is chosen stays where it is still there."""
        run, model = self.run, self.model
        kept = (run.row.run, model.key) if run is not None and model is not None else None
        self._offered = offered
        with QSignalBlocker(self._runs), QSignalBlocker(self._checkpoints):
            self._runs.clear()
            self._checkpoints.clear()
            for entry in offered.runs:
                self._runs.addItem(f"{run_title(entry.row)} · {entry.row.dataset or 'no dataset'}")
            preferred = preferred_run(list(offered.runs))
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

    def _choose(self, run: str, key: str) -> bool:
        """Set both lists; says whether the run is there. An unknown checkpoint gives the best."""
        places = [place for place, entry in enumerate(self._offered.runs) if entry.row.run == run]
        if not places:
            return False
        self._runs.setCurrentIndex(places[0])
        self._show_files()
        keys = [file.key for file in self._files()]
        self._checkpoints.setCurrentIndex(keys.index(key) if key in keys else 0)
        return True

    def _run_changed(self) -> None:
        with QSignalBlocker(self._checkpoints):
            self._show_files()
        self._tell()

    def _show_files(self) -> None:
        self._checkpoints.clear()
        for file in self._files():
            self._checkpoints.addItem(file.title)

    def _tell(self) -> None:
        run, model = self.run, self.model
        now = (run.row.run, model) if run is not None and model is not None else None
        self._runs.setToolTip(self._runs.currentText())
        self._checkpoints.setToolTip(self._checkpoints.currentText())
        if now != self._told:
            self._told = now
            self.changed.emit()
