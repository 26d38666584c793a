"""Videos are answered frame by frame: the frame of the asked time, with what the model says; what is wrong is told."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from engine.errors import UserError
from engine.inference import video_source
from engine.inference.video import LONGER_SIDE, VideoDesk
from engine.inference.video_source import Camera, FrameSource, VideoFile, cameras
from engine.tasks.predictions import ClassScores, SegmentationMap
from tests.engine.inference.videos import FPS, FRAMES, brightness_of, write_video


class Model:
    """Takes bright pictures for the second class."""

    class_names: tuple[str, ...] = ("dark", "bright")

    def infer(self, images: list[np.ndarray]) -> list[ClassScores]:
        shares = [float(image.mean()) / 255 for image in images]
        return [ClassScores(np.array([1 - share, share], np.float32)) for share in shares]


def desk(model: Any = None) -> VideoDesk:
    return VideoDesk(lambda _checkpoint: model or Model())


def shown(answer: Mapping[str, Any]) -> np.ndarray:
    width, height = answer["shown"]
    return np.fromfile(answer["frame"], np.uint8).reshape(height, width, 3)


def test_that_the_frame_of_a_time_comes_with_its_prediction(tmp_path: Path) -> None:
    videos = desk()
    opened: dict[str, Any] = videos.do("video_open", {"path": str(write_video(tmp_path / "v.avi"))})
    assert (opened["size"], opened["fps"], opened["duration_s"]) == ([64, 48], FPS, FRAMES / FPS)

    for number in (0, 1, 5, 3, 19):
        at_s = (number + 0.5) / FPS
        answer: dict[str, Any] = videos.do(
            "video_frame", {"video": opened["video"], "at_s": at_s, "checkpoint": "/c"}
        )

        assert abs(float(shown(answer).mean()) - brightness_of(number)) < 4
        assert answer["at_s"] == number / FPS
        assert answer["is_end"] == (number == FRAMES - 1)
        record = answer["prediction"]
        assert record["label"] == ("bright" if brightness_of(number) > 127 else "dark")
        assert record["size"] == (64, 48) or record["size"] == [64, 48]


def test_that_frames_are_red_where_the_video_is_red(tmp_path: Path) -> None:
    videos = desk()
    path = write_video(tmp_path / "v.avi", color=(220, 20, 20))
    opened = videos.do("video_open", {"path": str(path)})

    answer = videos.do("video_frame", {"video": opened["video"], "at_s": 0})

    red, green, _ = shown(answer).reshape(-1, 3).mean(axis=0)
    assert red > 180
    assert green < 60
    assert "prediction" not in answer


def test_that_large_frames_are_shown_smaller_and_predicted_whole(tmp_path: Path) -> None:
    class Whole(Model):
        def infer(self, images: list[np.ndarray]) -> Any:
            return [SegmentationMap(np.ones(image.shape[:2], np.int64)) for image in images]

    videos = desk(Whole())
    opened = videos.do("video_open", {"path": str(write_video(tmp_path / "v.avi", size=(1920, 1080)))})

    answer: dict[str, Any] = videos.do("video_frame", {"video": opened["video"], "checkpoint": "/c"})

    assert answer["shown"] == [LONGER_SIDE, LONGER_SIDE * 1080 // 1920]
    mask = cv2.imread(answer["prediction"]["mask"], cv2.IMREAD_GRAYSCALE)
    assert mask is not None
    assert mask.shape == (1080, 1920)


def test_that_files_of_frames_do_not_grow_in_number(tmp_path: Path) -> None:
    videos = desk()
    opened = videos.do("video_open", {"path": str(write_video(tmp_path / "v.avi"))})
    answers: list[dict[str, Any]] = [
        videos.do("video_frame", {"video": opened["video"], "at_s": number / FPS}) for number in range(12)
    ]

    assert len(list(Path(answers[0]["frame"]).parent.iterdir())) == 3


def test_that_what_is_no_video_is_refused_in_a_sentence(tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video" * 100)

    with pytest.raises(UserError) as refused:
        VideoFile(broken)
    with pytest.raises(UserError) as missing:
        VideoFile(tmp_path / "none.mp4")

    assert (refused.value.code, missing.value.code) == ("video_unreadable", "file_missing")
    assert "broken.mp4 cannot be decoded" in refused.value.message


def test_that_a_closed_video_is_told_and_the_oldest_closes_for_a_third(tmp_path: Path) -> None:
    videos = desk()
    path = str(write_video(tmp_path / "v.avi"))
    numbers = [videos.do("video_open", {"path": path})["video"] for _ in range(3)]

    with pytest.raises(UserError) as refused:
        videos.do("video_frame", {"video": numbers[0]})
    assert videos.do("video_close", {"video": numbers[2]}) == {}
    assert videos.do("video_close", {"video": numbers[2]}) == {}

    assert refused.value.code == "video_closed"
    videos.do("video_frame", {"video": numbers[1]})


class Lens:
    """A camera of OpenCV's kind, whose frames are numbered by their brightness."""

    def __init__(self, frames: int) -> None:
        self.left = frames
        self.released = 0

    def isOpened(self) -> bool:
        return self.left > 0

    def grab(self) -> bool:
        self.left -= 1
        return self.left >= 0

    def retrieve(self) -> tuple[bool, np.ndarray]:
        return True, np.full((6, 8, 3), self.left, np.uint8)

    def get(self, _what: int) -> float:
        return 30.0

    def release(self) -> None:
        self.released += 1


