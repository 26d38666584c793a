"""What can be evaluated of a run: its checkpoints, on the splits of its dataset."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from desktop.bridge.place_history import was_elsewhere
from desktop.models.result_checkpoints import CheckpointFact, checkpoints_of
from engine.datasets.manifest import Item, Manifest
from engine.datasets.split import TEST, TRAIN, VAL, with_validation
from engine.errors import UserError
from engine.protocol.home import Home
from engine.protocol.run_folder import RunFolder

_OFFERED = (TEST, VAL, TRAIN)
"""In the order in which they are offered: what the model has never seen comes first."""


@dataclass(frozen=True, slots=True)
class Evaluable:
    """What a run offers to be measured."""

    run: str
    checkpoints: tuple[CheckpointFact, ...]
    """The best first, then the last, then the rest from new to old."""
    splits: tuple[tuple[str, int], ...]
    """Name and number of labelled images; those without images are left out."""


def evaluable(home: Home, run: str) -> Evaluable:
    """Say what can be measured of a run. Reads the disk: never in the GUI's thread.

    Raises:
        UserError: `checkpoint_unknown` when it has no checkpoint, `checkpoint_elsewhere` when none is here, or what is
            wrong with its dataset.
    """
    checkpoints = checkpoints_of(home, run)
    if not checkpoints and was_elsewhere(RunFolder(home.runs / run)):
        raise UserError(
            "checkpoint_elsewhere",
            "No checkpoint of this run is on this machine yet.",
            "Bring one home from the list of checkpoints on the Train page.",
        )
    if not checkpoints:
        raise UserError(
            "checkpoint_unknown",
            "This run has no checkpoint yet.",
            "Wait for the end of its first epoch, or save a checkpoint on the Train page.",
        )
    manifest = _with_its_splits(RunFolder(home.runs / run))
    counts = Counter(item.split for item in manifest.items if is_labelled(manifest, item))
    splits = tuple((name, counts[name]) for name in _OFFERED if counts[name])
    return Evaluable(run, checkpoints, splits)


def is_labelled(manifest: Manifest, item: Item) -> bool:
    """Say whether an image can be measured on: it has a class or a mask, or is of a dataset of objects.

    There an image without objects shows what is none.
    """
    return item.label is not None or item.mask is not None or bool(manifest.annotations)


def _with_its_splits(folder: RunFolder) -> Manifest:
    """The dataset as the run's worker sees it, which may have taken its validation images from the training ones."""
    manifest = Manifest.load(folder.manifest_path)
    config = folder.effective_config()
    share = config.get("validation.val_split")
    if config.get("validation.enabled") is True and isinstance(share, float):
        return with_validation(manifest, share)
    return manifest
