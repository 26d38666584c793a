"""The confusion matrix of a report: all of it where it is small, else the pairs that are confused most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

MOST_CLASSES = 24
"""With more a matrix cannot be read on a page."""
_PAIRS = 20
_CELL = 30
_NAME = 13
"""Letters of a class beside the matrix."""
_SHADES = 10
BACKGROUND = "background"


@dataclass(frozen=True, slots=True, eq=False)
class Confusions:
    """Rows are the true classes."""

    counts: NDArray[np.int64]
    names: tuple[str, ...]

    @property
    def has_background(self) -> bool:
        return self.names[-1:] == (BACKGROUND,)


def read_confusions(folder: Path, classes: Sequence[str]) -> Confusions | None:
    """Read the matrix of a result; None where it has none, or one that does not fit its classes."""
    path = folder / "confusion.npy"
    try:
        counts = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    side = counts.shape[0] if counts.ndim == 2 else -1
    if counts.ndim != 2 or side != counts.shape[1] or side not in (len(classes), len(classes) + 1):
        return None
    extra = (BACKGROUND,) if side > len(classes) else ()
    return Confusions(counts.astype(np.int64), (*classes, *extra))


def matrix_html(confusions: Confusions) -> str:
    """Draw it, or list its worst pairs."""
    if len(confusions.names) > MOST_CLASSES:
        return _pairs(confusions)
    return _drawn(confusions)


def worst_pairs(confusions: Confusions, most: int = _PAIRS) -> list[tuple[str, str, int, float]]:
    """Give true class, predicted class, how often, and the share of the true class; the most frequent first."""
    wrong = confusions.counts.copy()
    np.fill_diagonal(wrong, 0)
    totals = confusions.counts.sum(axis=1)
    order: list[int] = np.argsort(-wrong, axis=None, kind="stable")[:most].tolist()
    found: list[tuple[str, str, int, float]] = []
    for place in order:
        true, predicted = divmod(place, len(confusions.names))
        count = int(wrong[true, predicted])
        if count:
            share = count / int(totals[true])
            found.append((confusions.names[true], confusions.names[predicted], count, share))
    return found


def _pairs(confusions: Confusions) -> str:
    rows = "".join(
        f"<tr><td>{escape(true)}</td><td>{escape(said)}</td><td class=n>{count:,}</td><td class=n>{share:.1%}</td></tr>"
        for true, said, count, share in worst_pairs(confusions)
    )
    if not rows:
        return "<p>Nothing was confused.</p>"
    return (
        f"<p>Of {len(confusions.names):,} classes, the pairs that are confused most.</p><table>"
        "<tr><th>True</th><th>Predicted</th><th class=n>Times</th><th class=n>Of the true class</th></tr>"
        f"{rows}</table>"
    )


def _drawn(confusions: Confusions) -> str:
    """Rows in percent of the true class; what is made up where nothing is has no whole, and is told as a number."""
    names, counts = confusions.names, confusions.counts
    labels = [name if len(name) <= _NAME else f"{name[: _NAME - 1]}…" for name in names]
    left = 7 * max(len(label) for label in labels) + 12
    side = len(names) * _CELL
    below = left + 10
    parts: list[str] = []
    for true, label in enumerate(labels):
        middle = true * _CELL + _CELL / 2
        parts.append(
            f'<text class="axis" text-anchor="end" x="{left - 6}" y="{middle + 4}">{escape(label)}</text>'
            f'<text class="axis" text-anchor="end" transform="translate({left + middle + 4},{side + 8}) rotate(-90)">'
            f"{escape(label)}</text>"
        )
        parts += [_cell(confusions, (true, said), left) for said in range(len(names))]
    width, height = left + side + 2, side + below
    told = (
        f"Confusion matrix of {len(names)} classes, {int(np.trace(counts)):,} of {int(counts.sum()):,} right"
    )
    note = "Rows: the true class, in % of it. Columns: what was predicted."
    if confusions.has_background:
        note += " Background: missed (last column), and made up (last row, in numbers)."
    return (
        f'<svg class="matrix" style="max-width:{width}px" viewBox="0 0 {width} {height}" '
        f'role="img" aria-label="{told}">{"".join(parts)}</svg>'
        f"<p class=note>{note}</p>"
    )


def _cell(confusions: Confusions, place: tuple[int, int], left: int) -> str:
    true, said = place
    count, total = int(confusions.counts[true, said]), int(confusions.counts[true].sum())
    is_made_up = confusions.has_background and true == len(confusions.names) - 1
    share = count / total if total else 0.0
    shade = "empty" if not count else "good" if true == said else "bad"
    strength = max(1, round(share * _SHADES)) if count else 0
    x, y = left + said * _CELL, true * _CELL
    told = (
        "" if not count else f"{count:,}" if is_made_up else f"{share * 100:.0f}" if share >= 0.005 else "<1"
    )
    names = confusions.names
    tip = escape(f"{names[true]} → {names[said]}: {count:,}")
    box = f'<rect class="{shade}" style="fill-opacity:{_opacity(strength)}" x="{x + 1}" y="{y + 1}"'
    strong = " strong" if strength > _SHADES * 0.6 else ""
    return (
        f'<g><title>{tip}</title>{box} width="{_CELL - 2}" height="{_CELL - 2}" rx="3"/>'
        f'<text class="cell{strong}" text-anchor="middle" x="{x + _CELL / 2}" y="{y + _CELL / 2 + 4}">'
        f"{escape(told)}</text></g>"
    )


def _opacity(strength: int) -> str:
    return "1" if not strength else f"{0.18 + 0.82 * strength / _SHADES:.2f}"
