"""What the run uses of its machine: the worker's own samples, GPU first where there is one."""

from __future__ import annotations

from collections import deque

from PySide6.QtWidgets import QHBoxLayout, QWidget

from desktop.context import Context
from desktop.models.live_run import LiveRun
from desktop.models.place_words import place_label, short_gpu
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
        count, whole = self._cores_and_memory()
        cores = plural(count, "core") if count else ""
        self._put("cpu", sample.cpu_percent, (f"{sample.cpu_percent:.0f}%", ""), cores)
        self._put("worker", sample.rss_bytes, memory_words(sample.rss_bytes), "held by the worker")
        of = f"of {whole / 2**30:.0f} GB" if whole else ""
        self._put("memory", sample.ram_used_bytes, memory_words(sample.ram_used_bytes), of)
        where = self._run.where
        kept = f"on {place_label(where.place)}" if where.is_elsewhere else "where runs are kept"
        self._put("disk", sample.disk_free_bytes, memory_words(sample.disk_free_bytes), kept)
        if sample.gpus:
            self._take_gpu(sample.gpus[0])

    def _take_gpu(self, gpu: dict[str, float]) -> None:
        load, used, whole = (
            gpu.get("utilisation"),
            gpu.get("memory_bytes", 0.0),
            gpu.get("memory_total_bytes", 0.0),
        )
        name = self._gpu_name()
        heat = f"{gpu['temperature_c']:.0f} °C" if "temperature_c" in gpu else ""
        caption = " · ".join(part for part in (name, heat) if part)
        self._put("gpu", load or 0.0, ("–" if load is None else f"{load:.0f}%", ""), caption)
        self._put("gpu_memory", used, memory_words(used), f"of {whole / 2**30:.0f} GB" if whole else "")

    def _cores_and_memory(self) -> tuple[int, int]:
        """Cores, and bytes of memory, of the machine that the run is on; 0 where they are not known."""
        if self._run.where.is_elsewhere:
            facts = self._run.where.facts
            return (facts.cpus, facts.memory_bytes) if facts is not None else (0, 0)
        machine = self._context.machine.last
        return (machine.cores, machine.memory_bytes) if machine is not None else (0, 0)

    def _gpu_name(self) -> str:
        """Name of the first GPU that the run holds, where its machine tells."""
        found = self._run.row
        first = (found.device or "" if found is not None else "").partition(",")[0].rpartition(":")[2]
        number = int(first) if first.isdigit() else 0
        if self._run.where.is_elsewhere:
            facts = self._run.where.facts
            names = {gpu.index: short_gpu(gpu.name) for gpu in facts.gpus} if facts is not None else {}
        else:
            machine = self._context.machine.last
            names = dict(enumerate(gpu.name for gpu in machine.gpus)) if machine is not None else {}
        return names.get(number, "")

    def _put(self, name: str, value: float, shown: tuple[str, str], caption: str) -> None:
        self._history[name].append(value)
        text, unit = shown
        self._cards[name].show_value(text, unit, caption, None, list(self._history[name]))

    def _show_cards(self, *, has_gpu: bool) -> None:
        shown = ("gpu", "gpu_memory", "cpu", "worker") if has_gpu else ("cpu", "worker", "memory", "disk")
        for name, made in self._cards.items():
            made.setVisible(name in shown)
