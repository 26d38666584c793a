"""An augmentation that a plugin brings along, with its samples checked before they go into a batch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.data.loader import Augment
from engine.errors import PluginError


def checked(augment: Augment, image_size: int) -> Augment:
    """Give the same augmentation, which tells of samples that no batch can hold.

    Raises:
        PluginError: `augmentation_wrong`, when it is called.
    """

    def sample(stored: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
        made: object = augment(stored, rng)
        wanted = (image_size, image_size, 3)
        if isinstance(made, np.ndarray) and made.shape == wanted and made.dtype == np.uint8:
            return made
        given = f"{made.dtype} {made.shape}" if isinstance(made, np.ndarray) else type(made).__name__
        raise PluginError(
            "augmentation_wrong",
            f"The plugin's build_augmentation made a sample of {given} instead of uint8 {wanted}.",
            "Cut and resize to image_size in it, and give a uint8 array.",
        )

    return sample
