"""The bundled fonts: Inter for text, JetBrains Mono for code and logs; where missing, what the system has."""

from __future__ import annotations

import functools
import importlib.util
import logging
from pathlib import Path

from PySide6.QtGui import QFont, QFontDatabase
from PySide6.QtWidgets import QApplication, QWidget

from desktop.theme.tokens import TYPE

TEXT_FAMILIES = ("Inter", "Segoe UI Variable Text", "Segoe UI", "Noto Sans", "DejaVu Sans")
MONO_FAMILIES = ("JetBrains Mono", "Cascadia Mono", "Consolas", "DejaVu Sans Mono", "monospace")
PACKAGES = {
    "fontpkg_inter": "files/Inter[opsz,wght].ttf",
    "fontpkg_jetbrains_mono": "files/JetBrainsMono[wght].ttf",
}
_WEIGHT = QFont.Tag("wght")
_LOG = logging.getLogger(__name__)


def load_fonts() -> list[str]:
    """Make the bundled fonts known to Qt and the text font the application's. Gives what could not be loaded."""
    missing = [name for name in PACKAGES if not _load(name)]
    for name in missing:
        _LOG.warning("The font of %s cannot be loaded; the system's is used.", name)
    chosen = QFont()
    chosen.setFamilies(list(TEXT_FAMILIES))
    chosen.setPixelSize(TYPE.body)
    chosen.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    for tag in ("cv11", "ss03"):
        chosen.setFeature(QFont.Tag(tag), 1)
    chosen.setFeature(QFont.Tag("calt"), 0)  # it would show resnet50x4 as resnet50×4, which nobody can type
    QApplication.setFont(chosen)
    _made.cache_clear()
    return missing


def font_file(package: str) -> Path | None:
    """Give the file of a bundled font; None when its package or the file is missing."""
    folder = package_folder(package)
    file = folder / PACKAGES[package] if folder is not None else None
    return file if file is not None and file.is_file() else None


def licence_text(package: str) -> str:
    """Give the licence that comes with a bundled font; empty when it is not there."""
    folder = package_folder(package)
    file = folder / "LICENSE" if folder is not None else None
    return file.read_text(encoding="utf-8", errors="replace") if file is not None and file.is_file() else ""


def package_folder(package: str) -> Path | None:
    """Where an installed package lies, without importing it."""
    found = importlib.util.find_spec(package)
    return Path(found.origin).parent if found is not None and found.origin else None


def font(size: int = TYPE.body, weight: int = 400, *, tabular: bool = False, mono: bool = False) -> QFont:
    """Give a font of ours.

    Args:
        size: pixels at scale 1, from `TYPE`.
        weight: 400, 500 or 600.
        tabular: all digits have one width, for numbers that change.
        mono: for code and logs.
    """
    return QFont(_made(size, weight, tabular, mono))


def weigh(widget: QWidget, weight: int) -> None:
    """Draw a widget's text in a weight: the fonts are variable, and a style sheet alone does not move their axis."""
    changed = widget.font()
    changed.setWeight(QFont.Weight(weight))
    changed.setVariableAxis(_WEIGHT, weight)
    widget.setFont(changed)


@functools.cache
def _made(size: int, weight: int, tabular: bool, mono: bool) -> QFont:
    made = QFont(QApplication.font())
    if mono:
        made.setFamilies(list(MONO_FAMILIES))
    made.setPixelSize(size)
    made.setWeight(QFont.Weight(weight))
    made.setVariableAxis(_WEIGHT, weight)
    if tabular:
        made.setFeature(QFont.Tag("tnum"), 1)
    return made


def _load(package: str) -> bool:
    file = font_file(package)
    return file is not None and QFontDatabase.addApplicationFont(str(file)) != -1
