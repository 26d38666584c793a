"""The preview of the augmentation, large, beside the form: more images and epochs, to be zoomed, with their labels."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QGridLayout, QWidget

from desktop.models.augmentation_preview import AugmentationModel, Extent, PreviewRow, Sample
from desktop.theme.tokens import SIZE, SPACE
from desktop.viewers.label_controls import LabelControls
from desktop.viewers.label_view import TRUTH, LabelView
from desktop.widgets.buttons import Button, on_click
from desktop.widgets.card import column, row
from desktop.widgets.labels import ElidedLabel, set_role, text_label

IMAGES, EPOCHS = 3, 3
EXTENT = Extent(IMAGES, EPOCHS, 480)
_EXPLANATION = "Exactly what the training will see. Every epoch varies the images anew; the seed decides how."
_TITLE = "Training images"


class PreviewPanel(QWidget):
    """Follows a model while it is seen.

    Args:
        model: asks the engine; the form's strip shows it too.
    """

    closed = Signal()

    def __init__(self, model: AugmentationModel) -> None:
        super().__init__()
        self.model = model
        names = ["Original", *(f"Epoch {number}" for number in range(1, EPOCHS + 1))]
        self.views = [[LabelView(name) for name in names] for _ in range(IMAGES)]
        self.files = [ElidedLabel("", "caption", middle=True) for _ in range(IMAGES)]
        self.controls = LabelControls([view for line in self.views for view in line])
        self.controls.offer(boxes=False, masks=False)
        self.title = text_label(_TITLE, "section")
        self.note = text_label("", "caption", wrap=True)
        self.other = Button("Other images", "ph.shuffle")
        self.close_button = Button("Close", "ph.x")
        self.close_button.explain("Back to the run")
        on_click(self.other, model.shuffle)
        on_click(self.close_button, self.closed.emit)
        layout = column(SPACE.s)
        layout.setContentsMargins(SPACE.page, SPACE.l, SPACE.page, SPACE.l)
        self.setLayout(layout)
        head = row(SPACE.s)
        words = column(SPACE.xxs)
        words.addWidget(self.title)
        words.addWidget(text_label(_EXPLANATION, "muted", wrap=True))
        head.addLayout(words, 1)
        for made in (self.other, self.close_button):
            head.addWidget(made, alignment=Qt.AlignmentFlag.AlignTop)
        layout.addLayout(head)
        layout.addWidget(self.controls)
        layout.addLayout(self._grid(names), 1)
        layout.addWidget(self.note)
        model.changed.connect(self._show)
        self._show()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.model.set_extent(EXTENT)
        self.model.set_looking("panel", True)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.model.set_looking("panel", False)

    def _grid(self, names: list[str]) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(SPACE.s)
        grid.setVerticalSpacing(SPACE.xs)
        for place, name in enumerate(names):
            grid.addWidget(text_label(name, "caption"), 0, place, Qt.AlignmentFlag.AlignHCenter)
            grid.setColumnStretch(place, 1)
        for number, (line, file) in enumerate(zip(self.views, self.files, strict=True)):
            for place, view in enumerate(line):
                view.setMinimumSize(SIZE.icon_hero * 2, SIZE.icon_hero * 2)
                grid.addWidget(view, 2 * number + 1, place)
            grid.setRowStretch(2 * number + 1, 1)
            grid.addWidget(file, 2 * number + 2, 0, 1, len(names))
        return grid

    def _show(self) -> None:
        model = self.model
        for number, (line, file) in enumerate(zip(self.views, self.files, strict=True)):
            found = model.rows[number] if number < len(model.rows) else None
            file.setText(row_words(found) if found is not None else "")
            samples: list[Sample | None] = [found.original, *found.variants] if found is not None else []
            samples += [None] * len(line)
            for view, sample in zip(line, samples, strict=False):
                self._put(view, sample)
        drawn = [sample.labels for found in model.rows for sample in (found.original, *found.variants)]
        self.controls.offer(
            boxes=any(len(labels) for labels in drawn), masks=any(labels.has_masks for labels in drawn)
        )
        self.title.setText(f"{_TITLE}, updating …" if model.is_waiting else _TITLE)
        words = str(model.error) if model.error is not None else " ".join(model.notes)
        set_role(self.note, "role", "error" if model.error is not None else "caption")
        self.note.setText(words)
        self.note.setVisible(bool(words))

    def _put(self, view: LabelView, sample: Sample | None) -> None:
        if sample is None:
            view.show_file(None)
        elif view.path != sample.path:
            view.set_classes(self.model.classes)
            view.show_file(sample.path)
            view.set_layer(TRUTH, sample.labels)


def row_words(found: PreviewRow) -> str:
    """Name an image, its class first where it has one."""
    return f"{found.label} · {found.file}" if found.label else found.file
