"""A predictor that has one video of gray frames, a frame for each tenth of a second, and answers at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from engine.errors import UserError
from engine.protocol.results import PredictionRecord, ScoredLabel

Answer = dict[str, object]
FRAMES, FPS = 20, 10.0


class Projector:
    """Answers the verbs of videos; what it was asked stands in `asked`."""

    def __init__(self, folder: Path, *, is_camera: bool = False) -> None:
        self._folder = folder
        self._is_camera = is_camera
        self.asked: list[tuple[str, Mapping[str, object]]] = []
        self.error: UserError | None = None
        self.cameras: list[dict[str, object]] = []

    def ask(
        self,
        verb: str,
        payload: Mapping[str, object],
        then: Callable[[Answer], object] | None = None,
        failed: Callable[[UserError], object] | None = None,
    ) -> int:
        self.asked.append((verb, dict(payload)))
        if self.error is not None and verb != "video_close":
            if failed is not None:
                failed(self.error)
        elif then is not None:
            then(self._answer(verb, payload))
        return len(self.asked)

    def forget(self, number: int) -> None:
        pass

    def _answer(self, verb: str, payload: Mapping[str, object]) -> Answer:
        if verb == "cameras":
            return {"cameras": self.cameras}
        if verb == "video_open":
            return {
                "video": 1,
                "size": [40, 20],
                "fps": FPS,
                "duration_s": 0 if self._is_camera else FRAMES / FPS,
            }
        if verb != "video_frame":
            return {}
        at = payload["at_s"]
        assert isinstance(at, float | int)
        number = min(FRAMES - 1, int(at * FPS + 1e-6))
        file = self._folder / f"frame-{len(self.asked) % 3}.rgb"
        np.full((20, 40, 3), 10 * number, np.uint8).tofile(file)
        top = (ScoredLabel(label="star", confidence=0.7), ScoredLabel(label="ring", confidence=0.3))
        record = PredictionRecord(file=str(file), label="star", confidence=0.7, top=top, size=(40, 20))
        return {
            "frame": str(file),
            "shown": [40, 20],
            "at_s": float(at) if self._is_camera else number / FPS,
            "is_end": not self._is_camera and number == FRAMES - 1,
            "prediction": record.model_dump(mode="json"),
            "classes": ["ring", "star"],
            "model_ms": 3.0,
        }

    def verbs(self) -> list[str]:
        return [verb for verb, _ in self.asked]
