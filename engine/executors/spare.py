"""A spare engine process, its imports done, waits for a run, so that a click soon becomes a first step.

There is one at most in a home. Everything passes through files in HOME/spare: `ready.json` says who waits, whoever
moves it away may give the order, and `order-PID.json` is that order. A spare that nobody wants ends by itself.
"""

from __future__ import annotations

import contextlib
import json
import os
import sysconfig
import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import cast

import psutil

from engine.errors import UserError
from engine.protocol.home import Home
from engine.protocol.interpreter import child_environment, engine_command, engine_interpreter
from engine.protocol.job import Frozen
from engine.protocol.operating_system import (
    Launch,
    is_same_process,
    kill_group,
    spawn_detached,
    try_lock,
)
from engine.protocol.run_folder import read_record, write_record
from engine.protocol.times import SPARE_ORDER_S, SPARE_REFILL_S, SPARE_RETRY_S, SPARE_WANTED_S

LEAST_FREE_BYTES = 4 << 30
"""With less free memory there is no spare: it takes three quarters of a gigabyte."""
_POLL_S = 0.02
VARIABLES_OF_THE_RUN = frozenset({"CUDA_DEVICE_ORDER", "LENSMITH_HOME"})
"""They do not tell whom a spare suits: each has the order from its start, and the home is the one it waits in."""


class Ready(Frozen):
    """A process that waits."""

    pid: int
    start_time: str
    interpreter: str
    sources: str
    """Of the engine that it has loaded: `sources_hash`."""
    environment: str
    """Of the variables that it has started with: `environment_hash`."""


class Order(Frozen):
    """What a spare shall do: be the worker of a run."""

    run: str
    log: str
    environment: dict[str, str]
    """Variables of `VARIABLES_OF_THE_RUN`; all others are those of the spare already."""


class SparePlace:
    """The files in HOME/spare."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self.folder = home.path / "spare"
        self.ready_path = self.folder / "ready.json"
        self.lock_path = self.folder / ".lock"
        self.wanted_path = self.folder / "wanted"
        self.used_path = self.folder / "used"
        self.started_path = self.folder / "started"
        """Is there from the start of one until it is ready."""

    def order_path(self, pid: int) -> Path:
        return self.folder / f"order-{pid}.json"

    def is_wanted(self) -> bool:
        """Say whether somebody wished for a spare not long ago, and there is room for one."""
        return _age_s(self.wanted_path) < SPARE_WANTED_S and is_allowed(self._home)


def is_allowed(home: Home) -> bool:
    """Say whether settings.json (`{"engine": {"spare": false}}` forbids it) and free memory allow a spare."""
    if psutil.virtual_memory().available < LEAST_FREE_BYTES:
        return False
    try:
        settings: object = json.loads(home.settings_path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return True
    part = cast("dict[str, object]", settings).get("engine") if isinstance(settings, dict) else None
    return not (isinstance(part, dict) and cast("dict[str, object]", part).get("spare") is False)


def keep_ready(home: Home, start: Callable[[Launch], object] = spawn_detached) -> bool:
    """Wish for a spare, and start one where none waits; says whether one was started.

    It is called again and again by an open window: a minute after the last call the spare ends. After one was used the
    next is not started at once: the run that has taken it needs the processor more.
    """
    if not is_allowed(home):
        return False
    place = SparePlace(home)
    place.folder.mkdir(parents=True, exist_ok=True)
    place.wanted_path.touch()
    if _age_s(place.used_path) < SPARE_REFILL_S:
        return False
    lock = try_lock(place.lock_path)
    if lock is None:
        return False  # one waits, or is on its way
    lock.release()
    if _age_s(place.started_path) < SPARE_RETRY_S:
        return False  # it is only about to begin, or ended early, as the next one would: without torch, say
    place.started_path.touch()
    # CUDA reads the order when it is first asked for GPUs. The spare's own step does that, before a run is known.
    environment = child_environment({"LENSMITH_HOME": str(home.path), "CUDA_DEVICE_ORDER": "PCI_BUS_ID"})
    home.logs.mkdir(parents=True, exist_ok=True)
    command = engine_command("spare", interpreter=engine_interpreter(home))
    start(Launch(command, place.folder, environment, home.logs / "spare.log"))
    return True


def hand_over(home: Home, launch: Launch) -> int | None:
    """Let the spare be the worker that would be launched in the folder of a run.

    Returns:
        The number of its process; None where none waits, or it does not suit the run.
    """
    place = SparePlace(home)
    ready = _taken(place)
    if ready is None or not is_same_process(ready.pid, ready.start_time):
        return None
    own = {name: value for name, value in launch.env.items() if name in VARIABLES_OF_THE_RUN}
    path = place.order_path(ready.pid)
    try:
        if not _suits(ready, launch):
            return None  # one that was moved away ends by itself
        place.used_path.touch()
        write_record(path, Order(run=str(launch.cwd), log=str(launch.log), environment=own))
    except (OSError, UserError):  # a full disk, sources that are being replaced
        _withdrawn(path, ready)
        return None
    deadline = time.monotonic() + SPARE_ORDER_S
    while path.exists():
        if time.monotonic() > deadline or not is_same_process(ready.pid, ready.start_time):
            return None if _withdrawn(path, ready) else ready.pid
        time.sleep(_POLL_S)
    return ready.pid


@lru_cache(maxsize=1)
def sources_hash() -> str:
    """Tell this engine's sources from any other's, by the names, sizes and times of its files.

    The time of the folder of packages is among them: what is installed or upgraded changes it.
    """
    root = Path(__file__).resolve().parents[1]
    facts = sorted(
        (str(path.relative_to(root)), (stat := path.stat()).st_size, stat.st_mtime_ns)
        for path in root.rglob("*.py")
    )
    packages = Path(sysconfig.get_path("purelib"))
    installed = packages.stat().st_mtime_ns if packages.is_dir() else 0
    return sha256(json.dumps([installed, facts]).encode()).hexdigest()


def environment_hash(environment: Mapping[str, str]) -> str:
    """Tell environments apart without writing down what is in them."""
    telling = sorted(item for item in environment.items() if item[0] not in VARIABLES_OF_THE_RUN)
    return sha256(json.dumps(telling).encode()).hexdigest()


def _taken(place: SparePlace) -> Ready | None:
    """Move `ready.json` away: only one can."""
    mine = place.folder / f"taken-{os.getpid()}.json"
    try:
        place.ready_path.replace(mine)
        return read_record(mine, Ready)
    except (OSError, UserError):
        return None
    finally:
        with contextlib.suppress(OSError):
            mine.unlink()


def _suits(ready: Ready, launch: Launch) -> bool:
    return (
        ready.interpreter == launch.argv[0]
        and ready.sources == sources_hash()
        and ready.environment == environment_hash(launch.env)
    )


def _withdrawn(path: Path, ready: Ready) -> bool:
    """Take an order back; False when the spare has just taken it."""
    try:
        path.unlink()
    except OSError:
        return False
    if is_same_process(ready.pid, ready.start_time):
        kill_group(ready.pid)
    return True


def _age_s(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except OSError:
        return float("inf")
