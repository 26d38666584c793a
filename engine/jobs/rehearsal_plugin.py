"""Rehearses a plugin with a loop of its own: it trains until it has taken a few batches, and is told to stop."""

from __future__ import annotations

import gc
import shutil
import threading
import time
from dataclasses import replace
from itertools import pairwise

from engine.errors import PluginError, UserError
from engine.jobs.plugin_trial import for_trial
from engine.jobs.rehearsal_figures import Stretch, speed_of
from engine.jobs.rehearsal_stage import Measured, Stage, no_memory
from engine.jobs.timed_loader import TimedLoader, TrialDesk, Turn
from engine.jobs.train import TrainingData, plugin_training
from engine.jobs.validation import Validation
from engine.jobs.validation_time import validation_seconds
from engine.plugin.contract import BaseModel
from engine.plugin.full_control import train_plugin
from engine.plugin.plugin_checkpoints import OwnState, PluginSaver
from engine.protocol.checkpoint import read_meta
from engine.protocol.commands import write_command
from engine.protocol.rehearsal import TriedBatch
from engine.training.failures import is_out_of_memory

_TURNS = 10
_SHARE = 0.5
"""Of the whole time, after which the plugin is told to stop however little it has done."""
_ALL_WAITING = 0.95


def rehearse_plugin(stage: Stage, model_class: type[BaseModel]) -> Measured:
    """Measure.

    Raises:
        UserError: `rehearsal_no_memory`, `rehearsal_unmeasured`; else what a training would raise.
    """
    tried: list[TriedBatch] = []
    size = stage.desk.run_config.batch_size
    while True:
        try:
            found = _measured(stage, model_class, size)
            break
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            tried.append(TriedBatch(batch_size=size, images_per_s=0, peak_memory_bytes=0, fits=False))
        if size == 1:
            raise no_memory(1, stage.desk.run_config.image_size)
        size //= 2
        gc.collect()
        stage.memory.forget()
    found.tried = sorted([*tried, *found.tried], key=lambda one: one.batch_size)
    return found


def _measured(stage: Stage, model_class: type[BaseModel], size: int) -> Measured:
    data, desk = stage.data, stage.desk
    is_own = size == desk.run_config.batch_size
    if not is_own:
        desk = desk.with_changes({"batch_size": size})
        data = TrainingData(desk)
    try:
        part = replace(stage, desk=desk, data=data)
        return _Play(part, model_class).measured()
    finally:
        if not is_own:
            data.close()


class _Play:
    """One try at one batch size."""

    def __init__(self, stage: Stage, model_class: type[BaseModel]) -> None:
        self._stage = stage
        self._loader = stage.loader
        training = plugin_training(stage.desk, stage.data, model_class)
        self._meta = training.meta
        self._built: list[BaseModel] = []
        self._training = for_trial(training, self._built)
        self._is_told = False
        self._began = self._ended = 0.0

    def measured(self) -> Measured:
        stage = self._stage
        stage.budget.phase("Building the model")
        began_s = stage.budget.gone
        self._train()
        turns = self._loader.turns
        if not turns:
            raise UserError(
                "rehearsal_unmeasured",
                "The plugin's train took no batch of the images it was given, so nothing can be measured.",
                "Start the training and watch it; its own log may tell its speed.",
            )
        found = Measured(batch_size=min(self._loader.settings.batch_size, self._loader.images))
        found.stretches = _stretches(turns, self._ended)
        found.peak_bytes = stage.memory.peak
        first_done = turns[1].asked if len(turns) > 1 else self._ended
        found.first_step_s = began_s + first_done - self._began
        speed = speed_of(found.stretches)
        if speed.wait_share > _ALL_WAITING:
            found.notes.append(
                "The plugin takes batches without working between them: it may gather them first, and then the times "
                "are too short."
            )
        found.tried.append(
            TriedBatch(
                batch_size=found.batch_size,
                images_per_s=1 / max(speed.compute_image_s, 1e-9),
                peak_memory_bytes=found.peak_bytes,
                fits=True,
            )
        )
        stage.budget.phase("Validation")
        self._measure_validation(found, speed.image_s)
        stage.budget.phase("Writing a checkpoint")
        self._write_checkpoint(found)
        found.notes.append(
            "The plugin has a loop of its own: its precision and other batch sizes were not tried."
        )
        return found

    def _train(self) -> None:
        """Let the plugin train until it has been told to stop, which it is for enough batches or after some time."""
        stage, desk = self._stage, self._stage.desk
        shutil.rmtree(desk.folder.commands, ignore_errors=True)  # an order of an earlier try
        self._loader.turns.clear()
        self._loader.on_turn = self._look
        stage.memory.forget()
        timer = threading.Timer(max(1.0, stage.budget.left - stage.budget.share(1 - _SHARE)), self._stop)
        timer.daemon = True
        timer.start()
        self._began = time.perf_counter()
        try:
            train_plugin(self._training)
        finally:
            self._ended = time.perf_counter()
            timer.cancel()
            self._loader.on_turn = None

    def _look(self) -> None:
        self._stage.budget.phase("Training steps")
        if len(self._loader.turns) > _TURNS:
            self._stop()

    def _stop(self) -> None:
        if not self._is_told:
            self._is_told = True
            desk = self._stage.desk
            write_command(desk.folder.commands, "stop", desk.attempt.number)

    def _measure_validation(self, found: Measured, image_s: float) -> None:
        def validate(desk: TrialDesk, loader: TimedLoader) -> None:
            Validation(desk, loader, self._stage.device).of_model(self._meta)(self._built[-1], 1, 1)

        # The order to stop has been obeyed, and must not end the measuring too.
        try:
            found.validation_s = validation_seconds(
                self._stage.desk, self._stage.data, image_s, self._stage.validation_s, validate
            )
        except PluginError as error:
            found.notes.append(f"Validation was not measured: {error.message}")

    def _write_checkpoint(self, found: Measured) -> None:
        desk = self._stage.desk
        saver = PluginSaver(
            desk.folder.checkpoints, desk.reporter, self._meta, desk.run_config.checkpoint, numbered=False
        )
        began = time.monotonic()
        saver.save_last(self._built[-1], OwnState())
        found.checkpoint_s = time.monotonic() - began
        found.checkpoint_bytes = read_meta(desk.folder.checkpoints / "last").size_bytes


def _stretches(turns: list[Turn], ended: float) -> list[Stretch]:
    """What passed from one batch to the next; after the last one the plugin may do other things than train."""
    if len(turns) == 1:
        return [Stretch(turns[0].images, ended - turns[0].asked, turns[0].given - turns[0].asked)]
    return [
        Stretch(turn.images, following.asked - turn.asked, turn.given - turn.asked)
        for turn, following in pairwise(turns)
    ]
