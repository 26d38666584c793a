"""The images of a dataset: filtered by class, split, words and problem, in the grid."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QComboBox, QLineEdit, QListView, QSlider

from desktop.grids.image_grid import ImageGrid
from desktop.grids.image_model import Images
from desktop.grids.tile import Tile
from desktop.grids.tile_slider import TileSlider
from desktop.models.dataset_drawing import has_drawing, has_masks, labels_on_tile
from desktop.models.dataset_overview import UNLABELLED, DatasetOverview, ImageFilter, chosen_images
from desktop.models.drawn_labels import DrawnLabels, LabelLook
from desktop.theme.fonts import font
from desktop.theme.tokens import SIZE, SPACE, TYPE
from desktop.viewers.label_tiles import LabelTiles
from desktop.viewers.mask_pictures import MaskPictures
from desktop.widgets.buttons import Button, on_click
from desktop.widgets.card import Card, row
from desktop.widgets.labels import IconLabel, text_label

_SEARCH_MS = 150
_FIELD_WIDTH = 104
_OPACITY_WIDTH = 48


class ImagesCard(Card):
    """Head with filters, and the grid."""

    opened = Signal(int)
    """The number of the image to show large."""
    filter_changed = Signal(object)
    """The `ImageFilter` in force, after the user changed it here."""
    look_changed = Signal(object)
    """A `LabelLook`: how much of the labels is drawn on the pictures."""

    def __init__(self) -> None:
        super().__init__(margins=(SPACE.l, SPACE.m, SPACE.xs, SPACE.xs))
        self._overview: DatasetOverview | None = None
        self.filter = ImageFilter()
        self.grid = ImageGrid("Images of the dataset")
        self._masks = MaskPictures()
        self.tiles = LabelTiles(self._masks.read, self.grid)
        self.tiles.overlays.changed.connect(self.grid.viewport().update)
        self.grid.set_delegate(self.tiles)
        self._build_head()
        self._build_filters()
        self.chip = Button("", "ph.x")
        self.chip.setProperty("chip", True)
        on_click(self.chip, self._clear_problem)
        chips = row()
        chips.addWidget(self.chip)
        chips.addStretch(1)
        self.body.addLayout(chips)
        self.body.addWidget(self.grid, 1)
        self.grid.opened.connect(self.opened)
        self._typing = QTimer(self, singleShot=True, interval=_SEARCH_MS)
        self._typing.timeout.connect(self._read_text)
        self.chip.hide()

    def _build_head(self) -> None:
        head = row()
        head.setContentsMargins(0, 0, SPACE.s, 0)
        head.addWidget(text_label("Images", "section"))
        self.count = text_label("", "caption")
        self.count.setFont(font(TYPE.caption, tabular=True))
        head.addWidget(self.count)
        head.addStretch(1)
        self.labels = Button("Labels")
        self.labels.setProperty("chip", True)
        self.labels.setCheckable(True)
        self.labels.setChecked(True)
        self.labels.explain("Draw the labels on the pictures", "L")
        self.labels.toggled.connect(self._choose_look)
        self.opacity = QSlider(Qt.Orientation.Horizontal)
        self.opacity.setRange(0, 100)
        self.opacity.setFixedWidth(_OPACITY_WIDTH)
        self.opacity.setAccessibleName("Opacity of masks")
        self.opacity.setToolTip("Opacity of masks")
        self.opacity.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.opacity.valueChanged.connect(self._choose_look)
        head.addWidget(self.labels)
        self._drop = IconLabel("ph.drop-half", "text3", SIZE.icon)
        head.addWidget(self._drop)
        head.addWidget(self.opacity)
        head.addWidget(IconLabel("ph.grid-four", "text3", SIZE.icon))
        head.addWidget(TileSlider(self.grid))
        self.body.addLayout(head)

    def _build_filters(self) -> None:
        line = row()
        line.setContentsMargins(0, 0, SPACE.s, 0)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Find a file")
        self.search.setAccessibleName("Find images by file name")
        self.search.setToolTip("Part of a path  (Ctrl+F)")
        self.search.setClearButtonEnabled(True)
        self.search.setAcceptDrops(False)  # a folder dropped here is meant for the page
        self.search.textChanged.connect(self._start_typing)
        line.addWidget(self.search, 1)
        self.label = _combo("Show images of the class")
        self.label.currentIndexChanged.connect(self._choose)
        line.addWidget(self.label)
        self.split = _combo("Show images of the split")
        self.split.currentIndexChanged.connect(self._choose)
        line.addWidget(self.split)
        self.body.addLayout(line)

    def show_dataset(self, overview: DatasetOverview) -> None:
        """Show a dataset's images; the filter stays for another look at the same dataset."""
        before = self._overview
        self._overview = overview
        if before is None or before.manifest.name != overview.manifest.name:
            self.filter = ImageFilter()
        else:
            self._keep_filter_valid(overview)
        self._offer_choices(overview)
        self._draw_labels(overview, before)
        images = Images(overview.root, overview.paths, self._tile)
        if before is None or before.manifest.version != overview.manifest.version:
            self.grid.images.thumbnails.forget()
        if before is not None and (before.root, before.paths) == (overview.root, overview.paths):
            self.grid.images.update_images(images)  # the place in the grid stays
        else:
            self.grid.images.set_images(images)
        self.apply(self.filter)

    def apply(self, wanted: ImageFilter) -> None:
        """Show what a filter leaves, and the filter in the controls; does not tell."""
        self.filter = wanted
        if self._overview is None:
            return
        current = self.grid.current_image()
        mask = chosen_images(self._overview, wanted)
        self.grid.images.arrange(mask)
        if not self.grid.go_to(current):
            self.grid.scrollToTop()
        total = len(self._overview.manifest.items)
        shown = int(mask.sum())
        self.count.setText(f"{shown:,}" if shown == total else f"{shown:,} of {total:,}")
        self._show_filter()

    def set_look(self, look: LabelLook) -> None:
        """Draw more or less of the labels on the pictures, without telling."""
        self.tiles.look = replace(look, names=False)
        with QSignalBlocker(self.opacity):
            self.opacity.setValue(round(look.opacity * 100))
        self.grid.viewport().update()

    def focus_search(self) -> None:
        self.search.setFocus()
        self.search.selectAll()

    def _draw_labels(self, overview: DatasetOverview, before: DatasetOverview | None) -> None:
        """Let the tiles draw what labels there are."""
        self.labels.setVisible(has_drawing(overview))
        is_masked = has_masks(overview)
        self.opacity.setVisible(is_masked)
        self._drop.setVisible(is_masked)
        is_same = before is not None and before.manifest.version == overview.manifest.version
        if not (is_same and before is not None and before.manifest.name == overview.manifest.name):
            self._masks.take(overview)
            self.tiles.show_labels(self._labels_of, self._masks.name_of)

    def _labels_of(self, image: int) -> DrawnLabels | None:
        return labels_on_tile(self._overview, image) if self._overview is not None else None

    def _choose_look(self) -> None:
        self.tiles.is_on = self.labels.isChecked()
        look = replace(self.tiles.look, opacity=self.opacity.value() / 100)
        self.set_look(look)
        self.look_changed.emit(look)

    def _tile(self, image: int) -> Tile:
        overview = self._overview
        if overview is None:
            return Tile("")
        label, split = overview.label_of(image), overview.split_of(image)
        if not split:
            return Tile(overview.name_of(image), "left out", spoken="Left out of the dataset")
        words = label or overview.nothing_word()
        return Tile(words, split, spoken=f"{words}, {split}")

    def _keep_filter_valid(self, overview: DatasetOverview) -> None:
        wanted = self.filter
        if wanted.label is not None and wanted.label >= len(overview.classes):
            wanted = replace(wanted, label=None)
        if wanted.split not in overview.split_names:
            wanted = replace(wanted, split="")
        if wanted.code not in {group.code for group in overview.groups}:
            wanted = replace(wanted, code="")
        self.filter = wanted

    def _offer_choices(self, overview: DatasetOverview) -> None:
        with QSignalBlocker(self.label), QSignalBlocker(self.split):
            self.label.clear()
            self.label.addItem("All classes", None)
            for number, name in enumerate(overview.classes):
                self.label.addItem(name, number)
            if count := overview.unlabelled():
                self.label.addItem(f"{overview.nothing_word().capitalize()} ({count:,})", UNLABELLED)
            self.split.clear()
            self.split.addItem("All splits", "")
            for name in overview.split_names:
                self.split.addItem(name, name)

    def _show_filter(self) -> None:
        wanted, overview = self.filter, self._overview
        with QSignalBlocker(self.label), QSignalBlocker(self.split), QSignalBlocker(self.search):
            self.label.setCurrentIndex(
                max(0, self.label.findData(wanted.label)) if wanted.label is not None else 0
            )
            self.split.setCurrentIndex(max(0, self.split.findData(wanted.split)))
            if self.search.text() != wanted.text:
                self.search.setText(wanted.text)
        groups = overview.groups if overview is not None else ()
        group = next((group for group in groups if group.code == wanted.code), None)
        self.chip.setVisible(group is not None)
        if group is not None:
            self.chip.setText(group.title)
            self.chip.explain(f"Show other images than “{group.title}” again")
            self.chip.setAccessibleName(f"Remove filter: {group.title}")
        self.grid.nothing = "No image matches. Take a filter away." if overview and overview.paths else ""

    def _choose(self) -> None:
        label = self.label.currentData()
        split = str(self.split.currentData() or "")
        self._change(replace(self.filter, label=label if isinstance(label, int) else None, split=split))

    def _start_typing(self) -> None:
        self._typing.start()

    def _read_text(self) -> None:
        self._change(replace(self.filter, text=self.search.text()))

    def _clear_problem(self) -> None:
        self._change(replace(self.filter, code=""))

    def _change(self, wanted: ImageFilter) -> None:
        if wanted != self.filter:
            self.apply(wanted)
            self.filter_changed.emit(wanted)


class _Choice(QComboBox):
    """A choice that the wheel changes only once it was clicked: to scroll past it must not filter."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


def _combo(name: str) -> QComboBox:
    made = _Choice()
    made.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    made.setView(QListView())
    made.setAccessibleName(name)
    made.setMinimumWidth(_FIELD_WIDTH)
    made.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    made.setMinimumContentsLength(8)
    return made
