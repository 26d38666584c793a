"""The colours of classes on pictures, and what says which is which."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence
from html import escape

MOST_TOLD = 24


def class_colour(number: int) -> tuple[int, int, int]:
    """Give a class its colour: neighbours in number are far apart in hue."""
    red, green, blue = colorsys.hls_to_rgb((number * 0.382) % 1.0, 0.52, 0.75)
    return round(red * 255), round(green * 255), round(blue * 255)


def css_colour(number: int) -> str:
    """Give the same as CSS writes it."""
    red, green, blue = class_colour(number)
    return f"rgb({red},{green},{blue})"


def colour_key(classes: Sequence[str], most: int = MOST_TOLD) -> str:
    """Say which colour a class has."""
    named = "".join(
        f'<span><i style="background:{css_colour(number)}"></i>{escape(name)}</span>'
        for number, name in enumerate(classes[:most])
    )
    return f'<p class="key">{named}</p>'
