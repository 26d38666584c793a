"""The Data page: the user's datasets, what is in them, what is wrong with them; drop a folder to add one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QHideEvent, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from desktop.bridge.actions import as_user_error
from desktop.context import Context
from desktop.models.dataset_overview import DatasetOverview, covers_of, read_overview, with_pixels
from desktop.models.dataset_pixels import FIRST_READ, lacks_counts, read_mask_counts
from desktop.models.drawn_labels import LabelLook
from desktop.pages.data_actions import DatasetActions
from desktop.pages.data_body import DatasetBody
from desktop.pages.data_header import DatasetHeader
from desktop.pages.data_import import WorkPanel
from desktop.pages.data_list import DatasetList
from desktop.pages.data_past import DatasetPast
from desktop.pages.page import Page
from desktop.theme.tokens import SPACE
from desktop.widgets.drop_area import DropArea
from desktop.widgets.empty_state import EmptyState
from desktop.widgets.message_banner import Banner
from desktop.widgets.skeleton import Skeleton
from engine.datasets.mask_counts import MOST_READ, MaskCounts
from engine.errors import UserError
from engine.protocol.results import Problem

_WATCH_MS = 3_000
_LAST = "data.dataset"
_TILE_SIDE = "data.tile_side"
_OPACITY = "data.mask_opacity"
_USUAL_OPACITY = 0.5


class DataPage(Page):
    """List at the left; head, classes, problems and images of the chosen dataset at the right.

    Opened with `dataset=NAME`, with `drop=[paths]` to import them, with `demo=True`, or with `choose=True` to ask
    for a folder.
    """

    title = "Data"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._name = context.settings.get(_LAST, "")
        self._overview: DatasetOverview | None = None
        self._reading = 0
        self._checked: dict[tuple[str, str], list[Problem]] = {}
        self._covers: Mapping[str, Path] = {}
        self._build()
        self.actions_of = DatasetActions(context, self.panel, self)
        self._connect()
        self._watch = QTimer(self, interval=_WATCH_MS)
        self._watch.timeout.connect(self._look_for_files)
        self._is_looking = False
        self._take_datasets()

    def open(self, **target: object) -> None:
        """Show a dataset, or add what was dropped elsewhere."""
        name, dropped = target.get("dataset"), target.get("drop")
        if isinstance(name, str):
            self._choose(name)
        if isinstance(dropped, Sequence) and not isinstance(dropped, str):
            self.actions_of.add([Path(str(path)) for path in dropped])
        if target.get("demo"):
            self.actions_of.add_demo()
        if target.get("choose"):
            QTimer.singleShot(0, self, self.actions_of.choose_folder)  # when the page is on the screen

    def _build(self) -> None:
        self.panel = WorkPanel()
        self.empty = EmptyState(
            "ph.image-square",
            "No dataset yet",
            "Drop a folder of images here, or a zip of it: with a folder for each class, or with labels in COCO, "
            "Pascal VOC, YOLO, CSV or mask files. Or start with the demo: 8 shapes, ready to train.",
            "Open a folder…",
        )
        self.empty.offer("Open demo dataset")
        self.loading = Skeleton(6)
        self.content = QWidget()
        self.pages = QStackedWidget()
        for page in (self.loading, self.empty, self.content):
            self.pages.addWidget(page)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE.page, SPACE.l, SPACE.page, SPACE.m)
        layout.setSpacing(SPACE.m)
        layout.addWidget(self.panel)
        layout.addWidget(self.pages, 1)
        self._build_content()
        self.drops = DropArea(self, "Drop to add a dataset")

    def _build_content(self) -> None:
        outer = QHBoxLayout(self.content)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(SPACE.m)
        self.list = DatasetList()
        outer.addWidget(self.list)
        right = QVBoxLayout()
        right.setSpacing(SPACE.m)
        self.away = Banner("warn")
        self.away.hide()
        self.header = DatasetHeader()
        self.shown = DatasetBody(self.context.background, self)
        self.body, self.detail = self.shown.stack, self.shown.detail
        self.classes, self.problems, self.images = self.shown.classes, self.shown.problems, self.shown.images
        self.images.grid.set_tile_side(self.context.settings.get(_TILE_SIDE, self.images.grid.tile_side))
        self.past = DatasetPast(self.context, self.shown)
        self.shown.set_look(LabelLook(opacity=self.context.settings.get(_OPACITY, _USUAL_OPACITY)))
        right.addWidget(self.away)
        right.addWidget(self.header)
        right.addWidget(self.shown, 1)
        outer.addLayout(right, 1)

    def _connect(self) -> None:
        context, actions = self.context, self.actions_of
        context.datasets.changed.connect(self._take_datasets)
        context.datasets.failed.connect(self._cannot_list)
        self.drops.dropped.connect(actions.add)
        self.drops.refused.connect(self._refuse_drop)
        self.empty.acted.connect(actions.choose_folder)
        self.empty.second.connect(actions.add_demo)
        self.list.chosen.connect(self._choose)
        self.list.folder_wanted.connect(actions.choose_folder)
        self.list.file_wanted.connect(actions.choose_file)
        self.header.train_wanted.connect(self._train)
        self.header.check_wanted.connect(self._check)
        self.header.reimport_wanted.connect(self._import_again)
        self.header.divide_wanted.connect(self._divide)
        self.header.relocate_wanted.connect(self._relocate)
        self.header.export_wanted.connect(self._export)
        self.header.delete_wanted.connect(self._delete)
        self.problems.check_wanted.connect(self._check)
        self.shown.look_changed.connect(self._keep_look)
        self.images.grid.tile_side_changed.connect(self._keep_tile_side)
        actions.imported.connect(self._show_imported)
        actions.checked.connect(self._take_check)
        actions.altered.connect(self._reload_named)
        actions.deleted.connect(self._forget)
        find = QShortcut(QKeySequence.StandardKey.Find, self)
        find.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        find.activated.connect(self.images.focus_search)

    # Which dataset

    def _take_datasets(self) -> None:
        shelf = self.context.datasets
        manifests = shelf.list()
        if not shelf.is_loaded:
            self.pages.setCurrentWidget(self.loading)
            return
        if not manifests:
            self._overview = None
            self.set_crumb("")
            self.pages.setCurrentWidget(self.empty)
            return
        self.pages.setCurrentWidget(self.content)
        if shelf.get(self._name) is None:
            self._name = manifests[0].name
        self.list.show_datasets(manifests, self._covers, self._name)
        self.context.background.run(
            covers_of, self.context.home, list(manifests), then=self._take_covers, owner=self
        )
        self._reload()

    def _take_covers(self, covers: object) -> None:
        self._covers = cast("dict[str, Path]", covers)
        self.list.show_datasets(self.context.datasets.list(), self._covers, self._name)

    def _choose(self, name: str) -> None:
        if name == self._name and self._overview is not None and self._overview.manifest.name == name:
            return
        self._name = name
        self.context.settings.set(_LAST, name)
        self.panel.clear()
        self.shown.close_detail()
        self.list.choose(name)
        self._reload()

    def _reload(self) -> None:
        """Read the chosen dataset's columns in the background."""
        manifest = self.context.datasets.get(self._name)
        if manifest is None:
            return
        self._reading += 1
        number = self._reading
        problems = self._checked.get((manifest.name, manifest.version))

        def take(overview: DatasetOverview) -> None:
            if number == self._reading:
                self._show(overview)

        def fail(error: Exception) -> None:
            if number == self._reading:
                self.panel.complain(as_user_error(error))

        self.context.background.run(
            read_overview, self.context.home, manifest, problems, then=take, failed=fail, owner=self
        )

    def _reload_named(self, name: str) -> None:
        if name == self._name:
            self.images.grid.images.thumbnails.forget()
            self.list.forget_covers()
            self._reload()

    def _show(self, overview: DatasetOverview) -> None:
        self._overview = overview
        self.set_crumb(overview.manifest.name)
        self.header.show_dataset(overview)
        self.shown.show_dataset(overview, is_checked=self._is_checked(overview))
        self.past.take(overview.manifest.name)
        self._say_away(overview.trouble)
        self._count_pixels(overview)

    def _show_imported(self, name: str) -> None:
        self._checked = {key: found for key, found in self._checked.items() if key[0] != name}
        if self._name != name:
            self._overview = None
        self._name = name
        self.context.settings.set(_LAST, name)
        self.shown.close_detail()
        self.list.choose(name)
        self._reload_named(name)

    def _forget(self, name: str) -> None:
        if name == self._name:
            self._name = ""
            self._overview = None

    def _cannot_list(self, error: UserError) -> None:
        banner = self.panel.complain(error)
        banner.add_action("Try again", self.context.datasets.refresh)
        self.pages.setCurrentWidget(self.empty)

    # Files that are away

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._watch.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._watch.stop()

    def _look_for_files(self) -> None:
        """See whether the chosen dataset's folder went away or came back."""
        if self._overview is None or self._is_looking:
            return
        self._is_looking = True
        root = self._overview.root

        def take(is_there: object) -> None:
            self._is_looking = False
            shown = self._overview
            if shown is not None and shown.root == root and bool(is_there) != (shown.trouble is None):
                self._reload_named(self._name)

        self.context.background.run(root.is_dir, then=take, owner=self)

    def _say_away(self, trouble: UserError | None) -> None:
        self.away.setVisible(trouble is not None)
        if trouble is None:
            return
        self.away.clear_actions()
        self.away.say("warn", trouble.message, "Connect its drive, or say where the folder is now.")
        self.away.add_action("Relocate…", self._relocate)
        self.away.add_action("Retry", self._retry)

    def _retry(self) -> None:
        self._reload_named(self._name)

    # What is shown of it

    def _count_pixels(self, overview: DatasetOverview, most: int = FIRST_READ) -> None:
        """Open masks in the background: a few for a quick answer, then as many as are worth the time."""
        if not lacks_counts(overview, most):
            return
        number = self._reading

        def take(pixels: MaskCounts | None) -> None:
            if pixels is None or number != self._reading or self._overview is None:
                return
            counted = with_pixels(self._overview, pixels)
            self._overview = counted
            self.shown.show_dataset(counted, is_checked=self._is_checked(counted))
            if most < MOST_READ:
                self._count_pixels(counted, MOST_READ)

        self.context.background.run(
            read_mask_counts,
            self.context.home,
            overview,
            most,
            lambda: number == self._reading,
            then=take,
            owner=self,
        )

    def _is_checked(self, overview: DatasetOverview) -> bool:
        return (overview.manifest.name, overview.manifest.version) in self._checked

    def _keep_look(self, look: LabelLook) -> None:
        self.context.settings.set_soon(_OPACITY, look.opacity)

    def _keep_tile_side(self, side: int) -> None:
        self.context.settings.set_soon(_TILE_SIDE, side)

    # What is done with it

    def _train(self) -> None:
        self.context.go("train", dataset=self._name)

    def _check(self) -> None:
        self.actions_of.check(self._name)

    def _take_check(self, name: str, problems: object) -> None:
        manifest = self.context.datasets.get(name)
        if manifest is not None:
            self._checked[name, manifest.version] = cast("list[Problem]", problems)
        if name == self._name:
            self._reload()

    def _import_again(self) -> None:
        if self._overview is not None:
            self.actions_of.import_again(self._overview)

    def _divide(self) -> None:
        if self._overview is not None:
            self.actions_of.divide(self._overview)

    def _relocate(self) -> None:
        if self._overview is not None:
            self.actions_of.relocate(self._overview)

    def _export(self) -> None:
        if self._overview is not None:
            self.actions_of.export(self._overview)

    def _delete(self) -> None:
        if self._overview is not None:
            self.actions_of.delete(self._overview)

    def _refuse_drop(self, sentence: str) -> None:
        self.panel.say("bad", "This cannot be added", sentence)
