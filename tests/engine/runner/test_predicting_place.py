"""Predictions never go where a run is, and the reason is told in words."""

from __future__ import annotations

import pytest

from engine.runner.devices import UsableGpu
from engine.runner.predicting_place import (
    AUTO,
    CPU,
    LEAST_ROOM_BYTES,
    Surroundings,
    choose_place,
    threads_beside,
)

FIRST = UsableGpu("cuda:0", "H100", 60 * 2**30)
SECOND = UsableGpu("cuda:1", "H200", 120 * 2**30)
CRAMPED = UsableGpu("cuda:0", "H100", LEAST_ROOM_BYTES - 1)


@pytest.mark.parametrize(
    ("around", "device", "words"),
    [
        (Surroundings(), CPU, "CPU: there is no NVIDIA GPU on this machine"),
        (Surroundings([FIRST]), "cuda:0", "GPU 0 (H100): no run uses it"),
        (Surroundings([FIRST], ["cuda:0"]), CPU, "CPU: a run uses the GPU"),
        (Surroundings([FIRST], ["cpu"]), "cuda:0", "GPU 0 (H100): no run uses it"),
        (Surroundings([FIRST], ["ssh:box/cuda:0"]), "cuda:0", "GPU 0 (H100): no run uses it"),
        (Surroundings([CRAMPED]), CPU, "CPU: other programs leave no room on the GPU"),
        (Surroundings([CRAMPED], now="cuda:0"), "cuda:0", "GPU 0 (H100): no run uses it"),
        (Surroundings([CRAMPED], ["cuda:0"], now="cuda:0"), CPU, "CPU: a run uses the GPU"),
        (Surroundings([FIRST, SECOND]), "cuda:1", "GPU 1 (H200): no run uses it"),
        (Surroundings([FIRST, SECOND], now="cuda:0"), "cuda:0", "GPU 0 (H100): no run uses it"),
        (Surroundings([FIRST, SECOND], ["cuda:1"]), "cuda:0", "GPU 0 (H100): no run uses it"),
        (Surroundings([FIRST, SECOND], ["cuda:0,cuda:1"]), CPU, "CPU: runs use all GPUs"),
        (Surroundings([FIRST, SECOND], ["cuda:0", "cuda:1"], "cuda:1"), CPU, "CPU: runs use all GPUs"),
        (
            Surroundings([CRAMPED, SECOND], ["cuda:1"]),
            CPU,
            "CPU: other programs leave no room on GPU 0, a run uses GPU 1",
        ),
        (
            Surroundings([FIRST], troubles={"cuda:0": "had too little memory"}),
            CPU,
            "CPU: the GPU had too little memory",
        ),
    ],
)
def test_that_auto_takes_a_gpu_that_no_run_uses_and_that_has_room(
    around: Surroundings, device: str, words: str
) -> None:
    place = choose_place(AUTO, around)

    assert (place.device, place.words, place.is_refused) == (device, words, False)


@pytest.mark.parametrize(
    ("wish", "around", "device", "words", "is_refused"),
    [
        (CPU, Surroundings([FIRST]), CPU, "CPU: as chosen", False),
        ("cuda:0", Surroundings([FIRST, SECOND]), "cuda:0", "GPU 0 (H100): as chosen", False),
        ("cuda:0", Surroundings([CRAMPED]), "cuda:0", "GPU 0 (H100): as chosen", False),
        ("cuda:0", Surroundings([FIRST, SECOND], ["cuda:0"]), CPU, "CPU: a run uses GPU 0", True),
        ("cuda:0", Surroundings([FIRST], ["cuda:0"]), CPU, "CPU: a run uses the GPU", True),
        ("cuda:2", Surroundings([FIRST]), CPU, "CPU: there is no GPU 2 on this machine", True),
        ("toaster", Surroundings([FIRST]), CPU, "CPU: there is no 'toaster' on this machine", True),
        (
            "cuda:1",
            Surroundings([FIRST, SECOND], troubles={"cuda:1": "had too little memory"}),
            CPU,
            "CPU: GPU 1 had too little memory",
            True,
        ),
    ],
)
def test_that_a_named_device_is_taken_unless_a_run_uses_it(
    wish: str, around: Surroundings, device: str, words: str, is_refused: bool
) -> None:
    place = choose_place(wish, around)

    assert (place.device, place.words, place.is_refused) == (device, words, is_refused)


@pytest.mark.parametrize(
    ("leases", "cores", "threads"),
    [
        ([], 8, None),
        (["ssh:box/cpu"], 8, None),
        (["cpu"], 8, 2),
        (["cpu"], 2, 1),
        (["cuda:0"], 8, 4),
        (["cuda:0", "cpu"], 16, 4),
        (["cuda:0"], 1, 1),
    ],
)
def test_that_fewer_threads_predict_beside_a_run_of_this_machine(
    leases: list[str], cores: int, threads: int | None
) -> None:
    assert threads_beside(leases, cores) == threads
