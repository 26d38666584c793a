"""The right side of the Predict page: one image large with what models find drawn on it, and what they say."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRect
from PySide6.QtWidgets import QWidget

from desktop.models.answer import Answer, AnswerBar
from desktop.models.drawn_labels import DrawnLabels
from desktop.models.predictions import Prediction
from desktop.pages.predict_pictures import PicturePair
from desktop.theme.fonts import font
from desktop.theme.tokens import SPACE, TYPE
from desktop.viewers.score_bars import ScoreBar, ScoreBars
from desktop.widgets.card import Card, column, row
from desktop.widgets.labels import ElidedLabel, text_label
from desktop.widgets.pill import Pill
from desktop.widgets.scrolled import scrolled

SIDE_WIDTH = 300
_LOADING = "The model is being loaded. The first answer takes a few seconds."
_WAITING = "The model has not looked at it yet."


class AnswerPanel(QWidget):
    """Shows a `Prediction` and its `Answer`, or that nothing is chosen; beside it the answer of another model."""

    def __init__(self) -> None:
        super().__init__()
        line = row(SPACE.m)
        self.setLayout(line)
        self.pictures = PicturePair()
        self.picture, self.controls = self.pictures.picture, self.pictures.controls
        line.addWidget(self.pictures, 1)
        side = Card()
        side.setFixedWidth(SIDE_WIDTH)
        line.addWidget(side)
        self._file = ElidedLabel("", "caption", middle=True)
        side.body.addWidget(self._file)
        self.told = AnswerWords()
        self.other = AnswerWords()
        self.other.hide()
        side.body.addWidget(self.told, 1)
        side.body.addWidget(self.other, 1)
        self.label, self.why, self.scores = self.told.label, self.told.why, self.told.scores

    def show_prediction(
        self, entry: Prediction | None, answer: Answer | None, *, is_loading: bool = False
    ) -> None:
        """Show another file, or the same one with another answer or threshold.

        Args:
            entry: the file and what is known of it.
            answer: what the model says of it at the threshold; None where there is no answer.
            is_loading: the model is not there yet.
        """
        region = entry.region if entry is not None else None
        path = None if entry is None else entry.path if region is None else region.source
        part = QRect() if region is None else QRect(region.left, region.top, region.width, region.height)
        self.pictures.show_file(path, part)
        self._file.setText(entry.name if entry is not None else "")
        self.told.say(entry, answer, is_loading=is_loading)
        self.setAccessibleDescription(
            f"{self._file.whole_text()}: {self.label.whole_text()}. {self.why.text()}"
        )

    def compare(self, titles: tuple[str, str] | None) -> None:
        """Show the answers of two models with these titles; None shows one."""
        self.pictures.compare(titles)
        self.other.setVisible(titles is not None)
        self.told.head(titles[0] if titles is not None else "")
        self.other.head(titles[1] if titles is not None else "")

    def show_labels(self, labels: DrawnLabels | None, classes: Sequence[str], place: int = 0) -> None:
        """Draw what the first (0) or the second model (1) finds on the image; None takes it away."""
        self.pictures.show_labels(place, labels, classes)

    def set_threshold(self, threshold: float) -> None:
        """Draw only what is as sure as this, 0 to 1."""
        self.pictures.set_threshold(threshold)


class AnswerWords(QWidget):
    """What one model says of one image: headline, verdict, why, and the scores."""

    def __init__(self) -> None:
        super().__init__()
        body = column(SPACE.xs)
        self.setLayout(body)
        self._model = ElidedLabel("", "caption")
        self._model.hide()
        body.addWidget(self._model)
        self.label = ElidedLabel("", "metric")
        self.label.setFont(font(TYPE.metric, 600))
        body.addWidget(self.label)
        told = row()
        self.verdict = Pill()
        told.addWidget(self.verdict)
        told.addStretch(1)
        body.addLayout(told)
        self.why = text_label("", "muted", wrap=True)
        body.addWidget(self.why)
        body.addSpacing(SPACE.s)
        self._heading = text_label("", "section")
        body.addWidget(self._heading)
        self.scores = ScoreBars("")
        body.addWidget(scrolled(self.scores, "What the model says"), 1)

    def head(self, model: str) -> None:
        """Say which model it is; nothing where there is only one."""
        self._model.setText(model)
        self._model.setVisible(bool(model))

    def say(self, entry: Prediction | None, answer: Answer | None, *, is_loading: bool = False) -> None:
        """Tell an answer, or why there is none."""
        self._show_words(entry, answer, is_loading=is_loading)
        bars = answer.bars if answer is not None else ()
        self._heading.setText(answer.heading if answer is not None else "")
        self._heading.setVisible(bool(bars))
        self.scores.setVisible(bool(bars))
        self.scores.setAccessibleName(self._heading.text())
        self.scores.show_bars([_bar(entry) for entry in bars])

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
            self.verdict.updateGeometry()  # another tone is another style
        self.why.setText(why)
        self.why.setVisible(bool(why))


def _bar(bar: AnswerBar) -> ScoreBar:
    role = "accent_fill" if bar.is_strong else "text3"
    return ScoreBar(bar.label, bar.value, f"{bar.value:.1%}", role, bar.is_strong, number=bar.number)
