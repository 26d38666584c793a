"""How much there is of each class, by split: images, objects or pixels; picking one shows only its images."""

from __future__ import annotations

from PySide6.QtCore import Signal

from desktop.charts.bar_list import ROW_PX
from desktop.charts.count_bars import CountBars
from desktop.models.dataset_drawing import has_drawing
from desktop.models.dataset_overview import DatasetOverview, Labelling
from desktop.theme.label_colors import label_color
from desktop.theme.tokens import SPACE
from desktop.widgets.card import Card, row
from desktop.widgets.labels import text_label

_HEAD_HEIGHT = SPACE.xxl + SPACE.xl
"""Of the title, with margins."""


class ClassesCard(Card):
    """Bars by class, the largest first."""

    class_wanted = Signal(object)
    """The number of the class whose images the user wants to see; None for all again."""

    def __init__(self) -> None:
        super().__init__(margins=(SPACE.l, SPACE.m, SPACE.s, SPACE.s))
        self._current: int | None = None
        head = row()
        head.addWidget(text_label("Classes", "section"))
        self.summary = text_label("", "caption")
        head.addWidget(self.summary, 1)
        self.body.addLayout(head)
        self.bars = CountBars(has_legend=False)  # the head of the page names the colours
        self.bars.picked.connect(self._pick)
        self.body.addWidget(self.bars, 1)

    def show_dataset(self, overview: DatasetOverview) -> None:
        """Show another dataset's classes."""
        tally = overview.tally
        unit = f"{tally.unit}s"
        waits = overview.labelling is Labelling.PIXELS and overview.pixels is None
        self.summary.setText("" if waits else _balance(overview))
        self.summary.setToolTip(_ignored(overview))
        if waits:
            self.summary.setText("Opening masks…" if overview.trouble is None else "Masks are away")
        self.bars.set_swatches(label_color if has_drawing(overview) else None)
        self.bars.show_counts(
            overview.classes,
            {name: tally.counts[number].tolist() for number, name in enumerate(overview.split_names)},
            unit,
        )
        # As tall as its rows, where there is room: what is left belongs to the problems below.
        self.setMaximumHeight(len(overview.classes) * ROW_PX + _HEAD_HEIGHT)
        self.mark(None)

    def mark(self, label: int | None) -> None:
        """Say whose images are shown, without telling."""
        self._current = label
        self.bars.set_picked(label)

    def _pick(self, label: int) -> None:
        self.class_wanted.emit(None if label == self._current else label)


def _balance(overview: DatasetOverview) -> str:
    """Say how even the classes are, and of what."""
    totals = overview.class_totals()
    least, most = int(totals.min(initial=totals.max(initial=0))), int(totals.max(initial=0))
    match overview.tally.unit:
        case "object":
            return f"{int(totals.sum()):,} objects"
        case "pixel":
            ignored = overview.pixels.ignored_share() if overview.pixels is not None else 0.0
            return f"{ignored:.1%} of pixels ignored" if ignored else "shares of pixels"
        case _:
            return f"{most:,} images each" if least == most else f"{least:,} to {most:,} images"


def _ignored(overview: DatasetOverview) -> str:
    """Say of how many masks the shares are."""
    pixels = overview.pixels
    if pixels is None:
        return ""
    masked = int(overview.is_masked.sum())
    if pixels.read < masked:
        return f"Counted in {pixels.read:,} of {masked:,} masks, taken evenly."
    return f"Counted in all {masked:,} masks."
