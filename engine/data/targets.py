"""What an image is learnt from: the Protocol of targets that each task brings, and its plainest form, a class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray

from engine.data.batch import Targets
from engine.data.geometry import Cut

if TYPE_CHECKING:
    from engine.datasets.manifest import Item, Manifest

Target: TypeAlias = Any
"""What belongs to one image, in the task's own form: a class, a mask uint8 (H, W), boxes."""


@dataclass(frozen=True, slots=True, eq=False)
class SplitFiles:
    """The items of one split, from which a task makes its targets."""

    manifest: Manifest
    root: Path
    indices: Sequence[int]
    """Positions in manifest.items, in the order of the split."""
    annotations: Path | None = None
    """File of the annotation table, where the dataset has one."""

    @property
    def items(self) -> list[Item]:
        return [self.manifest.items[index] for index in self.indices]


class TargetSource(Protocol):
    """The targets of one split by position in it. Asked from several threads at once."""

    def stored(self, position: int, width: int, height: int) -> Target:
        """Give the target of an image that was resized to `width` × `height`.

        Raises:
            UserError: when its file cannot be read; the image is then left out.
        """
        ...

    def original(self, position: int) -> Target:
        """Give the target of the upright image at its own size.

        Raises:
            UserError: as `stored`.
        """
        ...

    def cut(self, target: Target, cut: Cut, image_size: int) -> Target:
        """Give the target of the square sample that `cut` makes of the stored image, which is left as it is."""
        ...

    def collate(self, targets: Sequence[Target]) -> Targets:
        """Put the targets of a batch together."""
        ...

    def absent_classes(self) -> Sequence[str] | None:
        """Name the classes of which the split holds nothing; None while that is not known yet."""
        ...


@runtime_checkable
class LearningTargets(Protocol):
    """Targets that reading teaches something: what one process has found out, the source in another may be told."""

    def findings(self) -> object | None:
        """Give what reading has taught since the last call, to be pickled; None when that is nothing."""
        ...

    def learn(self, findings: Any) -> None:
        """Take what another process has found out."""
        ...

    def divide_memory(self, processes: int) -> None:
        """Keep only so large a part of what may be kept: as many processes keep theirs."""
        ...


class Targeting(Protocol):
    """How a task finds the targets of a split. `engine.tasks.task.Task` is one."""

    def is_usable(self, item: Item) -> bool:
        """Say whether an item can be learnt from and measured on."""
        ...

    def targets(self, split: SplitFiles) -> TargetSource:
        """Open the targets of a split."""
        ...


class LabelTargets:
    """A class an image. Implements `TargetSource`."""

    def __init__(self, labels: Sequence[int], class_names: Sequence[str] = ()) -> None:
        self.labels = np.array(labels, dtype=np.int64)
        """(N,), class indices."""
        self._class_names = class_names

    def stored(self, position: int, width: int, height: int) -> int:
        del width, height
        return int(self.labels[position])

    def original(self, position: int) -> int:
        return int(self.labels[position])

    def cut(self, target: int, cut: Cut, image_size: int) -> int:
        del cut, image_size
        return target

    def collate(self, targets: Sequence[int]) -> Targets:
        return torch.tensor(targets, dtype=torch.int64)

    def absent_classes(self) -> list[str]:
        return unseen(self._class_names, self.labels)


def unseen(class_names: Sequence[str], labels: NDArray[np.integer]) -> list[str]:
    """Name the classes that do not occur among labels of any shape."""
    there = set(np.unique(labels).tolist())
    return [name for label, name in enumerate(class_names) if label not in there]


class LabelTargeting:
    """Classes as the manifest has them. Implements `Targeting`."""

    def is_usable(self, item: Item) -> bool:
        return item.label is not None

    def targets(self, split: SplitFiles) -> TargetSource:
        labels = [-1 if item.label is None else item.label for item in split.items]
        return LabelTargets(labels, split.manifest.classes)
