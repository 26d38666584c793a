"""Words of another machine made safe to show: no escape sequences that a terminal would obey, and not without end."""

from __future__ import annotations

from typing import Final

LONGEST: Final = 500


def plain(text: str, longest: int = LONGEST) -> str:
    """Give a text with a space in the place of all that does not print, cut to a length that can be shown."""
    return "".join(letter if letter.isprintable() else " " for letter in text[:longest])
