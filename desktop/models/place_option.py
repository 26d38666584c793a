"""A machine as a line to choose: what is free on it, who waits, what must be sent, how long it will take, why not."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from desktop.bridge.host_documents import HostStatus
from desktop.bridge.host_state import HostState
from desktop.bridge.machine import Machine
from desktop.models.estimate import Estimate
from desktop.models.place_words import HERE, ago_words, device_of, gpu_names, place_of
from desktop.models.run_words import duration_words, memory_words, plural, size_words
from engine.protocol.hosts import LOCAL, SSH_PREFIX, GpuFacts, HostFacts, HostRecord
from engine.store.queue import QueueRow

PREPARED_FIRST: Final = "The first training there prepares it by itself, which takes some minutes."
_USABLE: Final = ("ready", "checking", "needs_preparing")
NO_MEASUREMENT: Final = "no measurement yet"
_STATES: Final[Mapping[str, tuple[str, str]]] = {
    "unknown": ("Not tested yet", "muted"),
    "checking": ("Asking", "info"),
    "ready": ("Ready", "ok"),
    "needs_preparing": ("Not prepared yet", "info"),
    "preparing": ("Being prepared", "info"),
    "unreachable": ("Out of reach", "warn"),
    "needs_attention": ("Needs attention", "bad"),
}
_REMEDIES: Final[Mapping[str, str]] = {
    "unknown": "Test…",
    "needs_preparing": "Prepare now…",
    "preparing": "See it…",
    "unreachable": "Test…",
    "needs_attention": "See why…",
}


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing about a machine: a value, and a note below it."""

    name: str
    value: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class PlaceOption:
    """One machine to train on."""

    place: str
    name: str
    about: str
    """Where it is, or what it is."""
    facts: tuple[Fact, ...]
    state: tuple[str, str] = ("", "ok")
    """Word and tone; no word says that nothing need be said."""
    trouble: str = ""
    """Why it cannot be used now; empty when it can."""
    note: str = ""
    """What should be known before it is used."""
    remedy: str = ""
    """What the settings of the machine offer against it."""

    @property
    def is_usable(self) -> bool:
        return not self.trouble

    @property
    def in_words(self) -> str:
        """All of it as sentences, to be read aloud."""
        told = [
            f"{fact.name}: {', '.join(part for part in (fact.value, fact.note) if part)}"
            for fact in self.facts
        ]
        return ". ".join(part for part in (self.about, self.state[0], self.trouble, self.note, *told) if part)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Our own runs on a machine."""

    running: int
    queued: int


def waiting_at(place: str, leases: Mapping[str, str], queue: Sequence[QueueRow]) -> Waiting:
    """Count our runs at work on a machine, and those that wait for it."""
    return Waiting(
        sum(place_of(resource) == place for resource in leases.values()),
        sum(place_of(item.resource) == place for item in queue),
    )


def option_here(
    machine: Machine | None, leases: Mapping[str, str], queue: Sequence[QueueRow], known: Estimate | None
) -> PlaceOption:
    """Describe this machine."""
    held = {
        part for lease in leases.values() for part in device_of(lease).split(",") if place_of(lease) == LOCAL
    }
    gpus = [
        GpuFacts(
            index=number,
            name=gpu.name,
            memory_bytes=gpu.memory_bytes,
            free_bytes=gpu.memory_bytes - gpu.used_bytes,
            holder="held" if f"cuda:{number}" in held else "",
        )
        for number, gpu in enumerate(machine.gpus if machine is not None else [])
    ]
    cores = plural(machine.cores, "core") if machine is not None else ""
    memory = f"{' '.join(memory_words(machine.memory_bytes))} of memory" if machine is not None else ""
    return PlaceOption(
        place=LOCAL,
        name=HERE,
        about=", ".join(part for part in (cores, memory) if part),
        facts=(
            _gpu_fact(gpus),
            _queue_fact(waiting_at(LOCAL, leases, queue)),
            Fact("Data to send", "Nothing", "it is here"),
            _time_fact(known, 0.0),
        ),
    )


@dataclass(frozen=True, slots=True)
class HostView:
    """What is known of another machine."""

    host: HostRecord
    state: HostState
    facts: HostFacts | None
    """What was last found on it."""
    status: HostStatus | None = None
    """What it has answered just now, about this dataset; None while it is asked, or when it cannot be."""


def option_there(view: HostView, ours: Waiting, known: Estimate | None) -> PlaceOption:
    """Describe another machine, with our own runs there and the time of the training there."""
    host, state, status = view.host, view.state, view.status
    found = status.facts if status is not None else view.facts
    is_usable = state.kind in _USABLE and found is not None
    is_unprepared = state.kind == "needs_preparing" and not host.environment
    is_untested = state.kind == "needs_preparing" and not is_unprepared
    word, tone = _STATES["unknown" if is_untested else state.kind]
    seconds = status.seconds_to_send if status is not None else None
    to_send = status.bytes_to_send if status is not None else None
    shown = (
        _gpu_fact(found.gpus if found is not None else ()),
        _queue_fact(Waiting(max(ours.running, found.queue if found is not None else 0), ours.queued)),
        _data_fact(status, is_asked=is_usable),
        _time_fact(known, seconds if to_send else 0.0),
    )
    address = f"{host.user}@{host.host}" if host.user else host.host
    checked = "" if found is None or not found.checked else f"asked {ago_words(time.time() - found.checked)}"
    return PlaceOption(
        place=f"{SSH_PREFIX}{host.name}",
        name=host.name,
        about="  ·  ".join(part for part in (address, checked) if part),
        facts=shown if found is not None else (),
        state=(word, tone),
        trouble="" if is_usable else " ".join(part for part in (state.sentence, state.hint) if part),
        note=PREPARED_FIRST if is_usable and is_unprepared else "",
        remedy="" if is_usable and not is_unprepared else _REMEDIES.get(state.kind, "See it…"),
    )


def _gpu_fact(gpus: Sequence[GpuFacts]) -> Fact:
    if not gpus:
        return Fact("GPU", "None", "trains on the processor")
    free = [gpu for gpu in gpus if not gpu.holder]
    best = max(free or gpus, key=lambda gpu: gpu.free_bytes)
    free_gb, whole_gb = best.free_bytes / 2**30, best.memory_bytes / 2**30
    room = f"{free_gb:.1f} of {whole_gb:.0f} GB free"
    several = f"{len(free)} of {len(gpus)} free, {free_gb:.1f} GB"
    note = several if len(gpus) > 1 else room if free else "a run holds it"
    return Fact("GPU", gpu_names(gpu.name for gpu in gpus), note)


def _queue_fact(waiting: Waiting) -> Fact:
    running = "Nothing runs" if not waiting.running else plural(waiting.running, "run") + " at work"
    if not waiting.queued:
        return Fact("Queue", running, "nobody waits")
    return Fact("Queue", running, f"{waiting.queued} {'waits' if waiting.queued == 1 else 'wait'}")


def _data_fact(status: HostStatus | None, *, is_asked: bool) -> Fact:
    name = "Data to send"
    if status is None or status.bytes_to_send is None:
        return Fact(name, "Not known", "it is asked …" if status is None and is_asked else "")
    if not status.bytes_to_send:
        return Fact(name, "Nothing", "it is there already")
    seconds = status.seconds_to_send
    note = f"about {duration_words(max(1.0, seconds))}" if seconds is not None else "speed not measured yet"
    return Fact(name, size_words(status.bytes_to_send), note)


def _time_fact(known: Estimate | None, sending: float | None) -> Fact:
    """The whole time: sending and training; never a guess."""
    if known is None:
        return Fact("Time in all", "Not known", NO_MEASUREMENT)
    base = "measured in 1 run" if known.runs == 1 else f"measured in {known.runs} runs"
    without = ", without sending" if sending is None else ""
    return Fact("Time in all", f"About {duration_words(known.seconds + (sending or 0.0))}", base + without)
