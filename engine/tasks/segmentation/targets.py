"""Masks as targets: read from their files, kept at stored size while memory lasts, cut as their images are."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from engine.data.batch import Targets
from engine.data.cache import free_memory_bytes
from engine.data.geometry import Cut
from engine.data.mask_geometry import IGNORE, Mask, cut_mask, resize_mask
from engine.data.targets import SplitFiles, unseen
from engine.datasets.masks import read_mask
from engine.errors import UserError

MEMORY_SHARE = 0.1
"""Part of the free memory that the masks of a split may take."""


class MaskTargets:
    """The masks of one split, uint8 (H, W) of class indices, 255 where nothing is known.

    Implements `engine.data.targets.TargetSource` and `engine.data.targets.LearningTargets`.
    """

    def __init__(self, split: SplitFiles) -> None:
        self._split = split
        self._items = split.items
        self._kept: dict[int, Mask] = {}
        self._left_bytes = int(MEMORY_SHARE * free_memory_bytes())
        self._lock = threading.Lock()
        self._unread = set(range(len(self._items)))
        self._seen = np.zeros(IGNORE + 1, dtype=np.bool_)
        self._newly_read: list[int] = []

    def __reduce__(self) -> tuple[type[MaskTargets], tuple[SplitFiles]]:
        """In another process the masks are opened anew."""
        return MaskTargets, (self._split,)

    def stored(self, position: int, width: int, height: int) -> Mask:
        kept = self._kept.get(position)
        if kept is not None and kept.shape == (height, width):
            return kept
        mask = np.ascontiguousarray(resize_mask(self.original(position), width, height))
        with self._lock:
            if position not in self._kept and mask.nbytes <= self._left_bytes:
                self._kept[position] = mask
                self._left_bytes -= mask.nbytes
        return mask

    def original(self, position: int) -> Mask:
        try:
            mask = read_mask(self._split.root, self._items[position], self._split.manifest)
        except UserError:
            with self._lock:
                self._note_read(position)
            raise
        if position in self._unread:
            seen = np.bincount(mask.reshape(-1), minlength=IGNORE + 1) > 0
            with self._lock:
                self._seen |= seen
                self._note_read(position)
        return mask

    def cut(self, target: Mask, cut: Cut, image_size: int) -> Mask:
        return cut_mask(target, cut, image_size)

    def collate(self, targets: Sequence[NDArray[np.uint8]]) -> Targets:
        """Give uint8 (N, H, W), or a list of N (H, W) where their sizes differ."""
        if len({target.shape for target in targets}) == 1:
            return torch.from_numpy(np.stack(targets))
        return [torch.from_numpy(np.ascontiguousarray(target)) for target in targets]

    def absent_classes(self) -> list[str] | None:
        """Known when each mask has been read once: reading them all beforehand would hold up the start."""
        if self._unread:
            return None
        return unseen(self._split.manifest.classes, np.flatnonzero(self._seen))

    def findings(self) -> tuple[list[int], NDArray[np.bool_]] | None:
        """Give the positions read since the last call, and the classes seen so far."""
        with self._lock:
            read, self._newly_read = self._newly_read, []
            return (read, self._seen.copy()) if read else None

    def learn(self, findings: tuple[list[int], NDArray[np.bool_]]) -> None:
        read, seen = findings
        with self._lock:
            self._seen |= seen
            self._unread.difference_update(read)

    def divide_memory(self, processes: int) -> None:
        self._left_bytes //= max(1, processes)

    def _note_read(self, position: int) -> None:
        if position in self._unread:
            self._unread.discard(position)
            self._newly_read.append(position)
