"""Opening one image of the grid in full size, walking on from it, and staying with it while the result changes."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QStackedWidget

from desktop.bridge.background import Background
from desktop.models.result import Result
from desktop.models.result_history import row_of_path
from desktop.pages.validate_detail import DetailView
from desktop.pages.validate_images import ImagesPanel
from desktop.pages.validate_objects import ObjectsPanel, OpenPart
from desktop.tasks.task import Layers, TaskView


class OpenImage(QObject):
    """Connects the grid with the view of one image.

    Args:
        background: reads labels from files.
        stack: shows the grid, or the view of one image.
        detail: that view.
        images: the grid.
        objects: of which one may be opened on its image; the arrows then lead from object to object.
    """

    failed = Signal(object)
    """A `UserError`: the labels of an image cannot be read."""
    left = Signal()
    """The user went back to where the image was opened from."""

    def __init__(
        self,
        background: Background,
        stack: QStackedWidget,
        detail: DetailView,
        images: ImagesPanel,
        objects: ObjectsPanel,
    ) -> None:
        super().__init__(stack)
        self._background = background
        self._stack = stack
        self._detail = detail
        self._images = images
        self._objects = objects
        self._view: TaskView | None = None
        self._path = ""
        """Of the image that is open, or was last: its number may differ from result to result."""
        self._row = 0
        """Its place in the grid while it had one: the filter may leave it out at another validation."""
        self._part = -1
        """The object that is open; -1 where it is an image."""
        images.grid.opened.connect(self.open)
        objects.opened.connect(self.open_object)
        detail.closed.connect(self.close)
        detail.stepped.connect(self.step)

    @property
    def is_open(self) -> bool:
        return self._stack.currentWidget() is self._detail

    def show_result(self, result: Result, view: TaskView) -> None:
        """Another result is shown in the grid: an image that is open stays open, if the result has it at all.

        It stays also where the filter would leave it out now: one looks at how its answer changes.
        """
        self._view = view
        if not self.is_open:
            return
        image = row_of_path(result, self._path, self._detail.image)
        if image >= 0:
            self.open(image)
        else:
            self._stack.setCurrentIndex(0)

    def open(self, image: int) -> None:
        """Show an image large, with all that is known of it."""
        self._part = -1
        self._show(image, None)

    def open_object(self, part: int) -> None:
        """Show the image of an object large, with the object marked."""
        found = self._objects.opening(part)
        if found is not None:
            self._part = part
            self._show(found.image, found)

    def _show(self, image: int, part: OpenPart | None) -> None:
        result, view = self._images.result, self._view
        if result is None or view is None or not 0 <= image < result.images:
            return
        shown = self._images.grid.images
        path = None if result.root is None else result.root / result.paths[image]
        self._path = result.paths[image]
        row = shown.row_of(image)
        self._row = row if row >= 0 else min(self._row, len(shown.shown))
        detail = view.detail(result, image)
        if part is None:
            self._detail.show_image(image, path, detail, (row + 1, len(shown.shown)))
        else:
            told = replace(detail, facts=(("Object", part.words), *detail.facts))
            self._detail.show_image(image, path, told, part.place, "object")
        self._read_layers(result, view, image, part)
        if not self.is_open:
            self._stack.setCurrentWidget(self._detail)
            self._detail.setFocus(Qt.FocusReason.OtherFocusReason)

    def close(self) -> None:
        """Go back to the grid, to the image or object that was looked at last."""
        if self.is_open:
            self._stack.setCurrentIndex(0)
            self._images.grid.go_to(self._detail.image)
            self.left.emit()

    def step(self, step: int) -> None:
        """Open the next image or object, or the one before; from one that the filter leaves out, those around it."""
        if self._part >= 0:
            following = self._objects.grid.neighbour(self._part, step)
            if following >= 0:
                self._objects.grid.go_to(following)
                self.open_object(following)
            return
        shown = self._images.grid.images
        row = shown.row_of(self._detail.image)
        place = row + step if row >= 0 else self._row - (1 if step < 0 else 0)
        if 0 <= place < len(shown.shown):
            following = shown.image_at(place)
            self._images.grid.go_to(following)
            self.open(following)

    def _read_layers(self, result: Result, view: TaskView, image: int, part: OpenPart | None) -> None:
        if not view.draws:
            return

        wanted = self._part

        def then(layers: Layers) -> None:
            if self._images.result is result and self._part == wanted:
                self._detail.show_layers(image, layers)
                if part is not None:
                    self._detail.mark(part.layer, part.number)

        self._background.run(view.layers, result, image, then=then, failed=self.failed.emit, owner=self)
