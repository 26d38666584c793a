"""The right side of the Predict page: one image large with what the model finds drawn on it, and what it says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from desktop.models.answer import Answer, AnswerBar
from desktop.models.drawn_labels import DrawnLabels
from desktop.models.predictions import Prediction
from desktop.theme.fonts import font
from desktop.theme.tokens import SPACE, TYPE
from desktop.viewers.label_controls import LabelControls
from desktop.viewers.label_drawing import LineStyle
from desktop.viewers.label_view import PREDICTION, LabelView
from desktop.viewers.score_bars import ScoreBar, ScoreBars
from desktop.widgets.card import Card, column, row
from desktop.widgets.labels import ElidedLabel, text_label
from desktop.widgets.pill import Pill
from desktop.widgets.scrolled import scrolled

SIDE_WIDTH = 300
_LOADING = "The model is being loaded. The first answer takes a few seconds."
_WAITING = "The model has not looked at it yet."


class AnswerPanel(QWidget):
    """Shows a `Prediction` and its `Answer`, or that nothing is chosen."""

    def __init__(self) -> None:
        super().__init__()
        line = row(SPACE.m)
        self.setLayout(line)
        pictures = column(SPACE.s)
        self.picture = LabelView("Chosen image")
        self.controls = LabelControls([self.picture])
        self.controls.hide()
        pictures.addWidget(self.controls, 0, Qt.AlignmentFlag.AlignRight)
        frame = Card(margins=(1, 1, 1, 1))
        frame.body.addWidget(self.picture)
        pictures.addWidget(frame, 1)
        line.addLayout(pictures, 1)
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
        self._heading = text_label("", "section")
        side.body.addWidget(self._heading)
        self.scores = ScoreBars("")
        side.body.addWidget(scrolled(self.scores, "What the model says"), 1)

    def show_prediction(
        self, entry: Prediction | None, answer: Answer | None, *, is_loading: bool = False
    ) -> None:
        """Show another file, or the same one with another answer or threshold.

        Args:
            entry: the file and what is known of it.
            answer: what the model says of it at the threshold; None where there is no answer.
            is_loading: the model is not there yet.
        """
        path = entry.path if entry is not None else None
        if path != self.picture.path:
            self.picture.show_file(path)
        self._file.setText(entry.path.name if entry is not None else "")
        self._show_words(entry, answer, is_loading=is_loading)
        bars = answer.bars if answer is not None else ()
        self._heading.setText(answer.heading if answer is not None else "")
        self._heading.setVisible(bool(bars))
        self.scores.setVisible(bool(bars))
        self.scores.setAccessibleName(self._heading.text())
        self.scores.show_bars([_bar(entry) for entry in bars])
        self.setAccessibleDescription(
            f"{self._file.whole_text()}: {self.label.whole_text()}. {self.why.text()}"
        )

    def show_labels(self, labels: DrawnLabels | None, classes: Sequence[str]) -> None:
        """Draw what the model finds on the image; None takes it away."""
        self.picture.set_classes(classes)
        self.picture.set_layer(PREDICTION, labels, LineStyle())
        self.controls.offer(
            boxes=labels is not None and len(labels) > 0, masks=labels is not None and labels.has_masks
        )

    def set_threshold(self, threshold: float) -> None:
        """Draw only what is as sure as this, 0 to 1."""
        self.controls.set_look(replace(self.controls.look, floor=threshold))

    def _show_words(self, entry: Prediction | None, answer: Answer | None, *, is_loading: bool) -> None:
        if entry is None:
            self._say("Choose an image", None, "")
        elif entry.error:
            self._say("Unreadable", ("Not looked at", "bad"), entry.error)
        elif answer is None:
            self._say("Waiting", None, _LOADING if is_loading else _WAITING)
        else:
            self._say(answer.headline, (answer.pill, "warn" if answer.is_unsure else "ok"), answer.why)

    def _say(self, label: str, pill: tuple[str, str] | None, why: str) -> None:
        self.label.setText(label)
        self.verdict.setVisible(pill is not None)
        if pill is not None:
            self.verdict.say(*pill)
        self.why.setText(why)
        self.why.setVisible(bool(why))


def _bar(bar: AnswerBar) -> ScoreBar:
    role = "accent_fill" if bar.is_strong else "text3"
    return ScoreBar(bar.label, bar.value, f"{bar.value:.1%}", role, bar.is_strong, number=bar.number)
