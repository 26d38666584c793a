"""What of a form is seen, and where."""

from __future__ import annotations

from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QAbstractButton, QLabel, QLineEdit, QWidget

from desktop.forms.schema_form import SchemaForm


def visible_rows(form: SchemaForm) -> list[str]:
    """Name the settings whose rows are seen, from top to bottom."""
    rows = [row for section in form.sections.values() for row in section.rows_in_order()]
    return [row.field.name for row in rows if row.isVisibleTo(form)]


def top_of(form: SchemaForm, widget: QWidget) -> int:
    """Give where a widget begins, in pixels from the top of the form."""
    return widget.mapTo(form, QPoint(0, 0)).y()


def outer_name(widget: QWidget) -> str:
    """Give the name that is read aloud of what a widget lies in."""
    parent = widget.parentWidget()
    return parent.accessibleName() if parent is not None else ""


def clipped(form: SchemaForm) -> list[str]:
    """Name the labels and buttons whose text does not fit into them."""
    found: list[str] = []
    for label in form.findChildren(QLabel):
        if not label.isVisibleTo(form) or not label.text() or type(label) is not QLabel:
            continue
        wrapped = label.wordWrap()
        needed = label.heightForWidth(label.width()) if wrapped else label.sizeHint().height()
        too_wide = not wrapped and label.sizeHint().width() > label.width()
        if needed > label.height() + 1 or too_wide:
            found.append(label.text())
    for button in form.findChildren(QAbstractButton):
        if isinstance(button.parentWidget(), QLineEdit):
            continue  # an icon inside a field: its text is only read aloud
        too_wide = button.sizeHint().width() > button.width() + 1
        if button.isVisibleTo(form) and button.text() and too_wide:
            found.append(button.text())
    return found
