"""The spare process from the inside: load what most runs need, say so, and wait for an order or for the end."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
import time
from pathlib import Path

from engine.errors import UserError
from engine.executors.spare import Order, Ready, SparePlace, environment_hash, sources_hash
from engine.protocol.home import Home
from engine.protocol.interpreter import child_environment
from engine.protocol.operating_system import process_identity, try_lock
from engine.protocol.run_folder import read_record, write_record
from engine.protocol.times import SPARE_ORDER_S

_LOADED_AHEAD = (
    "engine.jobs.kinds",
    "engine.plugin.adapters.timm_model",
    "engine.plugin.adapters.torchvision_detector",
    "safetensors.torch",
    "torch._dynamo",
)
"""What takes seconds to load. Nothing of it computes on a GPU."""
_POLL_S = 0.03
_ASK_EVERY_S = 2.0


def wait_for_order(home: Home) -> Order | None:
    """Be the home's spare until a run takes it; None when nobody wants one, or there is another."""
    place = SparePlace(home)
    lock = try_lock(place.lock_path)
    if lock is None:
        return None
    try:
        # An order to an earlier process of the same number, which never took it.
        with contextlib.suppress(OSError):
            place.order_path(os.getpid()).unlink()
        # Before anything is loaded: some libraries add to the environment.
        sources, environment = sources_hash(), environment_hash(child_environment())
        for name in _LOADED_AHEAD:
            with contextlib.suppress(ImportError):  # an extra that is not installed
                importlib.import_module(name)
        _step_on_the_cpu()
        identity = process_identity(os.getpid()) or ""
        ready = Ready(
            pid=os.getpid(),
            start_time=identity,
            interpreter=sys.executable,
            sources=sources,
            environment=environment,
        )
        write_record(place.ready_path, ready)
        with contextlib.suppress(OSError):
            place.started_path.unlink()
        return _wait(place)
    finally:
        lock.release()


def take_up(order: Order) -> Path:
    """Become the run's process: its environment, folder and log. Gives its folder."""
    os.environ.update(order.environment)
    os.chdir(order.run)
    sys.stdout.flush()
    sys.stderr.flush()
    log = os.open(order.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    for stream in (1, 2):
        os.dup2(log, stream)
    os.close(log)
    return Path(order.run)


def _wait(place: SparePlace) -> Order | None:
    path = place.order_path(os.getpid())
    asked = time.monotonic()
    deserted_since: float | None = None
    while True:
        if path.exists():
            order = _accepted(path)
            if order is not None:
                return order
        if not place.ready_path.exists():
            # Somebody is about to give an order; or has found that this process does not suit.
            deserted_since = deserted_since or time.monotonic()
            if time.monotonic() - deserted_since > 2 * SPARE_ORDER_S:
                return None
        elif time.monotonic() - asked > _ASK_EVERY_S:
            asked = time.monotonic()
            if not place.is_wanted() and _resigned(place):
                return None
        time.sleep(_POLL_S)


def _accepted(path: Path) -> Order | None:
    """Take the order; None when it was withdrawn meanwhile."""
    taken = path.with_suffix(".taken")
    try:
        path.replace(taken)
        return read_record(taken, Order)
    except (OSError, UserError):
        return None
    finally:
        with contextlib.suppress(OSError):
            taken.unlink()


def _resigned(place: SparePlace) -> bool:
    """Be no longer ready; False when somebody was quicker."""
    try:
        place.ready_path.unlink()
    except OSError:
        return False
    return True


def _step_on_the_cpu() -> None:
    """A tiny step: what torch prepares at its first one is done then. Draws no random numbers."""
    import torch

    weight = torch.zeros(4, 3, 3, 3, requires_grad=True)
    optimizer = torch.optim.SGD([weight], lr=0.0, fused=True)
    torch.nn.functional.conv2d(torch.ones(1, 3, 8, 8), weight).sum().backward()
    optimizer.step()
