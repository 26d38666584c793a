"""The loader as a plugin with its own training loop sees it: an iterable of normalised float batches, or of uint8."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from engine.data.batch import Batch, Targets
from engine.data.loader import Loader
from engine.data.normalisation import normalise


@dataclass(frozen=True, slots=True)
class PluginDataset:
    """What plugins ask of `loader.dataset`: its length and its classes."""

    length: int
    classes: tuple[str, ...]

    def __len__(self) -> int:
        return self.length


class PluginLoader:
    """Iterate once for one epoch: images float32 (B, 3, H, W) normalised, and their targets, on the CPU."""

    def __init__(
        self,
        loader: Loader,
        mean: Sequence[float],
        std: Sequence[float],
        class_names: Sequence[str] = (),
        on_batch: Callable[[], None] | None = None,
    ) -> None:
        self._loader = loader
        self.mean = tuple(mean)
        self.std = tuple(std)
        self._on_batch = on_batch
        self.class_names = tuple(class_names)
        self.dataset = PluginDataset(loader.images, self.class_names)
        self.batch_size = loader.settings.batch_size
        self.form: Callable[[Tensor, Targets], tuple[object, object]] = _as_they_are
        """In which form a batch is given: the task's `plugin_batch`."""
        self.epoch = 0
        """Epoch that the next iteration reads; set it to go on where an earlier run ended."""
        self.passes = 0
        """Iterations that came to their end."""

    def __len__(self) -> int:
        return len(self._loader)

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        for batch in self.batches():
            yield self.form(normalise(batch.images, self.mean, self.std, torch.float32), batch.targets)

    def batches(self) -> Iterator[Batch]:
        """Yield the batches of one epoch as they are loaded, uint8: for loops that normalise on the device."""
        epoch, self.epoch = self.epoch, self.epoch + 1
        for batch in self._loader.start(epoch):
            if self._on_batch is not None:
                self._on_batch()
            yield batch
        self.passes += 1


def _as_they_are(images: Tensor, targets: Targets) -> tuple[object, object]:
    return images, targets
