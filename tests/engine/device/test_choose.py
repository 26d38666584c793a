"""From what the queue leased to a device, and how many threads compute."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Literal

import pytest
import torch

from engine.device.choose import choose_device, choose_threads, choose_workers
from engine.errors import UserError


@pytest.fixture
def two_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)


@pytest.mark.parametrize("resource", ["cpu", "", " cpu "])
def test_that_no_gpu_means_the_cpu(resource: str) -> None:
    assert choose_device(resource) == torch.device("cpu")


@pytest.mark.usefixtures("two_gpus")
@pytest.mark.parametrize(
    ("resource", "expected"),
    [("cuda:0", "cuda:0"), ("cuda:1", "cuda:1"), ("cuda:1,cuda:0", "cuda:1"), ("cuda:7", "cuda:0")],
)
def test_that_a_gpu_is_the_first_one_leased_or_the_only_one_shown(resource: str, expected: str) -> None:
    assert choose_device(resource) == torch.device(expected)


@pytest.mark.parametrize(("resource", "backend"), [("cuda:0", "cuda"), ("mps", "backends.mps")])
def test_that_a_leased_gpu_that_torch_does_not_find_is_told(
    resource: str, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"torch.{backend}.is_available", lambda: False)

    with pytest.raises(UserError, match=resource) as caught:
        choose_device(resource)
    assert caught.value.code == "no_gpu"
    assert caught.value.hint


@pytest.mark.parametrize(
    ("device", "asked", "workers", "expected"),
    [("cpu", None, 2, 8), ("cpu", 3, 2, 3), ("cpu", 0, 2, 1), ("cuda", None, 2, 6), ("cuda", None, 64, 1)],
)
def test_that_all_cores_compute_unless_a_gpu_does_or_the_user_says_otherwise(
    device: str, asked: int | None, workers: int, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: 8)

    assert choose_threads(torch.device(device), asked, workers) == expected


@pytest.mark.parametrize(
    ("resource", "wish", "cores", "expected"),
    [
        ("cpu", "auto", 16, 2),
        ("cuda:0", "auto", 16, 4),
        ("cuda:0", "auto", 4, 2),
        ("cuda:1", "auto", 1, 1),
        ("cuda:0", 9, 16, 9),
        ("cpu", 0, 16, 0),
    ],
)
def test_that_beside_a_gpu_more_threads_load_than_beside_a_processor_that_computes(
    resource: str, wish: int | Literal["auto"], cores: int, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: cores)

    assert choose_workers(resource, wish) == expected


def test_that_threads_are_set_for_torch_and_opencv_has_none_of_its_own() -> None:
    program = (
        "import cv2, torch; from engine.device.choose import set_threads\n"
        "set_threads(3); print(torch.get_num_threads(), cv2.getNumThreads())\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert ended.stdout.split() == ["3", "1"]
