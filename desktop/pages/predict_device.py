"""Where predictions are computed: the choice, and in words which device is at work and why."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QSignalBlocker, Signal
from PySide6.QtWidgets import QLabel, QWidget

from desktop.bridge.predictor_place import PredictorPlace
from desktop.models.predictions_models import ModelFile
from desktop.theme.tokens import SPACE
from desktop.widgets.card import row
from desktop.widgets.choice_box import ChoiceBox
from desktop.widgets.labels import ElidedLabel, text_label
from engine.runner.devices import UsableGpu
from engine.runner.predicting_place import AUTO, CPU, short_title, title_of

_WIDTH = (260, 130)
"""The widest and the narrowest."""
_TIPS = {
    AUTO: "A GPU that no run uses and that has room, else the CPU",
    CPU: "Never a GPU",
}


class DeviceBox(ChoiceBox):
    """Auto, the CPU, or one of the GPUs by name."""

    chosen = Signal(str)
    """`auto`, `cpu` or a GPU as the queue names it; by the user."""

    def __init__(self, name: str) -> None:
        super().__init__(name, *_WIDTH)
        self.currentIndexChanged.connect(self._tell)

    @property
    def device(self) -> str:
        return str(self.currentData() or AUTO)

    def offer(self, gpus: Sequence[UsableGpu], device: str) -> None:
        """Offer these GPUs beside Auto and the CPU, and show a choice, also of a GPU that is not there."""
        titles = {AUTO: "Auto", CPU: "CPU", **{gpu.resource: title_of(gpu) for gpu in gpus}}
        titles.setdefault(device, f"{short_title(device)} (not there)")
        with QSignalBlocker(self):
            if [self.itemData(place) for place in range(self.count())] != list(titles):
                self.clear()
                for key, title in titles.items():
                    self.addItem(title, key)
            self.setCurrentIndex(list(titles).index(device))
        self.setToolTip(_TIPS.get(device, "This GPU, until a run uses it"))

    def _tell(self) -> None:
        self.chosen.emit(self.device)


class DeviceLine(QWidget):
    """The choice of the Predict page, for as long as the window is open; there is none on a machine without a GPU."""

    def __init__(self, place: PredictorPlace) -> None:
        super().__init__()
        self._place = place
        self._is_exported = False
        line = row(SPACE.s)
        self.setLayout(line)
        self.title = text_label("Device", "muted")
        self._titles: Sequence[QLabel] = (self.title,)
        line.addWidget(self.title)
        self.box = DeviceBox("Device for predictions")
        line.addWidget(self.box, 1)
        self.words = ElidedLabel("", "caption")
        line.addWidget(self.words, 3)
        self.box.chosen.connect(self._choose)
        place.changed.connect(self._show)
        self._show()

    def align_with(self, other: QLabel) -> None:
        """Let the choice begin below another one, whose title this is."""
        self._titles = (self.title, other)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest:  # its font, and with it its width, is another
            widest = max(label.sizeHint().width() for label in self._titles)
            for label in self._titles:
                label.setMinimumWidth(widest)
        return super().event(event)

    def show_model(self, model: ModelFile | None) -> None:
        """Tell where this one computes."""
        self._is_exported = model is not None and model.fact is None
        self._show()

    def _choose(self, device: str) -> None:
        self._place.choose(device)
        self._show()  # also when it was refused

    def _show(self) -> None:
        has_gpu = bool(self._place.gpus)
        if self.parent() is not None or not has_gpu:  # by itself it would be a window
            self.setVisible(has_gpu)
        self.box.offer(self._place.gpus, self._place.wish)
        words = self._place.place.words
        on_gpu = self._place.place.device != CPU
        self.words.setText("CPU: exported files compute there" if self._is_exported and on_gpu else words)
