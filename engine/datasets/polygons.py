"""Polygons and run lengths as pixels, by the rules of COCO's reference tools, so that areas and overlaps agree."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.errors import UserError

Mask = NDArray[np.bool_]
Points = NDArray[np.float64]
"""(n, 2) x and y of the corners of a ring, pixels."""
Runs = NDArray[np.uint32]
"""Lengths of the runs of 0 and 1 in turn, beginning with 0, down the columns."""

_FINER = 5.0
"""The boundary is walked on a grid this many times finer than the pixels."""


def polygon_mask(points: Points, height: int, width: int) -> Mask:
    """Fill one ring, (height, width). Equal to `rleFrPoly` of pycocotools 2.0, bit for bit."""
    x, y = _boundary(np.trunc(points * _FINER + 0.5).astype(np.int64))
    turned = np.flatnonzero(x[1:] != x[:-1]) + 1
    column = (np.minimum(x[turned], x[turned - 1]) + 0.5) / _FINER - 0.5
    on_pixel = (np.floor(column) == column) & (column >= 0) & (column <= width - 1)
    row = (np.minimum(y[turned], y[turned - 1])[on_pixel] + 0.5) / _FINER - 0.5
    places = column[on_pixel].astype(np.int64) * height + np.ceil(np.clip(row, 0, height)).astype(np.int64)
    switches = np.bincount(places, minlength=height * width + 1)[: height * width]
    return (np.cumsum(switches) % 2 == 1).reshape(width, height).T


def _boundary(corners: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Walk all edges in unit steps along their longer axis; both ends of an edge are visited."""
    start, end = corners, np.roll(corners, -1, axis=0)
    delta = np.abs(end - start)
    flat = delta[:, 0] >= delta[:, 1]
    steps = np.maximum(delta[:, 0], delta[:, 1])
    backwards = np.where(flat, start[:, 0] > end[:, 0], start[:, 1] > end[:, 1])
    low = np.where(backwards[:, None], end, start)
    high = np.where(backwards[:, None], start, end)
    rise = np.where(flat, high[:, 1] - low[:, 1], high[:, 0] - low[:, 0])
    slope = np.divide(rise, steps, out=np.zeros(len(steps)), where=steps > 0)
    edge = np.repeat(np.arange(len(steps)), steps + 1)
    first = np.cumsum(steps + 1) - (steps + 1)
    walked = np.arange(len(edge)) - first[edge]
    along = np.where(backwards[edge], steps[edge] - walked, walked)
    across_from = np.where(flat, low[:, 1], low[:, 0])[edge]
    across = np.trunc(across_from + slope[edge] * along + 0.5).astype(np.int64)
    along_from = np.where(flat, low[:, 0], low[:, 1])[edge]
    x = np.where(flat[edge], along_from + along, across)
    y = np.where(flat[edge], across, along_from + along)
    return x, y


def runs_mask(runs: Runs, height: int, width: int) -> Mask:
    """Give the pixels of run lengths, (height, width); what they do not cover is not in the mask."""
    values = np.zeros(len(runs), np.bool_)
    values[1::2] = True
    flat = np.repeat(values, runs)[: height * width]
    filled = np.zeros(height * width, np.bool_)
    filled[: len(flat)] = flat
    return filled.reshape(width, height).T


def mask_runs(mask: Mask) -> Runs:
    """Give the run lengths of a mask (height, width)."""
    flat = mask.T.reshape(-1)
    changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    bounds = np.concatenate(([0], changes, [len(flat)]))
    lengths = np.diff(bounds)
    if len(flat) and flat[0]:
        lengths = np.concatenate(([0], lengths))
    return lengths.astype(np.uint32)


def runs_of_text(text: str) -> Runs:
    """Read the compressed spelling of COCO: 6 bits a letter, each run as the difference to the one before last.

    Raises:
        UserError: `runs_invalid`.
    """
    runs: list[int] = []
    value = shift = 0
    for letter in text.encode():
        bits = letter - 48
        if not 0 <= bits < 64:
            raise _invalid(f"{chr(letter)!r} is no letter of it")
        value |= (bits & 0x1F) << shift
        shift += 5
        if bits & 0x20:
            continue
        if bits & 0x10:
            value -= 1 << shift
        runs.append(value + (runs[-2] if len(runs) > 2 else 0))
        value = shift = 0
    if shift:
        raise _invalid("it is cut off")
    return checked_runs(runs)


def text_of_runs(runs: Sequence[int] | Runs) -> str:
    """Spell run lengths in the compressed way of COCO."""
    letters: list[str] = []
    lengths = [int(run) for run in runs]
    for place, run in enumerate(lengths):
        value = run - lengths[place - 2] if place > 2 else run
        while True:
            bits = value & 0x1F
            value >>= 5
            done = value == (-1 if bits & 0x10 else 0)
            letters.append(chr(48 + (bits if done else bits | 0x20)))
            if done:
                break
    return "".join(letters)


def checked_runs(runs: Sequence[int]) -> Runs:
    """Give run lengths as an array.

    Raises:
        UserError: `runs_invalid` for a negative or huge one.
    """
    if any(not 0 <= run < 1 << 32 for run in runs):
        raise _invalid("a run has a negative or huge length")
    return np.array(runs, np.uint32)


def _invalid(why: str) -> UserError:
    return UserError(
        "runs_invalid", f"A mask of run lengths cannot be read: {why}.", "Export the annotations anew."
    )
