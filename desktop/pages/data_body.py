"""What is shown of the chosen dataset: its images with classes and problems, one of them large, its numbers."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from desktop.bridge.actions import as_user_error
from desktop.bridge.background import Background
from desktop.models.dataset_drawing import has_drawing, labels_of_image
from desktop.models.dataset_overview import DatasetOverview, ImageFilter
from desktop.models.drawn_labels import DrawnLabels, LabelLook
from desktop.pages.data_classes import ClassesCard
from desktop.pages.data_detail import ImageDetail
from desktop.pages.data_images import ImagesCard
from desktop.pages.data_problems import ProblemsCard
from desktop.pages.data_statistics import Statistics
from desktop.pages.data_versions import Versions
from desktop.theme.tokens import SPACE
from desktop.widgets.segmented import Segmented

_FACTS_WIDTH = (260, 300)
IMAGES, STATISTICS, VERSIONS = "images", "statistics", "versions"


class DatasetBody(QWidget):
    """Sections to choose from; the parts keep to one filter and one look of the labels.

    Args:
        background: where masks are read.
        parent: as in Qt.
    """

    look_changed = Signal(object)
    """A `LabelLook`: the user wants more or less of the labels drawn."""
    section_changed = Signal(str)
    """Another section is shown, by the user's choice."""

    def __init__(self, background: Background, parent: QObject | None = None) -> None:
        super().__init__(parent if isinstance(parent, QWidget) else None)
        self._background = background
        self._overview: DatasetOverview | None = None
        self._is_stale = False
        self.classes = ClassesCard()
        self.problems = ProblemsCard()
        self.images = ImagesCard()
        self.detail = ImageDetail()
        self.statistics = Statistics()
        self.versions = Versions()
        self.sections = Segmented(
            [(IMAGES, "Images"), (STATISTICS, "Statistics"), (VERSIONS, "Versions")],
            name="What is shown of the dataset",
        )
        self.stack = QStackedWidget()
        self._build()
        self._connect()

    def _build(self) -> None:
        overview = QWidget()
        split = QHBoxLayout(overview)
        split.setContentsMargins(0, 0, 0, 0)
        split.setSpacing(SPACE.m)
        facts = QWidget()
        facts.setMinimumWidth(_FACTS_WIDTH[0])
        facts.setMaximumWidth(_FACTS_WIDTH[1])
        column = QVBoxLayout(facts)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE.m)
        column.addWidget(self.classes, 1)
        column.addWidget(self.problems, 1)
        split.addWidget(facts, 2)
        split.addWidget(self.images, 5)
        self._pages = {IMAGES: overview, STATISTICS: self.statistics, VERSIONS: self.versions}
        for page in (*self._pages.values(), self.detail):
            self.stack.addWidget(page)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE.s)
        bar = QHBoxLayout()
        bar.addWidget(self.sections)
        bar.addStretch(1)
        layout.addLayout(bar)
        layout.addWidget(self.stack, 1)

    def _connect(self) -> None:
        self.sections.changed.connect(self._choose_section)
        self.problems.show_wanted.connect(self._show_problem)
        self.classes.class_wanted.connect(self._show_class)
        self.images.filter_changed.connect(self._mark_filter)
        self.images.look_changed.connect(self._take_look)
        self.images.opened.connect(self._show_detail)
        self.detail.closed.connect(self.close_detail)
        self.detail.step_wanted.connect(self._step)
        self.detail.labels_wanted.connect(self._read_labels)
        self.detail.controls.look_changed.connect(self._take_look)

    def show_dataset(self, overview: DatasetOverview, *, is_checked: bool) -> None:
        """Show a dataset.

        Args:
            overview: of it.
            is_checked: every image was opened to find its problems.
        """
        self._overview = overview
        self.classes.show_dataset(overview)
        self.problems.show_groups(overview.groups, is_checked)
        self.images.show_dataset(overview)
        self._is_stale = True
        self._fill_statistics()
        self._mark_filter(self.images.filter)

    def set_look(self, look: LabelLook) -> None:
        """Draw more or less of the labels, without telling."""
        self.images.set_look(look)
        self.detail.controls.set_look(replace(self.detail.controls.look, opacity=look.opacity))

    def choose(self, section: str) -> None:
        """Show a section, without telling."""
        self.sections.choose(section)
        self.stack.setCurrentWidget(self._pages[section])
        self._fill_statistics()

    def show_path(self, path: str) -> bool:
        """Show an image of the dataset large; says whether it has one of this path."""
        if self._overview is None or path not in self._overview.paths:
            return False
        image = self._overview.paths.index(path)
        if self.images.grid.images.row_of(image) < 0:
            self._show_problem("")  # a filter hides it
        self.choose(IMAGES)
        self._show_detail(image)
        return True

    def close_detail(self) -> None:
        """Go back from one image to all."""
        if self.stack.currentWidget() is self.detail:
            self.choose(IMAGES)
            self.detail.view.show_file(None)
            self.images.grid.setFocus()

    def _fill_statistics(self) -> None:
        """Reckon the numbers when they are on the screen, and not before."""
        if self._is_stale and self._overview is not None and self.stack.currentWidget() is self.statistics:
            self._is_stale = False
            self.statistics.show_dataset(self._overview)

    def _choose_section(self, section: str) -> None:
        self.choose(section)
        self.section_changed.emit(section)

    def _show_class(self, label: object) -> None:
        wanted = label if isinstance(label, int) else None
        self.images.apply(replace(self.images.filter, label=wanted))
        self._mark_filter(self.images.filter)

    def _show_problem(self, code: str) -> None:
        self.images.apply(ImageFilter(code=code))
        self._mark_filter(self.images.filter)

    def _mark_filter(self, wanted: ImageFilter) -> None:
        self.classes.mark(wanted.label)
        self.problems.mark_shown(wanted.code)

    def _take_look(self, look: LabelLook) -> None:
        self.set_look(look)
        self.look_changed.emit(look)

    def _show_detail(self, image: int) -> None:
        if self._overview is None:
            return
        model = self.images.grid.images
        self.images.grid.go_to(image)
        self.detail.show_image(self._overview, image, (model.row_of(image) + 1, len(model.shown)))
        self.stack.setCurrentWidget(self.detail)
        self.detail.view.setFocus()

    def _step(self, step: int) -> None:
        grid = self.images.grid
        image = grid.neighbour(grid.current_image(), step)
        if image >= 0:
            self._show_detail(image)

    def _read_labels(self, image: int) -> None:
        overview = self._overview
        if overview is None or not has_drawing(overview):
            return

        def take(labels: DrawnLabels | None) -> None:
            self.detail.show_labels(image, labels)

        def fail(error: Exception) -> None:
            self.detail.say_unreadable(image, as_user_error(error).message)

        self._background.run(labels_of_image, overview, image, then=take, failed=fail, owner=self)
