"""Opening one image of the grid in full size, walking on from it, and staying with it while the result changes."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QStackedWidget

from desktop.bridge.background import Background
from desktop.models.result import Result
from desktop.models.result_history import row_of_path
from desktop.pages.validate_detail import DetailView
from desktop.pages.validate_images import ImagesPanel
from desktop.tasks.task import Layers, TaskView


class OpenImage(QObject):
    """Connects the grid with the view of one image.

    Args:
        background: reads labels from files.
        stack: shows the grid, or the view of one image.
        detail: that view.
        images: the grid.
    """

    failed = Signal(object)
    """A `UserError`: the labels of an image cannot be read."""
    left = Signal()
    """The user went back to where the image was opened from."""

    def __init__(
        self, background: Background, stack: QStackedWidget, detail: DetailView, images: ImagesPanel
    ) -> None:
        super().__init__(stack)
        self._background = background
        self._stack = stack
        self._detail = detail
        self._images = images
        self._view: TaskView | None = None
        self._path = ""
        """Of the image that is open, or was last: its number may differ from result to result."""
        self._row = 0
        """Its place in the grid while it had one: the filter may leave it out at another validation."""
        self._mark: tuple[int, str, int] = (-1, "", -1)
        """An object that stands out: number of its image, layer, number in the layer."""
        images.grid.opened.connect(self.open)
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
        result, view = self._images.result, self._view
        if result is None or view is None or not 0 <= image < result.images:
            return
        shown = self._images.grid.images
        path = None if result.root is None else result.root / result.paths[image]
        self._path = result.paths[image]
        row = shown.row_of(image)
        self._row = row if row >= 0 else min(self._row, len(shown.shown))
        self._detail.show_image(image, path, view.detail(result, image), (row + 1, len(shown.shown)))
        self._read_layers(result, view, image)
        if not self.is_open:
            self._stack.setCurrentWidget(self._detail)
            self._detail.setFocus(Qt.FocusReason.OtherFocusReason)

    def open_object(self, image: int, layer: str, number: int) -> None:
        """Show an image large, with one of its objects marked."""
        self._mark = (image, layer, number)
        self.open(image)

    def close(self) -> None:
        """Go back to the grid, to the image that was looked at last."""
        if self.is_open:
            self._stack.setCurrentIndex(0)
            self._images.grid.go_to(self._detail.image)
            self.left.emit()

    def step(self, step: int) -> None:
        """Open the next image, or the one before; from one that the filter leaves out, those around its old place."""
        shown = self._images.grid.images
        row = shown.row_of(self._detail.image)
        place = row + step if row >= 0 else self._row - (1 if step < 0 else 0)
        if 0 <= place < len(shown.shown):
            following = shown.image_at(place)
            self._images.grid.go_to(following)
            self.open(following)

    def _read_layers(self, result: Result, view: TaskView, image: int) -> None:
        if not view.draws:
            return

        def then(layers: Layers) -> None:
            if self._images.result is result:
                self._detail.show_layers(image, layers)
                marked, layer, number = self._mark
                if marked == image:
                    self._detail.mark(layer, number)
                    self._mark = (-1, "", -1)  # at another bound the number may be another's

        self._background.run(view.layers, result, image, then=then, failed=self.failed.emit, owner=self)
