"""What a rehearsal found, in words and figures for people."""

from __future__ import annotations

from dataclasses import dataclass

from desktop.models.run_words import device_words, duration_words, memory_words, plural, size_words
from engine.protocol.rehearsal import Proposal, Rehearsal, TriedBatch

_NOTEWORTHY_WAIT = 0.1
_QUICK_S = 1.0
_FEW = 10


@dataclass(frozen=True, slots=True)
class Figure:
    """One number with what it is of, and a word on it."""

    name: str
    value: str
    detail: str = ""
    tone: str = ""
    """warn where it should be looked at."""


def figures_of(found: Rehearsal) -> list[Figure]:
    """Give the figures that a user decides by, the most wanted first."""
    epochs = plural(found.epochs, "epoch") if found.epochs else "the whole training"
    validated = ", validation included" if found.validation_s > 0 else ""
    figures = [
        Figure("In all", rough_time(found.total_s), f"{epochs}{validated}"),
        Figure("One epoch", rough_time(found.epoch_s), _epoch_detail(found)),
        Figure("Speed", f"{number(found.images_per_s)} images/s", f"{rough_time(found.step_s)} a step"),
        Figure("Waiting for images", f"{found.data_wait_share:.0%}", "of the time", _wait_tone(found)),
        Figure("Memory", memory_text(found.peak_memory_bytes), *_memory_detail(found)),
        Figure("Disk", size_words(found.disk_bytes), *_disk_detail(found)),
    ]
    if found.cost is not None:
        figures.append(
            Figure("Cost", f"{found.cost.amount:.2f} {found.cost.currency}", "of the whole training")
        )
    return figures


def sentence(found: Rehearsal) -> str:
    """Say in one line what the training will take."""
    return (
        f"About {rough_time(found.total_s)}, as rehearsed; {memory_text(found.peak_memory_bytes)} of memory."
    )


def circumstances(found: Rehearsal) -> str:
    """Say with what it was measured."""
    parts = [
        device_words(found.device),
        found.precision,
        f"batch size {found.batch_size}",
        plural(found.workers, "loader thread"),
        f"first step after {rough_time(found.first_step_s)}" if found.first_step_s else "",
        f"validation {rough_time(found.validation_s)}" if found.validation_s else "",
        f"rehearsed in {rough_time(found.seconds)}",
    ]
    return " · ".join(part for part in parts if part)


def tried_rows(tried: tuple[TriedBatch, ...]) -> list[tuple[str, str, str]]:
    """Give batch size, speed and memory of what was tried."""
    return [
        (
            f"{one.batch_size:,}",
            f"{number(one.images_per_s)} images/s" if one.images_per_s else "–",
            _memory_of(one),
        )
        for one in tried
    ]


def proposal_title(proposal: Proposal) -> str:
    """Write a change: `Batch size: 8 → 16`."""
    return f"{proposal.label}: {proposal.current} → {proposal.proposed}"


def rough_time(seconds: float) -> str:
    """Write a time as exactly as it is worth: `48 ms`, `2.4 s`, `12 min`."""
    if seconds < _QUICK_S:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < _FEW else duration_words(seconds)


def number(value: float) -> str:
    """Write a speed: one digit after the point where it is small."""
    return f"{value:.1f}" if value < _FEW else f"{value:,.0f}"


def memory_text(size_bytes: float) -> str:
    """Write an amount of memory: `1.3 GB`."""
    return " ".join(memory_words(size_bytes))


def _memory_of(one: TriedBatch) -> str:
    words = memory_text(one.peak_memory_bytes) if one.peak_memory_bytes else ""
    if one.fits:
        return words or "–"
    return f"{words}, does not fit" if words else "does not fit"


def _epoch_detail(found: Rehearsal) -> str:
    if found.first_epoch_s > 1.1 * found.epoch_s:
        return f"the first {rough_time(found.first_epoch_s)}"
    return "without validation" if found.validation_s > 0 else ""


def _wait_tone(found: Rehearsal) -> str:
    return "warn" if found.data_wait_share >= _NOTEWORTHY_WAIT else ""


def _memory_detail(found: Rehearsal) -> tuple[str, str]:
    limit = found.memory_limit_bytes
    if limit is None:
        return "at most", ""
    return f"of {memory_text(limit)}", "warn" if found.peak_memory_bytes > 0.9 * limit else ""


def _disk_detail(found: Rehearsal) -> tuple[str, str]:
    kept = round(found.disk_bytes / found.checkpoint_bytes) if found.checkpoint_bytes else 0
    words = plural(kept, "checkpoint") if kept else "checkpoints"
    free = found.disk_free_bytes
    if free is None:
        return words, ""
    return f"{words}; {size_words(free)} free", "warn" if found.disk_bytes > free else ""
