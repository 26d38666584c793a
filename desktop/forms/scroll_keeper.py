"""Keeps what the user looks at in its place while rows come and go around it."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from PySide6.QtCore import QCoreApplication, QEvent, QPoint
from PySide6.QtWidgets import QApplication, QScrollArea, QWidget

_PASSES = 3
"""Of growing the empty end: the first may only fill the view."""


class ScrollKeeper:
    """Knows which part of a scrolled form must not move.

    Args:
        area: with a resizable widget in it.
        content: that widget.
        slack: an empty widget at the end of the content, grown while the content is too short to stay.
    """

    def __init__(self, area: QScrollArea, content: QWidget, slack: QWidget) -> None:
        self._area = area
        self._content = content
        self._slack = slack
        self._slack.setFixedHeight(0)
        area.verticalScrollBar().valueChanged.connect(self._scrolled)
        self._is_keeping = False

    @contextmanager
    def keeping(self, candidates: list[QWidget]) -> Generator[None]:
        """Keep the widget with the keyboard, else the first of `candidates` in view, where it is on the screen."""
        anchor = self._anchor(candidates)
        before = self._top(anchor) if anchor is not None else 0
        self._is_keeping = True
        try:
            yield
            if anchor is not None and not anchor.isHidden():
                self.settle()
                self._move(self._top(anchor) - before)
        finally:
            self._is_keeping = False

    def _anchor(self, candidates: list[QWidget]) -> QWidget | None:
        if not self._area.isVisible():
            return None
        focused = QApplication.focusWidget()
        if focused is not None and self._content.isAncestorOf(focused) and self._is_in_view(focused):
            return focused
        return next(
            (widget for widget in candidates if widget.isVisible() and self._is_in_view(widget)), None
        )

    def _is_in_view(self, widget: QWidget) -> bool:
        top = self._top(widget)
        return -widget.height() < top < self._area.viewport().height()

    def _top(self, widget: QWidget) -> int:
        return widget.mapTo(self._content, QPoint(0, 0)).y() - self._area.verticalScrollBar().value()

    def settle(self) -> None:
        """Lay out now, so that places can be compared."""
        QCoreApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest)

    def _move(self, by: int) -> None:
        bar = self._area.verticalScrollBar()
        wanted = bar.value() + by
        for _ in range(_PASSES):
            if wanted <= bar.maximum():
                break
            self._slack.setFixedHeight(self._slack.height() + wanted - bar.maximum())
            self.settle()
        bar.setValue(wanted)
        self._give_back()

    def _scrolled(self, _value: int) -> None:
        if not self._is_keeping:
            self._give_back()

    def _give_back(self) -> None:
        """Shrink the empty end to what is still in view of it."""
        height = self._slack.height()
        if height:
            bar = self._area.verticalScrollBar()
            self._slack.setFixedHeight(max(0, height - (bar.maximum() - bar.value())))
