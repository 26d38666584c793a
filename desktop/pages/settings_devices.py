"""What this machine has to train with, and how busy it is."""

from __future__ import annotations

from PySide6.QtWidgets import QProgressBar, QWidget

from desktop.bridge.machine import Gpu, Machine
from desktop.bridge.predictor_place import SETTING
from desktop.bridge.processor import processor_name
from desktop.context import Context
from desktop.models.run_words import plural, size_words
from desktop.pages.predict_device import DeviceBox
from desktop.pages.settings_section import Section
from desktop.theme.fonts import font
from desktop.theme.tokens import SIZE, SPACE, TYPE
from desktop.widgets.card import column
from desktop.widgets.labels import text_label
from desktop.widgets.setting_row import SettingCard, SettingRow
from engine.runner.predicting_place import AUTO

_METER_WIDTH = 220


class Meter(QWidget):
    """A share of something as a bar with a number."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setFixedWidth(_METER_WIDTH)
        layout = column(SPACE.xs)
        self.setLayout(layout)
        self.words = text_label("–", "caption")
        self.words.setFont(font(TYPE.caption, tabular=True))
        self.bar = QProgressBar()
        self.bar.setRange(0, 100)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(name)
        self.bar.setFixedHeight(SIZE.control // 5)
        layout.addWidget(self.words)
        layout.addWidget(self.bar)

    def show_share(self, percent: float, words: str) -> None:
        self.bar.setValue(round(percent))
        self.words.setText(words)
        self.bar.setAccessibleDescription(words)


class DevicesSection(Section):
    """Processor, memory, disk and GPUs."""

    key, title, icon = "devices", "Devices", "ph.hard-drives"
    lead = "A training takes the best device that is free, unless its settings name one."

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.processor = Meter("Load of the processor")
        self.memory = Meter("Memory in use")
        self._processor_row = SettingRow("Processor", "", [self.processor])
        self._memory_row = SettingRow("Memory", "", [self.memory])
        self._disk_row = SettingRow("Disk of the data folder", "")
        self.add(SettingCard(self._processor_row, self._memory_row, self._disk_row))
        self._gpu_card = SettingCard()
        self.add(self._gpu_card)
        self.predicting = DeviceBox("Device for predictions at the start")
        self.predicting.setMinimumWidth(_METER_WIDTH)
        self.predicting.chosen.connect(self._choose_predicting)
        help_text = "Where Predict begins. Auto takes a GPU that no run uses and that has room, else the CPU."
        self._predicting_card = SettingCard(SettingRow("Predictions", help_text, [self.predicting]))
        self._predicting_card.hide()
        self.add(self._predicting_card)
        self.gpu_rows: list[tuple[SettingRow, Meter | None]] = []
        self._gpu_names: list[str] | None = None
        context.machine.sampled.connect(self.show_machine)

    def come_into_view(self) -> None:
        if not self._processor_row.help.text():
            self.context.background.run(processor_name, then=self._processor_row.say, owner=self)
        if self.context.machine.last is not None:
            self.show_machine(self.context.machine.last)
        self.context.machine.look()

    def show_machine(self, machine: Machine) -> None:
        """Show a look at the machine."""
        if self._gpu_names is not None and not self.isVisible():
            return
        cores = plural(machine.cores, "core")
        self.processor.show_share(machine.cpu_percent, f"{machine.cpu_percent:.0f}% of {cores}")
        whole = max(1, machine.memory_bytes)
        used = f"{_gib(machine.used_bytes)} of {_gib(machine.memory_bytes)} used"
        self.memory.show_share(100 * machine.used_bytes / whole, used)
        self._memory_row.say("Decoded images are kept in half of what is free.")
        self._disk_row.say(f"{size_words(machine.disk_free_bytes)} free.")
        self._show_gpus(machine.gpus)
        self._predicting_card.setVisible(bool(machine.usable))
        self.predicting.offer(machine.usable, self.context.settings.get(SETTING, AUTO))

    def _choose_predicting(self, device: str) -> None:
        self.context.settings.set(SETTING, device)

    def _show_gpus(self, gpus: list[Gpu]) -> None:
        names = [gpu.name for gpu in gpus]
        if names != self._gpu_names:
            self._gpu_names = names
            self._build_gpus(gpus)
        for gpu, (line, meter) in zip(gpus, self.gpu_rows, strict=False):
            heat = f", {gpu.celsius} °C" if gpu.celsius is not None else ""
            line.say(f"{gpu.percent}% busy{heat}.")
            if meter is not None:
                used = f"{_gib(gpu.used_bytes)} of {_gib(gpu.memory_bytes)} used"
                meter.show_share(100 * gpu.used_bytes / max(1, gpu.memory_bytes), used)

    def _build_gpus(self, gpus: list[Gpu]) -> None:
        old, self._gpu_card = self._gpu_card, SettingCard()
        self.column.replaceWidget(old, self._gpu_card)
        old.hide()
        old.deleteLater()
        self.gpu_rows = []
        if not gpus:
            text = (
                "Trainings run on the processor. A driver that was installed just now shows after a restart."
            )
            self.gpu_rows.append((SettingRow("No NVIDIA GPU", text), None))
        for number, gpu in enumerate(gpus):
            meter = Meter(f"Memory of GPU {number} in use")
            self.gpu_rows.append((SettingRow(f"GPU {number}: {gpu.name}", "", [meter]), meter))
        for line, _meter in self.gpu_rows:
            self._gpu_card.add_row(line)
        self._gpu_card.show()


def _gib(size_bytes: int) -> str:
    return f"{size_bytes / 2**30:.1f} GB"