def test_that_a_camera_gives_its_newest_frame_and_says_when_it_is_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lens = Lens(frames=50)
    monkeypatch.setattr(video_source, "quiet_capture", lambda _source: lens)
    camera: FrameSource = Camera(0)

    moments = [camera.frame(0.0)]
    while not moments[-1].is_end:
        moments.append(camera.frame(0.0))
    camera.close()

    seen = [int(moment.image[0, 0, 0]) for moment in moments]
    assert seen == sorted(seen, reverse=True)
    assert seen[-1] == 0
    assert (camera.size, camera.fps, lens.released) == ((8, 6), 30.0, 1)


@pytest.mark.parametrize(("there", "code"), [([], "camera_missing"), ([(0, "Cam")], "camera_busy")])
def test_that_a_camera_that_does_not_open_says_why(
    monkeypatch: pytest.MonkeyPatch, there: list[tuple[int, str]], code: str
) -> None:
    monkeypatch.setattr(video_source, "quiet_capture", lambda _source: Lens(frames=0))
    monkeypatch.setattr(video_source, "cameras", lambda: there)

    with pytest.raises(UserError) as refused:
        Camera(0)

    assert refused.value.code == code


def test_that_cameras_of_linux_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, index, title in (("video0", "0", "Front"), ("video1", "1", "Front"), ("video2", "0", "Back")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "index").write_text(index)
        (tmp_path / name / "name").write_text(title)
    monkeypatch.setattr(video_source, "_LINUX_CAMERAS", tmp_path)
    monkeypatch.setattr("sys.platform", "linux")

    assert cameras() == [(0, "Front"), (2, "Back")]


def test_that_a_file_that_does_not_say_how_long_it_is_plays_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = video_source.quiet_capture

    class Unsaid:
        """As OpenCV opens what a browser has recorded."""

        def __init__(self, source: str | int) -> None:
            self._capture = told(source)

        def get(self, what: int) -> float:
            return -9.2e18 if what == cv2.CAP_PROP_FRAME_COUNT else self._capture.get(what)

        def __getattr__(self, name: str) -> Any:
            return getattr(self._capture, name)

    monkeypatch.setattr(video_source, "quiet_capture", Unsaid)
    video = VideoFile(write_video(tmp_path / "v.avi"))

    assert video.duration_s == 0
    moments = [video.frame((number + 0.5) / FPS) for number in (0, 7, FRAMES - 1, FRAMES + 1)]
    assert [moment.is_end for moment in moments] == [False, False, False, True]
    assert [round(moment.at_s * FPS) for moment in moments] == [0, 7, FRAMES - 1, FRAMES - 1]
    assert abs(float(moments[1].image.mean()) - brightness_of(7)) < 4
    assert round(video.frame(0.0).at_s * FPS) == 0, "and again from its start"
    video.close()
