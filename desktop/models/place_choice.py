"""Where the next training goes: this machine or another one, remembered for each dataset."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from PySide6.QtCore import QObject, Signal

from desktop.context import Context
from desktop.models.estimate import Estimate, estimate
from desktop.models.place_words import device_of, is_elsewhere, machine_label, place_label, short_label
from engine.datasets.manifest import Manifest
from engine.protocol.hosts import LOCAL, place_name
from engine.store.runs import RunRow

_SETTING = "train.places"
CPU = "cpu"


@dataclass(frozen=True, slots=True)
class Planned:
    """A training that is not started yet."""

    plugin: str
    manifest: Manifest | None
    config: Mapping[str, object]


class PlaceChoice(QObject):
    """The choice for one dataset at a time; a machine that was removed is forgotten, and this one taken."""

    changed = Signal()
    """Another machine is chosen, or what is known of the machines is another."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._dataset = ""
        self._device: str | None = None
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

    def estimate(self, place: str, planned: Planned) -> Estimate | None:
        """Give the time of a training on a machine, measured in earlier runs there; None without one."""
        is_named = self._device is not None and place == self.place
        on_gpu = self._device != CPU if is_named else None
        return estimate_at(self._context, place, planned, on_gpu)

    def time_words(self, planned: Planned | None) -> str:
        """Say how long a training will take there, or what has to happen before that is known."""
        known = self.estimate(self.place, planned) if planned is not None else None
        if known is not None:
            return known.sentence()
        if is_elsewhere(self.place):
            where = place_label(self.place)
            return f"How long it takes on {where} is known after the first run like this there."
        return "How long it takes is known after a rehearsal, or the first run like this."

    def notices(self) -> list[str]:
        """Say it where the chosen machine is known not to be ready."""
        name = place_name(self.place)
        state = self._context.hosts.state(name) if name else None
        if state is None or state.kind in ("ready", "checking", "needs_preparing"):
            return []
        return [f"{name}: {state.sentence} {state.hint}".strip()]

    def name_device(self, device: str | None) -> None:
        """Take this device of the chosen machine; None takes what is free there."""
        if device != self._device:
            self._device = device
            self.changed.emit()

    def _kept(self) -> dict[str, object]:
        return cast("dict[str, object]", self._context.settings.get(_SETTING, {}))


def estimate_at(
    context: Context, place: str, planned: Planned, on_gpu: bool | None = None
) -> Estimate | None:
    """Give the time of a training on a machine, measured in earlier runs there; None without one.

    Args:
        context: what is known of runs and machines.
        place: the machine.
        planned: the training.
        on_gpu: whether it trains on a GPU; None takes what the queue would choose there.
    """
    on_gpu = _has_gpu(context, place) if on_gpu is None else on_gpu

    def is_there(row: RunRow) -> bool:
        was_on_cpu = device_of(row.device) == CPU
        return context.places.place(row.run) == place and (on_gpu is None or was_on_cpu != on_gpu)

    return estimate(context.runs.rows(), planned.plugin, planned.manifest, planned.config, is_there)


def _has_gpu(context: Context, place: str) -> bool | None:
    """Whether a run there gets a GPU, when the queue chooses; None while that is not known."""
    if is_elsewhere(place):
        facts = context.hosts.facts(place_name(place))
        return bool(facts.gpus) if facts is not None else None
    machine = context.machine.last
    return bool(machine.gpus) if machine is not None else None
