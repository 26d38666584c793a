"""Train an ended run for longer: the new total, how the learning rate goes on, and its curve before OK."""

from __future__ import annotations

from PySide6.QtWidgets import QSpinBox, QWidget

from desktop.charts.schedule_plot import SchedulePlot
from desktop.context import Context
from desktop.models.live_run import LiveRun
from desktop.models.run_words import plural
from desktop.theme.tokens import SIZE, SPACE
from desktop.widgets.card import row
from desktop.widgets.dialogs import Sheet
from desktop.widgets.labels import text_label
from desktop.widgets.segmented import Segmented
from engine.config.schedule import Extension
from engine.errors import UserError

_WAYS = (("continue", "Continue"), ("flat", "Flat"), ("restart", "Restart"))
_MEANINGS = {
    "continue": "The rate follows the schedule as if the new total had been planned from the start.",
    "flat": "The rate stays at its last value.",
    "restart": "The schedule begins anew and ends at the new total.",
}
_MOST_EPOCHS = 100_000


class ExtendSheet(Sheet):
    """Asks for the new total of epochs."""

    def __init__(self, context: Context, run: LiveRun, parent: QWidget | None) -> None:
        super().__init__(parent, "Extend the training", SIZE.dialog)
        self._context = context
        self._run = run
        found = run.row
        done = found.epoch if found is not None else 0
        planned = found.epochs if found is not None else 0
        self._done = done
        least = max(done, planned if found is not None and found.state == "completed" else done) + 1
        self.body.addWidget(
            text_label(
                f"It has done {plural(done, 'epoch')} of {planned}. How many shall it be in all?",
                "muted",
                wrap=True,
            )
        )
        line = row()
        self.epochs = QSpinBox()
        self.epochs.setRange(least, _MOST_EPOCHS)
        self.epochs.setValue(max(least, planned + max(1, planned // 2)))
        self.epochs.setAccessibleName("New total of epochs")
        self.epochs.setMinimumWidth(110)
        self.epochs.lineEdit().setTextMargins(SPACE.s, 0, 0, 0)
        line.addWidget(text_label("Epochs in all"), 1)
        line.addWidget(self.epochs)
        self.body.addLayout(line)
        line = row()
        self.way = Segmented(_WAYS, "continue", "How the learning rate goes on")
        line.addWidget(text_label("Learning rate"), 1)
        line.addWidget(self.way)
        self.body.addLayout(line)
        self.meaning = text_label("", "caption", wrap=True)
        self.body.addWidget(self.meaning)
        self.plot = SchedulePlot()
        self.body.addWidget(self.plot)
        self.trouble = text_label("", "error", wrap=True)
        self.trouble.hide()
        self.body.addWidget(self.trouble)
        self.add_button("Cancel").clicked.connect(self.reject)
        self.go_on = self.add_button("Train on", "primary")
        self.go_on.clicked.connect(self._extend)
        self.epochs.valueChanged.connect(self._draw)
        self.way.changed.connect(self._draw)
        self._draw()

    def _draw(self) -> None:
        """Show the schedule as it would be."""
        way = self.way.current()
        self.meaning.setText(_MEANINGS[way])
        config = {**self._run.config, "epochs": self.epochs.value()}
        extension = Extension(self._done, way)  # pyright: ignore[reportArgumentType]  # one of _WAYS
        self.plot.set_config(config, max(1, self._run.steps_per_epoch()), extension)

    def _extend(self) -> None:
        self.go_on.setEnabled(False)
        self._context.actions.extend(
            self._run.run,
            self.epochs.value(),
            self.way.current(),  # pyright: ignore[reportArgumentType]  # one of _WAYS
            then=self._extended,
            failed=self._refused,
        )

    def _extended(self, _none: object) -> None:
        self.accept()

    def _refused(self, error: UserError) -> None:
        self.go_on.setEnabled(True)
        self.trouble.setText(str(error))
        self.trouble.show()
