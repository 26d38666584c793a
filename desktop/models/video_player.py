"""Plays a video or a camera through the predictor: a frame is asked for when the one before is there, none waits."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Literal, cast

from pydantic import ValidationError
from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtGui import QImage

from desktop.bridge.background import Background
from desktop.models.predictions_queue import Asks
from engine.errors import UserError
from engine.protocol.results import PredictionRecord

VIDEO_SUFFIXES = frozenset({".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".webm", ".wmv"})
State = Literal["closed", "opening", "playing", "paused", "ended"]
_RATED = 20
"""Frames over which the rate is told."""
Answer = dict[str, object]


@dataclass(frozen=True, slots=True, eq=False)
class VideoFrame:
    """A frame with what the model says of it."""

    picture: QImage
    at_s: float
    record: PredictionRecord | None
    classes: tuple[str, ...]
    model_ms: float
    """Of the model's answer."""
    latency_ms: float
    """From asking for the frame to its being here."""
    is_end: bool


class VideoPlayer(QObject):
    """One source at a time. Its clock is the wall's, so that a slow model loses frames and not time."""

    shown = Signal(object)
    """A `VideoFrame`."""
    state_changed = Signal(str)
    failed = Signal(object)
    """A UserError; the source is closed."""

    def __init__(self, predictor: Asks, background: Background, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._predictor = predictor
        self._background = background
        self.state: State = "closed"
        self.duration_s = 0.0
        """0 for a camera."""
        self._checkpoint: Path | None = None
        self._request: Mapping[str, object] = {}
        """What was opened."""
        self._video: int | None = None
        self._turn = 0
        """Of the source: what belongs to an earlier one is dropped."""
        self._is_asked = False
        self._wanted_s: float | None = None
        """Where to go while the picture stands."""
        self._from_s = 0.0
        self._since = 0.0
        self._at_s = 0.0
        self._arrivals: deque[float] = deque(maxlen=_RATED)
        self._frames_per_s = 0.0
        """Of the file; 0 for a camera, which gives a frame when it has one."""
        self._until_due = QTimer(self)
        self._until_due.setSingleShot(True)
        self._until_due.setTimerType(Qt.TimerType.PreciseTimer)
        self._until_due.timeout.connect(self._ask)

    @property
    def fps(self) -> float:
        """Frames a second that are shown; 0 before there are some."""
        if len(self._arrivals) < 2 or self.state != "playing":  # from one to the next
            return 0.0
        return (len(self._arrivals) - 1) / max(1e-6, self._arrivals[-1] - self._arrivals[0])

    @property
    def is_camera(self) -> bool:
        return self.state != "closed" and self.duration_s == 0.0

    def use(self, checkpoint: Path | None) -> None:
        """Let another model look from the next frame on."""
        self._checkpoint = checkpoint
        if self.state in ("paused", "ended"):
            self.seek(self._at_s)

    def open_file(self, path: Path) -> None:
        """Play a video file from its start."""
        self._open({"path": str(path)})

    def open_camera(self, index: int) -> None:
        """Show a camera."""
        self._open({"camera": index})

    def open_again(self) -> None:
        """Go on where it stood, with a predictor that knows nothing of the source any more."""
        if self.state == "closed":
            return
        at_s, is_standing = self._at_s, self.state in ("paused", "ended")
        self._video = None  # nobody is left to close it
        self._open(self._request, at_s, is_standing=is_standing)

    def play(self) -> None:
        """Go on; from the end, from the start."""
        if self.state in ("paused", "ended"):
            self._start_clock(0.0 if self.state == "ended" else self._at_s)
            self._set_state("playing")
            self._ask()

    def pause(self) -> None:
        """Stand still at the frame that is shown."""
        if self.state == "playing":
            self._set_state("paused")

    def seek(self, at_s: float) -> None:
        """Go to a time; a picture that stands is shown at once."""
        if self._video is None:
            return
        self._start_clock(at_s)
        if self.state != "playing":
            self._set_state("paused")
            self._wanted_s = at_s
        self._ask()

    def close(self) -> None:
        """Let go of the file or the camera."""
        video, self._video = self._video, None
        self._turn += 1
        self._is_asked = False
        self._wanted_s = None
        self.duration_s = 0.0
        if video is not None:
            self._predictor.ask("video_close", {"video": video}, _ignore, _ignore)
        self._set_state("closed")

    def _open(self, request: Mapping[str, object], at_s: float = 0.0, *, is_standing: bool = False) -> None:
        self.close()
        self._set_state("opening")
        self._request, self._at_s = request, at_s
        turn = self._turn

        def then(answer: Answer) -> None:
            if turn == self._turn:
                self._opened(answer, at_s, is_standing=is_standing)
            else:  # closed meanwhile
                self._predictor.ask("video_close", {"video": answer.get("video")}, _ignore, _ignore)

        self._predictor.ask("video_open", request, then, lambda error: self._fail(turn, error))

    def _opened(self, answer: Answer, at_s: float, *, is_standing: bool) -> None:
        video, duration = answer.get("video"), answer.get("duration_s")
        self._video = video if isinstance(video, int) else None
        self.duration_s = float(duration) if isinstance(duration, int | float) else 0.0
        rate = answer.get("fps")
        self._frames_per_s = float(rate) if isinstance(rate, int | float) and not self.is_camera else 0.0
        self._arrivals.clear()
        self._start_clock(at_s)
        self._wanted_s = at_s if is_standing else None
        self._set_state("paused" if is_standing else "playing")
        self._ask()

    def _ask(self) -> None:
        """Ask for the frame that is due, unless one is under way."""
        self._until_due.stop()
        if self._video is None or self._is_asked:
            return
        if self.state == "playing":
            at_s = self._from_s + time.monotonic() - self._since
        elif self._wanted_s is not None:
            at_s, self._wanted_s = self._wanted_s, None
        else:
            return
        self._is_asked = True
        turn, asked = self._turn, time.monotonic()
        payload: dict[str, object] = {"video": self._video, "at_s": at_s}
        if self._checkpoint is not None:
            payload["checkpoint"] = str(self._checkpoint)

        def then(answer: Answer) -> None:
            if turn == self._turn:
                self._read(turn, answer, asked)

        self._predictor.ask("video_frame", payload, then, lambda error: self._fail(turn, error))

    def _read(self, turn: int, answer: Answer, asked: float) -> None:
        self._background.run(
            _frame,
            answer,
            asked,
            then=lambda frame: self._show(turn, frame),
            failed=lambda error: self._fail(turn, error),
            owner=self,
        )

    def _show(self, turn: int, frame: VideoFrame) -> None:
        if turn != self._turn:
            return
        self._is_asked = False
        self._at_s = frame.at_s
        self._arrivals.append(time.monotonic())
        if not self._arrivals or len(self._arrivals) == 1:
            self._start_clock(frame.at_s)  # the first frame may have waited for the model
        if frame.is_end and self.state == "playing":
            self._set_state("ended")
        self.shown.emit(frame)
        self._ask_when_due()

    def _ask_when_due(self) -> None:
        """Ask for the next frame when it comes, not for the same one again."""
        early_s = 0.0
        if self.state == "playing" and self._frames_per_s > 0:
            early_s = self._at_s + 1 / self._frames_per_s - (self._from_s + time.monotonic() - self._since)
        if early_s > 0:
            self._until_due.start(ceil(early_s * 1000))
        else:
            self._ask()

    def _fail(self, turn: int, error: Exception) -> None:
        if turn != self._turn:
            return
        if not isinstance(error, UserError):
            raise error
        self.close()
        self.failed.emit(error)

    def _start_clock(self, at_s: float) -> None:
        self._from_s, self._since = at_s, time.monotonic()

    def _set_state(self, state: State) -> None:
        if state != self.state:
            self.state = state
            self._arrivals.clear()
            self.state_changed.emit(state)


def _frame(answer: Answer, asked: float) -> VideoFrame:
    """Read the pixels of a frame. In a thread.

    Raises:
        UserError: `answer_unknown`.
    """
    try:
        width, height = (int(side) for side in cast("list[int]", answer["shown"]))
        data = Path(str(answer["frame"])).read_bytes()
        told = answer.get("prediction")
        record = None if told is None else PredictionRecord.model_validate(told)
    except (OSError, KeyError, TypeError, ValueError, ValidationError) as error:
        raise UserError(
            "answer_unknown", f"The predictor's frame cannot be read: {error}.", "Open the video again."
        ) from error
    picture = QImage(data, width, height, 3 * width, QImage.Format.Format_RGB888)
    return VideoFrame(
        picture.convertToFormat(QImage.Format.Format_RGB32),
        float(cast("float", answer.get("at_s", 0.0))),
        record,
        tuple(str(name) for name in cast("list[object]", answer.get("classes") or [])),
        float(cast("float", answer.get("model_ms", 0.0))),
        (time.monotonic() - asked) * 1e3,
        answer.get("is_end") is True,
    )


def _ignore(_told: object) -> None:
    """What closing says interests nobody."""
