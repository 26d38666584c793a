"""The figures of a rehearsal as people read them on a terminal."""

from __future__ import annotations

from rich.console import RenderableType

from engine.protocol.rehearsal import Rehearsal
from engine.verbs.reply import percent, table

_MIB = 1 << 20
_GIB = 1 << 30
_MINUTE_S = 60
_HOUR_S = 3600
_TENTHS_BELOW_S = 10


def rehearsal_table(found: Rehearsal, command: str) -> list[RenderableType]:
    """Lay out figures, sizes tried, warnings and proposals; `command` starts the training with those."""
    parts: list[RenderableType] = [table(("", ""), _rows(found))]
    if len(found.tried) > 1:
        rows = [
            (
                one.batch_size,
                f"{one.images_per_s:.1f}" if one.fits else None,
                bytes_text(one.peak_memory_bytes) if one.peak_memory_bytes else None,
                "" if one.fits else "does not fit",
            )
            for one in found.tried
        ]
        parts += ["", table(("Batch", "Images/s", "Memory", ""), rows)]
    for warning in found.warnings:
        parts += ["", f"Warning: {warning.message} {warning.remedy}".rstrip()]
    if found.proposals:
        rows = [(one.field, one.current, one.proposed, one.why) for one in found.proposals]
        parts += ["", table(("Proposed", "Now", "Better", "Why"), rows), "", command]
    for sentence in found.not_measured:
        parts += ["", sentence]
    return parts


def _rows(found: Rehearsal) -> list[tuple[str, str]]:
    limit = f" of {bytes_text(found.memory_limit_bytes)}" if found.memory_limit_bytes is not None else ""
    free = f", {bytes_text(found.disk_free_bytes)} free" if found.disk_free_bytes is not None else ""
    rows = [
        ("Device", f"{found.device}, {found.precision}" if found.precision else found.device),
        ("Speed", f"{found.images_per_s:.1f} images/s with a batch of {found.batch_size}"),
        ("Waiting for images", f"{percent(found.data_wait_share)}, {found.workers} loader threads"),
        ("Peak memory", f"{bytes_text(found.peak_memory_bytes)}{limit}"),
        ("First step after", seconds_text(found.first_step_s)),
        ("Epoch", f"{seconds_text(found.epoch_s)}, the first one {seconds_text(found.first_epoch_s)}"),
        ("Validation", seconds_text(found.validation_s) if found.validation_s else "none"),
        ("Checkpoint", f"{bytes_text(found.checkpoint_bytes)}, {seconds_text(found.checkpoint_s)} to write"),
        ("Disk", f"{bytes_text(found.disk_bytes)} in all{free}"),
        ("Whole training", f"{seconds_text(found.total_s)} for {found.epochs} epochs"),
    ]
    if found.cost is not None:
        rows.append(("Cost", f"{found.cost.amount:.2f} {found.cost.currency}"))
    return [*rows, ("Rehearsed in", seconds_text(found.seconds))]


def bytes_text(count: int) -> str:
    """Show bytes as GiB or MiB."""
    return f"{count / _GIB:.2f} GiB" if count >= _GIB else f"{count / _MIB:.1f} MiB"


def seconds_text(seconds: float) -> str:
    """Show a time in the two largest units that say something."""
    if seconds < _TENTHS_BELOW_S:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < _MINUTE_S:
        return f"{whole} s"
    if whole < _HOUR_S:
        return f"{whole // _MINUTE_S} min {whole % _MINUTE_S} s"
    return f"{whole // _HOUR_S} h {whole % _HOUR_S // _MINUTE_S} min"
