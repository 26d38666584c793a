"""Where the next training goes: this machine or another one, remembered for each dataset."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from PySide6.QtCore import QObject, Signal

from desktop.context import Context
from desktop.models.estimate import Estimate, estimate
from desktop.models.place_words import device_of, is_elsewhere, machine_label, short_label
from engine.datasets.manifest import Manifest
from engine.protocol.hosts import LOCAL, place_name
from engine.store.runs import RunRow

_SETTING = "train.places"
CPU = "cpu"


class PlaceChoice(QObject):
    """The choice for one dataset at a time; a machine that was removed is forgotten, and this one taken."""

    changed = Signal()
    """Another machine is chosen, or what is known of the machines is another."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._dataset = ""
        context.hosts.changed.connect(self.changed)

    @property
    def is_offered(self) -> bool:
        """Whether there is anything to choose between."""
        return bool(self._context.hosts.hosts())

    @property
    def place(self) -> str:
        """`local`, or `ssh:NAME` of a machine that exists."""
        wanted = self._kept().get(self._dataset)
        is_known = isinstance(wanted, str) and self._context.hosts.host(place_name(wanted)) is not None
        return str(wanted) if is_known else LOCAL

    @property
    def label(self) -> str:
        """The machine as it is read, with its GPU."""
        return machine_label(self.place, self._context.hosts.facts(place_name(self.place)))

    @property
    def short_label(self) -> str:
        """The same for where there is little room."""
        return short_label(self.place, self._context.hosts.facts(place_name(self.place)))

    @property
    def gpu_memory_gb(self) -> float | None:
        """Memory of the machine's largest GPU in GiB; 0 without one, None while that is not known."""
        if is_elsewhere(self.place):
            facts = self._context.hosts.facts(place_name(self.place))
            return (
                max((gpu.memory_bytes for gpu in facts.gpus), default=0) / 2**30
                if facts is not None
                else None
            )
        machine = self._context.machine.last
        return (machine.gpu_memory_gb or 0.0) if machine is not None else None

    def set_dataset(self, name: str) -> None:
        """Go to the choice for another dataset."""
        if name != self._dataset:
            self._dataset = name
            self.changed.emit()

    def choose(self, place: str) -> None:
        """Take a machine from now on, for this dataset."""
        kept = {name: there for name, there in self._kept().items() if name != self._dataset}
        if is_elsewhere(place):
            kept[self._dataset] = place
        self._context.settings.set(_SETTING, kept)
        self.changed.emit()

    def estimate(
        self, place: str, plugin: str, manifest: Manifest | None, config: Mapping[str, object]
    ) -> Estimate | None:
        """Give the time of a training on a machine, measured in earlier runs there; None without one."""
        return estimate_at(self._context, place, plugin, manifest, config)

    def _kept(self) -> dict[str, object]:
        return cast("dict[str, object]", self._context.settings.get(_SETTING, {}))


def estimate_at(
    context: Context, place: str, plugin: str, manifest: Manifest | None, config: Mapping[str, object]
) -> Estimate | None:
    """Give the time of a training on a machine, measured in earlier runs there; None without one."""
    on_gpu = _has_gpu(context, place)

    def is_there(row: RunRow) -> bool:
        was_on_cpu = device_of(row.device) == CPU
        return context.places.place(row.run) == place and (on_gpu is None or was_on_cpu != on_gpu)

    return estimate(context.runs.rows(), plugin, manifest, config, is_there)


def _has_gpu(context: Context, place: str) -> bool | None:
    """Whether a run there gets a GPU, when the queue chooses; None while that is not known."""
    if is_elsewhere(place):
        facts = context.hosts.facts(place_name(place))
        return bool(facts.gpus) if facts is not None else None
    machine = context.machine.last
    return bool(machine.gpus) if machine is not None else None
