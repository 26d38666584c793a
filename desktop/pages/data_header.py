"""The head of the Data page: what the chosen dataset is, and what can be done with it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QMenu

from desktop.grids.file_actions import open_folder
from desktop.models.dataset_overview import DatasetOverview
from desktop.models.run_words import plural
from desktop.pages.data_split_bar import SplitBar
from desktop.theme.theme import theme
from desktop.theme.tokens import SPACE
from desktop.widgets.buttons import Button, IconButton, on_click
from desktop.widgets.card import Card, column, row
from desktop.widgets.labels import ElidedLabel

_SHORT = 8
_FORMATS = {
    "imagefolder": "image folder",
    "csv": "table of labels",
    "coco": "COCO",
    "voc": "Pascal VOC",
    "yolo": "YOLO",
    "csv_boxes": "table of boxes",
    "masks": "mask files",
    "panoptic": "panoptic COCO",
}


def layout_title(name: str) -> str:
    """Name a layout as people do."""
    return _FORMATS.get(name, name)


def task_words(overview: DatasetOverview) -> str:
    """Name the task, and what its labels are where there are several kinds."""
    objects = overview.objects
    if objects is None:
        return overview.task
    return "instance masks" if objects.has_masks else overview.task


class DatasetHeader(Card):
    """Name, facts, splits, place; Train, and a menu with the rest."""

    train_wanted = Signal()
    check_wanted = Signal()
    divide_wanted = Signal()
    relocate_wanted = Signal()
    reimport_wanted = Signal()
    export_wanted = Signal()
    delete_wanted = Signal()

    def __init__(self) -> None:
        super().__init__("row", SPACE.xl)
        self._overview: DatasetOverview | None = None
        self._build_words()
        self._split = SplitBar()
        self.body.addWidget(self._split, 2, Qt.AlignmentFlag.AlignVCenter)
        buttons = row(SPACE.xs)
        self.train = Button("Train on this", "ph.play", "primary")
        self.train.explain("Set up a training on this dataset")
        self.train.clicked.connect(self.train_wanted)
        buttons.addWidget(self.train)
        self.more = IconButton("ph.dots-three-vertical-bold", "More about this dataset")
        self.more.setPopupMode(IconButton.ToolButtonPopupMode.InstantPopup)
        self.more.setMenu(self._make_menu())
        buttons.addWidget(self.more)
        self.body.addLayout(buttons)
        theme.changed.connect(self._draw_menu)

    def _build_words(self) -> None:
        words = column(SPACE.xxs)
        first = row()
        self._name = ElidedLabel("", "section")
        first.addWidget(self._name, 1)
        words.addLayout(first)
        facts = row()
        self._facts = ElidedLabel("", "muted")
        facts.addWidget(self._facts, 1)
        words.addLayout(facts)
        place = row(SPACE.xs)
        self.folder = IconButton("ph.folder-open", "Open the folder of the images")
        on_click(self.folder, self._open_folder)
        place.addWidget(self.folder)
        self._source = ElidedLabel("", "caption", middle=True)
        place.addWidget(self._source, 1)
        words.addLayout(place)
        self.body.addLayout(words, 3)

    def show_dataset(self, overview: DatasetOverview) -> None:
        """Show another dataset."""
        self._overview = overview
        manifest = overview.manifest
        images, classes = len(manifest.items), len(manifest.classes)
        self._name.setText(manifest.name)
        kind = layout_title(manifest.format)
        facts = (
            plural(images, "image"),
            plural(classes, "class", "classes"),
            f"{task_words(overview)}, {kind}",
            f"version {manifest.version[:_SHORT]}",
        )
        self._facts.setText("  ·  ".join(facts))
        kept = "  (kept by Lensmith)" if overview.keeps_files else ""
        self._source.setText(f"{overview.source}{kept}")
        self._split.show_totals(overview.split_totals())
        is_there = overview.trouble is None
        self.folder.setVisible(is_there)
        self.train.setEnabled(is_there)
        self.train.explain(
            "Set up a training on this dataset"
            if is_there
            else "Its images are not there; connect them first"
        )

    def _make_menu(self) -> QMenu:
        menu = QMenu(self)
        self._actions = [
            (menu.addAction("Check again", self.check_wanted.emit), "ph.check-circle"),
            (menu.addAction("Import its source again", self.reimport_wanted.emit), "ph.arrows-clockwise"),
            (menu.addAction("Divide…", self.divide_wanted.emit), "ph.chart-pie-slice"),
            (menu.addAction("Export…", self.export_wanted.emit), "ph.export"),
            (menu.addAction("Relocate…", self.relocate_wanted.emit), "ph.folder-open"),
        ]
        menu.addSeparator()
        self._actions.append((menu.addAction("Delete…", self.delete_wanted.emit), "ph.trash"))
        menu.actions()[0].setToolTip("Open every image and look for problems")
        self._draw_menu(menu)
        return menu

    def _draw_menu(self, _menu: QMenu | None = None) -> None:
        for action, icon in self._actions:
            action.setIcon(theme.icon(icon))

    def _open_folder(self) -> None:
        if self._overview is not None:
            open_folder(self._overview.root)
