"""A few exclusive choices side by side, or one that opens the others where there is no room for all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QLayout,
    QMenu,
    QPushButton,
    QWidget,
)

from desktop.theme.fonts import weigh
from desktop.theme.tokens import SPACE
from desktop.widgets.buttons import Button
from desktop.widgets.card import row
from desktop.widgets.labels import set_role

_ANY_WIDTH = 16_777_215
"""Qt's word for a width without a bound."""


class Segmented(QWidget):
    """Choices of which one holds; the arrow keys move between them.

    Where it is too narrow for the words of all, only the one that holds is shown, and opens a menu of them. One that
    has no other beside it looks like a heading.

    Args:
        choices: key and text of each.
        current: key of the one that holds; the first by default.
        name: what is chosen, read aloud.
    """

    changed = Signal(str)

    def __init__(
        self, choices: Sequence[tuple[str, str]], current: str | None = None, name: str = ""
    ) -> None:
        super().__init__()
        self.setAccessibleName(name)
        outer = row(0)
        outer.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)
        self.setLayout(outer)
        self._frame = QFrame()
        self._frame.setObjectName("segments")
        outer.addWidget(self._frame, 1)
        outer.addStretch(0)  # beside the one that is left when it is folded
        layout = self._inner = QHBoxLayout(self._frame)
        layout.setContentsMargins(SPACE.xxs, SPACE.xxs, SPACE.xxs, SPACE.xxs)
        layout.setSpacing(SPACE.xxs)
        layout.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)
        self._name = name
        self._withheld: set[str] = set()
        self._is_folded = False
        self._group = QButtonGroup(self)
        self._buttons: dict[str, QPushButton] = {}
        for key, text in choices:
            made = QPushButton(text)
            made.setCheckable(True)
            made.setProperty("segment", True)
            weigh(made, 500)
            made.setProperty("key", key)
            made.setAccessibleName(f"{name}: {text}" if name else text)
            made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            made.setCursor(Qt.CursorShape.PointingHandCursor)
            self._group.addButton(made)
            layout.addWidget(made, 1)
            self._buttons[key] = made
        first = current if current in self._buttons else next(iter(self._buttons), None)
        if first is not None:
            self._buttons[first].setChecked(True)
        self._group.buttonClicked.connect(self._clicked)
        self._opener = Button(icon="ph.caret-down")
        self._opener.setProperty("segment", True)
        self._opener.setCheckable(True)  # looks as the one that holds
        self._opener.setLayoutDirection(Qt.LayoutDirection.RightToLeft)  # the sign behind the word
        self._opener.clicked.connect(self._open_menu)
        self._opener.hide()
        layout.addWidget(self._opener, 1)
        self._tell_opener()

    def current(self) -> str:
        checked = self._group.checkedButton()
        return str(checked.property("key")) if checked is not None else ""

    def offer(self, key: str, is_offered: bool) -> None:
        """Offer a choice, or not at present."""
        (self._withheld.discard if is_offered else self._withheld.add)(key)
        self._arrange()
        self.updateGeometry()

    def is_offered(self, key: str) -> bool:
        return key not in self._withheld

    @property
    def is_folded(self) -> bool:
        """Whether only the choice that holds is shown."""
        return self._is_folded

    def sizeHint(self) -> QSize:
        return self._around([made for key, made in self._buttons.items() if self.is_offered(key)])

    def minimumSizeHint(self) -> QSize:
        return self._around([self._opener])

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._arrange()

    def explain(self, tips: Mapping[str, str]) -> None:
        """Give choices tooltips, by key."""
        for key, tip in tips.items():
            self._buttons[key].setToolTip(tip)

    def choose(self, key: str) -> None:
        """Hold another choice, without telling; an unknown key clears it."""
        if key in self._buttons:
            self._buttons[key].setChecked(True)
            self._tell_opener()
            return
        self._group.setExclusive(False)
        for made in self._buttons.values():
            made.setChecked(False)
        self._group.setExclusive(True)
        self._tell_opener()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        keys = [key for key in self._buttons if self.is_offered(key)]
        if step is None or not keys:
            super().keyPressEvent(event)
            return
        at = keys.index(self.current()) if self.current() in keys else 0
        chosen = self._buttons[keys[(at + step) % len(keys)]]
        (self._opener if self._is_folded else chosen).setFocus(Qt.FocusReason.TabFocusReason)
        chosen.click()

    def _clicked(self, pressed: QPushButton) -> None:
        self._tell_opener()
        self.changed.emit(str(pressed.property("key")))

    def _around(self, buttons: Sequence[QPushButton]) -> QSize:
        """Give the size with these buttons, and the frame and margins of now."""
        now = [made for made in (*self._buttons.values(), self._opener) if not made.isHidden()]
        hint = self._inner.totalSizeHint()
        return QSize(hint.width() - _width(now) + _width(buttons), hint.height())

    def _arrange(self) -> None:
        """Fold where the words of all need more room than there is."""
        is_alone = len(self._buttons) - len(self._withheld) == 1
        folds = len(self._buttons) > 1 and self.width() < self.sizeHint().width()
        self._is_folded = folds and self.isVisible()
        for key, made in self._buttons.items():
            made.setVisible(self.is_offered(key) and not self._is_folded)
            set_role(made, "alone", is_alone)
        set_role(self._frame, "alone", is_alone)
        self._opener.setVisible(self._is_folded)
        widest = self._around([self._opener]).width() if self._is_folded else _ANY_WIDTH
        self._frame.setMaximumWidth(widest)

    def _tell_opener(self) -> None:
        """Let the folded form show and say which choice holds."""
        checked = self._group.checkedButton()
        text = checked.text() if checked is not None else "…"
        self._opener.setText(text)
        self._opener.setChecked(checked is not None)
        self._opener.setAccessibleName(f"{self._name}: {text}" if self._name else text)
        self._opener.setToolTip(checked.toolTip() if checked is not None else "")
        self._arrange()

    def _open_menu(self) -> None:
        self._tell_opener()  # the click has turned it
        menu = QMenu(self)
        for key, made in self._buttons.items():
            if self.is_offered(key):
                act = menu.addAction(made.text(), made.click)
                act.setCheckable(True)
                act.setChecked(made.isChecked())
                act.setToolTip(made.toolTip())
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self._opener.mapToGlobal(QPoint(0, self._opener.height())))


def _width(buttons: Sequence[QPushButton]) -> int:
    return sum(made.sizeHint().width() for made in buttons) + SPACE.xxs * max(0, len(buttons) - 1)
