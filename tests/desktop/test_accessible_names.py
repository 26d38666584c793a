"""Everything that can be clicked, typed in or chosen from has a name that is read aloud."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QHeaderView,
    QLineEdit,
    QPlainTextEdit,
    QScrollBar,
    QWidget,
)
from pytestqt.qtbot import QtBot

from engine.protocol.home import Home
from tests.desktop.measured_runs import measured_run
from tests.desktop.window_tour import go_round, tour_window

CONTROLS = (
    QAbstractButton,
    QLineEdit,
    QPlainTextEdit,
    QComboBox,
    QAbstractSpinBox,
    QAbstractSlider,
    QAbstractItemView,
)
INNER = (QScrollBar, QHeaderView)
"""Parts that Qt makes and names by what they belong to."""


def is_inner(widget: QWidget) -> bool:
    owner = widget.parentWidget()
    made_by_qt = (
        widget.objectName().startswith("qt_") or widget.metaObject().className() == "QTableCornerButton"
    )
    return isinstance(widget, INNER) or made_by_qt or isinstance(owner, QComboBox | QAbstractSpinBox)


def nameless(page: QWidget) -> list[str]:
    """Visible controls that a screen reader cannot name, with where they lie."""
    found: list[str] = []
    for widget in page.findChildren(QWidget):
        if isinstance(widget, CONTROLS) and widget.isVisible() and not is_inner(widget):
            text = widget.text() if isinstance(widget, QAbstractButton) else ""
            if not (widget.accessibleName().strip() or text.strip()):
                owners: list[str] = []
                owner: QWidget | None = widget
                while owner is not None and owner is not page:
                    owners.append(type(owner).__name__)
                    owner = owner.parentWidget()
                found.append(" in ".join(owners))
    return found


@pytest.mark.slow
def test_that_every_control_of_every_page_has_a_name(
    qtbot: QtBot, lensmith_home: Path, tmp_path: Path
) -> None:
    run = measured_run(Home(lensmith_home).ensure(), tmp_path)
    missing: list[str] = []

    with tour_window(qtbot, run) as window:
        for place in go_round(qtbot, window, run):
            assert len(window.findChildren(QAbstractButton)) > 10
            missing += [f"{place}: {found}" for found in sorted(set(nameless(window)))]

    assert not missing, "\n".join(missing)
