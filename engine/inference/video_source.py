"""Where frames come from: a video file that is wound to a time, or a camera of which only the newest frame counts."""

from __future__ import annotations

import contextlib
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.errors import UserError

Frame = NDArray[np.uint8]
_WOUND_S = 2.0
"""Up to here frames are passed over one by one, which is exact; beyond it the file is searched."""
_USUAL_FPS = 25.0
_MOST_FPS = 1000.0
_FIRST_FRAME_S = 5.0
_CAMERAS_TRIED = 4
_LINUX_CAMERAS = Path("/sys/class/video4linux")


@dataclass(frozen=True, slots=True, eq=False)
class Moment:
    """A frame and when it is shown."""

    image: Frame
    """(H, W, 3) RGB uint8."""
    at_s: float
    is_end: bool = False
    """Nothing follows."""


class FrameSource(Protocol):
    """Gives frames; closed when nobody looks any more."""

    size: tuple[int, int]
    """Width and height, pixels."""
    fps: float
    """0 for a camera that does not say."""
    duration_s: float
    """0 for a camera, and for a file that does not say how long it is."""

    def frame(self, at_s: float) -> Moment:
        """Give the frame that is shown at a time; a camera gives its newest."""
        ...

    def close(self) -> None: ...


class VideoFile:
    """A file, read by OpenCV.

    Args:
        path: of the file.

    Raises:
        UserError: `file_missing`, `video_unreadable`.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise UserError("file_missing", f"There is no file {path}.", "Check the path.")
        self._path = path
        self._capture = quiet_capture(str(path))
        first = _read(self._capture)
        if first is None:
            self._capture.release()
            raise UserError(
                "video_unreadable",
                f"The video {path.name} cannot be decoded.",
                "Convert it to MP4 with H.264, or check that it is whole by playing it elsewhere.",
            )
        told = float(self._capture.get(cv2.CAP_PROP_FPS))
        self.fps = told if 0 < told <= _MOST_FPS else _USUAL_FPS
        # 0 where the file does not say: recordings of browsers tell a negative number.
        self._count = max(0, int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT)))
        self.duration_s = self._count / self.fps
        self.size: tuple[int, int] = _size_of(first)
        self._last, self._number = first, 0

    def frame(self, at_s: float) -> Moment:
        """Give the frame that is shown at a time; behind the end the last one."""
        wanted = max(0, int(at_s * self.fps + 1e-6))
        if wanted < self._number or wanted > self._number + _WOUND_S * self.fps:
            self._search(min(wanted, self._count - 1) if self._count else wanted)
        is_end = False
        while self._number < wanted:
            if not self._capture.grab():
                is_end = True
                break
            self._number += 1
            if self._number == wanted:
                image = _retrieved(self._capture)
                self._last = image if image is not None else self._last
        is_end = is_end or 0 < self._count <= self._number + 1
        return Moment(self._last, self._number / self.fps, is_end)

    def close(self) -> None:
        self._capture.release()

    def _search(self, number: int) -> None:
        """Go to a frame, where the file can be searched at all."""
        self._capture.set(cv2.CAP_PROP_POS_FRAMES, number)
        image = _read(self._capture)
        if image is not None:
            self._last, self._number = image, number


class Camera:
    """A camera; a thread takes its frames, so that the newest is never an old one that waited.

    Args:
        index: as `cameras` numbers them.

    Raises:
        UserError: `camera_missing`, `camera_busy`.
    """

    duration_s = 0.0

    def __init__(self, index: int) -> None:
        self._capture = quiet_capture(index)
        if not self._capture.isOpened():
            self._capture.release()
            if index in {number for number, _ in cameras()}:
                raise UserError(
                    "camera_busy",
                    "The camera cannot be opened: another program uses it, or it may not be used by this one.",
                    "Close the other program, or allow the use of the camera in the system's privacy settings.",
                )
            raise UserError(
                "camera_missing", "There is no camera on this machine.", "Connect one, and try again."
            )
        self._lock = threading.Condition()
        self._newest: Frame | None = None
        self._taken = 0
        self._is_closed = False
        self._thread = threading.Thread(target=self._take, name="camera", daemon=True)
        self._thread.start()
        with self._lock:
            self._lock.wait_for(lambda: self._newest is not None or self._is_closed, _FIRST_FRAME_S)
            first: Frame | None = self._newest
        if first is None:
            self.close()
            raise UserError(
                "camera_busy",
                "The camera gives no picture: another program uses it, or its lens is shut off.",
                "Close the other program, or switch the camera on.",
            )
        self.size: tuple[int, int] = _size_of(first)
        told = float(self._capture.get(cv2.CAP_PROP_FPS))
        self.fps: float = told if 0 < told <= _MOST_FPS else 0.0

    def frame(self, at_s: float) -> Moment:
        """Give the newest frame; waits for one that was not given yet, a moment long."""
        seen = self._taken
        with self._lock:
            self._lock.wait_for(lambda: self._taken != seen or self._is_closed, 1.0)
            assert self._newest is not None  # there was one at the start
            return Moment(self._newest, at_s, self._is_closed)

    def close(self) -> None:
        self._is_closed = True
        self._thread.join(_FIRST_FRAME_S)
        self._capture.release()

    def _take(self) -> None:
        while not self._is_closed:
            image = _read(self._capture)
            with self._lock:
                if image is None:
                    self._is_closed = True  # it was unplugged
                else:
                    self._newest = image
                    self._taken += 1
                self._lock.notify_all()


def _size_of(frame: Frame) -> tuple[int, int]:
    height, width = frame.shape[:2]
    return width, height


def cameras() -> list[tuple[int, str]]:
    """List the cameras by number and name. Linux tells them; elsewhere the first few numbers are tried."""
    if sys.platform.startswith("linux"):
        found: list[tuple[int, str]] = []
        for entry in sorted(_LINUX_CAMERAS.glob("video*"), key=lambda path: (len(path.name), path.name)):
            with contextlib.suppress(OSError, ValueError):
                if (entry / "index").read_text(encoding="ascii").strip() == "0":  # others carry no pictures
                    name = (entry / "name").read_text(encoding="utf-8", errors="replace").strip()
                    found.append((int(entry.name.removeprefix("video")), name))
        return found
    return [(number, f"Camera {number + 1}") for number in range(_CAMERAS_TRIED) if _opens(number)]


def _opens(number: int) -> bool:
    capture = quiet_capture(number)
    try:
        return bool(capture.isOpened())
    finally:
        capture.release()


def quiet_capture(source: str | int) -> cv2.VideoCapture:
    """Open a file or camera without OpenCV's complaints: what is wrong is told by us."""
    before = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        return cv2.VideoCapture(source)
    finally:
        cv2.utils.logging.setLogLevel(before)


def _read(capture: cv2.VideoCapture) -> Frame | None:
    return _retrieved(capture) if capture.grab() else None


def _retrieved(capture: cv2.VideoCapture) -> Frame | None:
    is_there, image = capture.retrieve()
    if not is_there or image is None:
        return None
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), dtype=np.uint8)
