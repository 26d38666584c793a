"""A comparison in words: differences with their intervals, and noise called noise."""

from __future__ import annotations

from desktop.models.result_comparison import SideBySide
from desktop.models.run_words import change_text, is_share, metric_text, plural
from engine.comparison.compare import Difference

TONES = {"better": "ok", "worse": "bad"}
"""Of findings; all others are said without a colour."""
_WHOLE = 100
_ONE_IN = 20


def difference_text(metric: str, difference: Difference | None) -> str:
    """`+1.2 pt better`, `-0.4 pt not distinguishable`."""
    if difference is None:
        return "–"
    if difference.finding == "the same":
        return "the same"
    return f"{change_text(metric, difference.value)}  {difference.finding}"


def interval_text(metric: str, difference: Difference | None) -> str:
    """`-0.4 to +2.1`, in the unit of the difference."""
    if difference is None or difference.interval is None or difference.finding == "the same":
        return "–"
    low, high = difference.interval
    if is_share(metric):
        return f"{low * _WHOLE:+.1f} to {high * _WHOLE:+.1f}"
    return f"{low:+.3f} to {high:+.3f}"


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
