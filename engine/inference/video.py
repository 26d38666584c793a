"""What the predictor does about videos: opens them, and answers a frame at a time with what a model says of it."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import cv2
import numpy as np

from engine.errors import UserError
from engine.inference.predictor import Predictable
from engine.inference.records import Telling, to_record
from engine.inference.video_source import Camera, Frame, FrameSource, VideoFile, cameras
from engine.protocol.disk import write_error

VERBS = ("cameras", "video_open", "video_frame", "video_close")
LONGER_SIDE = 1280
"""Of the frames that are shown at most, pixels; models get them whole."""
_SLOTS = 3
"""Files that frames are written to in turn: one is shown, one is being read, one is being written."""
_MOST_OPEN = 2

ModelOf = Callable[[Path], Predictable]
Open = Callable[[Mapping[str, object]], FrameSource]


def open_source(request: Mapping[str, object]) -> FrameSource:
    """Open the file `path` or the camera number `camera`.

    Raises:
        UserError: `request_invalid`, or one of the sources'.
    """
    path, camera = request.get("path"), request.get("camera")
    if isinstance(path, str) and path:
        return VideoFile(Path(path))
    if isinstance(camera, int) and not isinstance(camera, bool):
        return Camera(camera)
    raise UserError("request_invalid", "The request lacks 'path' or 'camera'.")


class VideoDesk:
    """Keeps the open videos by number.

    A frame is asked for when the one before is shown: what comes meanwhile is passed over, so that nothing lags.

    Args:
        model_of: gives the model of a checkpoint.
        open_: opens what a request names.
    """

    def __init__(self, model_of: ModelOf, open_: Open = open_source) -> None:
        self._model_of = model_of
        self._open = open_
        self._sources: dict[int, FrameSource] = {}
        self._next = 0
        self._frames = 0
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def do(self, verb: str, request: Mapping[str, object]) -> dict[str, object]:
        """Answer one of `VERBS`.

        Raises:
            UserError: `request_invalid`, `video_closed`, or one of opening and predicting.
        """
        if verb == "cameras":
            return {"cameras": [{"index": number, "name": name} for number, name in cameras()]}
        if verb == "video_open":
            return self._opened(self._open(request))
        number = request.get("video")
        source = self._sources.get(number) if isinstance(number, int) else None
        if verb == "video_close":
            if source is not None:
                source.close()
                del self._sources[_number(number)]
            return {}
        if source is None:
            raise UserError("video_closed", "The video is not open any more.", "Open it again.")
        return self._frame(source, request)

    def _opened(self, source: FrameSource) -> dict[str, object]:
        while len(self._sources) >= _MOST_OPEN:
            self._sources.pop(next(iter(self._sources))).close()
        self._next += 1
        self._sources[self._next] = source
        return {
            "video": self._next,
            "size": list(source.size),
            "fps": source.fps,
            "duration_s": source.duration_s,
        }

    def _frame(self, source: FrameSource, request: Mapping[str, object]) -> dict[str, object]:
        at = request.get("at_s")
        checkpoint = request.get("checkpoint")
        began = time.perf_counter()
        moment = source.frame(float(at) if isinstance(at, int | float) else 0.0)
        read = time.perf_counter()
        self._frames += 1
        slot = self._slot()
        told: dict[str, object] = {
            "at_s": moment.at_s,
            "is_end": moment.is_end,
            **_written(moment.image, slot),
            "read_ms": (read - began) * 1e3,
        }
        if isinstance(checkpoint, str) and checkpoint:
            model = self._model_of(Path(checkpoint))
            began = time.perf_counter()
            prediction = model.infer([moment.image])[0]
            told["model_ms"] = (time.perf_counter() - began) * 1e3
            record = to_record(slot, prediction, model.class_names, Telling(0.0, slot.parent))
            height, width = moment.image.shape[:2]
            told["prediction"] = record.model_copy(update={"size": (width, height)}).model_dump(mode="json")
            told["classes"] = list(model.class_names)
        return told

    def _slot(self) -> Path:
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="lensmith-video-", ignore_cleanup_errors=True)
        return Path(self._folder.name) / f"frame-{self._frames % _SLOTS}.rgb"


def _written(image: Frame, slot: Path) -> dict[str, object]:
    """Write the bare pixels of a frame: that costs the least on both sides."""
    height, width = image.shape[:2]
    scale = LONGER_SIDE / max(height, width)
    shown = image
    if scale < 1:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        shown = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    try:
        slot.write_bytes(np.ascontiguousarray(shown).data)
    except OSError as error:
        raise write_error(error, slot) from error
    return {"frame": str(slot), "shown": [shown.shape[1], shown.shape[0]]}


def _number(number: object) -> int:
    assert isinstance(number, int)  # it names an open video
    return number
