"""What is said about a setting: its help, bounds and default, in sentences."""

from __future__ import annotations

import html

from PySide6.QtGui import Qt

from desktop.forms.number_steps import compact
from engine.config.field import ConfigField, number_text

_SOFT_BREAK = "\u200b"
_LONGEST_WORD = 16
_MOST_SHOWN = 80


def value_text(field: ConfigField, value: object) -> str:
    """Write a setting's value for people: `on`, `none`, `32 images`, `layer3, layer4`."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, (list, tuple)):
        text = ", ".join(map(str, value)) or "none"
    else:
        text = compact(value) or "empty"
        if field.unit and isinstance(value, (int, float)):
            text += f" {field.unit}"
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"


def bounds_text(field: ConfigField) -> str:
    """Say what a number may be: `0 to 1`, `above 0, at most 10`; empty where anything goes."""
    low = "" if field.min is None else number_text(field.min)
    high = "" if field.max is None else number_text(field.max)
    is_open = field.exclusive_min or field.exclusive_max
    if low and high and not is_open:
        return f"{low} to {high}"
    parts = []
    if low:
        parts.append(f"{'above' if field.exclusive_min else 'at least'} {low}")
    if high:
        parts.append(f"{'below' if field.exclusive_max else 'at most'} {high}")
    return ", ".join(parts)


def facts_text(field: ConfigField, base: object) -> str:
    """Say in one line what a setting may be and what it is when left alone."""
    bounds = bounds_text(field)
    words = [*field.special, *(["none"] if field.accepts_none else [])]
    if bounds and words:
        bounds += f", or {' or '.join(words)}"
    parts = [bounds[:1].upper() + bounds[1:]] if bounds else []
    if field.required:
        parts.append("Required")
    parts.append(f"Default {value_text(field, base)}")
    return " · ".join(parts)


def plain_tooltip(text: str) -> str:
    """Let a tooltip show foreign text as it is: Qt would take `<b>` at its beginning for markup."""
    if not Qt.mightBeRichText(text):
        return text
    return f"<qt>{html.escape(text).replace(chr(10), '<br>')}</qt>"


def tooltip_text(field: ConfigField, base: object) -> str:
    """Give the whole help, broken into lines."""
    parts = [*_lines(field.description), facts_text(field, base), field.name]
    return plain_tooltip("\n".join(part for part in parts if part))


def breakable(text: str) -> str:
    """Let a label break within words that are longer than its column."""
    return " ".join(_broken(word) for word in text.split(" "))


def _broken(word: str) -> str:
    if len(word) <= _LONGEST_WORD:
        return word
    marked = word.replace("_", f"_{_SOFT_BREAK}").replace(".", f".{_SOFT_BREAK}")
    parts = marked.split(_SOFT_BREAK)
    cut = [
        part[at : at + _LONGEST_WORD] for part in parts for at in range(0, max(1, len(part)), _LONGEST_WORD)
    ]
    return _SOFT_BREAK.join(cut)


def _lines(text: str, width: int = 64) -> list[str]:
    lines: list[str] = []
    for word in text.split():
        if lines and len(lines[-1]) + len(word) < width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines
