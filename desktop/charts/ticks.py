"""Where an axis has its marks and how they are written, for linear and logarithmic scales. No Qt."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

_STEPS = (1.0, 2.0, 2.5, 5.0)
_WHOLE_STEPS = (1.0, 2.0, 5.0)
_PLAIN = (1e-4, 1e6)
"""Between these, numbers are written without a power of ten."""
_EDGE = 1e-9


def linear_ticks(low: float, high: float, most: int, *, whole: bool = False) -> list[float]:
    """Give round numbers between two bounds.

    Args:
        low: lower bound.
        high: upper bound.
        most: so many at the most.
        whole: only whole numbers, for epochs.
    """
    if not (math.isfinite(low) and math.isfinite(high)) or high <= low:
        return []
    power = 10.0 ** math.floor(math.log10((high - low) / (most + 1)))
    for step in (fold * power * ten for ten in (1, 10, 100) for fold in (_WHOLE_STEPS if whole else _STEPS)):
        first, last = math.ceil(low / step - _EDGE), math.floor(high / step + _EDGE)
        if last - first < most and (step >= 1 or not whole):
            return [index * step for index in range(first, last + 1)]
    return []


def log_ticks(low: float, high: float, most: int) -> list[float]:
    """Give round numbers between two positive bounds: powers of ten, their 2 and 5 folds where there is room."""
    if not 0 < low < high or not math.isfinite(high):
        return []
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    for folds in ((1, 2, 5), (1, 3), (1,)):
        found = [
            fold * 10.0**power
            for power in range(first, last + 1)
            for fold in folds
            if low * (1 - _EDGE) <= fold * 10.0**power <= high * (1 + _EDGE)
        ]
        if len(found) <= most:
            break
    else:
        found = found[:: -(-len(found) // max(1, most))]
    return found if len(found) > 1 else linear_ticks(low, high, most)


def tick_texts(values: Sequence[float]) -> list[str]:
    """Write the marks of one axis with as many decimals as tell them apart."""
    if not values:
        return []
    largest = max(abs(value) for value in values)
    smallest = min((abs(value) for value in values if value), default=1.0)
    if largest >= _PLAIN[1] or (largest and largest < _PLAIN[0]) or largest / smallest > _PLAIN[1]:
        return [f"{value:g}" for value in values]
    if len(values) > 2 and _is_uneven(values):
        return [f"{value:g}" for value in values]
    step = min((b - a for a, b in itertools.pairwise(values)), default=largest or 1.0)
    decimals = max(0, *(_decimals(value) for value in (step, values[0])))
    return [f"{value:,.{decimals}f}" for value in values]


def number_text(value: float) -> str:
    """Write one value with four figures that count, as in a table of measurements."""
    if not math.isfinite(value):
        return "–"
    if value and not _PLAIN[0] <= abs(value) < _PLAIN[1]:
        return f"{value:.3g}"
    whole = len(str(int(abs(value))))
    if not value or abs(value) < 1:
        leading = -math.floor(math.log10(abs(value))) if value else 1
        return f"{value:.{3 + leading}f}"
    return f"{value:,.{max(0, 4 - whole)}f}"


def epoch_text(epoch: float) -> str:
    """Write a moment of the training: 22, or 22.35 inside an epoch."""
    return f"{epoch:,.2f}".rstrip("0").rstrip(".")


def _is_uneven(values: Sequence[float]) -> bool:
    gaps = [b - a for a, b in itertools.pairwise(values)]
    return max(gaps) > 1.01 * min(gaps)


def _decimals(value: float) -> int:
    """How many decimals write a number in full, at most 6."""
    text = f"{abs(value):.6f}".rstrip("0")
    return len(text.partition(".")[2])
