"""The threshold of the Predict page: what is less sure does not count. Kept for the next time, by task."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtWidgets import QSlider, QWidget

from desktop.bridge.settings import Settings
from desktop.tasks.task import TaskView
from desktop.theme.fonts import font
from desktop.theme.tokens import SPACE, TYPE
from desktop.widgets.card import row
from desktop.widgets.labels import text_label

_SETTING = "predict.threshold"
_KEEP_AFTER_MS = 400
_WHOLE = 100
_SLIDER_WIDTH = 96


class ThresholdBox(QWidget):
    """A slider with its name and value; hidden for tasks without a threshold."""

    moved = Signal(float)
    """0 to 1; the user moved the slider."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings
        self._setting = _SETTING
        self._keeping = QTimer(self)  # a drag at the slider is not a hundred writes to the disk
        self._keeping.setSingleShot(True)
        self._keeping.setInterval(_KEEP_AFTER_MS)
        self._keeping.timeout.connect(self._keep)
        line = row(SPACE.s)
        self.setLayout(line)
        line.addWidget(text_label("Threshold", "muted"))
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, _WHOLE)
        self.slider.setFixedWidth(_SLIDER_WIDTH)
        line.addWidget(self.slider)
        self._value = text_label("0%", "muted")
        self._value.setFont(font(TYPE.body, tabular=True))
        self._value.setMinimumWidth(40)
        line.addWidget(self._value)
        self.slider.valueChanged.connect(self._move)

    def show_task(self, view: TaskView, task: str) -> float:
        """Show a task's threshold as it was last used for it, or none; gives it."""
        self._setting = f"{_SETTING}.{task}"
        kept = min(1.0, max(0.0, self._settings.get(self._setting, view.threshold)))
        threshold = kept if view.threshold_tip else 0.0
        self.setVisible(bool(view.threshold_tip))
        self.slider.setToolTip(view.threshold_tip)
        self.slider.setAccessibleName(f"Threshold, percent. {view.threshold_tip}")
        with QSignalBlocker(self.slider):
            self.slider.setValue(round(threshold * _WHOLE))
        self._value.setText(f"{round(threshold * _WHOLE)}%")
        return threshold

    def _move(self, percent: int) -> None:
        self._value.setText(f"{percent}%")
        self._keeping.start()
        self.moved.emit(percent / _WHOLE)

    def _keep(self) -> None:
        self._settings.set_soon(self._setting, self.slider.value() / _WHOLE)
