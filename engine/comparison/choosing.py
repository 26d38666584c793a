"""From what people write, `RUN`, `RUN:best`, `RUN:0007`, to stored results that can be compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from engine.comparison.measured import Measured, open_measured
from engine.errors import UserError
from engine.protocol.checkpoint import read_meta
from engine.protocol.home import Home
from engine.protocol.run_folder import RunFolder
from engine.store.database import Store
from engine.store.runs import RunRow

_BEST = "best"


@dataclass(frozen=True, slots=True)
class StoredResult:
    """A result that is still on the disk."""

    run: str
    folder: str
    split: str
    epoch: int
    checkpoint: str | None
    """Of an evaluation; None for a validation during training."""


def measured_at(home: Home, chosen: Sequence[str], split: str) -> list[Measured]:
    """Open the results that some texts name.

    Raises:
        UserError: `run_unknown`, `result_unknown`, or one of `open_measured`.
    """
    found: list[tuple[RunRow, StoredResult]] = []
    with Store.open(home.store_path) as store:
        for text in chosen:
            beginning, _, wanted = text.partition(":")
            row = store.run(beginning)
            found.append((row, choose_result(home, stored_results(home, store, row), row, wanted, split)))
    names = _names(found)
    return [
        open_measured(RunFolder(home.runs / result.run), result.folder, name)
        for name, (_, result) in zip(names, found, strict=True)
    ]


def stored_results(home: Home, store: Store, row: RunRow) -> list[StoredResult]:
    """List the results of a training, or of one evaluation, oldest first."""
    sources = [row.run]
    if row.kind == "train":
        sources += [other.run for other in reversed(store.runs("evaluate")) if other.parent == row.run]
    told = [(run, entry) for run in sources for entry in store.results(run)]
    return [
        StoredResult(run, entry.folder, entry.split, entry.epoch, entry.checkpoint)
        for run, entry in told
        if (RunFolder(home.runs / run).results / entry.folder / "summary.json").is_file()
    ]


def choose_result(
    home: Home, results: Sequence[StoredResult], row: RunRow, wanted: str, split: str
) -> StoredResult:
    """Choose by number of a result, or by checkpoint on a split; without a wish the best checkpoint's.

    A checkpoint's newest evaluation on the split is taken, else the validation after its epoch.

    Raises:
        UserError: `result_unknown`.
    """
    if wanted.isdecimal():
        own = [entry for entry in results if entry.run == row.run and int(entry.folder) == int(wanted)]
        if own:
            return own[-1]
        raise _unknown(row, f"no result {wanted}", results, split)
    there = [entry for entry in results if entry.split == split]
    name = wanted or _BEST
    evaluated = [entry for entry in there if entry.checkpoint == name]
    if evaluated:
        return evaluated[-1]
    epoch = _epoch_of(home, row, name)
    validated = [entry for entry in there if entry.checkpoint is None and entry.epoch == epoch]
    if validated:
        return validated[-1]
    if not wanted and there:
        return there[-1]
    of_what = f" of the checkpoint {wanted}" if wanted else ""
    raise _unknown(row, f"no result{of_what} on its {split} images", results, split)


def _epoch_of(home: Home, row: RunRow, checkpoint: str) -> int | None:
    try:
        return read_meta(RunFolder(home.runs / row.run).checkpoints / checkpoint).epoch
    except UserError:
        return row.best_epoch if checkpoint == _BEST else None


def _names(found: Sequence[tuple[RunRow, StoredResult]]) -> list[str]:
    """Different names for all: the run, with what was measured of it where that alone tells them apart."""
    plain = [row.name or row.run for row, _ in found]
    if len({row.run for row, _ in found}) == len(found):
        ids = [row.run for row, _ in found]
        return [name if plain.count(name) == 1 else run for name, run in zip(plain, ids, strict=True)]
    names = [
        f"{name} · {result.checkpoint or f'epoch {result.epoch}'}"
        for name, (_, result) in zip(plain, found, strict=True)
    ]
    met: Counter[str] = Counter()
    for place, name in enumerate(names):
        met[name] += 1
        names[place] = name if met[name] == 1 else f"{name} ({met[name]})"
    return names


def _unknown(row: RunRow, what: str, results: Sequence[StoredResult], split: str) -> UserError:
    splits = sorted({entry.split for entry in results})
    there = f"It has results on: {', '.join(splits)}." if splits else "It has no result at all."
    return UserError(
        "result_unknown",
        f"Run {row.run} has {what}.",
        f"{there} Measure a checkpoint with `lensmith evaluate {row.run} --split {split}`.",
    )
