from __future__ import annotations

from PySide6.QtGui import QFont, QFontMetrics

from desktop.theme.fonts import font


def test_that_the_font_shows_an_x_between_digits_as_it_is_typed(qapp: object) -> None:
    plain = font()
    plain.setFeature(QFont.Tag("calt"), 0)
    assert QFontMetrics(font()).horizontalAdvance("50x4") == QFontMetrics(plain).horizontalAdvance("50x4")
