"""The line of the Validate page that moves through time: a slider over the validations of the run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QWidget

from desktop.models.result import ResultKey
from desktop.models.result_history import Moment, place_of
from desktop.theme.fonts import font
from desktop.theme.tokens import SPACE, TYPE
from desktop.widgets.buttons import icon_button, on_click
from desktop.widgets.card import row
from desktop.widgets.labels import text_label
from desktop.widgets.moment_slider import Moments, MomentSlider

NUMBERS_ONLY = "numbers only: no results by image were kept"
_PLAY, _PAUSE = "ph.play", "ph.pause"
_STEP_MS = 450
_WIDEST_TITLE = "Epoch 300 · 300 of 300"
"""Gets its room at once, so that the slider does not move under the mouse."""
_EARLIER, _LATER = "[", "]"


@dataclass(frozen=True, slots=True)
class TimeLine:
    """The validations of a run, as they are offered."""

    moments: Sequence[Moment] = ()
    numbers_only: frozenset[ResultKey] = frozenset()
    curve: Sequence[float | None] = ()
    """The measure of the task at each."""


class HistoryBar(QWidget):
    """Moves through validations; tells which one the user wants to see, and whether to stay with the newest."""

    moved = Signal(object, bool)
    """The `ResultKey` of a validation, and whether it is the newest."""

    def __init__(self) -> None:
        super().__init__()
        self._line = TimeLine()
        self._shown: ResultKey | None = None
        self._is_waiting = False
        """Whether the validation that was gone to has not been opened yet."""
        self._playing = QTimer(self)
        self._playing.setInterval(_STEP_MS)
        self._playing.timeout.connect(self._play_on)
        line = row(SPACE.xs)
        self.setLayout(line)
        self.earlier = icon_button("ph.caret-left", "Earlier validation", "")
        self.earlier.setToolTip(f"Earlier validation  ({_EARLIER})")
        self.later = icon_button("ph.caret-right", "Later validation", "")
        self.later.setToolTip(f"Later validation  ({_LATER})")
        self.play = icon_button(_PLAY, "Play the validations one after the other", "")
        self.slider = MomentSlider("Validation shown")
        self.title = text_label("", "muted")
        self.title.setFont(font(TYPE.body, tabular=True))
        self.title.setMinimumWidth(self.title.fontMetrics().horizontalAdvance(_WIDEST_TITLE))
        line.addWidget(self.title)
        line.addWidget(self.earlier)
        line.addWidget(self.slider, 1)
        for widget in (self.later, self.play):
            line.addWidget(widget)
        on_click(self.earlier, self.step_back)
        on_click(self.later, self.step_on)
        on_click(self.play, self.toggle_play)
        self.slider.moved_to.connect(self._move)
        self.earlier.setShortcut(_EARLIER)
        self.later.setShortcut(_LATER)
        self.hide()

    @property
    def line(self) -> TimeLine:
        return self._line

    @property
    def is_playing(self) -> bool:
        return self._playing.isActive()

    def show_line(self, line: TimeLine, shown: ResultKey | None) -> None:
        """Offer these validations, and mark the one that is shown. Of fewer than two there is nothing to move."""
        self._line, self._shown = line, shown
        self.setVisible(len(line.moments) > 1)
        faint = frozenset(n for n, moment in enumerate(line.moments) if moment.key in line.numbers_only)
        best = next((n for n, moment in enumerate(line.moments) if moment.is_best), -1)
        titles = [moment.title for moment in line.moments]
        notes = dict.fromkeys(faint, NUMBERS_ONLY)
        self.slider.show_moments(Moments(titles, notes, best, faint, line.curve), self._place())
        self._say()

    def arrive(self, shown: ResultKey | None) -> None:
        """Say that a result is shown now: one of these, or another."""
        self._is_waiting = False
        self._mark(shown)

    def step_back(self) -> None:
        self.stop()
        self._go_to(self._place() - 1 if self._place() >= 0 else len(self._line.moments) - 1)

    def step_on(self) -> None:
        self.stop()
        self._go_to(self._place() + 1)

    def toggle_play(self) -> None:
        """Show one validation after the other, from the first where the last is shown; or stop doing so."""
        if self.is_playing:
            self.stop()
            return
        if self._place() >= len(self._line.moments) - 1:
            self._go_to(0)
        self._playing.start()
        self._show_play()

    def stop(self) -> None:
        """Play no more."""
        self._playing.stop()
        self._show_play()

    def _play_on(self) -> None:
        is_over = self._place() >= len(self._line.moments) - 1
        if is_over or not self.isVisible():
            self.stop()
        elif not self._is_waiting:
            self._go_to(self._place() + 1)

    def _move(self, place: int) -> None:
        """By the user's hand: what plays does not go on from there."""
        self.stop()
        self._go_to(place)

    def _go_to(self, place: int) -> None:
        if not 0 <= place < len(self._line.moments):
            return
        key = self._line.moments[place].key
        self._is_waiting = True
        self._mark(key)
        self.moved.emit(key, place == len(self._line.moments) - 1)

    def _mark(self, shown: ResultKey | None) -> None:
        self._shown = shown
        self.slider.stand_on(self._place())
        self._say()

    def _place(self) -> int:
        return place_of(self._line.moments, self._shown)

    def _show_play(self) -> None:
        self.play.set_icon(_PAUSE if self.is_playing else _PLAY)
        name = "Stop playing" if self.is_playing else "Play the validations one after the other"
        self.play.setAccessibleName(name)
        self.play.setToolTip(name)

    def _say(self) -> None:
        place, count = self._place(), len(self._line.moments)
        self.earlier.setEnabled(place != 0)
        self.later.setEnabled(0 <= place < count - 1)
        if place < 0:
            self.title.setText(f"{count} validations")
            return
        self.title.setText(f"{self._line.moments[place].title} · {place + 1:,} of {count:,}")
        self.title.setToolTip(self.slider.title(place))
