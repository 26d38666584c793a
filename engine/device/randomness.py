"""The seed of everything that draws from global random state, that state itself, and algorithms that repeat exactly."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

_NumpyState = tuple[str, NDArray[np.uint32], int, int, float]


def seed_everything(seed: int) -> None:
    """Seed torch on all devices, and what foreign code may draw from. The data path has streams of its own."""
    torch.manual_seed(seed)
    random.seed(seed)
    np.random.seed(seed % 2**32)


def repeat_exactly(exactly: bool) -> None:
    """Choose algorithms that give the same bits each time, or the fastest ones."""
    if exactly:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(exactly, warn_only=True)
    torch.backends.cudnn.deterministic = exactly
    torch.backends.cudnn.benchmark = False


def capture_randomness(device: torch.device) -> dict[str, object]:
    """Take torch's random state, and Python's and numpy's, for foreign code."""
    version, internal, gauss = random.getstate()
    name, keys, place, has_gauss, cached = cast("_NumpyState", np.random.get_state(legacy=True))
    state: dict[str, object] = {
        "cpu": torch.get_rng_state(),
        "python": {"version": version, "internal": torch.tensor(internal), "gauss": gauss},
        "numpy": {
            "name": name,
            "keys": torch.from_numpy(keys.astype(np.int64)),
            "place": place,
            "has_gauss": has_gauss,
            "cached": cached,
        },
    }
    if device.type == "cuda":
        state["cuda"] = torch.cuda.get_rng_state(device)
    return state


def restore_randomness(state: Mapping[str, object], device: torch.device) -> None:
    """Put back what `capture_randomness` took."""
    torch.set_rng_state(cast("Tensor", state["cpu"]))
    if device.type == "cuda" and "cuda" in state:
        torch.cuda.set_rng_state(cast("Tensor", state["cuda"]), device)
    python = state.get("python")
    if isinstance(python, Mapping):
        parts = cast("Mapping[str, object]", python)
        internal = tuple(int(number) for number in cast("Tensor", parts["internal"]).tolist())
        random.setstate((parts["version"], internal, parts["gauss"]))
    foreign = state.get("numpy")
    if isinstance(foreign, Mapping):
        parts = cast("Mapping[str, Any]", foreign)
        keys = cast("Tensor", parts["keys"]).numpy().astype(np.uint32)
        np.random.set_state((parts["name"], keys, parts["place"], parts["has_gauss"], parts["cached"]))


@contextmanager
def untouched_randomness(device: torch.device) -> Iterator[None]:
    """Whatever draws inside, the random state afterwards is as before."""
    before = capture_randomness(device)
    try:
        yield
    finally:
        restore_randomness(before, device)
