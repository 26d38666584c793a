"""Profiles an adapter's network in the engine's own step."""

from __future__ import annotations

import time
from collections.abc import Iterator

from engine.data.batch import Batch
from engine.device.memory import wait_for
from engine.jobs.profile_parts import PartWatch, WatchedPolicy
from engine.jobs.profile_trace import make_profiler
from engine.jobs.profile_watched import WARM_UP, Meter, Plan, Watched
from engine.jobs.timed_loader import TimedLoader, TrialDesk
from engine.jobs.train import TrainingData, adapter_training
from engine.jobs.validation import Validation
from engine.plugin.adapters.torch_model import TorchModel
from engine.training.phases import Phases
from engine.training.preparation import prepare
from engine.training.step import OptimizationStep, StepParts, grouped, set_training_mode


class StepProfile:
    """One profile of the engine's own loop."""

    def __init__(self, desk: TrialDesk, data: TrainingData, phases: Phases, plan: Plan) -> None:
        self._desk = desk
        self._data = data
        self._plan = plan
        self._meter = Meter(desk, plan)
        self._job = job = adapter_training(desk, data, phases)
        self._prepared = prepared = prepare(job, phases)
        self._state = state = prepared.state
        self._watch = PartWatch(data.device)
        policy = WatchedPolicy(state.policy, self._watch)
        parts = StepParts(
            trainable=job.trainable,
            policy=policy,
            optimizer=state.optimizer,
            forward=policy.forward_of(state.network, state.optimizer, prepared.config.batch_size),
            config=prepared.config,
            mean=job.meta.mean,
            std=job.meta.std,
        )
        self._step = OptimizationStep(parts)

    def run(self) -> Watched:
        """Train and watch.

        Raises:
            Ended: the user wishes it; else what a training would raise.
        """
        device, config = self._data.device, self._prepared.config
        set_training_mode(self._state.network, ())
        assert isinstance(self._data.train, TimedLoader)  # the desk opens no other
        batches = self._data.train.endless()
        groups = grouped(batches, config.accumulate_steps)
        seen = Watched(
            self._validate, make_profiler(device), precision=config.precision, compiles=config.compile
        )
        try:
            self._take(groups, WARM_UP, Watched(self._validate, seen.profiler))
            wait_for(device)
            self._watch.take()
            began = time.perf_counter()
            self._take(groups, self._plan.steps, seen)
            seen.seconds = wait_for(device) - began
            seen.parts_s = self._watch.take()
            with seen.profiler:
                self._take(groups, self._plan.traced, Watched(self._validate, seen.profiler))
                wait_for(device)
            seen.traced = self._plan.traced
        finally:
            batches.close()
        return seen

    def _take(self, groups: Iterator[list[Batch]], steps: int, seen: Watched) -> None:
        state = self._state
        for _ in range(steps):
            asked = time.perf_counter()
            with self._watch.marked("data"):
                group = next(groups)
            seen.waited_s += time.perf_counter() - asked
            self._step.run(group, 0, state.position.step)
            state.position.step += 1
            if state.ema is not None:
                state.ema.update(state.position.step)
            state.schedule.step()
            seen.images += sum(len(batch) for batch in group)
            seen.steps += 1
            self._meter.step()

    def _validate(self, desk: TrialDesk, loader: TimedLoader) -> None:
        model, network = self._job.trainable, self._state.judged_network
        assert isinstance(model, TorchModel)  # adapter_training builds no other
        network.eval()
        Validation(desk, loader, self._data.device).of_network(model, self._job.meta)(network, 1, 1)
