"""The sheet that chooses a dataset: name, images, classes, what to mind; or a folder that is none yet."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from desktop.forms.chooser_list import ChooserItem
from desktop.forms.chooser_sheet import ChooserSheet
from desktop.grids.thumbnails import Thumbnails
from desktop.models.dataset_overview import SPLITS, covers_of
from engine.datasets.library import Library
from engine.datasets.manifest import Manifest
from engine.errors import UserError
from engine.protocol.home import Home

if TYPE_CHECKING:
    from pathlib import Path

    from desktop.context import Context

FOLDER_KEY = "\n"
"""Key of the entry that opens a folder; no dataset can have it for a name."""
_MOST_CLASSES = 6


class DatasetChooser(ChooserSheet):
    """Lets a dataset be chosen; follows the shelf while it is open.

    Args:
        context: the window's.
        current: name of the dataset that holds now.
        parent: over which it opens.
    """

    chosen = Signal(str)
    """A dataset's name."""
    folder_wanted = Signal()
    """The user wants to open a folder instead."""

    def __init__(self, context: Context, current: str = "", parent: QWidget | None = None) -> None:
        self._thumbnails = Thumbnails()
        super().__init__(
            parent, "Choose a dataset", "Find a dataset by its name or a class", self._thumbnails.pixmap
        )
        self._thumbnails.setParent(self)
        self._thumbnails.changed.connect(self._picture_came)
        self._context = context
        self._covers: dict[str, Path] = {}
        self._troubles: dict[str, str] = {}
        context.datasets.changed.connect(self._shelf_changed)
        self.refill(current)
        self._look()

    def items_for(self, text: str) -> list[ChooserItem]:
        words = text.lower().split()
        manifests = [m for m in self._context.datasets.list() if _matches(m, words)]
        items = [self._item(manifest) for manifest in manifests]
        opened = ChooserItem(
            FOLDER_KEY,
            "Open a folder…",
            text="A folder or a zip of images, one folder for each class; or a table of labels.",
            icon="ph.folder-open",
        )
        return [*items, opened]

    def nothing_text(self) -> str:
        return ""

    def describe(self, item: ChooserItem) -> str:
        if item.problem:
            return item.problem
        found = self._context.datasets.get(item.key)
        return (
            f"Classes: {_classes(found, len(found.classes))}" if found is not None and found.classes else ""
        )

    def take(self, item: ChooserItem) -> None:
        if item.key == FOLDER_KEY:
            self.folder_wanted.emit()
        else:
            self.chosen.emit(item.key)

    def _item(self, manifest: Manifest) -> ChooserItem:
        cover = self._covers.get(manifest.name)
        return ChooserItem(
            manifest.name,
            manifest.name,
            facts=dataset_facts(manifest),
            text=_classes(manifest, _MOST_CLASSES),
            problem=self._troubles.get(manifest.name, "") or _mind(manifest),
            is_usable=manifest.name not in self._troubles,
            icon="ph.image-square",
            picture=str(cover) if cover is not None else "",
        )

    def _shelf_changed(self) -> None:
        self.refill()
        self._look()

    def _look(self) -> None:
        """Ask in the background for pictures, and whether the files are where they were."""
        manifests = list(self._context.datasets.list())
        self._context.background.run(
            partial(_look_at, self._context.home, manifests), then=self._seen, owner=self
        )

    def _seen(self, found: tuple[dict[str, Path], dict[str, str]]) -> None:
        self._covers, self._troubles = found
        self.refill()

    def _picture_came(self, _path: str) -> None:
        self.view.viewport().update()


def dataset_facts(manifest: Manifest) -> str:
    """Say in a line how large a dataset is, for what, and how it is divided."""
    total = len(manifest.items)
    count = {split: sum(item.split == split for item in manifest.items) for split in SPLITS}
    parts = [f"{total:,} {'image' if total == 1 else 'images'}"]
    parts.append(f"{len(manifest.classes)} {'class' if len(manifest.classes) == 1 else 'classes'}")
    parts.append(manifest.task)
    if count["val"] or count["test"]:
        parts.append(" / ".join(f"{split} {number:,}" for split, number in count.items() if number))
    return " · ".join(part for part in parts if part)


def _look_at(home: Home, manifests: Sequence[Manifest]) -> tuple[dict[str, Path], dict[str, str]]:
    troubles: dict[str, str] = {}
    for manifest in manifests:
        try:
            Library(home).root(manifest.name)
        except UserError as error:
            troubles[manifest.name] = str(error)
    return covers_of(home, manifests), troubles


def _matches(manifest: Manifest, words: Sequence[str]) -> bool:
    hay = " ".join([manifest.name, manifest.task, manifest.format, *manifest.classes]).lower()
    return all(word in hay for word in words)


def _classes(manifest: Manifest, most: int) -> str:
    shown = ", ".join(manifest.classes[:most])
    more = len(manifest.classes) - most
    return f"{shown} and {more} more" if more > 0 else shown


def _mind(manifest: Manifest) -> str:
    if not any(item.split == "train" for item in manifest.items):
        return "It has no images to train on."
    return ""
