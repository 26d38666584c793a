"""The sheet that divides a dataset into train, val and test anew."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QFormLayout, QSpinBox, QWidget

from desktop.models.dataset_overview import DatasetOverview
from desktop.pages.data_split_bar import SplitBar
from desktop.pages.data_words import listed
from desktop.theme.tokens import SIZE, SPACE
from desktop.widgets.buttons import on_click
from desktop.widgets.dialogs import Sheet
from desktop.widgets.labels import text_label
from engine.errors import UserError

_USUAL_VAL, _USUAL_TEST = 20, 10
_LARGEST_SEED = 2**31 - 1
_EXPLANATION = (
    "Every class gives the same share to each split; an image with several counts for the rarest of them. "
    "Which image goes where follows from its content and the seed: equal files stay together, and the same seed "
    "divides the same way on every machine. This makes a new version of the dataset; earlier runs keep theirs."
)


def leak_words(overview: DatasetOverview, trained: Sequence[str]) -> str:
    """Say what a new division mends, and what it would spoil; empty for nothing.

    Args:
        overview: of the dataset.
        trained: names of the runs that were trained on its present version.
    """
    lines: list[str] = []
    if trained:
        was = "was" if len(trained) == 1 else "were"
        lines.append(
            f"{listed(trained)} {was} trained on the splits of now: measured on a new test split, the scores would "
            "be too good, for it holds images that were trained on. Train anew to compare."
        )
    leak = next((group for group in overview.groups if group.code == "image_in_two_splits"), None)
    if leak is not None:
        lines.append(
            f"{leak.count:,} images are in several splits now; divided anew, equal files stay together."
        )
    return " ".join(lines)


def _divided_images(overview: DatasetOverview) -> int:
    """How many images are dealt out: all, but those without a label where each image should have one."""
    if overview.task == "classification":
        return int((overview.labels >= 0).sum())
    return len(overview.manifest.items)


class DivideSheet(Sheet):
    """Shares, a seed, and what will come of them."""

    divided = Signal(object, bool)
    """The user wants `(val, test, seed)` with shares from 0 to 1, and whether splits that are there are replaced."""

    def __init__(
        self, parent: QWidget | None, overview: DatasetOverview, trained: Sequence[str] = ()
    ) -> None:
        super().__init__(parent, f"Divide {overview.manifest.name}", SIZE.dialog)
        self._total = _divided_images(overview)
        self._is_divided = set(overview.split_names) != {"train"}
        self.body.addWidget(text_label(_EXPLANATION, "muted", wrap=True))
        form = QFormLayout()
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        form.setHorizontalSpacing(SPACE.l)
        form.setVerticalSpacing(SPACE.s)
        self.val = _number(_USUAL_VAL, 90, "%", "Share for validation")
        self.test = _number(_USUAL_TEST, 90, "%", "Share for test")
        self.seed = _number(0, _LARGEST_SEED, "", "Seed")
        for field, name in ((self.val, "Validation"), (self.test, "Test"), (self.seed, "Seed")):
            form.addRow(name, field)
            field.valueChanged.connect(self._show)
        self.body.addLayout(form)
        self.bar = SplitBar()
        self.body.addWidget(self.bar)
        self.replace = QCheckBox("Replace the splits that are there, test images included")
        self.replace.toggled.connect(self._show)
        self.replace.setVisible(self._is_divided)
        self.body.addWidget(self.replace)
        now = ", ".join(f"{count:,} {name}" for name, count in overview.split_totals().items())
        self.warning = text_label(
            f"It is divided already: {now}. Divided anew, a model may be trained on images that it is later tested "
            "on. Importing the source again undoes it.",
            "warning",
            wrap=True,
        )
        self.warning.setVisible(self._is_divided)
        self.body.addWidget(self.warning)
        self.leaks = text_label(leak_words(overview, trained), "warning", wrap=True)
        self.leaks.setVisible(bool(self.leaks.text()))
        self.body.addWidget(self.leaks)
        self.trouble = text_label("", "error", wrap=True)
        self.trouble.hide()
        self.body.addWidget(self.trouble)
        on_click(self.add_button("Cancel"), self.reject)
        self.go = self.add_button("Divide", "primary")
        on_click(self.go, self._divide)
        self._show()
        self.resize(SIZE.dialog, self._outer_height())
        self.val.setFocus()
        self.val.selectAll()

    def _outer_height(self) -> int:
        layout = self.layout()
        return layout.totalHeightForWidth(SIZE.dialog) if layout is not None else self.height()

    def complain(self, error: UserError) -> None:
        """Show why it could not be done."""
        self.trouble.setText(str(error))
        self.trouble.show()
        self.go.setEnabled(True)

    def _show(self) -> None:
        val, test = self.val.value(), self.test.value()
        has_room = val + test < 100
        self.trouble.setVisible(not has_room)
        if not has_room:
            self.trouble.setText(f"{val}% and {test}% leave nothing to train on: keep their sum below 100%.")
        kept = max(0, 100 - val - test)
        counts = {"train": kept, "val": val, "test": test}
        self.bar.show_totals(
            {name: round(self._total * share / 100) for name, share in counts.items() if share}
        )
        is_allowed = not self._is_divided or self.replace.isChecked()
        self.go.setEnabled(has_room and is_allowed and val + test > 0)

    def _divide(self) -> None:
        self.go.setEnabled(False)
        self.trouble.hide()
        shares = (self.val.value() / 100, self.test.value() / 100, self.seed.value())
        self.divided.emit(shares, self._is_divided)


def _number(value: int, most: int, suffix: str, name: str) -> QSpinBox:
    made = QSpinBox()
    made.setRange(0, most)
    made.setValue(value)
    made.setSuffix(suffix)
    made.setAccessibleName(name)
    made.setMinimumHeight(SIZE.control)
    made.lineEdit().setTextMargins(SPACE.s, 0, 0, 0)
    return made
