"""One image of a dataset, large, with what is known of it; the arrow keys go on to the next."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop.grids.file_actions import copy_paths, show_in_folder
from desktop.models.dataset_drawing import has_masks
from desktop.models.dataset_overview import DatasetOverview, Labelling
from desktop.models.drawn_labels import NOTHING, DrawnLabels
from desktop.models.run_words import plural
from desktop.theme.fonts import font
from desktop.theme.tokens import SIZE, SPACE, TYPE
from desktop.viewers.label_controls import LabelControls
from desktop.viewers.label_legend import LabelLegend
from desktop.viewers.label_view import TRUTH, LabelView
from desktop.widgets.buttons import Button, IconButton, on_click
from desktop.widgets.card import Card, column, row
from desktop.widgets.labels import ElidedLabel, IconLabel, text_label

_SIDE_WIDTH = 260


class ImageDetail(QWidget):
    """The picture at the left, its facts at the right."""

    closed = Signal()
    """The user goes back to the grid."""
    step_wanted = Signal(int)
    """The user wants the next image (1) or the one before (-1)."""
    labels_wanted = Signal(int)
    """An image is shown whose labels are to be read in the background, and given to `show_labels`."""

    def __init__(self) -> None:
        super().__init__()
        self._overview: DatasetOverview | None = None
        self._image = -1
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE.m)
        layout.addWidget(self._build_picture(), 1)
        layout.addWidget(self._build_facts())

    def _build_picture(self) -> Card:
        card = Card(margins=(SPACE.m, SPACE.s, SPACE.m, SPACE.m))
        head = row(SPACE.xs)
        self.back = Button("All images", "ph.arrow-left", "ghost")
        self.back.explain("Back to the grid  (Esc)")
        self.back.clicked.connect(self.closed)
        head.addWidget(self.back)
        self._name = ElidedLabel("", "strong", middle=True)
        head.addStretch(1)
        self.view = LabelView("Image")
        self.controls = LabelControls([self.view])
        self.view.loaded.connect(self._show_size)
        self.view.part_changed.connect(self._show_zoom)
        self._zoom = text_label("", "caption")
        self._zoom.setFont(font(TYPE.caption, tabular=True))
        for icon, name, act in (
            ("ph.magnifying-glass-minus", "Zoom out  (-)", self._zoom_out),
            ("ph.magnifying-glass-plus", "Zoom in  (+)", self._zoom_in),
            ("ph.arrows-out", "Fit  (0)", self.view.fit),
        ):
            made = IconButton(icon, name)
            on_click(made, act)
            head.addWidget(made)
        self._place = text_label("", "muted")
        self._place.setFont(font(TYPE.body, tabular=True))
        head.addSpacing(SPACE.s)
        head.addWidget(self._place)
        self.before = IconButton("ph.caret-left", "Image before  (Left)")
        self.next = IconButton("ph.caret-right", "Next image  (Right)")
        on_click(self.before, self._go_back)
        on_click(self.next, self._go_on)
        head.addWidget(self.before)
        head.addWidget(self.next)
        card.body.addLayout(head)
        second = row(SPACE.m)
        second.addWidget(self.controls)
        second.addWidget(self._name, 1)
        second.addWidget(self._zoom)
        card.body.addLayout(second)
        card.body.addWidget(self.view, 1)
        return card

    def _build_facts(self) -> Card:
        card = Card(spacing=SPACE.m)
        card.setFixedWidth(_SIDE_WIDTH)
        self._facts = {}
        for key in ("Label", "Split", "Size", "File"):
            block = column(SPACE.xxs)
            block.addWidget(text_label(key, "overline"))
            value = text_label("", "section" if key == "Label" else None, wrap=True)
            value.setAccessibleName(key)
            self._facts[key] = value
            block.addWidget(value)
            if key == "Label":
                self.legend = LabelLegend()
                self.legend.hidden_changed.connect(self._hide_classes)
                block.addWidget(self.legend)
            card.body.addLayout(block)
        for text, icon, act in (
            ("Show in folder", "ph.folder-open", self._show_in_folder),
            ("Copy path", "ph.copy", self._copy_path),
        ):
            made = Button(text, icon)
            on_click(made, act)
            card.body.addWidget(made)
        self._problems = QWidget()
        self._problem_lines = QVBoxLayout(self._problems)
        self._problem_lines.setContentsMargins(0, SPACE.s, 0, 0)
        card.body.addWidget(self._problems)
        card.body.addStretch(1)
        return card

    def show_image(self, overview: DatasetOverview, image: int, place: tuple[int, int]) -> None:
        """Show an image.

        Args:
            overview: of its dataset.
            image: its number there.
            place: among how many of the images shown it stands where, from 1.
        """
        self._overview, self._image = overview, image
        number, count = place
        self._name.setText(overview.name_of(image))
        self._place.setText(f"{number:,} of {count:,}")
        self.before.setEnabled(number > 1)
        self.next.setEnabled(number < count)
        self._facts["Label"].setText(_headline(overview, image))
        self._facts["Split"].setText(overview.split_of(image) or "Left out of the dataset")
        self._show_size(QSize(*overview.size_of(image)))
        self._facts["File"].setText(_breakable(overview.paths[image]))
        self._zoom.setText("")
        self._show_problems(overview, image)
        self.view.set_classes(overview.classes)
        self.view.show_file(overview.root / overview.paths[image])
        self.controls.offer(boxes=overview.annotations is not None, masks=has_masks(overview))
        self.legend.show_classes(overview.classes, {})
        self.labels_wanted.emit(image)

    def show_labels(self, image: int, labels: DrawnLabels | None) -> None:
        """Draw the labels of an image; those of one that is not shown any more are dropped."""
        overview = self._overview
        if overview is None or image != self._image or self.view.path is None:
            return
        self.view.set_layer(TRUTH, labels)
        self.legend.show_classes(overview.classes, _notes(overview, labels))

    def say_unreadable(self, image: int, sentence: str) -> None:
        """Say why the labels of an image cannot be drawn."""
        if image == self._image:
            self._facts["Label"].setText(sentence)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        match event.key():
            case Qt.Key.Key_Escape | Qt.Key.Key_Backspace:
                self.closed.emit()
            case Qt.Key.Key_Left | Qt.Key.Key_Up:
                self._go_back()
            case Qt.Key.Key_Right | Qt.Key.Key_Down:
                self._go_on()
            case _:
                super().keyPressEvent(event)

    def _hide_classes(self, hidden: frozenset[int]) -> None:
        self.controls.set_look(replace(self.controls.look, hidden_classes=hidden))

    def _go_back(self) -> None:
        if self.before.isEnabled():
            self.step_wanted.emit(-1)

    def _go_on(self) -> None:
        if self.next.isEnabled():
            self.step_wanted.emit(1)

    def _show_problems(self, overview: DatasetOverview, image: int) -> None:
        while (item := self._problem_lines.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        problems = overview.problems_of(image)
        self._problems.setVisible(bool(problems))
        for problem in problems:
            line = QWidget()
            words = row(SPACE.s)
            line.setLayout(words)
            is_note = problem.severity == "info"
            icon = IconLabel(
                "ph.info" if is_note else "ph.warning", "accent" if is_note else "warn", SIZE.icon
            )
            words.addWidget(icon, alignment=Qt.AlignmentFlag.AlignTop)
            text = text_label(f"{problem.message} {problem.remedy}", "caption", wrap=True)
            words.addWidget(text, 1)
            self._problem_lines.addWidget(line)

    def _show_size(self, size: QSize) -> None:
        known = f"{size.width():,} × {size.height():,} pixels" if not size.isEmpty() else "Unknown"
        self._facts["Size"].setText(known)
        self._show_zoom()

    def _show_zoom(self, _part: object = None) -> None:
        scale = self.view.scale()
        self._zoom.setText(f"{scale:.0%}" if scale else "")

    def _zoom_in(self) -> None:
        self.view.zoom_by(1.25)

    def _zoom_out(self) -> None:
        self.view.zoom_by(0.8)

    def _show_in_folder(self) -> None:
        if self._overview is not None:
            show_in_folder(self._overview.root / self._overview.paths[self._image])

    def _copy_path(self) -> None:
        if self._overview is not None:
            copy_paths([self._overview.root / self._overview.paths[self._image]])


def _headline(overview: DatasetOverview, image: int) -> str:
    """Say the class, or how much there is; the classes follow below."""
    if image < len(overview.manifest.items) and overview.objects is not None:
        count = int(overview.objects.per_image[image])
        return plural(count, "object") if count else overview.nothing_word().capitalize()
    if overview.labelling is Labelling.PIXELS:
        has_mask = image < len(overview.manifest.items) and overview.manifest.items[image].mask is not None
        return "Mask" if has_mask else overview.nothing_word().capitalize()
    return overview.label_of(image) or Labelling.CLASSES.value.capitalize()


def _notes(overview: DatasetOverview, labels: DrawnLabels | None) -> dict[int, str]:
    """Say of each class on the image how many objects, or how much of it, it has; the most first."""
    if labels is None:
        return {}
    if overview.labelling is Labelling.PIXELS and labels.class_map is not None:
        counts = np.bincount(labels.class_map.reshape(-1), minlength=NOTHING + 1)
        whole = max(1, int(counts.sum()))
        order = np.argsort(-counts[:NOTHING], kind="stable")
        return {int(n): f"{counts[n] / whole:.1%}" for n in order if counts[n]}
    counts = np.bincount(labels.classes, minlength=1)
    return {int(n): f"{counts[n]:,}" for n in np.argsort(-counts, kind="stable") if counts[n]}


def _breakable(path: str) -> str:
    """Let a long path break after each slash."""
    return path.replace("/", "/\N{ZERO WIDTH SPACE}")
