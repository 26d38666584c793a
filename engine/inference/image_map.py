"""Images by what a model sees in them: features, their map in two dimensions, and pairs that look almost the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engine.config.features import require_feature
from engine.datasets.decode import decode_image
from engine.errors import UserError

BATCH = 32
LEAST_SIMILARITY = 0.97
"""Cosine of the centred features above which two images count as almost the same."""
MOST_PAIRS = 500
FEWEST_IMAGES = 5
_DIMENSIONS = 50
"""Kept of the features for the map: the rest is noise and costs time."""
_EXACT_BELOW = 2_000
_PERPLEXITY = 30
_AT_ONCE = 4_000_000
"""Pairs of images that are compared in one step."""
Rows = NDArray[np.float32]
Progress = Callable[[int, int, str], None]


class Describing(Protocol):
    """A model that gives the features of images."""

    def features(self, images: list[np.ndarray]) -> Rows:
        """Give (N, D), a row an upright RGB uint8 image.

        Raises:
            UserError: `features_unavailable`.
        """
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Images that look almost the same to the model, the most alike first."""

    first: NDArray[np.int64]
    """(P,) rows of the features."""
    second: NDArray[np.int64]
    """(P,), each greater than the first."""
    similarity: NDArray[np.float32]
    """(P,), cosine."""


def features_of_files(model: Describing, files: Sequence[Path], progress: Progress) -> Rows:
    """Give (N, D); NaN where a file cannot be read, or where the model's answer is no number.

    Raises:
        UserError: `features_unavailable`, `images_unreadable` when none can be read, or `features_no_numbers`.
    """
    found: list[tuple[int, NDArray[np.float32]]] = []
    for start in range(0, len(files), BATCH):
        read = list(_read(files[start : start + BATCH]))
        if read:
            rows = model.features([image for _, image in read])
            found += [(start + place, row) for (place, _), row in zip(read, rows, strict=True)]
        progress(min(start + BATCH, len(files)), len(files), "Looking at images")
    if not found:
        raise UserError(
            "images_unreadable",
            f"None of the {len(files)} images could be looked at.",
            "Connect the dataset's drive, or import it again.",
        )
    features = np.full((len(files), len(found[0][1])), np.nan, np.float32)
    for place, row in found:
        if np.isfinite(row).all():
            features[place] = row
    if np.isnan(features).all():
        raise UserError(
            "features_no_numbers",
            "What the model sees in the images is no number: its training went astray.",
            "Choose a validation of an earlier epoch.",
        )
    return features


def map_of(features: Rows, seed: int = 0) -> Rows:
    """Lay out rows (N, D) without NaN in two dimensions, by t-SNE: neighbours stay neighbours. Gives (N, 2).

    Raises:
        UserError: `map_too_small`, `feature_missing`.
    """
    if len(features) < FEWEST_IMAGES:
        raise UserError(
            "map_too_small", f"{len(features)} images make no map.", f"Measure {FEWEST_IMAGES} or more."
        )
    require_feature("image_map")
    if not np.ptp(features, axis=0).any():
        return np.zeros((len(features), 2), np.float32)  # the model tells none of them from another
    from openTSNE import TSNE  # takes seconds, with scikit-learn and SciPy

    reduced = _reduced(features)
    layout = TSNE(
        perplexity=max(1, min(_PERPLEXITY, (len(features) - 1) // 3)),
        initialization="pca",
        metric="euclidean",
        neighbors="exact" if len(features) < _EXACT_BELOW else "approx",
        random_state=seed,
    ).fit(reduced)
    return np.asarray(layout, dtype=np.float32)


def near_pairs(features: Rows, of_interest: NDArray[np.bool_], progress: Progress) -> Pairs:
    """Find pairs above `LEAST_SIMILARITY` with at least one image of interest, at most `MOST_PAIRS`.

    Args:
        features: (N, D) without NaN.
        of_interest: (N,).
        progress: is told.
    """
    unit = features - features.mean(axis=0)
    unit /= np.maximum(np.linalg.norm(unit, axis=1, keepdims=True), 1e-12)
    wanted = np.flatnonzero(of_interest)
    size = max(1, _AT_ONCE // max(1, len(unit)))
    nothing = np.zeros(0, np.int64)
    found = Pairs(nothing, nothing, np.zeros(0, np.float32))
    for start in range(0, len(wanted), size):
        rows = wanted[start : start + size]
        alike = unit[rows] @ unit.T
        place, other = np.nonzero(alike >= LEAST_SIMILARITY)
        one = rows[place]
        # Each pair once: of two that are both of interest from the smaller number.
        once = (one < other) | ((one > other) & ~of_interest[other])
        found = _most_alike(found, one[once], other[once], alike[place[once], other[once]])
        progress(min(start + size, len(wanted)), len(wanted), "Comparing images")
    return found


def _most_alike(
    known: Pairs, one: NDArray[np.int64], other: NDArray[np.int64], similarity: NDArray[np.float32]
) -> Pairs:
    """The best of those known and of others: a model that is sure of its classes finds millions of pairs."""
    first = np.concatenate([known.first, np.minimum(one, other)])
    second = np.concatenate([known.second, np.maximum(one, other)])
    both = np.concatenate([known.similarity, similarity.astype(np.float32)])
    best = np.argsort(-both, kind="stable")[:MOST_PAIRS]
    return Pairs(first[best], second[best], both[best])


def _reduced(features: Rows) -> Rows:
    """The principal components, (N, 50) or fewer; two at least, as a map has."""
    centred = (features - features.mean(axis=0)).astype(np.float64)
    _, vectors = np.linalg.eigh(centred.T @ centred)
    kept = vectors[:, ::-1][:, : min(_DIMENSIONS, *features.shape)]
    components = (centred @ kept).astype(np.float32)
    return np.pad(components, ((0, 0), (0, max(0, 2 - components.shape[1]))))


def _read(files: Iterable[Path]) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    for place, file in enumerate(files):
        try:
            yield place, decode_image(file)
        except UserError:
            continue  # it stands on the map nowhere
