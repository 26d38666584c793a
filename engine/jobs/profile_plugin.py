"""Profiles a plugin with a loop of its own: what lies between two batches is its own, waiting for them is ours."""

from __future__ import annotations

import time

from engine.checkpoints.recovery import remove_checkpoint
from engine.jobs.plugin_trial import for_trial
from engine.jobs.profile_trace import make_profiler
from engine.jobs.profile_watched import WARM_UP, Ended, Meter, Plan, Watched
from engine.jobs.timed_loader import TimedLoader, TrialDesk
from engine.jobs.train import TrainingData, plugin_training
from engine.jobs.validation import Validation
from engine.plugin.contract import BaseModel
from engine.plugin.full_control import train_plugin
from engine.protocol.checkpoint import list_checkpoints
from engine.protocol.commands import write_command
from engine.protocol.events import CheckpointRemoved

_OWN_LOOP = "The model has a loop of its own: its forward, backward and optimizer parts cannot be told apart."


class PluginProfile:
    """One profile of a plugin's own loop, which is told to stop when enough was seen."""

    def __init__(self, desk: TrialDesk, data: TrainingData, model_class: type[BaseModel], plan: Plan) -> None:
        assert isinstance(data.train, TimedLoader)  # the desk opens no other
        self._desk = desk
        self._data = data
        self._plan = plan
        self._meter = Meter(desk, plan)
        self._loader = data.train
        self._built: list[BaseModel] = []
        training = plugin_training(desk, data, model_class)
        self._meta = training.meta
        self._training = for_trial(training, self._built)
        self._profiler = make_profiler(data.device)
        self._is_tracing = self._is_told = False

    def run(self) -> Watched:
        """Let the plugin train, and watch.

        Raises:
            Ended: the user wishes it; else what a training would raise.
        """
        self._loader.on_turn = self._look
        try:
            outcome = train_plugin(self._training)
        finally:
            ended = time.perf_counter()
            self._loader.on_turn = None
            if self._is_tracing:
                self._profiler.stop()
            self._discard_checkpoints()
        if outcome.state != "completed" and not self._is_told:
            raise Ended(outcome.state)
        return self._seen(ended)

    def _look(self) -> None:
        """A batch is ready: `turns` counts it already."""
        begun = len(self._loader.turns)
        if begun == WARM_UP + self._plan.steps + 1 and not self._is_tracing:
            self._profiler.start()
            self._is_tracing = True
        if begun > self._plan.total and not self._is_told:
            self._is_told = True
            write_command(self._desk.folder.commands, "stop", self._desk.attempt.number)

    def _seen(self, ended: float) -> Watched:
        turns = self._loader.turns
        # The end of the last timed step is the moment at which the next batch was asked for.
        marks = [*(turn.asked for turn in turns), ended]
        first = min(WARM_UP, max(0, len(turns) - 1))
        last = min(len(turns), first + self._plan.steps)
        timed = turns[first:last]
        seen = Watched(self._validate, self._profiler, notes=[_OWN_LOOP])
        seen.steps = len(timed)
        seen.images = sum(turn.images for turn in timed)
        seen.seconds = marks[last] - marks[first] if timed else 0.0
        seen.waited_s = sum(turn.given - turn.asked for turn in timed)
        seen.traced = max(0, len(turns) - (WARM_UP + self._plan.steps)) if self._is_tracing else 0
        if seen.steps < self._plan.steps:
            seen.notes.append(f"The training is over after {len(turns)} batches: {seen.steps} were timed.")
        return seen

    def _discard_checkpoints(self) -> None:
        """Ends of epochs and the order to stop leave checkpoints of a training that nobody wants to go on with."""
        for name, _ in list_checkpoints(self._desk.folder.checkpoints):
            remove_checkpoint(self._desk.folder.checkpoints / name)
            self._desk.reporter.emit(CheckpointRemoved(name=name))

    def _validate(self, desk: TrialDesk, loader: TimedLoader) -> None:
        Validation(desk, loader, self._data.device).of_model(self._meta)(self._built[-1], 1, 1)
