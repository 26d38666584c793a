"""Profile: train a few steps, and tell where their time goes, what to do about it, and which operators took it."""

from __future__ import annotations

import shutil

from engine.data.loader import Loader
from engine.errors import PluginError
from engine.jobs.desk import Desk
from engine.jobs.profile_plugin import PluginProfile
from engine.jobs.profile_steps import StepProfile
from engine.jobs.profile_table import Setup, Timed, operators_of, rows_of
from engine.jobs.profile_trace import keep_trace, operator_times
from engine.jobs.profile_watched import Ended, Plan, Watched
from engine.jobs.timed_loader import TimedLoader, TrialDesk
from engine.jobs.train import TrainingData
from engine.jobs.validation_time import validation_seconds
from engine.plugin.adapters.torch_model import TorchModel
from engine.plugin.restore import plugin_class
from engine.protocol.events import Notice, StateChanged
from engine.protocol.job import EndState
from engine.protocol.profile import PROFILE_NAME, TRACE_NAME, Profile
from engine.protocol.run_folder import write_record
from engine.training.phases import Phases

_VALIDATION_S = 10.0
"""About how long validating is measured."""


def profile(desk: Desk) -> EndState:
    """Train as many steps as the job's options say (`steps`), and write RUN/profile.

    Raises:
        UserError: what is wrong with the data or the settings; PluginError: with the plugin.
    """
    trial = TrialDesk(desk.folder, desk.attempt, desk.reporter, desk.control)
    plan = Plan(max(1, int(str(desk.job.task_options.get("steps", 20)))))
    phases = Phases(desk.reporter)
    try:
        with phases.phase("read_data"):
            data = TrainingData(trial)
        try:
            found = _profiled(trial, data, phases, plan)
        finally:
            data.close()
    except Ended as ended:
        return ended.state
    finally:
        phases.close()
        shutil.rmtree(desk.folder.results, ignore_errors=True)  # of the validation that was timed
    write_record(desk.folder.profile / PROFILE_NAME, found)
    largest = max(found.rows, key=lambda row: row.share)
    message = f"{largest.name.capitalize()} takes {largest.share:.0%} of the time. {largest.remedy}".strip()
    desk.reporter.emit(Notice(code="profile_done", message=message))
    return "completed"


def _profiled(desk: TrialDesk, data: TrainingData, phases: Phases, plan: Plan) -> Profile:
    with phases.phase("load_plugin"):
        model_class = plugin_class(desk.folder)
    if issubclass(model_class, TorchModel):
        part = StepProfile(desk, data, phases, plan)
        desk.reporter.emit(StateChanged(state="running", attempt=desk.attempt.number))
        seen = part.run()
        is_own = False
    else:
        seen = PluginProfile(desk, data, model_class, plan).run()
        is_own = True
    return _written(desk, data, seen, is_own)


def _written(desk: TrialDesk, data: TrainingData, seen: Watched, is_own: bool) -> Profile:
    config, notes = desk.run_config, list(seen.notes)
    timed = Timed(seen.seconds, seen.waited_s, seen.parts_s, _validation_part(desk, data, seen, notes))
    setup = Setup(
        on_gpu=data.device.type != "cpu",
        precision=seen.precision,
        compiles=seen.compiles,
        caches=not isinstance(data.train, TimedLoader) or data.train.keeps_images,
        own_loop=is_own,
    )
    trace = _trace(desk, seen, notes)
    return Profile(
        device=str(data.device),
        steps=seen.steps,
        seconds=timed.seconds + timed.validation_s,
        images_per_s=seen.images / seen.seconds if seen.seconds > 0 else 0.0,
        precision=seen.precision,
        batch_size=config.batch_size,
        rows=tuple(rows_of(timed, setup)),
        operators=tuple(operators_of(operator_times(seen.profiler, data.device))) if seen.traced else (),
        traced_steps=seen.traced,
        trace=trace,
        notes=tuple(notes),
    )


def _validation_part(desk: TrialDesk, data: TrainingData, seen: Watched, notes: list[str]) -> float:
    """The seconds of validation that fall to as many images as were timed."""
    if seen.images == 0 or data.val is None:
        return 0.0
    try:
        whole_s = validation_seconds(desk, data, seen.seconds / seen.images, _VALIDATION_S, seen.validate)
    except PluginError as error:
        notes.append(f"Validation was not measured: {error.message}")
        return 0.0
    return whole_s * seen.images / _images(data.train) / desk.run_config.validation.val_interval


def _images(loader: Loader) -> int:
    return max(1, loader.images)


def _trace(desk: TrialDesk, seen: Watched, notes: list[str]) -> str:
    if not seen.traced:
        notes.append("There were too few steps to watch single operators.")
        return ""
    desk.folder.profile.mkdir(parents=True, exist_ok=True)
    if keep_trace(seen.profiler, desk.folder.profile / TRACE_NAME):
        return TRACE_NAME
    notes.append("The trace was too large to keep. Fewer steps (--steps 2) make a smaller one.")
    return ""
