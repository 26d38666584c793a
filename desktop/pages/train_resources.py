"""What the run uses of its machine: the worker's own samples, GPU first where there is one."""

from __future__ import annotations

from collections import deque

from PySide6.QtWidgets import QHBoxLayout, QWidget

from desktop.context import Context
from desktop.models.live_run import LiveRun
from desktop.models.run_words import memory_words, plural
from desktop.theme.tokens import SPACE
from desktop.widgets.metric_card import MetricCard
from engine.protocol.events import ResourcesSampled
from engine.protocol.job import ACTIVE_STATES

_KEPT = 120


class ResourceRow(QWidget):
    """Four small cards; with a GPU its load and memory take the first two."""

    def __init__(self, context: Context, run: LiveRun) -> None:
        super().__init__()
        self._context = context
        self._run = run
        self._is_allowed = True
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE.m)
        self._cards = {
            "gpu": MetricCard("GPU", "s1"),
            "gpu_memory": MetricCard("GPU memory", "s4"),
            "cpu": MetricCard("CPU", "s3"),
            "worker": MetricCard("Memory of the run", "s6"),
            "memory": MetricCard("Memory in use", "s4"),
            "disk": MetricCard("Free disk", "s5"),
        }
        self._history: dict[str, deque[float]] = {name: deque(maxlen=_KEPT) for name in self._cards}
        for made in self._cards.values():
            layout.addWidget(made, 1)
        self._show_cards(has_gpu=False)
        run.sampled.connect(self._take)
        run.loaded.connect(self._begin)

    def allow(self, allowed: bool) -> None:
        """Be there only where the window is high enough for it."""
        if allowed != self._is_allowed:
            self._is_allowed = allowed
            self._show_if_active()

    def _show_if_active(self) -> None:
        row = self._run.row
        self.setVisible(self._is_allowed and row is not None and row.state in ACTIVE_STATES)

    def _begin(self) -> None:
        for values in self._history.values():
            values.clear()
        self._show_if_active()
        for sample in self._run.samples:
            self._take(sample)

    def _take(self, sample: ResourcesSampled) -> None:
        if self._is_allowed and self.isHidden():
            self.show()
        self._show_cards(has_gpu=bool(sample.gpus))
        machine = self._context.machine.last
        cores = plural(machine.cores, "core") if machine is not None else ""
        self._put("cpu", sample.cpu_percent, (f"{sample.cpu_percent:.0f}%", ""), cores)
        self._put("worker", sample.rss_bytes, memory_words(sample.rss_bytes), "held by the worker")
        whole = machine.memory_bytes if machine is not None else 0
        of = f"of {whole / 2**30:.0f} GB" if whole else ""
        self._put("memory", sample.ram_used_bytes, memory_words(sample.ram_used_bytes), of)
        self._put("disk", sample.disk_free_bytes, memory_words(sample.disk_free_bytes), "where runs are kept")
        if sample.gpus:
            self._take_gpu(sample.gpus[0])

    def _take_gpu(self, gpu: dict[str, float]) -> None:
        load, used, whole = (
            gpu.get("utilisation"),
            gpu.get("memory_bytes", 0.0),
            gpu.get("memory_total_bytes", 0.0),
        )
        machine = self._context.machine.last
        name = machine.gpus[0].name if machine is not None and machine.gpus else ""
        heat = f"{gpu['temperature_c']:.0f} °C" if "temperature_c" in gpu else ""
        caption = " · ".join(part for part in (name, heat) if part)
        self._put("gpu", load or 0.0, ("–" if load is None else f"{load:.0f}%", ""), caption)
        self._put("gpu_memory", used, memory_words(used), f"of {whole / 2**30:.0f} GB" if whole else "")

    def _put(self, name: str, value: float, shown: tuple[str, str], caption: str) -> None:
        self._history[name].append(value)
        text, unit = shown
        self._cards[name].show_value(text, unit, caption, None, list(self._history[name]))

    def _show_cards(self, *, has_gpu: bool) -> None:
        shown = ("gpu", "gpu_memory", "cpu", "worker") if has_gpu else ("cpu", "worker", "memory", "disk")
        for name, made in self._cards.items():
            made.setVisible(name in shown)
