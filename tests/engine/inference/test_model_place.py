"""The predictor's device and threads are told from outside; what cannot be used leaves the CPU, and says so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest
import torch

from engine.errors import UserError
from engine.inference import model_place
from engine.inference.model_place import UNUSABLE, ModelPlace


@pytest.fixture(autouse=True)
def threads_as_before() -> Iterator[None]:
    before = torch.get_num_threads(), cv2.getNumThreads()
    torch.set_num_threads(4)
    cv2.setNumThreads(4)
    yield
    torch.set_num_threads(before[0])
    cv2.setNumThreads(before[1])


def finds(monkeypatch: pytest.MonkeyPatch, device: str) -> None:
    monkeypatch.setattr(model_place, "choose_device", lambda _resource: torch.device(device))


@pytest.mark.parametrize(
    ("wanted", "found", "device", "problem"),
    [
        ("cpu", "cpu", "cpu", ""),
        ("cuda:0", "cuda:0", "cuda:0", ""),
        ("cuda:1", "cuda:1", "cuda:1", ""),
        (
            "cuda:1",
            "cuda:0",
            "cpu",
            UNUSABLE,
        ),  # torch sees fewer GPUs than the driver: the first may be a run's
    ],
)
def test_that_the_device_is_the_one_that_was_named_or_the_cpu(
    monkeypatch: pytest.MonkeyPatch, wanted: str, found: str, device: str, problem: str
) -> None:
    finds(monkeypatch, found)
    place = ModelPlace()

    assert place.take({"device": wanted}) == {"device": device, "problem": problem}
    assert place.device == device


@pytest.mark.parametrize("wanted", ["cuda:0", "toaster"])
def test_that_without_a_usable_gpu_the_cpu_stays(monkeypatch: pytest.MonkeyPatch, wanted: str) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)

    assert ModelPlace().take({"device": wanted}) == {"device": "cpu", "problem": UNUSABLE}


def test_that_a_gpu_rounds_as_the_cpu_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", True)
    finds(monkeypatch, "cuda:0")

    ModelPlace().take({"device": "cuda:0"})

    assert not torch.backends.cudnn.allow_tf32
    assert not torch.backends.cuda.matmul.allow_tf32


@pytest.mark.parametrize(
    ("asked", "threads"), [(1, 1), (2, 2), (0, 1), (64, 4), (None, 4), ("2", 4), (True, 4)]
)
def test_that_fewer_threads_compute_when_asked_and_all_again_afterwards(asked: object, threads: int) -> None:
    place = ModelPlace()

    place.take({"threads": asked})
    assert (torch.get_num_threads(), cv2.getNumThreads()) == (threads, threads)

    place.take({})
    assert (torch.get_num_threads(), cv2.getNumThreads()) == (4, 4)


def test_that_a_checkpoint_depends_on_the_device_and_an_exported_file_on_the_threads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place = ModelPlace()
    checkpoint, exported = Path("run/checkpoints/best"), Path("model.onnx")
    before = place.sign(checkpoint), place.sign(exported)

    place.take({"threads": 1})
    assert (place.sign(checkpoint) == before[0], place.sign(exported) == before[1]) == (True, False)

    finds(monkeypatch, "cuda:0")
    place.take({"device": "cuda:0"})
    assert (place.sign(checkpoint) == before[0], place.sign(exported) == before[1]) == (False, True)


def test_that_only_a_gpu_has_troubles_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    place = ModelPlace()
    error = torch.OutOfMemoryError("CUDA out of memory.")
    assert place.trouble(error) is None

    finds(monkeypatch, "cuda:0")
    place.take({"device": "cuda:0"})

    told = place.trouble(error)
    assert told is not None
    assert told.code == "gpu_memory_full"
    assert place.trouble(UserError("no_images", "There is no image.", "Give one.")) is None
