"""What a model said of the pixels of every image of an evaluation, packed as it comes: small, and quick to read one."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from engine.metrics.run_length import RunLengths

MOST_BYTES: Final = 512 << 20
"""Of one evaluation, packed. The images beyond it are without masks; a run's own bound may be lower."""
_BATCHES_WAITING: Final = 4
Arrays = dict[str, NDArray[np.generic]]


class KeptMaps:
    """Maps of classes, each a gray PNG: `mask_files` holds one behind the other, image i from offset i to i + 1.

    They are packed in a thread, so that the device need not wait for it.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._packed: list[bytes] = []
        self._bytes = 0
        self._waiting: deque[Future[list[bytes]]] = deque()
        self._thread = ThreadPoolExecutor(1, "masks")

    def add(self, maps: Tensor) -> None:
        """Take the maps of a batch, (n, H, W) uint8, on whichever device."""
        self._waiting.append(self._thread.submit(self._pack, maps))
        while len(self._waiting) > _BATCHES_WAITING:
            self._take(self._waiting.popleft())

    def arrays(self) -> Arrays:
        """Give all up to now."""
        while self._waiting:
            self._take(self._waiting.popleft())
        return {
            "mask_files": np.frombuffer(b"".join(self._packed), dtype=np.uint8),
            "mask_file_offsets": _offsets([len(one) for one in self._packed]),
        }

    def _pack(self, maps: Tensor) -> list[bytes]:
        if self._bytes > self._most_bytes:
            return [b""] * len(maps)
        return [cv2.imencode(".png", one)[1].tobytes() for one in maps.cpu().numpy()]

    def _take(self, made: Future[list[bytes]]) -> None:
        for one in made.result():
            self._bytes += len(one)
            self._packed.append(one if self._bytes <= self._most_bytes else b"")


class KeptRuns:
    """Masks of objects as COCO's run lengths: `mask_runs` holds one behind the other, mask i from offset i to i + 1.

    There is one for every box, in the order of the boxes; `mask_sizes` has height and width of each image's masks.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._runs: list[bytes] = []
        self._sizes: list[tuple[int, int]] = []
        self._bytes = 0

    def add(self, masks: Sequence[RunLengths] | None, boxes: int) -> None:
        """Take the masks of an image's boxes; None where the model gave none."""
        size = masks[0]["size"] if masks else (0, 0)
        told = [bytes(mask["counts"]) for mask in masks] if masks else [b""] * boxes
        self._bytes += sum(map(len, told))
        self._runs += told if self._bytes <= self._most_bytes else [b""] * boxes
        self._sizes.append((int(size[0]), int(size[1])))

    def arrays(self) -> Arrays:
        """Give all up to now; nothing where no box has a mask."""
        if not self._bytes:
            return {}
        return {
            "mask_runs": np.frombuffer(b"".join(self._runs), dtype=np.uint8),
            "mask_run_offsets": _offsets([len(one) for one in self._runs]),
            "mask_sizes": np.array(self._sizes, dtype=np.int32).reshape(-1, 2),
        }


def _offsets(lengths: Sequence[int]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(np.array(lengths, dtype=np.int64))]).astype(np.int64)
