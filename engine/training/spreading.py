"""Whether processes load the images: where there are cores for them, and threads do not keep up with the network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.data.worker_trial import (
    FEWEST_STEPS_FOR_WORKERS,
    KEEPS_UP,
    AdjustableLoader,
    SpreadableLoader,
    crews_to_try,
    measure_crews,
    smallest_that_pays,
)
from engine.device.choose import most_workers
from engine.protocol.events import Notice

if TYPE_CHECKING:
    from engine.device.resolved import Resolved
    from engine.training.job import TrainingJob

_FEWEST_CORES = 5
"""On fewer, threads of one process keep all of them busy."""
_WORTH_THE_MEMORY = 1.2
"""How many times as fast as threads processes have to be: each takes some hundred MB."""


def tries_processes(steps: int, cores: int) -> bool:
    """Whether a training of so many optimizer steps, whose `workers` is `auto`, would try processes where it has to."""
    return steps >= FEWEST_STEPS_FOR_WORKERS and cores >= _FEWEST_CORES


def spread_over_processes(job: TrainingJob, resolved: Resolved) -> Resolved:
    """Try processes where threads load less than the network takes; give the choice with what was measured.

    Args:
        job: its loader is left as chosen.
        resolved: with the threads that were measured; without any, the user chose or the run is short.
    """
    loader, by_threads = job.train_loader, resolved.workers_images_per_s
    cores = most_workers(job.placement.resource)
    if (
        resolved.workers is None
        or not by_threads
        or cores < _FEWEST_CORES
        or not isinstance(loader, SpreadableLoader)
    ):
        return resolved
    wanted = _images_wanted(loader.batch_size, resolved)
    threads_give = by_threads[resolved.workers]
    sizes = crews_to_try(cores, loader.most_processes)
    if not sizes or (wanted is not None and threads_give >= wanted):
        return resolved
    measured = measure_crews(loader, sizes, wanted)
    told = {str(size): round(speed, 1) for size, speed in measured.items()}
    best = smallest_that_pays(measured, wanted) if measured else None
    if best is None or measured[best] < _WORTH_THE_MEMORY * threads_give:
        loader.use_workers(resolved.workers)
        return resolved.model_copy(update={"processes_images_per_s": told})
    loader.use_workers(best.threads, best.processes)
    threads = "one thread" if best.threads == 1 else f"{best.threads} threads"
    job.reporter.emit(
        Notice(
            code="processes_chosen",
            message=f"{best.processes} processes of {threads} each load {measured[best]:,.0f} images a second; "
            f"threads of the run's own process load {threads_give:,.0f}"
            + ("." if wanted is None else f", the network takes {wanted / KEEPS_UP:,.0f}."),
            data={"processes": best.processes, "workers": best.threads, "images_per_s": told},
        )
    )
    changes = {"workers": best.threads, "processes": best.processes, "processes_images_per_s": told}
    return resolved.model_copy(update=changes)


def use_again(loader: AdjustableLoader, resolved: Resolved) -> None:
    """Load as an earlier attempt of the run did."""
    if resolved.workers is None:
        return
    if resolved.processes and isinstance(loader, SpreadableLoader):
        loader.use_workers(resolved.workers, resolved.processes)
    else:
        loader.use_workers(resolved.workers)


def _images_wanted(batch_size: int, resolved: Resolved) -> float | None:
    """Images a second with which a loader keeps up; None where no step was timed."""
    seconds = [value for value in resolved.measured_s.values() if value > 0]
    return KEEPS_UP * batch_size / min(seconds) if seconds else None
