"""Small detection data, and outputs whose losses and predictions are known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from engine.tasks.detection.outputs import Found, Losses, Target
from engine.tasks.predictions import Detections


def target(boxes: list[list[float]], labels: list[int], **more: Tensor) -> Target:
    return {
        "boxes": torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4),
        "labels": torch.tensor(labels, dtype=torch.int64),
        **more,
    }


def found(boxes: list[list[float]], scores: list[float], labels: list[int], **more: Tensor) -> Found:
    return {
        "boxes": torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4),
        "scores": torch.tensor(scores, dtype=torch.float32),
        "labels": torch.tensor(labels, dtype=torch.int64),
        **more,
    }


def detections(boxes: list[list[float]], scores: list[float], labels: list[int]) -> Detections:
    return Detections(
        np.array(boxes, dtype=np.float32).reshape(-1, 4),
        np.array(scores, dtype=np.float32),
        np.array(labels, dtype=np.int64),
    )


class KnownOutputs:
    """Outputs that say what they were told to. Implements `DetectorOutputs`."""

    def __init__(self, answers: list[Found], frame: tuple[int, int] = (100, 100)) -> None:
        self.frame = frame
        self._answers = answers
        self.asked: list[Target] = []

    def losses(self, targets: Sequence[Target]) -> Losses:
        self.asked = list(targets)
        return {"where": torch.tensor(0.25), "what": torch.tensor(0.5)}

    def predictions(self) -> list[Found]:
        return self._answers
