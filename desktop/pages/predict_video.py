"""A video or a camera on the Predict page: each frame with what the model says of it, as fast as it can."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QSlider, QWidget

from desktop.context import Context
from desktop.models.drawn_labels import DrawnLabels
from desktop.models.predictions import Prediction
from desktop.models.video_player import VideoFrame, VideoPlayer
from desktop.pages.predict_answer import AnswerWords
from desktop.pages.predict_threshold import ThresholdBox
from desktop.tasks.task import TaskView
from desktop.theme.fonts import font
from desktop.theme.tokens import SPACE, TYPE
from desktop.viewers.label_controls import LabelControls
from desktop.viewers.label_drawing import LineStyle
from desktop.viewers.label_view import PREDICTION, LabelView
from desktop.widgets.buttons import button, on_click
from desktop.widgets.card import Card, column, row
from desktop.widgets.labels import ElidedLabel, text_label

_SIDE_WIDTH = 300
_TICKS_PER_S = 10
_STEP_S = 5.0
_SWITCH_WIDTH = 84
_WIDEST_RATE = "000 frames/s · model 0,000 ms · latency 0,000 ms"


class VideoPanel(QWidget):
    """Plays, pauses and seeks; closing it, or leaving the page, lets go of the file or the camera."""

    closed = Signal()
    """The user wants the pictures back."""
    failed = Signal(object)
    """A UserError: it cannot be opened, or stopped being readable."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._background = context.background
        self._predictor = context.predictor
        self._view: TaskView | None = None
        self._frame: VideoFrame | None = None
        self._path = Path()
        self.player = VideoPlayer(context.predictor, context.background, self)
        self.threshold = ThresholdBox(context.settings)
        self.picture = LabelView("Frame of the video")
        self.controls = LabelControls([self.picture])
        body = column(SPACE.s)
        self.setLayout(body)
        body.addLayout(self._build_head())
        middle = row(SPACE.m)
        body.addLayout(middle, 1)
        frame = Card(margins=(1, 1, 1, 1))
        frame.body.addWidget(self.picture)
        middle.addWidget(frame, 1)
        side = Card()
        side.setFixedWidth(_SIDE_WIDTH)
        self.told = AnswerWords()
        side.body.addWidget(self.told, 1)
        middle.addWidget(side)
        body.addLayout(self._build_transport())
        self._connect()

    def _build_head(self) -> QHBoxLayout:
        head = row(SPACE.s)
        back = button("Back", "ph.arrow-left", "ghost", "Close the video, back to the pictures  (Esc)")
        on_click(back, self.closed.emit)
        head.addWidget(back)
        self.name = ElidedLabel("", "strong", middle=True)
        head.addWidget(self.name, 1)
        self.controls.hide()
        head.addWidget(self.controls)
        head.addWidget(self.threshold)
        return head

    def _build_transport(self) -> QHBoxLayout:
        line = row(SPACE.s)
        self.switch = button("Play", "ph.play", tip="Play or pause  (Space)")
        self.switch.setMinimumWidth(_SWITCH_WIDTH)
        on_click(self.switch, self.toggle)
        line.addWidget(self.switch)
        self.place = QSlider(Qt.Orientation.Horizontal)
        self.place.setAccessibleName("Place in the video")
        self.place.setToolTip("Place in the video  (← and →: five seconds)")
        self.place.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        line.addWidget(self.place, 1)
        self.time = text_label("", "muted")
        self.time.setFont(font(TYPE.body, tabular=True))
        line.addWidget(self.time)
        self.rate = text_label("", "caption")
        self.rate.setFont(font(TYPE.caption, tabular=True))
        self.rate.setMinimumWidth(self.rate.fontMetrics().horizontalAdvance(_WIDEST_RATE))
        self.rate.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        line.addWidget(self.rate)
        return line

    def _connect(self) -> None:
        self.player.shown.connect(self._show)
        self.player.state_changed.connect(self._show_state)
        self.player.failed.connect(self.failed)
        self._predictor.moved.connect(self.player.open_again)
        self.place.valueChanged.connect(self._seek)
        self.threshold.moved.connect(self._move_threshold)
        self._show_state(self.player.state)

    def show_task(self, view: TaskView, task: str) -> None:
        """Tell answers as a task does."""
        self._view = view
        self._look_from(self.threshold.show_task(view, task))

    def open_file(self, path: Path, checkpoint: Path) -> None:
        """Play a video file."""
        self._begin(path.name, path)
        self.player.use(checkpoint)
        self.player.open_file(path)

    def open_camera(self, index: int, name: str, checkpoint: Path) -> None:
        """Show a camera."""
        self._begin(name, Path(name))
        self.player.use(checkpoint)
        self.player.open_camera(index)

    def close_source(self) -> None:
        """Let go of the file or the camera."""
        self.player.close()

    def toggle(self) -> None:
        """Play or pause."""
        if self.player.state == "playing":
            self.player.pause()
        else:
            self.player.play()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -_STEP_S, Qt.Key.Key_Right: _STEP_S}.get(Qt.Key(event.key()))
        if event.key() == Qt.Key.Key_Space:
            self.toggle()
        elif event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        elif step is not None and self._frame is not None and not self.player.is_camera:
            self.player.seek(max(0.0, self._frame.at_s + step))
        else:
            super().keyPressEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody looks: a camera is let go of, a video stands."""
        super().hideEvent(event)
        if self.player.is_camera:
            self.player.close()
        else:
            self.player.pause()

    def _begin(self, name: str, path: Path) -> None:
        self._frame, self._path = None, path
        self.name.setText(name)
        self.picture.show_file(None)
        self.picture.setAccessibleName(f"Frame of {name}")
        self.told.say(Prediction(path), None, is_loading=True)

    def _show(self, frame: VideoFrame) -> None:
        self._frame = frame
        self.picture.show_picture(frame.picture)
        self._say(frame)
        with QSignalBlocker(self.place):
            self.place.setValue(round(frame.at_s * _TICKS_PER_S))
        self._show_rate(frame)
        self._draw(frame)

    def _say(self, frame: VideoFrame) -> None:
        if self._view is None or frame.record is None:
            return
        answer = self._view.answer(frame.record, frame.classes, self.controls.look.floor)
        self.told.say(Prediction(self._path, frame.record), answer)

    def _draw(self, frame: VideoFrame) -> None:
        """Draw what the model found, read off this thread; of a frame that is gone by then nothing."""
        view, record = self._view, frame.record
        if view is None or record is None or not view.draws:
            return

        def then(labels: DrawnLabels | None) -> None:
            if self._frame is frame:
                self._lay(labels, frame.classes)

        self._background.run(view.answer_labels, record, frame.classes, then=then, owner=self)

    def _lay(self, labels: DrawnLabels | None, classes: Sequence[str]) -> None:
        self.picture.set_classes(classes)
        self.picture.set_layer(PREDICTION, labels, LineStyle())
        self.controls.offer(
            boxes=labels is not None and len(labels) > 0, masks=labels is not None and labels.has_masks
        )

    def _move_threshold(self, threshold: float) -> None:
        self._look_from(threshold)
        if self._frame is not None:
            self._say(self._frame)

    def _look_from(self, threshold: float) -> None:
        look = self.controls.look
        self.controls.set_look(type(look)(look.boxes, look.masks, look.names, look.opacity, floor=threshold))

    def _seek(self, ticks: int) -> None:
        self.player.seek(ticks / _TICKS_PER_S)

    def _show_state(self, state: str) -> None:
        is_playing = state in ("playing", "opening")
        words = "Pause" if is_playing else "Play"
        self.switch.set_icon("ph.pause" if is_playing else "ph.play")
        self.switch.setText(words)
        self.switch.setEnabled(state in ("playing", "paused", "ended"))
        is_file = self.player.duration_s > 0
        self.place.setVisible(is_file)
        with QSignalBlocker(self.place):
            self.place.setMaximum(max(1, round(self.player.duration_s * _TICKS_PER_S)))
        if state == "opening":
            self.time.setText("Opening…")
        elif state == "closed":
            self.time.setText("")
            self.rate.setText("")

    def _show_rate(self, frame: VideoFrame) -> None:
        whole = self.player.duration_s
        self.time.setText(f"{_clock(frame.at_s)} / {_clock(whole)}" if whole > 0 else "Live")
        rate = f"{self.player.fps:.0f} frames/s · " if self.player.fps else ""
        self.rate.setText(f"{rate}model {frame.model_ms:.0f} ms · latency {frame.latency_ms:.0f} ms")


def _clock(seconds: float) -> str:
    minutes, rest = divmod(max(0.0, seconds), 60)
    return f"{int(minutes)}:{rest:04.1f}"
