"""Which function does which kind of job."""

from __future__ import annotations

import platform
from collections.abc import Callable

import torch

from engine.device.choose import choose_device
from engine.errors import UserError
from engine.jobs.desk import Desk
from engine.jobs.evaluate import evaluate
from engine.jobs.export import export
from engine.jobs.profile import profile
from engine.jobs.train import train
from engine.protocol.events import RunStarted
from engine.protocol.job import EndState, JobKind

JOBS: dict[JobKind, Callable[[Desk], EndState]] = {
    "train": train,
    "evaluate": evaluate,
    "export": export,
    "profile": profile,
}


def do_job(desk: Desk) -> EndState:
    """Tell what is about to run, and run it. Failures are raised.

    Raises:
        UserError: `job_unknown` for a kind of a later version.
    """
    job = desk.job
    if job.kind not in JOBS:
        raise UserError(
            "job_unknown",
            f"This version of Lensmith cannot do a job of the kind {job.kind!r}.",
            f"It can: {', '.join(JOBS)}. Update Lensmith.",
        )
    desk.reporter.emit(
        RunStarted(
            kind=job.kind,
            device=str(choose_device(desk.spec.placement.resource)),
            versions={"python": platform.python_version(), "torch": str(torch.__version__)},
            config=desk.config,
        )
    )
    return JOBS[job.kind](desk)
