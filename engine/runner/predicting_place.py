"""Which device predictions may use, and why: never one that a run uses. Decided from facts, without asking anybody."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from engine.protocol.hosts import SSH_PREFIX
from engine.runner.devices import UsableGpu

AUTO = "auto"
CPU = "cpu"
GPU_TROUBLES: Mapping[str, str] = {
    "gpu_memory_full": "had too little memory for the model",
    "gpu_failed": "could not compute it",
}
"""What the predictor says of a GPU that gave up, as half a sentence: then the CPU answers."""
LEAST_ROOM_BYTES = 2 * 2**30
"""Of a GPU's memory that has to be free: a driver's context, a model and a batch."""
_SHARE_BESIDE_CPU, _SHARE_BESIDE_GPU = 4, 2
"""One thread out of so many cores, beside a run that computes there and beside one that only loads its images."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the decision rests upon."""

    gpus: Sequence[UsableGpu] = ()
    leases: Collection[str] = ()
    """What the queue has given to runs: `cpu`, `cuda:0,cuda:1`, `ssh:box/cuda:0`."""
    now: str = CPU
    """The device at work. Its memory is partly the predictor's own, so that its room says nothing."""
    troubles: Mapping[str, str] = field(default_factory=dict[str, str])
    """What went wrong on a device before, as half a sentence."""


@dataclass(frozen=True, slots=True)
class Place:
    """A device with the reason for it."""

    device: str
    words: str
    """`GPU 0 (NVIDIA H100): no run uses it`."""
    is_refused: bool = False
    """Whether another one was named."""


def choose_place(wish: str, around: Surroundings) -> Place:
    """Say where to predict.

    Args:
        wish: `auto`, `cpu`, or a GPU as the queue names it (`cuda:0`).
        around: what there is, and who uses it.
    """
    if wish == CPU:
        return Place(CPU, "CPU: as chosen")
    if wish == AUTO:
        return _best(around)
    chosen = next((gpu for gpu in around.gpus if gpu.resource == wish), None)
    if chosen is None:
        named = short_title(wish) if wish.startswith("cuda:") else repr(wish)
        return Place(CPU, f"CPU: there is no {named} on this machine", is_refused=True)
    why = _hindrance(chosen, around, needs_room=False)
    if why:
        return Place(CPU, f"CPU: {why}", is_refused=True)
    return Place(wish, f"{title_of(chosen)}: as chosen")


def threads_beside(leases: Collection[str], cores: int) -> int | None:
    """Say how many threads may predict beside the runs of this machine; None where there is none to be disturbed."""
    used = _used_here(leases)
    if not used:
        return None
    return max(1, cores // (_SHARE_BESIDE_CPU if CPU in used else _SHARE_BESIDE_GPU))


def title_of(gpu: UsableGpu) -> str:
    """`GPU 0 (NVIDIA H100)`."""
    return f"{short_title(gpu.resource)} ({gpu.name})" if gpu.name else short_title(gpu.resource)


def short_title(resource: str) -> str:
    """`GPU 0`, `CPU`."""
    return "CPU" if resource == CPU else f"GPU {resource.rpartition(':')[2]}"


def _best(around: Surroundings) -> Place:
    if not around.gpus:
        return Place(CPU, "CPU: there is no NVIDIA GPU on this machine")
    hindrances = {gpu.resource: _hindrance(gpu, around, needs_room=True) for gpu in around.gpus}
    free = [gpu for gpu in around.gpus if not hindrances[gpu.resource]]
    if free:
        # It stays where it is: going elsewhere would load every model again.
        best = max(free, key=lambda gpu: (gpu.resource == around.now, gpu.free_bytes))
        return Place(best.resource, f"{title_of(best)}: no run uses it")
    if len(around.gpus) > 1 and all(gpu.resource in _used_here(around.leases) for gpu in around.gpus):
        return Place(CPU, "CPU: runs use all GPUs")
    return Place(CPU, f"CPU: {', '.join(hindrances.values())}")


def _hindrance(gpu: UsableGpu, around: Surroundings, *, needs_room: bool) -> str:
    """Why not to predict there, as half a sentence; empty when nothing is against it."""
    named = "the GPU" if len(around.gpus) == 1 else short_title(gpu.resource)
    if gpu.resource in _used_here(around.leases):
        return f"a run uses {named}"
    if gpu.resource in around.troubles:
        return f"{named} {around.troubles[gpu.resource]}"
    if needs_room and gpu.resource != around.now and gpu.free_bytes < LEAST_ROOM_BYTES:
        return f"other programs leave no room on {named}"
    return ""


def _used_here(leases: Collection[str]) -> set[str]:
    here = (lease for lease in leases if not lease.startswith(SSH_PREFIX))
    return {part.strip() for lease in here for part in lease.split(",")}
