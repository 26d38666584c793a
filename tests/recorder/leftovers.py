"""Ends what a recording has started and what outlives its window on purpose: runners and workers."""

from __future__ import annotations

import contextlib
from pathlib import Path

import psutil

from engine.protocol.home import HOME_VARIABLE

_PATIENCE_S = 10.0


def end_runs(home: Path) -> None:
    """End every process whose user folder is `home`; no other's."""
    ours = [process for process in psutil.process_iter() if _is_over(process, home)]
    for process in ours:
        with contextlib.suppress(psutil.Error):
            process.terminate()
    _, alive = psutil.wait_procs(ours, timeout=_PATIENCE_S)
    for process in alive:
        with contextlib.suppress(psutil.Error):
            process.kill()


def _is_over(process: psutil.Process, home: Path) -> bool:
    with contextlib.suppress(psutil.Error, OSError):
        return process.environ().get(HOME_VARIABLE) == str(home)
    return False
