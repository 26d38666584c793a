"""What a model is measured on: the data of its training, another dataset, or a folder that is chosen or dropped."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QLineEdit, QProgressBar, QWidget

from desktop.bridge.dataset_shelf import ImportJob
from desktop.models.result_evaluation import DataOffer, Evaluable, Source
from desktop.theme.tokens import SPACE
from desktop.widgets.buttons import Button, on_click
from desktop.widgets.card import column, row
from desktop.widgets.choice_box import ChoiceBox
from desktop.widgets.labels import text_label
from desktop.widgets.segmented import Segmented

_LABELS, _ASK = "labels", "ask"


class DataPart(QWidget):
    """Chooses a source, and tells what was found in it."""

    chosen = Signal()
    """Another source was chosen."""

    def __init__(self, offered: Evaluable) -> None:
        super().__init__()
        self._labelled: set[Path] = set()
        """Folders in which labels were found."""
        layout = column(SPACE.xs)
        self.setLayout(layout)
        line = row(SPACE.s)
        self.data = ChoiceBox("Data")
        self.data.addItem(f"{offered.dataset} · as it was trained on", Source())
        for name, task in offered.datasets:
            self.data.addItem(name if task == offered.task else f"{name} · {task}", Source(dataset=name))
        line.addWidget(self.data, 1)
        self.pick = Button("Folder…", "ph.folder-open")
        self.pick.explain("A folder of images, with labels or without; it can be dropped here too")
        on_click(self.pick, self._pick)
        line.addWidget(self.pick)
        layout.addLayout(line)
        self.told = text_label("", "caption", wrap=True)
        layout.addWidget(self.told)
        self.labels = Segmented(
            [(_LABELS, "Import with its labels"), (_ASK, "Only ask the model")],
            name="What is done with the folder",
        )
        self.labels.changed.connect(self._take_choice)
        self.labels.hide()
        layout.addWidget(self.labels)
        self.name = QLineEdit()
        self.name.setAccessibleName("Name of the dataset")
        self.name.setPlaceholderText("Name of the dataset")
        self.name.hide()
        layout.addWidget(self.name)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName("Importing")
        self._bar.hide()
        layout.addWidget(self._bar)
        self.data.currentIndexChanged.connect(self._tell)

    def source(self) -> Source:
        found = self.data.currentData()
        return found if isinstance(found, Source) else Source()

    def take_folder(self, path: Path) -> None:
        """Choose a folder, a zip or a table that the user named."""
        self._choose(Source(folder=path), f"{path.name} · folder")

    def choose_dataset(self, name: str) -> None:
        """Choose a dataset of the library, which may be new in it."""
        self._choose(Source(dataset=name), name)

    def show_offer(self, offer: DataOffer) -> None:
        """Tell what a source holds."""
        folder = offer.source.folder
        has_labels = offer.is_new and offer.problem is None
        if offer.is_new and folder is not None:
            self._labelled.add(folder)
        self.labels.setVisible(folder in self._labelled)
        self.name.setVisible(has_labels)
        if has_labels and folder is not None and not self.name.text():
            self.name.setText(folder.stem if folder.is_file() else folder.name)
        self.told.setText(_told(offer))
        self.told.setVisible(bool(self.told.text()))

    def show_import(self, job: ImportJob | None) -> None:
        """Show how far an import is; None when there is none any more."""
        for part in (self.data, self.pick, self.labels, self.name):
            part.setEnabled(job is None)
        self._bar.setVisible(job is not None)
        if job is not None:
            self._bar.setRange(0, 0)
            job.progress.connect(self._show_progress)

    def _show_progress(self, done: int, total: int, phase: str) -> None:
        self._bar.setRange(0, total)
        self._bar.setValue(done)
        self.told.setText(f"{phase}  ·  {done:,} of {total:,}" if total else phase)

    def _choose(self, source: Source, title: str) -> None:
        place = next((n for n in range(self.data.count()) if self.data.itemData(n) == source), -1)
        if place < 0:
            self.data.addItem(title, source)
            place = self.data.count() - 1
        if place == self.data.currentIndex():
            self._tell()
        else:
            self.data.setCurrentIndex(place)

    def _pick(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "A folder of images to test on")
        if folder:
            self.take_folder(Path(folder))

    def _tell(self) -> None:
        self.name.clear()
        self.labels.choose(_LABELS if self.source().is_labelled else _ASK)
        self.chosen.emit()

    def _take_choice(self, key: str) -> None:
        folder = self.source().folder
        if folder is not None:
            self.data.setItemData(self.data.currentIndex(), Source(folder=folder, is_labelled=key == _LABELS))
            self.chosen.emit()


def _told(offer: DataOffer) -> str:
    images = f"{offer.images:,} images" if offer.images != 1 else "One image"
    if offer.source.folder is None or offer.problem is not None:
        return ""
    if offer.is_new:
        found = (
            f"{images} with labels ({offer.format})." if offer.format else "Its labels are read on import."
        )
        return f"{found} They are imported for tests only: no training sees them."
    found = f"{images}, and no labels." if offer.images else "Labels are not looked for."
    return f"{found} The model is only asked: there are answers, and no metrics."
