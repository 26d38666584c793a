"""From the resource that the queue leased (`cpu`, `cuda:0`) to a torch device, and the number of compute threads."""

from __future__ import annotations

import os
from typing import Literal

import torch

from engine.errors import UserError

MOST_WORKERS_BESIDE_GPU = 4
"""More loader threads than that wait for each other's turn to run Python: with 8, fewer images came than with 4."""
WORKERS_BESIDE_CPU = 2


def choose_device(resource: str) -> torch.device:
    """Give the device of a placement's resource; of several GPUs the first.

    Raises:
        UserError: `no_gpu` when a GPU was leased and torch finds none.
    """
    first = resource.split(",")[0].strip()
    if first in ("", "cpu"):
        return torch.device("cpu")
    is_there = torch.backends.mps.is_available() if first == "mps" else torch.cuda.is_available()
    if not is_there:
        raise UserError(
            "no_gpu",
            f"The run was placed on {first}, but PyTorch finds no usable GPU here.",
            "Check the graphics driver, install a PyTorch build for this GPU, or run on the CPU.",
        )
    if first == "mps":
        return torch.device("mps")
    wanted = torch.device(first)
    # An executor may show the worker its GPU alone, under number 0.
    return wanted if (wanted.index or 0) < torch.cuda.device_count() else torch.device("cuda:0")


def choose_threads(device: torch.device, threads: int | None, loader_workers: int) -> int:
    """Say how many compute threads to use.

    On the CPU all cores compute: the loader takes a few percent of one, once images are cached. Beside a GPU the
    cores are the loader's.
    """
    if threads is not None:
        return max(1, threads)
    cores = torch.get_num_threads()
    return cores if device.type == "cpu" else max(1, cores - loader_workers)


def choose_workers(resource: str, wish: int | Literal["auto"]) -> int:
    """Say how many threads load images: as wished, or what suits the placement's resource."""
    if wish != "auto":
        return wish
    if resource in ("", "cpu"):
        return WORKERS_BESIDE_CPU
    return min(MOST_WORKERS_BESIDE_GPU, max(1, (os.cpu_count() or 1) // 2))


def most_workers(resource: str) -> int:
    """Say up to how many loader threads are worth measuring: beside the CPU's own computing there is room for few."""
    if resource in ("", "cpu"):
        return WORKERS_BESIDE_CPU
    return max(1, (os.cpu_count() or 1) - 1)


def set_threads(threads: int) -> None:
    """Make torch use this many compute threads, and OpenCV none of its own."""
    torch.set_num_threads(threads)
    try:
        import cv2
    except ImportError:
        return
    cv2.setNumThreads(0)
