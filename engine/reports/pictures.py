"""The worst images of a result, small and inside the page, with truth and prediction drawn on them."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.datasets.annotations import Annotations, load_annotations
from engine.datasets.decode import decode_image
from engine.datasets.manifest import Item, Manifest
from engine.datasets.masks import IGNORE, read_mask
from engine.errors import UserError
from engine.reports.colours import class_colour, css_colour
from engine.reports.facts import MeasuredResult
from engine.reports.object_masks import Labelled, true_masks, unpacked_mask, with_masks

Stored = NDArray[np.generic]
SIDE = 224
"""Longest side of a picture, pixels."""
MOST = 24
_QUALITY = 78
_MOST_BOXES = 30
_BLEND = 0.55
WORST_BY: Sequence[tuple[str, str, bool]] = (
    ("loss", "loss", True),
    ("f1", "F1", False),
    ("iou", "IoU", False),
)
"""Stored column, what it is called, and whether the largest are the worst; the first that there is counts."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One image as it stands in the page."""

    html: str
    caption: str
    note: str
    is_right: bool | None


@dataclass(frozen=True)
class WorstImages:
    """Opens what is stored of a result as it is needed."""

    result: MeasuredResult
    manifest: Manifest
    root: Path | None
    annotations: Path
    """The objects of the dataset, which a run takes along; there may be no such file."""

    @cached_property
    def items(self) -> Stored:
        return self._column("item")

    def measure(self) -> tuple[str, bool, Stored] | None:
        """Give by what the worst are told, whether the largest are, and its values; None where nothing tells."""
        for column, name, is_largest in WORST_BY:
            if column in self.result.summary.columns:
                return name, is_largest, self._column(column)
        return None

    def rows(self, most: int = MOST) -> list[int]:
        """Give the numbers of the worst images, the worst first."""
        found = self.measure()
        if found is None:
            return []
        _, is_largest, values = found
        key = np.nan_to_num(values.astype(np.float64), nan=np.inf if is_largest else -np.inf)
        return [int(row) for row in np.argsort(-key if is_largest else key, kind="stable")[:most]]

    def picture(self, row: int) -> Picture:
        """Draw one image; in its place a sentence where it cannot be read."""
        item = self.manifest.items[int(self.items[row])]
        name, _, values = self.measure() or ("", False, np.zeros(0))
        note = f"{name} {float(values[row]):.3g}"
        caption, is_right = self._words(row)
        return Picture(self._drawn(row, item), caption or item.path, note, is_right)

    def _words(self, row: int) -> tuple[str, bool | None]:
        classes = self.result.summary.class_names
        if "target" in self.result.summary.columns:
            true, said = (int(self._column(name)[row]) for name in ("target", "predicted"))
            sure = float(self._column("confidence")[row])
            if true == said:
                return f"{classes[true]} ({sure:.0%})", True
            return f"{classes[true]} → {classes[said]} ({sure:.0%})", False
        if "false_positives" in self.result.summary.columns:
            wrong, missed = (int(self._column(f"false_{part}")[row]) for part in ("positives", "negatives"))
            told = [f"{missed} missed"] if missed else []
            told += [f"{wrong} false"] if wrong else []
            return " · ".join(told) or "all found", not told
        return "", None

    def _drawn(self, row: int, item: Item) -> str:
        if self.root is None:
            return '<div class="absent">The image is not on this machine.</div>'
        try:
            pixels = Image.fromarray(decode_image(self.root / item.path))
        except UserError:
            return '<div class="absent">The image cannot be read.</div>'
        size = pixels.size
        pixels.thumbnail((SIDE, SIDE))
        if "boxes" in self.result.summary.arrays:
            return self._with_boxes(row, pixels, size)
        if item.mask is not None:
            return self._with_maps(row, pixels, item)
        return f'<img alt="{escape(item.path)}" src="{_data(pixels)}">'

    @property
    def has_object_masks(self) -> bool:
        return "mask_runs" in self.result.summary.arrays

    def _with_boxes(self, row: int, pixels: Image.Image, size: tuple[int, int]) -> str:
        width, height = size
        objects = _part(self._array("object_offsets"), row)
        labels = [int(label) for label in self._array("object_labels")[objects]]
        found = _part(self._array("box_offsets"), row)
        scores = self._array("box_scores")[found].astype(np.float64)
        sure = [found.start + int(n) for n in np.flatnonzero(scores >= self.least_confidence)[:_MOST_BOXES]]
        if self.has_object_masks:
            number = int(self.items[row])
            there = true_masks(self._table, number, self.manifest.items[number], labels)
            pixels = with_masks(pixels, self._found_masks(row, sure), there)
        parts = [f'<image href="{_data(pixels)}" width="{width}" height="{height}"/>']
        for box, label in zip(self._array("objects")[objects], labels, strict=True):
            parts.append(self._box(box.tolist(), label, None, width))
        for place in sure:
            box, label = self._array("boxes")[place].tolist(), int(self._array("box_labels")[place])
            parts.append(self._box(box, label, float(scores[place - found.start]), width))
        return f'<svg class="boxes" viewBox="0 0 {width} {height}">{"".join(parts)}</svg>'

    def _found_masks(self, row: int, boxes: Sequence[int]) -> list[Labelled]:
        height, width = (int(side) for side in self._array("mask_sizes")[row])
        if not height or not width:
            return []
        packed, offsets = self._array("mask_runs"), self._array("mask_run_offsets")
        return [
            (
                int(self._array("box_labels")[place]),
                unpacked_mask(packed[_part(offsets, place)].tobytes(), height, width),
            )
            for place in boxes
        ]

    @cached_property
    def _table(self) -> Annotations | None:
        try:
            return load_annotations(self.annotations) if self.annotations.is_file() else None
        except UserError:
            return None

    def _box(self, box: Sequence[float], label: int, score: float | None, width: int) -> str:
        """The truth in a full line, what was found in a broken one with its confidence."""
        left, top, right, bottom = box
        line, size = width / 110, width / 20
        colour = css_colour(label)
        kind = "truth" if score is None else "found"
        dash = "" if score is None else f' stroke-dasharray="{2.5 * line:.1f} {1.5 * line:.1f}"'
        frame = (
            f'<rect class="{kind}" x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" '
            f'height="{bottom - top:.1f}" stroke="{colour}" stroke-width="{line:.1f}"{dash}/>'
        )
        if score is None:
            return frame
        told = escape(f"{self.result.summary.class_names[label]} {score:.0%}")
        x, y = max(0.0, left) + line, max(size, top - line)
        return f'{frame}<text x="{x:.1f}" y="{y:.1f}" font-size="{size:.1f}" class="boxname">{told}</text>'

    @cached_property
    def least_confidence(self) -> float:
        """The confidence with the best F1, at which the result's own numbers hold."""
        if "curve_f1" not in self.result.summary.arrays:
            return 0.5
        curve = self._array("curve_f1").astype(np.float64)
        known = curve[~np.isnan(curve).any(axis=1)]
        return float(np.argmax(known.mean(axis=0))) / max(1, curve.shape[1] - 1) if len(known) else 0.5

    def _with_maps(self, row: int, pixels: Image.Image, item: Item) -> str:
        """Truth and prediction beside each other: one would hide the other."""
        parts: list[str] = []
        for name, classes in (("truth", self._true(item)), ("prediction", self._predicted(row))):
            if classes is not None:
                parts.append(f'<img alt="{name}" src="{_data(_blended(pixels, classes))}">')
        plain = f'<img alt="{escape(item.path)}" src="{_data(pixels)}">'
        return f'<div class="pair">{"".join(parts)}</div>' if len(parts) == 2 else plain

    def _true(self, item: Item) -> NDArray[np.uint8] | None:
        try:
            return read_mask(self.root, item, self.manifest) if self.root is not None else None
        except UserError:
            return None

    def _predicted(self, row: int) -> NDArray[np.uint8] | None:
        if "mask_files" not in self.result.summary.arrays:
            return None
        part = _part(self._array("mask_file_offsets"), row)
        packed = self._array("mask_files")[part].tobytes()
        try:
            with Image.open(BytesIO(packed)) as opened:
                return np.asarray(opened).astype(np.uint8)
        except (OSError, SyntaxError, ValueError):
            return None

    @cached_property
    def _open(self) -> dict[str, Stored]:
        return {}

    def _column(self, name: str) -> Stored:
        return self._array(f"image_{name}")

    def _array(self, name: str) -> Stored:
        if name not in self._open:
            self._open[name] = np.load(self.result.folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)
        return self._open[name]


def _part(offsets: Stored, row: int) -> slice:
    return slice(int(offsets[row]), int(offsets[row + 1]))


def _blended(pixels: Image.Image, classes: NDArray[np.uint8]) -> Image.Image:
    small = np.asarray(Image.fromarray(classes).resize(pixels.size, Image.Resampling.NEAREST))
    palette = np.array([class_colour(number) for number in range(256)], dtype=np.float64)
    plain = np.asarray(pixels, dtype=np.float64)
    mixed = plain * (1 - _BLEND) + palette[small] * _BLEND
    mixed[small == IGNORE] = plain[small == IGNORE]
    return Image.fromarray(mixed.round().astype(np.uint8))


def _data(image: Image.Image) -> str:
    kept = BytesIO()
    image.save(kept, "JPEG", quality=_QUALITY, optimize=True)
    return f"data:image/jpeg;base64,{base64.b64encode(kept.getvalue()).decode('ascii')}"
