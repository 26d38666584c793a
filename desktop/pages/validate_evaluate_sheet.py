"""The sheet that asks which checkpoint to measure, on which images, and which class is which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QIntValidator
from PySide6.QtWidgets import QGridLayout, QLabel, QLineEdit, QWidget

from desktop.bridge.dataset_shelf import ImportJob
from desktop.models.result_evaluation import DataOffer, Evaluable, Source
from desktop.models.run_words import SPLIT_WORDS, metric_text, metric_words
from desktop.pages.validate_evaluate_classes import ClassPart
from desktop.pages.validate_evaluate_data import DataPart
from desktop.theme.tokens import SIZE, SPACE
from desktop.widgets.buttons import on_click
from desktop.widgets.card import column, row
from desktop.widgets.choice_box import ChoiceBox
from desktop.widgets.dialogs import Sheet
from desktop.widgets.drop_area import DropArea
from desktop.widgets.labels import text_label
from desktop.widgets.message_banner import Banner
from desktop.widgets.segmented import Segmented
from engine.errors import UserError
from engine.runner.derived import Derived
from engine.runner.given_data import Wanted

_ADVICE = {
    "test": "Images that the training never saw: the honest number.",
    "val": "The images by which the best epoch was chosen: a little too kind.",
    "train": "The images that the model learnt from: shows how far it has learnt them by heart.",
    "all": "All images, those that the model learnt from too: kinder than an honest number.",
}
_ADVICE_ELSEWHERE = {
    "val": "The images that this dataset keeps for validation.",
    "train": "The images that this dataset has for training.",
    "all": "All images of this dataset, whatever they are meant for.",
}
_WIDTH = 600
_SMALL_FIELD = 90
_LARGEST_BATCH = 65_536


@dataclass(frozen=True, slots=True)
class Asked:
    """What the user wants to be measured."""

    checkpoint: str
    source: Source
    split: str = ""
    """Empty where there are no labels."""
    mapping: Mapping[str, str | None] = field(default_factory=dict[str, "str | None"])
    batch_size: int | None = None
    """None as in training."""
    resource: str | None = None
    """None takes what is free first."""

    def derived(self, run: str) -> Derived:
        """As the engine is asked."""
        folder = self.source.folder
        data = (
            Wanted(folder=folder)
            if folder is not None
            else Wanted(self.source.dataset or None, split=self.split, mapping=self.mapping)
        )
        changes = {} if self.batch_size is None else {"batch_size": self.batch_size}
        return Derived("evaluate", run, self.checkpoint, data=data, changes=changes, resource=self.resource)

    def words(self) -> str:
        """`best on test`, `best on street scenes (test)`, `best on photos`."""
        if self.source.folder is not None:
            return f"{self.checkpoint} on {self.source.folder.name}"
        if self.source.dataset:
            return f"{self.checkpoint} on {self.source.dataset} ({self.split})"
        return f"{self.checkpoint} on {self.split}"


class EvaluateSheet(Sheet):
    """Asks; `wanted` fires once with what was chosen."""

    wanted = Signal(object)
    """An `Asked`."""
    offer_wanted = Signal(str, object, object)
    """Name of the checkpoint, `Source`, and what was chosen for classes: `show_offer` is waited for."""
    import_wanted = Signal(object, str)
    """Path and name of what is to be imported for tests."""
    import_unwanted = Signal()

    def __init__(
        self, parent: QWidget | None, offered: Evaluable, title: str, headline: Sequence[str] = ()
    ) -> None:
        super().__init__(parent, f"Evaluate {title}", _WIDTH)
        self._offered = offered
        self._headline = headline
        self.offer: DataOffer | None = None
        self._is_importing = False
        self._build_form()
        cancel = self.add_button("Cancel")
        self.start = self.add_button("Evaluate", "primary")
        on_click(cancel, self._cancel)
        on_click(self.start, self._start)
        self.drops = DropArea(self, "Drop a folder of images to test on")
        self.drops.dropped.connect(self._take_dropped)
        self.drops.refused.connect(partial(self._complain, "warn"))
        self.checkpoint.currentIndexChanged.connect(self._explain)
        self.data.chosen.connect(self._ask)
        self.classes.changed.connect(self._ask_again)
        self._explain()
        self.show_offer(DataOffer(Source(), _with_all(offered.splits)))

    def _build_form(self) -> None:
        form = QGridLayout()
        form.setHorizontalSpacing(SPACE.l)
        form.setVerticalSpacing(SPACE.m)
        form.setColumnStretch(1, 1)
        self.checkpoint = ChoiceBox("Checkpoint")
        for fact in self._offered.checkpoints:
            self.checkpoint.addItem(fact.title, fact.name)
        self._metric = text_label("", "caption")
        self.data = DataPart(self._offered)
        self._images = column(SPACE.xs)
        self.splits = Segmented([], name="Images to measure on")
        self.advice = text_label("", "caption", wrap=True)
        self._images.addWidget(self.splits)
        self._images.addWidget(self.advice)
        self._images_title = text_label("Images", "muted")
        self.classes = ClassPart()
        self._classes_title = text_label("Classes", "muted")
        self._how, self.batch_size, self.device = row(SPACE.s), QLineEdit(), ChoiceBox("Device")
        self._build_how()
        self.banner = Banner("bad")
        self.banner.hide()
        rows = (
            ("Checkpoint", self.checkpoint), ("", self._metric), ("Data", self.data),
            (self._images_title, self._images), (self._classes_title, self.classes), ("Batch size", self._how),
        )  # fmt: skip
        for place, (title, part) in enumerate(rows):
            label = text_label(title, "muted") if isinstance(title, str) else title
            form.addWidget(_beside(label), place, 0, Qt.AlignmentFlag.AlignTop)
            if isinstance(part, QWidget):
                form.addWidget(part, place, 1)
            else:
                form.addLayout(part, place, 1)
        self.body.addLayout(form)
        self.body.addWidget(self.banner)
        self.body.addStretch(1)

    def _build_how(self) -> None:
        self.batch_size.setAccessibleName("Batch size")
        self.batch_size.setValidator(QIntValidator(1, _LARGEST_BATCH, self))
        self.batch_size.setPlaceholderText(str(self._offered.batch_size))
        self.batch_size.setFixedWidth(_SMALL_FIELD)
        self._how.addWidget(self.batch_size)
        self.device.addItem("First free device", None)
        for name in self._offered.devices:
            self.device.addItem(f"GPU {name.rpartition(':')[2]}", name)
        self.device.addItem("Processor", "cpu")
        if self._offered.devices:
            self._how.addSpacing(SPACE.m)
            self._how.addWidget(text_label("Device", "muted"))
            self._how.addWidget(self.device)
        self._how.addStretch(1)

    def choose_checkpoint(self, name: str) -> None:
        """Choose another checkpoint than the best, where it is there."""
        place = self.checkpoint.findData(name)
        if place >= 0:
            self.checkpoint.setCurrentIndex(place)

    def show_offer(self, offer: DataOffer) -> None:
        """Show what a source offers; an answer about another one is passed over."""
        source = self.data.source()
        if offer.source != source:
            if offer.source.dataset and source.folder is not None:
                self.data.choose_dataset(offer.source.dataset)
                return
            if offer.source.folder != source.folder or source.folder is None:
                return
        self.offer = offer
        self.data.show_offer(offer)
        self._show_splits(offer)
        self.classes.show_match(offer.match)
        self._classes_title.setVisible(not self.classes.isHidden())
        self._explain()
        QTimer.singleShot(0, self, self._fit)

    def _fit(self) -> None:
        """Be as high as what is shown needs."""
        layout = self.layout()
        if layout is not None:
            layout.activate()
            self.resize(self.width(), max(layout.totalHeightForWidth(self.width()), self.minimumHeight()))

    def show_import(self, job: ImportJob | None) -> None:
        """Show an import that is under way; None when there is none any more."""
        self._is_importing = job is not None
        self.data.show_import(job)
        self._explain()

    def complain(self, error: UserError) -> None:
        """Show why an import failed."""
        self._complain("bad", error.message, error.hint)

    def tell(self, title: str, text: str = "") -> None:
        """Show what an import has found."""
        self._complain("info", title, text)

    def _complain(self, tone: str, title: str, text: str = "") -> None:
        self.banner.say(tone, title, text)
        self.banner.show()

    def _show_splits(self, offer: DataOffer) -> None:
        before = self.splits.current()
        self._images.removeWidget(self.splits)
        self.splits.hide()
        self.splits.deleteLater()
        shown = [(name, f"{_split_word(name)}  {count:,}") for name, count in offer.splits]
        self.splits = Segmented(shown, before or None, name="Images to measure on")
        self.splits.changed.connect(self._explain)
        self._images.insertWidget(0, self.splits)
        for part in (self.splits, self._images_title, self.advice):
            part.setVisible(bool(offer.splits))

    def _ask(self) -> None:
        self.offer = None
        self.banner.hide()
        self.classes.show_match(None)
        self._classes_title.hide()
        self._explain()
        self.offer_wanted.emit(str(self.checkpoint.currentData()), self.data.source(), {})

    def _ask_again(self) -> None:
        mapping = self.classes.mapping()
        self.offer_wanted.emit(str(self.checkpoint.currentData()), self.data.source(), mapping)

    def _explain(self) -> None:
        fact = self._offered.checkpoints[max(0, self.checkpoint.currentIndex())]
        shown = [name for name in fact.metrics if name.rpartition("/")[2] in self._headline]
        shown = shown or list(fact.metrics)[:1]
        self._metric.setText(
            ", ".join(f"{metric_words(name)} {metric_text(name, fact.metrics[name])}" for name in shown)
        )
        offer = self.offer
        self.advice.setText("" if offer is None else self._advice_of(offer))
        self.start.setText("Import for tests" if offer is not None and offer.is_new else "Evaluate")
        if offer is not None and not self._is_importing:
            self._tell_problem(offer)
        is_ready = offer is not None and offer.problem is None and not self._is_importing
        self.start.setEnabled(is_ready)
        self.start.setToolTip(offer.problem.message if offer is not None and offer.problem else "")

    def _tell_problem(self, offer: DataOffer) -> None:
        problem = offer.problem
        nothing = not offer.splits and offer.source.folder is None and problem is None
        if nothing:
            problem = UserError("split_empty", "The dataset of this run has no labelled images.", "")
            self.offer = DataOffer(offer.source, problem=problem)
        if problem is not None:
            self._complain("bad", problem.message, problem.hint)
        elif self.banner.property("banner") == "bad":
            self.banner.hide()

    def _advice_of(self, offer: DataOffer) -> str:
        split = self.splits.current()
        seen = offer.seen.get(split, 0)
        if seen:
            return f"The model has learnt from {seen:,} of these images: its numbers will be too kind."
        if offer.source.dataset:
            return _ADVICE_ELSEWHERE.get(split, "Images that this dataset keeps for tests.")
        return _ADVICE.get(split, "")

    def _take_dropped(self, paths: list[Path]) -> None:
        if len(paths) > 1:
            self._complain("warn", "One folder at a time is tested on.", "Drop the folder that holds them.")
            return
        if not self._is_importing:
            self.data.take_folder(paths[0])

    def _cancel(self) -> None:
        if self._is_importing:
            self.import_unwanted.emit()
        else:
            self.reject()

    def reject(self) -> None:
        """Close; an import that is under way is cancelled."""
        if self._is_importing:
            self.import_unwanted.emit()
        super().reject()

    def _start(self) -> None:
        offer = self.offer
        if offer is None or offer.problem is not None:
            return
        if offer.is_new and offer.source.folder is not None:
            self.banner.hide()
            self.import_wanted.emit(offer.source.folder, self.data.name.text().strip())
            return
        size = self.batch_size.text()
        asked = Asked(
            checkpoint=str(self.checkpoint.currentData()),
            source=offer.source,
            split=self.splits.current(),
            mapping=self.classes.mapping(),
            batch_size=int(size) if size else None,
            resource=self.device.currentData(),
        )
        self.wanted.emit(asked)
        self.accept()


def _beside(label: QLabel) -> QLabel:
    """As high as the control beside it, however much stands below that."""
    if label.text():
        label.setMinimumHeight(SIZE.control)
    return label


def _split_word(name: str) -> str:
    return SPLIT_WORDS.get(name, name.capitalize())


def _with_all(splits: tuple[tuple[str, int], ...]) -> tuple[tuple[str, int], ...]:
    return (*splits, ("all", sum(count for _, count in splits))) if splits else ()
