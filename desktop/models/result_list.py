"""Which results there are of a trained run: its own validations, and the evaluations made of its checkpoints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from desktop.models.result import ResultKey, newest_partial, summary_path
from engine.datasets.split import ALL
from engine.errors import UserError
from engine.protocol.home import Home
from engine.protocol.job import ACTIVE_STATES
from engine.protocol.results import ResultSummary
from engine.protocol.run_folder import read_record
from engine.store.database import Store
from engine.store.measurements import ResultRow
from engine.store.runs import RunRow


@dataclass(frozen=True, slots=True)
class ListedResult:
    """One result as the chooser names it."""

    key: ResultKey
    split: str
    epoch: int
    step: int
    checkpoint: str | None
    """Name of the checkpoint that was measured; None for a validation during training."""
    dataset: str
    metrics: Mapping[str, float]
    is_own: bool
    """Made by the training itself, not by an evaluation of it."""
    progress: tuple[int, int] | None = None
    """Of one that is not finished, how many images are measured, of how many."""
    elsewhere: str = ""
    """Name of the data, where they are not those of the training."""

    @property
    def title(self) -> str:
        """`Epoch 14 · val`, `Epoch 14 · test · best`, `photos · best · epoch 14`, `Epoch 15 · val · 12 of 20,000`."""
        where = self.split if not self.elsewhere else self.elsewhere
        if self.elsewhere and self.split != ALL:
            where = f"{self.elsewhere} ({self.split})"
        parts = [f"Epoch {self.epoch}" if self.epoch else f"Step {self.step:,}", where]
        if self.checkpoint is not None:
            parts.append(self.checkpoint)
        if self.elsewhere:  # by its name it is known, and a box may show but the beginning
            parts = [*parts[1:], parts[0].lower()]
        if self.progress is not None:
            parts.append("{:,} of {:,}".format(*self.progress))
        return " · ".join(parts)


def list_results(home: Home, run: str) -> list[ListedResult]:
    """List the results of a training run that are still there, newest first. Reads the disk: never in the GUI's thread.

    Raises:
        UserError: one of the store's.
    """
    with Store.open(home.store_path) as store:
        trained = store.run(run)
        sources = [(trained, True)]
        sources += [(row, False) for row in store.runs("evaluate") if row.parent == run]
        found = [(row, is_own, told) for row, is_own in sources for told in store.results(row.run)]
    dated: list[tuple[tuple[int, str], ListedResult]] = []
    for row, is_own, told in found:
        written = _written_ns(home, ResultKey(row.run, told.folder))
        if written is not None:
            listed = _listed(row, told, is_own)
            # Where nobody knew the truth there is no metric; such a folder may be called as the dataset is.
            if not is_own and (row.dataset != trained.dataset or not told.metrics):
                listed = replace(listed, elsewhere=row.dataset or "")
            dated.append(((written, told.folder), listed))
    dated.sort(key=lambda pair: pair[0], reverse=True)
    return [listed for _, listed in dated]


def list_partials(home: Home, run: str) -> list[ListedResult]:
    """List what is just being measured of a training run, by itself or by evaluations of it. Reads store and disk.

    Raises:
        UserError: one of the store's.
    """
    with Store.open(home.store_path) as store:
        trained = store.run(run)
        sources = [(trained, True)]
        sources += [(row, False) for row in store.runs("evaluate") if row.parent == run]
    found: list[ListedResult] = []
    for row, is_own in sources:
        key = newest_partial(home, row.run) if row.state in ACTIVE_STATES else None
        if key is None:
            continue
        try:
            summary = read_record(summary_path(home, key), ResultSummary)
        except UserError:
            continue  # it has just given way to the next one
        found.append(
            ListedResult(
                key=key,
                split=summary.split,
                epoch=summary.epoch,
                step=summary.step,
                checkpoint=summary.checkpoint,
                dataset=summary.dataset,
                metrics=summary.metrics,
                is_own=is_own,
                progress=(summary.images, summary.expected),
                elsewhere=(row.dataset or "") if row.dataset != trained.dataset else "",
            )
        )
    return found


def _listed(row: RunRow, told: ResultRow, is_own: bool) -> ListedResult:
    return ListedResult(
        key=ResultKey(row.run, told.folder),
        split=told.split,
        epoch=told.epoch,
        step=told.step,
        checkpoint=told.checkpoint,
        dataset=row.dataset or "",
        metrics=told.metrics,
        is_own=is_own,
    )


def _written_ns(home: Home, key: ResultKey) -> int | None:
    """When a result was written; None when it is gone."""
    try:
        return summary_path(home, key).stat().st_mtime_ns
    except OSError:
        return None


def runs_with_results(home: Home) -> frozenset[str]:
    """Which training runs have anything to show: own results, or evaluations. Reads the store."""
    with Store.open(home.store_path) as store:
        found = {row.run for row in store.runs("train") if store.results(row.run)}
        found |= {row.parent for row in store.runs("evaluate") if row.parent and store.results(row.run)}
    return frozenset(found)


def result_before(listed: Sequence[ListedResult], key: ResultKey) -> ListedResult | None:
    """Give the result that a change is told against: the nearest earlier one of the same split and dataset."""
    earlier = comparable(listed, key)[:-1]
    return earlier[-1] if earlier else None


def comparable(listed: Sequence[ListedResult], key: ResultKey) -> list[ListedResult]:
    """Give the results that a result can be compared with, by step, itself as the last; none where it is unknown."""
    this = next((entry for entry in listed if entry.key == key), None)
    if this is None:
        return []
    earlier = [
        entry
        for entry in listed
        if entry.split == this.split
        and entry.dataset == this.dataset
        and entry.step < this.step
        and entry.is_own == this.is_own
    ]
    return [*sorted(earlier, key=lambda entry: (entry.step, entry.key.folder)), this]
