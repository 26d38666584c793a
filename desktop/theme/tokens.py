"""Every colour and size of the window. Nothing outside this folder names one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Tokens:
    """The colours of one theme, by what they are for."""

    name: str
    bg: str
    rail: str
    card: str
    field: str
    hover: str
    press: str
    line: str
    line_strong: str
    text: str
    text2: str
    text3: str
    accent: str
    accent_fill: str
    accent_fill_hover: str
    accent_soft: str
    on_accent: str
    ok: str
    ok_soft: str
    bad: str
    bad_soft: str
    warn: str
    warn_soft: str
    s1: str
    s2: str
    s3: str
    s4: str
    s5: str
    s6: str
    grid: str
    shadow: str


DARK: Final = Tokens(
    name="dark",
    bg="#101217",
    rail="#0b0d11",
    card="#181b22",
    field="#1f232c",
    hover="#242936",
    press="#2c3240",
    line="#262b36",
    line_strong="#3b4353",
    text="#eceff4",
    text2="#aab3c2",
    text3="#8791a3",
    accent="#7aa2ff",
    accent_fill="#3f6fe8",
    accent_fill_hover="#3663d6",
    accent_soft="#1c2740",
    on_accent="#ffffff",
    ok="#4cc38a",
    ok_soft="#132d22",
    bad="#ff7b7f",
    bad_soft="#3a1a1e",
    warn="#f0b654",
    warn_soft="#33270f",
    s1="#7aa2ff",
    s2="#ffb057",
    s3="#4fd1b5",
    s4="#e58ad8",
    s5="#c9b45a",
    s6="#8fd3ff",
    grid="#222732",
    shadow="#000000",
)
LIGHT: Final = Tokens(
    name="light",
    bg="#f6f7f9",
    rail="#eceef2",
    card="#ffffff",
    field="#ffffff",
    hover="#eef1f6",
    press="#e2e7ef",
    line="#e2e6ec",
    line_strong="#c2cad6",
    text="#151a23",
    text2="#485264",
    text3="#5c6779",
    accent="#2558d8",
    accent_fill="#2b60e4",
    accent_fill_hover="#2254d1",
    accent_soft="#e6eeff",
    on_accent="#ffffff",
    ok="#0e7a4f",
    ok_soft="#e2f5ec",
    bad="#c22f3a",
    bad_soft="#fdeaeb",
    warn="#8a5a00",
    warn_soft="#fdf2dc",
    s1="#2b60e4",
    s2="#c56a00",
    s3="#00806a",
    s4="#a8388f",
    s5="#7a6a00",
    s6="#0072b0",
    grid="#e9ecf1",
    shadow="#000000",
)
SERIES: Final = ("s1", "s2", "s3", "s4", "s5", "s6")
"""Roles of curves, in the order in which they are given out."""


@dataclass(frozen=True, slots=True)
class Space:
    """Distances, pixels at scale 1."""

    xxs: int = 2
    xs: int = 4
    s: int = 8
    m: int = 12
    l: int = 16  # noqa: E741  # the scale's own names
    page: int = 20
    xl: int = 24
    xxl: int = 32


@dataclass(frozen=True, slots=True)
class Radius:
    """Corner radii, pixels at scale 1."""

    inner: int = 6
    control: int = 8
    card: int = 12


@dataclass(frozen=True, slots=True)
class Size:
    """Fixed sizes, pixels at scale 1."""

    control: int = 30
    primary: int = 36
    rail: int = 72
    top_bar: int = 52
    setup_pane: int = 348
    icon: int = 16
    icon_large: int = 20
    icon_hero: int = 40
    minimum_width: int = 1024
    minimum_height: int = 660
    first_width: int = 1440
    first_height: int = 900
    dialog: int = 460
    sheet: int = 720
    toast: int = 360
    palette: int = 560


@dataclass(frozen=True, slots=True)
class Type:
    """Font sizes, pixels at scale 1."""

    overline: int = 11
    caption: int = 12
    body: int = 13
    section: int = 15
    page: int = 18
    metric: int = 24


SPACE: Final = Space()
RADIUS: Final = Radius()
SIZE: Final = Size()
TYPE: Final = Type()
TOAST_MS: Final = 6_000
UNDO_MS: Final = 10_000
"""How long an Undo is offered."""
