"""A warning, with its remedy, when the device waits for images instead of computing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.protocol.events import Notice

if TYPE_CHECKING:
    from engine.config.train import TrainConfig

NOTEWORTHY_SHARE = 0.1
"""Part of an epoch's time from which waiting is told; the aim is a fiftieth."""
_LEAST_S = 5.0
"""An epoch that is shorter than this is over before anybody could mend anything."""


class WaitingWarning:
    """Warns once. The first epoch reads the files, so that waiting in it tells nothing where images are kept."""

    def __init__(self, config: TrainConfig, device: str) -> None:
        self._config = config
        self._device = "GPU" if device != "cpu" else "processor"
        self._is_told = False

    def after_epoch(self, epoch: int, share: float, seconds: float) -> Notice | None:
        """Give the warning where there is reason for it.

        Args:
            epoch: counted from 1.
            share: part of the epoch's time that was spent waiting for images.
            seconds: that the epoch took.
        """
        is_settled = epoch > 1 or self._config.cache == "off"
        if self._is_told or not is_settled or share < NOTEWORTHY_SHARE or seconds < _LEAST_S:
            return None
        self._is_told = True
        return Notice(
            level="warning",
            code="data_wait",
            message=f"The {self._device} waited for images for {share:.0%} of epoch {epoch}.",
            hint=self._remedy(),
            data={"share": round(share, 4), "epoch": epoch},
        )

    def _remedy(self) -> str:
        config = self._config
        if config.cache == "off":
            return "Set the image cache to auto: decoded images are then kept, where there is room."
        if config.workers != "auto":
            return "Set the loader threads to auto: their number is then measured."
        if config.augmentation.enabled and config.augmentation.auto_augment != "none":
            return "Turn the automatic augmentation off or choose a smaller image size: both are the loader's work."
        return "Choose a smaller image size or fewer augmentations, or end other programs on this machine."
