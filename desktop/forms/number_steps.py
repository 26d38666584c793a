"""Numbers in fields: how they are written, read, and moved by the arrow keys."""

from __future__ import annotations

import math

from engine.config.field import ConfigField, number_text

_MANTISSAS = (1.0, 2.0, 5.0)
_SMALLEST_LOG = 1e-6
_DIGITS = 12


def compact(value: object) -> str:
    """Write a number as people do: 0.001, 1e-6, 32; other values as text."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return "" if value is None else str(value)
    if isinstance(value, int):
        return str(value)
    if not math.isfinite(value):
        return str(value)
    text = number_text(value)
    digits, found, power = text.partition("e")
    return f"{digits}e{int(power)}" if found else text


def typed_number(field: ConfigField, text: str) -> object:
    """Read what was typed into a number's field; what is no number stays text, for the engine to refuse."""
    stripped = text.strip()
    if not stripped or stripped in field.special or field.type == "str":
        return stripped
    try:
        number = int(stripped) if field.type == "int" else float(stripped)
    except ValueError:
        return text
    return number if math.isfinite(number) else text


def stepped(field: ConfigField, value: object, steps: int) -> object:
    """Move a number by some presses of an arrow key, within its bounds.

    On a logarithmic field one press goes to the next of 1, 2, 5, 10, …; elsewhere by the field's step, or by one in
    the number's second digit. What is no number begins at the lower bound.
    """
    start = _number(value)
    if start is None:
        start = field.min if field.min is not None else 0.0
        return _fitting(field, start, start)
    moved = start
    for _ in range(abs(steps)):
        moved = _next(field, moved, 1 if steps > 0 else -1)
    return _fitting(field, moved, start)


def _next(field: ConfigField, value: float, direction: int) -> float:
    if field.log and value >= 0:
        return _next_on_log(field, value, direction)
    step = field.step or (1.0 if field.type == "int" else _step_near(field, value))
    return round(value + direction * step, _DIGITS)


def _next_on_log(field: ConfigField, value: float, direction: int) -> float:
    lowest = field.min if field.min else _SMALLEST_LOG
    if value <= 0:
        return lowest if direction > 0 else 0.0
    power = math.floor(math.log10(value))
    marks = [
        float(f"{mantissa:g}e{exponent}")
        for exponent in range(power - 1, power + 2)
        for mantissa in _MANTISSAS
    ]
    tolerance = value * 1e-9
    if direction > 0:
        return next(mark for mark in marks if mark > value + tolerance)
    below = [mark for mark in marks if mark < value - tolerance][-1]
    allows_zero = field.min is not None and field.min == 0 and not field.exclusive_min
    return 0.0 if allows_zero and below < _SMALLEST_LOG * (1 - 1e-9) else below


def _step_near(field: ConfigField, value: float) -> float:
    if value:
        return 10.0 ** (math.floor(math.log10(abs(value))) - 1)
    return (
        0.01
        if field.max is not None and field.max <= 1
        else 0.1
        if field.max is None or field.max < 100
        else 1.0
    )


def _fitting(field: ConfigField, moved: float, start: float) -> object:
    """Keep an arrow's result inside the bounds; at an open bound it stays where it was."""
    low = -math.inf if field.min is None else field.min
    high = math.inf if field.max is None else field.max
    fitted = min(max(moved, low), high)
    at_open_end = (field.exclusive_min and fitted <= low) or (field.exclusive_max and fitted >= high)
    if at_open_end:
        is_allowed = low < start < high
        fitted = start if is_allowed else _inside(low, high)
    return round(fitted) if field.type == "int" else float(fitted)


def _inside(low: float, high: float) -> float:
    if math.isfinite(low) and math.isfinite(high):
        return (low + high) / 2
    return low + 1 if math.isfinite(low) else high - 1


def _number(value: object) -> float | None:
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return float(value)
