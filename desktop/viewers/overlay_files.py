"""Pictures saved with what a model says drawn on them. Runs in a thread of the background."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter

from desktop.grids.picture import read_picture
from desktop.models.drawn_labels import DrawnLabels, LabelLook
from desktop.models.predictions_cache import short_stem
from desktop.viewers.label_drawing import LabelDrawing
from engine.errors import UserError
from engine.protocol.disk import write_error


@dataclass(frozen=True, slots=True)
class OverlayWish:
    """What is saved, and how."""

    files: tuple[Path, ...]
    labels_of: Callable[[int], DrawnLabels | None]
    """Gives what is drawn on a file by its place; may read files itself."""
    classes: Sequence[str]
    look: LabelLook


def save_overlays(folder: Path, wish: OverlayWish) -> int:
    """Write a PNG for each file that something is said of; gives how many. No file is overwritten.

    Raises:
        UserError: `disk_full` and its like, or what reading a picture or a mask raises.
    """
    saved = 0
    taken: Counter[str] = Counter()
    for place, file in enumerate(wish.files):
        labels = wish.labels_of(place)
        if labels is None:
            continue
        picture = drawn_over(read_picture(file), labels, wish)
        target = _free(folder, short_stem(file), taken)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise write_error(error, folder) from error
        if not picture.save(str(target)):
            raise UserError(
                "overlay_unwritten",
                f"The picture {target} cannot be written.",
                "Choose a folder that you may write to, on a disk with room.",
            )
        saved += 1
    return saved


def drawn_over(picture: QImage, labels: DrawnLabels, wish: OverlayWish) -> QImage:
    """Give the picture with labels on it, in its own size."""
    drawn = picture.convertToFormat(QImage.Format.Format_RGB32)
    drawing = LabelDrawing(labels, wish.classes)
    painter = QPainter(drawn)
    whole = QRectF(drawn.rect())
    drawing.paint(painter, whole, wish.look)
    drawing.paint_names(painter, whole, wish.look, -1, [])
    painter.end()
    return drawn


def _free(folder: Path, stem: str, taken: Counter[str]) -> Path:
    """A name that no file has. Where thousands are called alike, those given before are not looked for again.

    Args:
        folder: where it is free.
        stem: with which it begins.
        taken: how many names with each stem were given; is kept true.
    """
    while True:
        taken[stem] += 1
        number = "" if taken[stem] == 1 else f"-{taken[stem]}"
        target = folder / f"{stem}-predicted{number}.png"
        if not target.exists():
            return target
