"""Records that describe data and outcomes: problems of a dataset, summaries of results, predictions as JSON."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from engine.protocol.job import Frozen

Severity = Literal["error", "warning", "info"]
Dropped = Literal["", "masks", "images"]


class Problem(Frozen):
    """One thing wrong with a dataset: which file, what, and the remedy."""

    code: str
    file: str = ""
    """Relative to the dataset's root where it lies inside."""
    line: int | None = None
    message: str
    remedy: str
    severity: Severity = "warning"


class ResultSummary(Frozen):
    """results/0001/summary.json of a validation or test run."""

    schema_version: int = 1
    task: str
    split: str
    epoch: int
    step: int
    checkpoint: str | None = None
    weights_sha256: str = ""
    dataset: str = ""
    dataset_version: str = ""
    class_names: tuple[str, ...] = ()
    images: int = 0
    is_labelled: bool = True
    """Whether the truth was known; where it was not, there is nothing but what the model says."""
    left_out: int = 0
    """Images that were asked for and could not be read."""
    seen_in_training: int = 0
    """Images that the model has learnt from, by their bytes; not counted where the training images were asked for."""
    classes_left_out: tuple[str, ...] = ()
    """Classes of the dataset that are none of the model's: what shows them was not measured."""
    metrics: dict[str, float] = Field(default_factory=dict)
    """By full name: `val/accuracy`, `test/accuracy`."""
    per_class: dict[str, dict[str, float]] = Field(default_factory=dict)
    """Metric name without prefix, then class name."""
    columns: tuple[str, ...] = ()
    """Names of the per-image arrays beside this file, `image_<name>.npy`."""
    arrays: tuple[str, ...] = ()
    """Names of the other arrays, `<name>.npy`: `boxes`, `box_offsets`, curves."""
    curves: tuple[str, ...] = ()
    """Names of those arrays that tell of all images together: they stay when the rest is dropped."""
    dropped: Dropped = ""
    """What is no longer kept of this result, as the run's settings say: masks of images, or all that is by image."""
    expected: int = 0
    """How many images are measured in all while the measuring goes on; 0 in a result that is finished."""
    masks: int = 0
    """Of earlier versions: of how many images, from the first on, `masks/000000.png` tells in gray values what was
    predicted: the classes, or, of instances, the numbers of their boxes from 1."""
    created: str = ""


MAP_NAME = "map.json"


class ImageMap(Frozen):
    """results/0001/map.json: the images of a result laid out by what a model sees in them.

    Beside it `map_points.npy`, float32 (N, 2) in the order of the columns, NaN for an image that could not be read;
    `map_pairs.npy`, int64 (P, 2) positions in the manifest's items of images that look almost the same, and
    `map_alike.npy`, float32 (P,), how alike they are; the most alike first.
    """

    schema_version: int = 1
    checkpoint: str
    """Whose features they are."""
    images: int
    pairs: int


class ScoredLabel(Frozen):
    """A class and how sure the model is of it, 0 to 1."""

    label: str
    confidence: float


class PredictionRecord(Frozen):
    """What `predict` says about one file; `error` is set instead when it could not be read."""

    file: str
    label: str | None = None
    confidence: float | None = None
    top: tuple[ScoredLabel, ...] = ()
    boxes: tuple[dict[str, object], ...] | None = None
    """The surest first: `box` as left, top, right, bottom in pixels, `label`, `confidence`."""
    shares: dict[str, float] | None = None
    """Of segmentation: the share of the pixels that each class has, the largest first."""
    mask: str | None = None
    """A gray picture: the class of each pixel, or the number of the box from 1 whose mask is seen there."""
    size: tuple[int, int] | None = None
    """Width and height of the upright image, pixels."""
    error: str | None = None
