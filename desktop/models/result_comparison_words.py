"""A comparison in words: differences with their intervals, and noise called noise."""

from __future__ import annotations

from desktop.models.result_comparison import SideBySide
from desktop.models.run_words import change_text, is_share, metric_text, plural
from engine.comparison.compare import FEWEST_IMAGES, Difference

TONES = {"better": "ok", "worse": "bad"}
"""Of findings; all others are said without a colour."""
_WHOLE = 100
_LEAST_POINTS, _LEAST = 0.05, 0.0005
"""What is less is 0 in the digits that are shown."""
_ONE_IN = 20


def difference_text(metric: str, difference: Difference | None) -> str:
    """`+1.2 pt better`, `-0.4 pt not distinguishable`."""
    if difference is None:
        return "–"
    if difference.finding == "the same":
        return "the same"
    return f"{_change(metric, difference.value)}  {difference.finding}"


def _change(metric: str, value: float) -> str:
    """As everywhere; a difference that is too small for the digits is not told as none."""
    if value == 0:
        return change_text(metric, 0.0)
    if is_share(metric) and abs(value) * _WHOLE < _LEAST_POINTS:
        return "under 0.1 pt"
    if not is_share(metric) and abs(value) < _LEAST:
        return "under 0.001"
    return change_text(metric, value)


def interval_text(metric: str, difference: Difference | None) -> str:
    """`-0.4 to +2.1`, in the unit of the difference."""
    if difference is None or difference.interval is None or difference.finding == "the same":
        return "–"
    low, high = difference.interval
    if is_share(metric):
        digits = 1 if max(abs(low), abs(high)) * _WHOLE >= _LEAST_POINTS else 3
        return f"{low * _WHOLE:+.{digits}f} to {high * _WHOLE:+.{digits}f}"
    digits = 3 if max(abs(low), abs(high)) >= _LEAST else 5
    return f"{low:+.{digits}f} to {high:+.{digits}f}"


def spoken(name: str, metric: str, values: tuple[float | None, float | None], difference: Difference) -> str:
    """One difference as a sentence, for the tooltip and screen readers."""
    told = f"{name}: {metric_text(metric, values[0])} against {metric_text(metric, values[1])}"
    match difference.finding:
        case "not distinguishable":
            return f"{told}. Other images could as well turn it around: not distinguishable from noise."
        case "not tested":
            return f"{told}. What is stored by image does not tell how much this varies."
        case "the same":
            return f"{told}. Both say the same of every image."
        case finding:
            return f"{told}. {finding.capitalize()}, beyond what the choice of images explains."


def images_sentence(shown: SideBySide) -> str:
    """On how many images all hold, and how the intervals were made."""
    found = shown.found
    if found.common.is_all:
        images = f"All on the same {plural(found.common.count, 'image')}."
    else:
        totals = [
            f"{side.letter} has {total:,}"
            for side, total in zip(shown.sides, found.common.totals, strict=True)
        ]
        images = f"On the {plural(found.common.count, 'image')} that all have in common; {', '.join(totals)}."
    if found.common.count < FEWEST_IMAGES:
        return f"{images} So few tell no difference from chance."
    draws = f"Intervals: 95%, from {plural(found.draws, 'draw')} of the images"
    if found.draws < found.planned:
        draws += f" of {found.planned:,} planned, for time"
    return f"{images} {draws}."


def chance_sentence(classes: int) -> str:
    """What many intervals at once mean."""
    if classes < _ONE_IN // 2:
        return "Each class is judged on its own images only."
    return f"One class in {_ONE_IN} may seem to differ by chance alone."


def setting_text(value: object) -> str:
    """A value of a setting as the comparison of runs writes it."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)
