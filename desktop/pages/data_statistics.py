"""Numbers of a dataset: how its splits are balanced, how many objects there are and how large, what masks leave out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from desktop.models.dataset_overview import DatasetOverview, Labelling
from desktop.models.dataset_tally import Bins, missing_classes, side_bins
from desktop.models.run_words import plural
from desktop.pages.data_balance import BalanceTable
from desktop.theme.tokens import SIZE, SPACE
from desktop.viewers.histogram import Histogram
from desktop.widgets.card import Card, column, row
from desktop.widgets.labels import IconLabel, text_label
from desktop.widgets.scrolled import plain_area

_COLUMN_STRETCH = (1, 1)


class Statistics(QWidget):
    """A card for each kind of number that the labels have."""

    def __init__(self) -> None:
        super().__init__()
        inner = QWidget()
        self._grid = QGridLayout(inner)
        self._grid.setContentsMargins(0, 0, SPACE.s, 0)
        self._grid.setSpacing(SPACE.m)
        for place, stretch in enumerate(_COLUMN_STRETCH):
            self._grid.setColumnStretch(place, stretch)
        area = plain_area()
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(inner)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(area)
        self.balance = BalanceTable()
        self._balance_card = _card("Classes by split", self.balance)
        self._warnings = column(SPACE.xs)
        self._balance_card.body.addLayout(self._warnings)
        self._facts = column(SPACE.s)
        self._facts_card = Card(margins=(SPACE.l, SPACE.m, SPACE.l, SPACE.m))
        self._facts_card.body.addWidget(text_label("In short", "section"))
        self._facts_card.body.addLayout(self._facts)
        self._facts_card.body.addStretch(1)
        self.per_image = Histogram("Images by number of objects", "images")
        self.sides = Histogram("Objects by size", "objects")
        self.image_sides = Histogram("Images by longer side", "images")
        self._per_image_card = _card(
            "Objects per image", self.per_image, "Images, by how many objects they hold"
        )
        self._sides_card = _card(
            "Size of objects", self.sides, "Side of a square as large as the box, pixels"
        )
        self._image_card = _card("Size of images", self.image_sides, "Longer side, pixels")
        self._grid.addWidget(self._balance_card, 0, 0, 1, 2)
        self._grid.addWidget(self._facts_card, 1, 0)
        self._grid.addWidget(self._image_card, 1, 1)
        self._grid.addWidget(self._per_image_card, 2, 0)
        self._grid.addWidget(self._sides_card, 2, 1)
        self._grid.setRowStretch(3, 1)

    def show_dataset(self, overview: DatasetOverview) -> None:
        """Show the numbers of another dataset."""
        self.balance.show_dataset(overview)
        _fill_warnings(
            self._warnings, missing_classes(overview.tally, overview.classes, overview.split_names)
        )
        _fill_facts(self._facts, short_facts(overview))
        sizes = image_size_bins(overview)
        self.image_sides.show_bins(sizes.labels, sizes.counts)
        differ = len(sizes.counts) > 1  # one size is said in words
        self._image_card.setVisible(differ)
        self._grid.addWidget(self._facts_card, 1, 0, 1, 1 if differ else 2)
        objects = overview.objects
        self._per_image_card.setVisible(objects is not None)
        self._sides_card.setVisible(objects is not None)
        if objects is not None:
            self.per_image.show_bins(objects.per_image_bins.labels, objects.per_image_bins.counts)
            self.sides.show_bins(objects.side_bins.labels, objects.side_bins.counts)


def image_size_bins(overview: DatasetOverview) -> Bins:
    """Make a histogram of the longer sides of images whose size is known."""
    sides = overview.sizes.max(axis=1, initial=0).astype(np.float64)
    return side_bins(sides[sides > 0])


def short_facts(overview: DatasetOverview) -> list[tuple[str, str]]:
    """Give the numbers that one looks for first: what, and how much."""
    facts = [("Images", f"{len(overview.manifest.items):,}"), ("Size of images", _sizes(overview))]
    if (objects := overview.objects) is not None and overview.annotations is not None:
        small, medium, large = objects.by_size
        facts += [
            ("Objects", f"{len(overview.annotations.labels):,}"),
            ("Objects per image", f"{objects.median_per_image:g} in the middle"),
            (
                "Images without objects",
                f"{objects.empty_images:,}" + (", negatives" if objects.empty_images else ""),
            ),
            ("Small, medium, large", f"{small:,} · {medium:,} · {large:,}"),
        ]
        facts += [("Crowds", f"{objects.crowds:,}")] if objects.crowds else []
        return facts
    if overview.labelling is Labelling.PIXELS:
        if (pixels := overview.pixels) is not None:
            facts.append(("Masks counted", f"{pixels.read:,}"))
            facts.append(("Pixels that do not count", f"{pixels.ignored_share():.1%}"))
        facts.append(("Images without a mask", f"{overview.unlabelled():,}"))
        return facts
    totals = overview.class_totals()
    facts.append(
        (
            "Images per class",
            f"{int(totals.min(initial=totals.max(initial=0))):,} to {int(totals.max(initial=0)):,}",
        )
    )
    if count := overview.unlabelled():
        facts.append(("Images without a label", plural(count, "image")))
    return facts


def _sizes(overview: DatasetOverview) -> str:
    """Give the one size that all images have, or the smallest and the largest; in pixels."""
    known = overview.sizes[overview.sizes[:, 0] > 0]
    if not len(known):
        return "unknown"
    areas = known.prod(axis=1)
    small, large = (
        f"{width:,} × {height:,}" for width, height in known[[areas.argmin(), areas.argmax()]].tolist()
    )
    is_one = bool((known == known[0]).all())
    return small if is_one else f"{small} to {large}"


def _card(title: str, content: QWidget, note: str = "") -> Card:
    card = Card(margins=(SPACE.l, SPACE.m, SPACE.l, SPACE.m))
    head = row()
    head.addWidget(text_label(title, "section"))
    if note:
        head.addWidget(text_label(note, "caption"), 1)
    else:
        head.addStretch(1)
    card.body.addLayout(head)
    card.body.addWidget(content, 1)
    return card


def _clear(layout: QVBoxLayout) -> None:
    while (item := layout.takeAt(0)) is not None:
        if (widget := item.widget()) is not None:
            widget.hide()
            widget.deleteLater()


def _fill_warnings(lines: QVBoxLayout, sentences: Sequence[str]) -> None:
    _clear(lines)
    for sentence in sentences:
        made = QWidget()
        words = row(SPACE.s)
        made.setLayout(words)
        words.addWidget(IconLabel("ph.warning", "warn", SIZE.icon), alignment=Qt.AlignmentFlag.AlignTop)
        words.addWidget(text_label(sentence, "caption", wrap=True), 1)
        lines.addWidget(made)


def _fill_facts(lines: QVBoxLayout, facts: Sequence[tuple[str, str]]) -> None:
    _clear(lines)
    for name, value in facts:
        made = QWidget()
        words = row(SPACE.s)
        made.setLayout(words)
        words.addWidget(text_label(name, "muted"), 1)
        words.addWidget(text_label(value, "strong"))
        lines.addWidget(made)
