"""How much of a run's validations is kept: what goes by image is dropped, oldest first; numbers and matrices stay."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engine.errors import UserError
from engine.evaluation.result_folder import SUMMARY_NAME, array_file, column_file, numbered
from engine.protocol.disk import write_error
from engine.protocol.results import Dropped, ResultSummary
from engine.protocol.run_folder import read_record, write_record

MASK_PREFIX: Final = "mask_"
"""Of the names of arrays that tell of pixels."""
_BYTES_IN_MB: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class KeepingRule:
    """What the settings say of the results of a run's validations."""

    newest_and_best_only: bool = False
    most_mb: int = 0
    """Of what is kept by image, of all validations together; 0 is no bound."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """A result with what it takes."""

    folder: Path
    summary: ResultSummary
    masks: int
    """Bytes."""
    others: int
    """Bytes of what else goes by image."""


def keep_within(
    results: Path, rule: KeepingRule, is_better: Callable[[ResultSummary, ResultSummary], bool]
) -> dict[str, Dropped]:
    """Drop what the rule does not allow; give the results that lost something, by name.

    The newest and the best come last: of what is too much, masks of older validations go first, then all else of these
    by image, then the masks of the best and of the newest, and then what else these have.

    Args:
        results: RUN/results of a training.
        rule: what is allowed.
        is_better: whether the first of two results is the better one; of equals the older one is kept, of which the
            best checkpoint is.

    Raises:
        UserError: `disk_full` and its like.
    """
    if not rule.newest_and_best_only and (
        not rule.most_mb or _all_bytes(results) <= rule.most_mb * _BYTES_IN_MB
    ):
        return {}
    found = _with_sizes(results)
    if not found:
        return {}
    last = {found[-1].folder.name, _best(found, is_better).folder.name}
    older = [kept for kept in found if kept.folder.name not in last]
    lasting = sorted((kept for kept in found if kept.folder.name in last), key=lambda kept: kept is found[-1])
    wishes: dict[str, Dropped] = {}
    if rule.newest_and_best_only:
        wishes.update((kept.folder.name, "images") for kept in older)
    excess = sum(_left(kept, wishes) for kept in found) - rule.most_mb * _BYTES_IN_MB
    orders: tuple[tuple[list[_Kept], Dropped], ...] = (
        (older, "masks"),
        (older, "images"),
        (lasting, "masks"),
        (lasting, "images"),
    )
    steps: list[tuple[_Kept, Dropped]] = [(kept, what) for group, what in orders for kept in group]
    for kept, what in steps:
        if not rule.most_mb or excess <= 0:
            break
        before = _left(kept, wishes)
        if wishes.get(kept.folder.name) != "images" and (what == "images" or kept.masks):
            wishes[kept.folder.name] = what
        excess -= before - _left(kept, wishes)
    lost: dict[str, Dropped] = {name: what for name, what in wishes.items() if _takes(found, name, what)}
    for kept in found:
        if kept.folder.name in lost:
            _drop(kept, lost[kept.folder.name])
    return lost


def _all_bytes(results: Path) -> int:
    """Of all arrays together: no less than what goes by image, and told without opening a summary."""
    return sum(path.stat().st_size for name in numbered(results) for path in (results / name).glob("*.npy"))


def _with_sizes(results: Path) -> list[_Kept]:
    """The results that can be read and have anything by image, the oldest first."""
    found: list[_Kept] = []
    for name in numbered(results):
        if not (results / name / column_file("item")).is_file():
            continue
        try:
            summary = read_record(results / name / SUMMARY_NAME, ResultSummary)
        except UserError:
            continue
        masks, others = _parts(summary)
        folder = results / name
        found.append(_Kept(folder, summary, _bytes(folder, masks), _bytes(folder, others)))
    return found


def _parts(summary: ResultSummary) -> tuple[list[str], list[str]]:
    """Files of masks, and of what else goes by image."""
    by_image = [name for name in summary.arrays if name not in summary.curves]
    masks = [array_file(name) for name in by_image if name.startswith(MASK_PREFIX)]
    others = [array_file(name) for name in by_image if not name.startswith(MASK_PREFIX)]
    return masks, others + [column_file(name) for name in summary.columns]


def _bytes(folder: Path, names: list[str]) -> int:
    return sum(path.stat().st_size for path in (folder / name for name in names) if path.is_file())


def _best(found: list[_Kept], is_better: Callable[[ResultSummary, ResultSummary], bool]) -> _Kept:
    best = found[0]
    for kept in found:
        if is_better(kept.summary, best.summary):
            best = kept
    return best


def _left(kept: _Kept, wishes: dict[str, Dropped]) -> int:
    wish = wishes.get(kept.folder.name, "")
    return 0 if wish == "images" else kept.others if wish == "masks" else kept.others + kept.masks


def _takes(found: list[_Kept], name: str, what: Dropped) -> bool:
    kept = next(one for one in found if one.folder.name == name)
    return bool(kept.masks or (what == "images" and kept.others))


def _drop(kept: _Kept, what: Dropped) -> None:
    """The summary goes first, so that a result opens at any moment; it keeps its time, by which results are listed."""
    masks, others = _parts(kept.summary)
    gone = {*masks, *(others if what == "images" else ())}
    summary = kept.summary.model_copy(
        update={
            "dropped": what,
            "columns": () if what == "images" else kept.summary.columns,
            "arrays": tuple(name for name in kept.summary.arrays if array_file(name) not in gone),
        }
    )
    path = kept.folder / SUMMARY_NAME
    try:
        written = path.stat().st_mtime_ns
        write_record(path, summary)
        os.utime(path, ns=(written, written))
    except OSError as error:
        raise write_error(error, kept.folder) from error
    for name in gone:
        _remove(kept.folder / name)


def _remove(path: Path) -> None:
    """A window on Windows may hold it open: then it stays until the run is deleted."""
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return
