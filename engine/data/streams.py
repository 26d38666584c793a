"""The random streams of the data path: each is a function of the seed and a position, never of worker or time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

ORDER_STREAM = 1
SAMPLE_STREAM = 2
MIX_STREAM = 3


def epoch_order(seed: int, epoch: int, length: int) -> NDArray[np.int64]:
    """Order in which an epoch visits the `length` samples of a split."""
    return np.random.default_rng([seed, ORDER_STREAM, epoch]).permutation(length).astype(np.int64)


def sample_generator(seed: int, epoch: int, index: int) -> np.random.Generator:
    """Source of chance for the augmentation of one sample; `index` is its position in `manifest.items`."""
    return np.random.default_rng([seed, SAMPLE_STREAM, epoch, index])


def mix_generator(seed: int, epoch: int, batch: int) -> np.random.Generator:
    """Source of chance for blending the images of one batch of an epoch."""
    return np.random.default_rng([seed, MIX_STREAM, epoch, batch])
