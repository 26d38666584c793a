"""Rehearses an adapter's network in the engine's own step: real batches, other sizes, validation, a checkpoint."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator

from torch import Tensor

from engine.checkpoints.write import stored_bytes, write_checkpoint
from engine.data.batch import Batch
from engine.device.memory import wait_for
from engine.errors import UserError
from engine.jobs.rehearsal_advice import BatchFacts, fitting_size
from engine.jobs.rehearsal_figures import Stretch, even, fit_line, speed_of
from engine.jobs.rehearsal_precision import choose_precision, time_precisions
from engine.jobs.rehearsal_stage import FEW_IMAGES, Measured, Stage, no_memory
from engine.jobs.timed_loader import TimedLoader, TrialDesk
from engine.jobs.train import adapter_training
from engine.jobs.validation import Validation
from engine.jobs.validation_time import validation_seconds
from engine.plugin.adapters.torch_model import TorchModel
from engine.protocol.rehearsal import TriedBatch
from engine.training.failures import is_out_of_memory
from engine.training.preparation import Prepared, prepare
from engine.training.step import set_training_mode

_SMALL_SIZES = (2, FEW_IMAGES)
"""Tried first on a CPU: there nobody says in time that the memory will not do."""
_STEPS_IN_A_ROW = 5
"""On a GPU, which is told of the next step while it computes."""
_FEWEST, _ENOUGH, _MOST = 3, 4, 9
"""Stretches: the first one does not count."""
_FEWEST_SHARE, _ENOUGH_SHARE = 0.45, 0.25
"""Of the whole time, after which so few stretches will do."""
_LARGEST_SHARE = 0.5
"""Of the whole time, that the fewest steps of the configured size may take."""
_TRIES = 2
_SLOW_SHARE = 0.05
"""Of the whole time: of steps longer than that one has to do, where several are better."""
_LONGEST_SHARE = 0.2
"""Of the whole time: after a step longer than that, the next one is not waited for."""
_STILL_GAINS = 1.05


class AdapterRehearsal:
    """One rehearsal of an adapter. The network trains on for real; it is thrown away afterwards."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        stage.budget.phase("Building the model")
        self._job = adapter_training(stage.desk, stage.data, stage.phases)
        stage.budget.phase("Choosing the precision")
        notes = choose_precision(stage, self._job)
        self._prepared: Prepared = prepare(self._job, stage.phases)
        self._ready_s = stage.budget.gone
        self._waking_s: float | None = None
        self._loss: Tensor | None = None
        self._measured = Measured(
            batch_size=min(self._job.config.batch_size, stage.loader.images),
            precision=self._prepared.state.policy.resolved.precision,
            notes=notes,
        )

    def run(self) -> Measured:
        """Measure.

        Raises:
            UserError: `rehearsal_no_memory`; else what a training would raise.
        """
        stage, found = self._stage, self._measured
        set_training_mode(self._prepared.state.network, ())
        stage.budget.phase("Trying the batch size")
        found.batch_size = self._fitting_size()
        stage.budget.phase("Training steps")
        while not self._take_steps():
            found.batch_size = self._smaller()
        stage.budget.phase("Validation")
        image_s = speed_of(found.stretches).image_s
        found.validation_s = validation_seconds(
            stage.desk, stage.data, image_s, stage.validation_s, self._validate
        )
        stage.budget.phase("Writing a checkpoint")
        self._write_checkpoint()
        stage.budget.phase("Trying other settings")
        set_training_mode(self._prepared.state.network, ())
        self._try_larger()
        image_s = speed_of(found.stretches).image_s
        found.precisions_s = time_precisions(stage, self._job, image_s)
        if self._loss is not None:
            found.last_loss = float(self._loss)
        found.tried.sort(key=lambda one: one.batch_size)
        return found

    # ---- which batch fits

    def _fitting_size(self) -> int:
        """The configured batch, or the largest known to fit; what was tried is noted."""
        wanted = self._measured.batch_size
        if self._stage.device.type == "cpu":
            self._try_small(wanted)
            self._stage.memory.forget()
            self._measured.resting_bytes = self._stage.memory.peak
            return self._smaller() if self._is_too_much(wanted) else self._affordable(wanted)
        size = wanted
        while not self._tried(size).fits:
            if size == 1:
                raise no_memory(1, self._job.config.image_size)
            size //= 2
        if size == wanted:
            return size
        if size > 1:
            self._tried(size // 2)
        return self._smaller()

    def _try_small(self, wanted: int) -> None:
        """Try sizes that are surely smaller than the memory, and between the last two where one is not."""
        fitting = 0
        for size in (size for size in _SMALL_SIZES if size < wanted):
            if self._tried(size).fits:
                fitting = size
                if self._stage.budget.left < 0:
                    return
                continue
            if size // 2 > fitting:
                self._tried(size // 2)
            return

    def _tried(self, size: int) -> TriedBatch:
        self._measured.tried.append(self._try(size))
        return self._measured.tried[-1]

    def _is_too_much(self, size: int) -> bool:
        """Whether a batch would not fit, by what smaller ones took; noted if so."""
        found, usable = self._measured, self._stage.usable_bytes
        line = fit_line(found.tried, found.resting_bytes)
        is_beyond = line is not None and usable is not None and line.at(size) > usable
        if not is_beyond and all(one.fits for one in self._measured.tried):
            return False
        needs = line.at(size) if line is not None else 0
        self._measured.tried = [one for one in self._measured.tried if one.batch_size != size]
        self._measured.tried.append(_unfit(size, needs))
        return True

    def _smaller(self) -> int:
        facts = BatchFacts(
            self._job.config.batch_size,
            self._stage.loader.images,
            self._measured.tried,
            self._stage.usable_bytes,
            resting_bytes=self._measured.resting_bytes,
        )
        size = fitting_size(facts)
        if size < 1:
            raise no_memory(min(one.batch_size for one in self._measured.tried), self._job.config.image_size)
        return size

    def _affordable(self, wanted: int) -> int:
        """The configured size, or one whose steps can be waited for."""
        speeds = [one.images_per_s for one in self._measured.tried if one.fits]
        if not speeds:
            return wanted
        images = self._stage.budget.share(_LARGEST_SHARE) * speeds[-1] / _FEWEST
        if wanted <= images:
            return wanted
        fewest = FEW_IMAGES if self._stage.budget.left > 0 else _SMALL_SIZES[0]
        size = min(wanted, max(fewest, even(math.floor(images))))
        self._measured.notes.append(
            f"A step of {wanted} images takes about {wanted / speeds[-1]:.0f} s, too long to be rehearsed: the speed "
            f"is that of {size} images."
        )
        return size

    def _try(self, size: int) -> TriedBatch:
        """Time a batch of some size with its images at hand, and see what memory it takes."""
        stage = self._stage
        copies = min(2, self._job.config.accumulate_steps)
        try:
            batch = stage.loader.batch_of(size)
            stage.memory.forget()
            times = [self._timed([batch] * copies) / copies]
            if times[0] * copies < stage.budget.share(_SLOW_SHARE):
                times += [self._timed([batch] * copies) / copies for _ in range(_TRIES - 1)]
        except Exception as error:
            if not is_out_of_memory(error):
                raise
        else:
            peak = stage.memory.peak
            return TriedBatch(
                batch_size=size, images_per_s=size / min(times), peak_memory_bytes=peak, fits=True
            )
        # Outside the handler, which holds the frames that hold the tensors.
        self._forget_step()
        return _unfit(size)

    def _timed(self, batches: list[Batch]) -> float:
        rounds = 1 if self._stage.device.type == "cpu" or self._waking_s is None else _STEPS_IN_A_ROW
        began = wait_for(self._stage.device)
        for _ in range(rounds):
            self._step(batches)
        seconds = (wait_for(self._stage.device) - began) / rounds
        if self._waking_s is None:
            self._waking_s = seconds
        return seconds

    def _step(self, batches: list[Batch]) -> None:
        state = self._prepared.state
        self._loss = self._prepared.step.run(batches, 0, state.position.step)
        state.position.step += 1
        if state.ema is not None:
            state.ema.update(state.position.step)
        state.schedule.step()

    # ---- the real thing

    def _take_steps(self) -> bool:
        """Train on real batches as they come, until the speed has settled; False when they do not fit after all."""
        stage, found = self._stage, self._measured
        loader = stage.loader
        if found.batch_size < min(loader.settings.batch_size, loader.images):
            pinned = stage.device.type == "cuda"
            desk = stage.desk.with_changes({"batch_size": found.batch_size})
            loader = desk.loader("train", train=True, pin_memory=pinned)
        found.stretches.clear()
        try:
            self._take_stretches(loader)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
        else:
            first_s = max(found.stretches[0].seconds / self._row, self._waking_s or 0.0)
            found.first_step_s = self._ready_s + first_s
            self._note_own_size()
            return True
        finally:
            if loader is not stage.loader:
                loader.close()
        self._forget_step()
        found.tried = [one for one in found.tried if one.batch_size < found.batch_size]
        found.tried.append(_unfit(found.batch_size))
        return False

    def _take_stretches(self, loader: TimedLoader) -> None:
        stage, found = self._stage, self._measured
        stage.memory.forget()
        began = time.monotonic()
        batches = loader.endless()
        try:
            while not _is_settled(len(found.stretches), time.monotonic() - began, stage):
                found.stretches.append(self._stretch(batches, self._row))
                stage.budget.phase("Training steps")
        finally:
            batches.close()
        found.peak_bytes = stage.memory.peak

    @property
    def _row(self) -> int:
        return 1 if self._stage.device.type == "cpu" else _STEPS_IN_A_ROW

    def _forget_step(self) -> None:
        """Give back what a step holds that ended for want of memory."""
        self._prepared.state.optimizer.zero_grad(set_to_none=True)
        self._stage.memory.forget()

    def _stretch(self, batches: Iterator[Batch], row: int) -> Stretch:
        images, waited_s = 0, 0.0
        began = wait_for(self._stage.device)
        for _ in range(row):
            asked = time.perf_counter()
            batch = next(batches)
            waited_s += time.perf_counter() - asked
            self._step([batch])
            images += len(batch)
        return Stretch(images, wait_for(self._stage.device) - began, waited_s)

    def _note_own_size(self) -> None:
        """Put the steps beside the other sizes; on a GPU, where waiting overlaps, its batch was tried by itself."""
        found = self._measured
        known = next((one for one in found.tried if one.batch_size == found.batch_size and one.fits), None)
        if known is not None:
            found.compute_image_s = 1 / known.images_per_s
            return
        speed = speed_of(found.stretches)
        found.tried.append(
            TriedBatch(
                batch_size=found.batch_size,
                images_per_s=1 / max(speed.compute_image_s, 1e-9),
                peak_memory_bytes=found.peak_bytes,
                fits=True,
            )
        )

    def _validate(self, desk: TrialDesk, loader: TimedLoader) -> None:
        model, network = self._job.trainable, self._prepared.state.judged_network
        assert isinstance(model, TorchModel)  # adapter_training builds no other
        network.eval()
        Validation(desk, loader, self._stage.device).of_network(model, self._job.meta)(network, 1, 1)

    def _write_checkpoint(self) -> None:
        state, found = self._prepared.state, self._measured
        weights, rest = state.weights(), state.capture()
        began = time.monotonic()
        try:
            folder = self._stage.desk.folder.checkpoints / "last"
            found.checkpoint_bytes = write_checkpoint(folder, weights, rest, self._job.meta).size_bytes
            found.checkpoint_s = time.monotonic() - began
        except UserError as error:
            found.checkpoint_bytes = stored_bytes(weights, rest)
            found.notes.append(f"No checkpoint could be written, its size is counted: {error.message}")

    # ---- what else might do

    def _try_larger(self) -> None:
        """Double the batch while that is faster, fits and can be waited for."""
        found, stage = self._measured, self._stage
        if self._job.config.compile or found.batch_size < self._job.config.batch_size:
            return
        best = next(one for one in found.tried if one.batch_size == found.batch_size)
        facts = BatchFacts(self._job.config.batch_size, stage.loader.images, found.tried, stage.usable_bytes)
        size = 2 * found.batch_size
        while size <= facts.most and self._can_afford(size, best):
            if self._is_too_much(size):
                return
            tried = self._tried(size)
            if not tried.fits or tried.images_per_s < _STILL_GAINS * best.images_per_s:
                return
            best, size = tried, 2 * size

    def _can_afford(self, size: int, like: TriedBatch) -> bool:
        rounds = _TRIES if self._stage.device.type == "cpu" else 1 + _STEPS_IN_A_ROW
        copies = min(2, self._job.config.accumulate_steps)
        return (rounds + 0.5) * copies * size / like.images_per_s < self._stage.budget.left


def _unfit(size: int, needs: int = 0) -> TriedBatch:
    return TriedBatch(batch_size=size, images_per_s=0, peak_memory_bytes=needs, fits=False)


def _is_settled(stretches: int, seconds: float, stage: Stage) -> bool:
    if stretches >= _MOST:
        return True
    if stretches >= 1 and (seconds / stretches > stage.budget.share(_LONGEST_SHARE) or stage.budget.left < 0):
        return True
    if stretches >= _ENOUGH and seconds > stage.budget.share(_ENOUGH_SHARE):
        return True
    return stretches >= _FEWEST and (
        seconds > stage.budget.share(_FEWEST_SHARE) or stage.budget.left < stage.budget.share(_ENOUGH_SHARE)
    )
