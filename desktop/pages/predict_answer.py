"""The right side of the Predict page: one image large, and what the model says of it."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from desktop.models.predictions import UNSURE, Prediction
from desktop.theme.fonts import font
from desktop.theme.tokens import SPACE, TYPE
from desktop.viewers.image_view import ImageView
from desktop.viewers.score_bars import ScoreBar, ScoreBars
from desktop.widgets.card import Card, column, row
from desktop.widgets.labels import ElidedLabel, text_label
from desktop.widgets.pill import Pill

SIDE_WIDTH = 300
_LOADING = "The model is being loaded. The first answer takes a few seconds."


class AnswerPanel(QWidget):
    """Shows a `Prediction`, or that nothing is chosen."""

    def __init__(self) -> None:
        super().__init__()
        line = row(SPACE.m)
        self.setLayout(line)
        frame = Card(margins=(1, 1, 1, 1))
        self.picture = ImageView("Chosen image")
        frame.body.addWidget(self.picture)
        line.addWidget(frame, 1)
        side = Card()
        side.setFixedWidth(SIDE_WIDTH)
        line.addWidget(side)
        names = column(SPACE.xxs)
        self._file = ElidedLabel("", "caption", middle=True)
        self.label = ElidedLabel("", "metric")
        self.label.setFont(font(TYPE.metric, 600))
        names.addWidget(self._file)
        names.addWidget(self.label)
        side.body.addLayout(names)
        told = row()
        self.verdict = Pill()
        told.addWidget(self.verdict)
        told.addStretch(1)
        side.body.addLayout(told)
        self.why = text_label("", "muted", wrap=True)
        side.body.addWidget(self.why)
        side.body.addSpacing(SPACE.s)
        self._heading = text_label("Likeliest classes", "section")
        side.body.addWidget(self._heading)
        self.scores = ScoreBars("Likeliest classes")
        side.body.addWidget(self.scores)
        side.body.addStretch(1)

    def show_prediction(
        self, entry: Prediction | None, threshold: float, *, is_loading: bool = False
    ) -> None:
        """Show another file, or the same one with another answer or threshold.

        Args:
            entry: the file and what is known of it.
            threshold: 0 to 1, below it an answer is unsure.
            is_loading: the model is not there yet.
        """
        path = entry.path if entry is not None else None
        if path != self.picture.path:
            self.picture.show_file(path)
        self._file.setText(entry.path.name if entry is not None else "")
        self._show_words(entry, threshold, is_loading=is_loading)
        top = entry.record.top if entry is not None and entry.record is not None else ()
        self._heading.setVisible(bool(top))
        self.scores.setVisible(bool(top))
        self.scores.show_bars(
            [
                ScoreBar(
                    scored.label,
                    scored.confidence,
                    f"{scored.confidence:.1%}",
                    "accent_fill" if place == 0 else "text3",
                    is_strong=place == 0,
                )
                for place, scored in enumerate(top)
            ]
        )
        self.setAccessibleDescription(
            f"{self._file.whole_text()}: {self.label.whole_text()}. {self.why.text()}"
        )

    def _show_words(self, entry: Prediction | None, threshold: float, *, is_loading: bool) -> None:
        if entry is None:
            self._say("Choose an image", None, "")
        elif entry.error:
            self._say("Unreadable", ("Not looked at", "bad"), entry.error)
        elif not entry.is_answered:
            why = _LOADING if is_loading else "The model has not looked at it yet."
            self._say("Waiting", None, why)
        elif entry.label(threshold) == UNSURE:
            why = f"The likeliest class, {entry.best}, is below the threshold of {threshold:.0%}."
            self._say("Unsure", (f"{entry.confidence:.1%}", "warn"), why)
        else:
            self._say(entry.best, (f"{entry.confidence:.1%} confidence", "ok"), "")

    def _say(self, label: str, pill: tuple[str, str] | None, why: str) -> None:
        self.label.setText(label)
        self.verdict.setVisible(pill is not None)
        if pill is not None:
            self.verdict.say(*pill)
        self.why.setText(why)
        self.why.setVisible(bool(why))
