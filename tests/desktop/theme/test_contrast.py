"""Every text can be read and every curve be seen, in both themes."""

from __future__ import annotations

import pytest

from desktop.theme.tokens import DARK, LIGHT, SERIES, Tokens

THEMES = pytest.mark.parametrize("tokens", [DARK, LIGHT], ids=["dark", "light"])
TEXT = 4.5
"""Least contrast of text (WCAG 2.2, 1.4.3)."""
GRAPHICS = 3.0
"""Least contrast of what is not text but must be seen (1.4.11)."""
SOFT = ("accent_soft", "ok_soft", "bad_soft", "warn_soft")
TEXT_ON = {
    "text": ("bg", "rail", "card", "field", "hover", "press", *SOFT),
    "text2": ("bg", "rail", "card", "field", "hover", *SOFT),
    "text3": ("bg", "card", "field", "accent_soft"),
    "accent": ("bg", "card", "hover", "accent_soft"),
    "ok": ("bg", "card", "ok_soft"),
    "bad": ("bg", "card", "hover", "bad_soft"),
    "warn": ("bg", "card", "warn_soft"),
    "on_accent": ("accent_fill", "accent_fill_hover"),
}
"""Role of a text, and where the style sheet and the painted widgets write with it."""
PAIRS = [(front, back) for front, backs in TEXT_ON.items() for back in backs]


def luminance(color: str) -> float:
    """Relative luminance of `#rrggbb`, 0 for black to 1 for white."""

    def linear(part: str) -> float:
        value = int(part, 16) / 255
        return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(color[start : start + 2]) for start in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(tokens: Tokens, front: str, back: str) -> float:
    """Contrast of two roles, 1 (the same) to 21 (black on white)."""
    darker, lighter = sorted(luminance(getattr(tokens, role)) for role in (front, back))
    return (lighter + 0.05) / (darker + 0.05)


def test_that_the_formula_gives_the_values_of_the_standard() -> None:
    assert luminance("#ffffff") == pytest.approx(1.0)
    assert luminance("#000000") == 0.0
    assert (1.05) / (luminance("#767676") + 0.05) == pytest.approx(4.54, abs=0.01)


@THEMES
@pytest.mark.parametrize(("front", "back"), PAIRS)
def test_that_text_can_be_read_where_it_is_written(tokens: Tokens, front: str, back: str) -> None:
    assert contrast(tokens, front, back) >= TEXT


@THEMES
@pytest.mark.parametrize("series", SERIES)
@pytest.mark.parametrize("back", ["bg", "card"])
def test_that_every_curve_stands_out_from_what_is_behind_it(tokens: Tokens, series: str, back: str) -> None:
    assert contrast(tokens, series, back) >= GRAPHICS


@THEMES
@pytest.mark.parametrize("back", ["bg", "card", "field", "hover"])
def test_that_the_ring_of_the_focus_can_be_seen(tokens: Tokens, back: str) -> None:
    assert contrast(tokens, "accent", back) >= GRAPHICS
