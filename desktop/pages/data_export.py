"""The sheet that writes a dataset in another layout: which one, where to, and what would be lost on the way."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QFileDialog,
    QLineEdit,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from desktop.models.dataset_overview import DatasetOverview
from desktop.pages.data_header import layout_title
from desktop.theme.tokens import SIZE, SPACE
from desktop.widgets.buttons import Button, on_click
from desktop.widgets.card import column, row
from desktop.widgets.dialogs import Sheet
from desktop.widgets.labels import text_label
from engine.datasets.writers.export import Choice, choices
from engine.datasets.writers.tree import Source

_WHOLE = "Everything is carried over."
_TREES = {
    "coco": "annotations/instances_train.json beside train/",
    "voc": "JPEGImages, Annotations, ImageSets",
    "yolo": "images, labels, data.yaml",
    "masks": "images, masks, classes.json",
    "imagefolder": "train/CLASS/image.jpg",
}


@dataclass(frozen=True, slots=True)
class ExportWish:
    """What the user wants written.

    Attributes:
        format: of the layout.
        folder: new, or empty.
        copy: copy the images also where they could be linked.
    """

    format: str
    folder: Path
    copy: bool


class ExportSheet(Sheet):
    """Layouts with what each would leave out, and a folder."""

    wanted = Signal(object)
    """An `ExportWish`; the sheet closes after it."""

    def __init__(self, parent: QWidget | None, overview: DatasetOverview) -> None:
        super().__init__(parent, f"Export {overview.manifest.name}", SIZE.palette)
        self._overview = overview
        self._was_typed = False
        self.body.addWidget(
            text_label(
                "Writes a copy in another layout; the dataset itself stays as it is.", "muted", wrap=True
            )
        )
        self._group = QButtonGroup(self)
        self.choices: dict[str, QRadioButton] = {}
        source = Source(overview.manifest, overview.root, overview.annotations)
        for choice in sorted(choices(source), key=lambda each: bool(each.trouble)):
            self.body.addWidget(self._option(choice))
        self._build_folder()
        self.copy = QCheckBox("Copy the images, also where they could be linked on the same disk")
        self.body.addWidget(self.copy)
        self.trouble = text_label("", "error", wrap=True)
        self.trouble.hide()
        self.body.addWidget(self.trouble)
        on_click(self.add_button("Cancel"), self.reject)
        self.go = self.add_button("Export", "primary")
        on_click(self.go, self._export)
        possible = [made for made in self.choices.values() if made.isEnabled()]
        self.go.setEnabled(bool(possible))
        if possible:
            possible[0].setChecked(True)
            possible[0].setFocus()
        self._propose()

    def _build_folder(self) -> None:
        line = row(SPACE.s)
        self.folder = QLineEdit()
        self.folder.setAccessibleName("Folder to write to")
        self.folder.setPlaceholderText("A new or empty folder")
        self.folder.textEdited.connect(self._keep_typed)
        line.addWidget(self.folder, 1)
        browse = Button("Browse…", "ph.folder-open")
        on_click(browse, self._browse)
        line.addWidget(browse)
        block = column(SPACE.xs)
        block.addWidget(text_label("Folder", "overline"))
        block.addLayout(line)
        self.body.addLayout(block)

    def _option(self, choice: Choice) -> QWidget:
        made = QWidget()
        block = QVBoxLayout(made)
        block.setContentsMargins(0, 0, 0, 0)
        block.setSpacing(SPACE.xxs)
        title = layout_title(choice.format)
        button = QRadioButton(f"{title[:1].upper()}{title[1:]}")
        button.setEnabled(not choice.trouble)
        button.setToolTip(_TREES[choice.format])
        button.toggled.connect(self._propose)
        self._group.addButton(button)
        self.choices[choice.format] = button
        block.addWidget(button)
        words = choice.trouble or " ".join(choice.losses) or _WHOLE
        note = text_label(words, "warning" if choice.losses else "caption", wrap=True)
        note.setContentsMargins(SPACE.xl, 0, 0, 0)
        block.addWidget(note)
        button.setAccessibleDescription(words)
        return made

    def _chosen(self) -> str:
        return next((name for name, made in self.choices.items() if made.isChecked()), "")

    def _propose(self) -> None:
        """Name a folder beside the source until the user names one."""
        if self._was_typed or not hasattr(self, "folder"):
            return
        source = self._overview.source
        parent = source.parent if not self._overview.keeps_files else Path.home()
        self.folder.setText(str(parent / f"{self._overview.manifest.name}_{self._chosen()}"))

    def _keep_typed(self) -> None:
        self._was_typed = True
        self.trouble.hide()

    def _browse(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Export to a new or empty folder")
        if folder:
            self._was_typed = True
            self.folder.setText(folder)
            self.trouble.hide()

    def _export(self) -> None:
        text = self.folder.text().strip()
        folder = Path(text).expanduser()
        if why := _why_not(text, folder):
            self.trouble.setText(why)
            self.trouble.show()
            return
        wish = ExportWish(self._chosen(), folder, self.copy.isChecked())
        self.accept()
        self.wanted.emit(wish)


def _why_not(text: str, folder: Path) -> str:
    """Say why a folder cannot be written to; the engine looks at it again."""
    if not text:
        return "Give a folder to write to."
    if not folder.is_absolute():
        return "Give the whole path of the folder."
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            return f"{folder} is not an empty folder. Give a new one."
    except OSError as error:
        return f"{folder} cannot be looked at: {error.strerror}. Give another one."
    return ""
