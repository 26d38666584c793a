"""Precisions in a rehearsal: chosen as the training would, in less time; and others timed where one was set."""

from __future__ import annotations

from engine.device.choose import choose_threads, choose_workers, set_threads
from engine.device.probe import FEWEST_STEPS, Plan, ProbeSubject, Wish, candidates, choose_fastest
from engine.device.resolved import write_resolved
from engine.jobs.rehearsal_stage import FEW_IMAGES, Stage
from engine.training.job import TrainingJob

_LEFT = 0.5
"""Of the whole time: with less left, after loading alone, precisions are not tried."""
_SHARE = 0.08
"""Of the whole time, for trying precisions beyond the first."""
_STEPS = 3
"""That a candidate takes."""


def choose_precision(stage: Stage, job: TrainingJob) -> list[str]:
    """Choose, where there is a choice, and write it where `prepare` finds it. Gives what could not be tried."""
    config = job.config
    options = candidates(Wish(config.precision, config.channels_last, config.compile), stage.device)
    steps = len(stage.loader) // config.accumulate_steps * config.epochs
    if len(options) == 1 or config.deterministic or steps < FEWEST_STEPS:
        return []
    workers = choose_workers(stage.desk.spec.placement.resource, config.workers)
    threads = choose_threads(stage.device, stage.desk.spec.placement.threads, workers)
    set_threads(threads)
    notes: list[str] = []
    if stage.budget.left < stage.budget.share(_LEFT):
        chosen = options[0]
        notes = ["Other precisions were not tried: this machine is too slow or too busy at the moment."]
    else:
        size = FEW_IMAGES if stage.device.type == "cpu" else config.batch_size
        plan = Plan(budget_s=stage.budget.share(_SHARE))
        chosen = choose_fastest(
            _subject(stage, job, min(size, stage.loader.images)), options, stage.device, plan
        )
    write_resolved(stage.desk.folder.resolved_path, chosen.model_copy(update={"threads": threads}))
    return notes


def time_precisions(stage: Stage, job: TrainingJob, image_s: float) -> dict[str, float]:
    """Seconds of a step by candidate where a precision was set; with `auto` the run itself chooses.

    Args:
        stage: the rehearsal's.
        job: the training.
        image_s: seconds that one image takes now: what cannot be waited for is not tried.
    """
    config = job.config
    if config.precision == "auto" or config.deterministic:
        return {}
    options = candidates(Wish("auto", config.channels_last), stage.device)
    size = min(FEW_IMAGES if stage.device.type == "cpu" else config.batch_size, stage.loader.images)
    if len(options) == 1 or _STEPS * len(options) * size * image_s > stage.budget.left:
        return {}
    plan = Plan(budget_s=max(0.0, stage.budget.left / 2))
    return dict(choose_fastest(_subject(stage, job, size), options, stage.device, plan).measured_s)


def _subject(stage: Stage, job: TrainingJob, size: int) -> ProbeSubject:
    batch, model = stage.loader.batch_of(size), job.trainable
    return ProbeSubject(model.network, batch.images, batch.targets, model.loss, model.targets_in_forward)
