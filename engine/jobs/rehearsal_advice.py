"""What a rehearsal proposes and warns of, as plain functions of its figures: every sentence names its reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.jobs.rehearsal_figures import MEMORY_SHARE, even, fit_line
from engine.protocol.rehearsal import Proposal, RehearsalWarning, TriedBatch

GAIN = 1.15
"""So much faster must a change be to be proposed: less is noise."""
_ENOUGH = 0.95
"""Of the highest speed: the smallest batch that has so much of it is taken."""
_FEWEST_STEPS = 8
"""An epoch of fewer steps learns little, however fast they are."""
_NOTEWORTHY_WAIT = 0.1
_NOTEWORTHY_WAIT_S = 20.0
"""Of the whole training: nobody minds less."""
_LARGEST_BATCH = 4096
_FEWEST_IMAGES = 2
"""Batch normalisation compares the images of a batch."""
_SHORTEST_STEP_S = 0.005
"""Of shorter steps the time is mostly Python's, and noise."""
_GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class BatchFacts:
    """What the proposal of a batch size goes by."""

    batch_size: int
    """The configured one."""
    train_images: int
    tried: Sequence[TriedBatch]
    usable_bytes: float | None
    """What a batch may take; None where nobody knows."""
    accumulate: int | None = None
    """`accumulate_steps`, where the engine's loop trains."""
    resting_bytes: int | None = None
    """What is taken between two steps."""

    @property
    def own(self) -> TriedBatch | None:
        """The configured size, or where there are fewer images, all of them."""
        size = min(self.batch_size, self.train_images)
        return next((one for one in self.tried if one.batch_size == size), None)

    @property
    def most(self) -> int:
        """The largest size worth proposing."""
        return min(_LARGEST_BATCH, max(self.batch_size, self.train_images // _FEWEST_STEPS))

    def is_within(self, tried: TriedBatch) -> bool:
        return tried.fits and (self.usable_bytes is None or tried.peak_memory_bytes <= self.usable_bytes)


def batch_proposals(facts: BatchFacts) -> list[Proposal]:
    """Propose a batch that fits, or a faster one; nothing where the configured one is good."""
    own = facts.own
    if own is not None and not own.fits:
        return _smaller(facts)
    if facts.batch_size > facts.train_images > 0:
        size = even(max(min(_FEWEST_IMAGES, facts.train_images), facts.train_images // _FEWEST_STEPS))
        why = f"There are only {facts.train_images} training images: so an epoch has several steps to learn from."
        return [_batch(facts, size, why)]
    candidates = [one for one in facts.tried if facts.is_within(one) and _is_worth(one, facts)]
    if own is None or not candidates:
        return []
    fastest = max(candidates, key=lambda one: one.images_per_s)
    chosen = next(one for one in candidates if one.images_per_s >= _ENOUGH * fastest.images_per_s)
    gain = chosen.images_per_s / max(own.images_per_s, 1e-9)
    if chosen.batch_size == facts.batch_size or gain < GAIN:
        return []
    why = f"{chosen.images_per_s:.0f} images a second were measured, {own.images_per_s:.0f} with {facts.batch_size}"
    return [_batch(facts, chosen.batch_size, f"{why}{_memory_words(chosen, facts)}.")]


def fitting_size(facts: BatchFacts) -> int:
    """The largest even size that fits, by the line through what was measured; 0 when not even 1 does."""
    fitting = [one.batch_size for one in facts.tried if facts.is_within(one)]
    known = max(fitting, default=0)
    line = fit_line(facts.tried, facts.resting_bytes)
    if line is None or facts.usable_bytes is None:
        return known
    failed = [one.batch_size for one in facts.tried if not one.fits]
    largest = min(line.largest_within(facts.usable_bytes), min([facts.batch_size, *failed]) - 1)
    return max(known, even(largest)) if largest >= 1 else known


def _smaller(facts: BatchFacts) -> list[Proposal]:
    size = fitting_size(facts)
    if size < 1:
        return []
    why = f"The largest that stays below {MEMORY_SHARE:.0%} of the memory, by what was measured."
    proposals = [_batch(facts, size, why)]
    if facts.accumulate is not None:
        steps = max(1, round(facts.accumulate * facts.batch_size / size))
        if steps != facts.accumulate:
            told = f"A step then still looks at about {facts.batch_size * facts.accumulate} images."
            proposals.append(
                Proposal(
                    field="accumulate_steps",
                    label="Accumulate",
                    current=facts.accumulate,
                    proposed=steps,
                    why=told,
                )
            )
    return proposals


def _is_worth(tried: TriedBatch, facts: BatchFacts) -> bool:
    return min(_FEWEST_STEPS, facts.batch_size) <= tried.batch_size <= facts.most


def _batch(facts: BatchFacts, size: int, why: str) -> Proposal:
    return Proposal(field="batch_size", label="Batch size", current=facts.batch_size, proposed=size, why=why)


def _memory_words(tried: TriedBatch, facts: BatchFacts) -> str:
    if facts.usable_bytes is None:
        return ""
    return f"; it takes {gib(tried.peak_memory_bytes)} of {gib(facts.usable_bytes / MEMORY_SHARE)}"


@dataclass(frozen=True, slots=True)
class WorkerFacts:
    """What the proposal of loader threads goes by."""

    setting: int | str
    """As it is in the configuration: a number or `auto`."""
    workers: int
    """In use."""
    needed_images_per_s: float
    """What the network takes when it never waits."""
    measured: dict[int, float]
    """Images a second by number of threads, those in use among them."""
    tries_processes: bool = False
    """With `auto` the training itself would try threads, and processes where these do not keep up."""


def worker_proposals(facts: WorkerFacts) -> list[Proposal]:
    """Propose the fewest threads that keep up, or the fastest; nothing where none is clearly faster."""
    own = facts.measured.get(facts.workers, 0.0)
    if not facts.measured or own >= facts.needed_images_per_s:
        return []
    if facts.tries_processes:
        return _left_to_the_training(facts, own)
    enough = [count for count in sorted(facts.measured) if facts.measured[count] >= facts.needed_images_per_s]
    fastest = max(facts.measured, key=lambda count: facts.measured[count])
    chosen = enough[0] if enough else fastest
    if chosen == facts.workers or facts.measured[chosen] < GAIN * own:
        return []
    why = (
        f"{chosen} threads load {facts.measured[chosen]:.0f} images a second, {facts.workers} load {own:.0f}; "
        f"the network takes {facts.needed_images_per_s:.0f}."
    )
    return [
        Proposal(field="workers", label="Loader threads", current=facts.setting, proposed=chosen, why=why)
    ]


def _left_to_the_training(facts: WorkerFacts, own: float) -> list[Proposal]:
    if facts.setting == "auto":
        return []
    why = (
        f"{facts.workers} threads load {own:.0f} images a second; the network takes {facts.needed_images_per_s:.0f}. "
        "With auto, the training tries other numbers when it starts, and processes where threads do not keep up."
    )
    return [
        Proposal(field="workers", label="Loader threads", current=facts.setting, proposed="auto", why=why)
    ]


def precision_proposals(setting: str, measured_s: dict[str, float]) -> list[Proposal]:
    """Propose `auto` where another precision was clearly faster than the one that was set.

    Args:
        setting: `fp32`, `bf16`, `fp16`; `auto` chooses by itself when the run starts.
        measured_s: seconds of a step by candidate: `bf16`, `bf16 channels-last`.
    """
    own = min((s for name, s in measured_s.items() if name.split()[0] == setting), default=None)
    if setting == "auto" or own is None or own < _SHORTEST_STEP_S:
        return []
    name, seconds = min(measured_s.items(), key=lambda pair: pair[1])
    faster = name.split()[0]
    if faster == setting or own < GAIN * seconds:
        return []
    why = f"A step took {1000 * seconds:.0f} ms in {name} and {1000 * own:.0f} ms in {setting}."
    return [Proposal(field="precision", label="Precision", current=setting, proposed=faster, why=why)]


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What warnings go by."""

    device: str
    batch_size: int
    train_images: int
    wait_share: float
    waits_s: float
    """Seconds that the whole training would wait for images."""
    fits: bool
    needs_bytes: int
    limit_bytes: int | None
    disk_bytes: int
    checkpoint_bytes: int
    disk_free_bytes: int
    is_cached: bool
    workers_proposed: bool
    workers_tried: bool
    """Other numbers of loader threads, and processes, when the training starts."""
    fits_instead: int


def warnings_of(seen: Circumstances) -> list[RehearsalWarning]:
    """Say what would go wrong, or be slow."""
    found = [_of_memory(seen), _of_batch(seen), _of_waiting(seen), _of_disk(seen)]
    return [warning for warning in found if warning is not None]


def _of_memory(seen: Circumstances) -> RehearsalWarning | None:
    if seen.fits:
        return None
    what = "GPU's memory" if seen.device != "cpu" else "memory"
    needs = f"about {gib(seen.needs_bytes)} are needed" if seen.needs_bytes else "more is needed"
    there = f", {gib(seen.limit_bytes)} are there" if seen.limit_bytes is not None else ""
    return RehearsalWarning(
        code="memory_too_small",
        message=f"The {what} is not enough for a batch of {seen.batch_size}: {needs}{there}.",
        remedy=f"Set batch_size to {seen.fits_instead}, or take a smaller image_size or model.",
    )


def _of_batch(seen: Circumstances) -> RehearsalWarning | None:
    if seen.batch_size <= seen.train_images:
        return None
    return RehearsalWarning(
        code="batch_larger_than_split",
        message=f"A batch of {seen.batch_size} is larger than the training split ({seen.train_images} images): "
        "each epoch is a single step.",
        remedy="Take a smaller batch_size.",
    )


def _of_waiting(seen: Circumstances) -> RehearsalWarning | None:
    if seen.wait_share < _NOTEWORTHY_WAIT or seen.waits_s < _NOTEWORTHY_WAIT_S:
        return None
    what = "The GPU waits" if seen.device != "cpu" else "The network waits"
    if seen.workers_proposed:
        remedy = "Take what is proposed for the loader threads."
    elif seen.workers_tried:
        remedy = "More loader threads, and processes that load, are tried when the training starts."
    elif not seen.is_cached:
        remedy = "Set cache to auto or disk, so that each image is decoded once only."
    else:
        remedy = "Vary the images less (augmentation), or give the machine more processor cores."
    return RehearsalWarning(
        code="waits_for_images",
        message=f"{what} for images {seen.wait_share:.0%} of the time.",
        remedy=remedy,
    )


def _of_disk(seen: Circumstances) -> RehearsalWarning | None:
    # The newest one is written beside those it takes the place of.
    needed = seen.disk_bytes + seen.checkpoint_bytes
    if needed <= seen.disk_free_bytes:
        return None
    return RehearsalWarning(
        code="disk_too_small",
        message=f"The checkpoints need {gib(needed)} of disk while they are written; "
        f"{gib(seen.disk_free_bytes)} are free.",
        remedy="Free some space (old runs, exports), or keep fewer checkpoints (checkpoint.keep_last).",
    )


def gib(count: float) -> str:
    """Show bytes as GiB, or MiB where they are few."""
    return f"{count / _GIB:.1f} GiB" if count >= _GIB else f"{count / (1 << 20):.0f} MiB"
