"""The menu of a line chart: copy its data, save its picture, pass over outliers, come back from a zoom."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QMenu

from desktop.charts.chart_export import as_csv, picture_of

if TYPE_CHECKING:
    from desktop.charts.line_chart import LineChart


class ChartMenu(QObject):
    """Opens the menu of its chart and does what was chosen."""

    def __init__(self, chart: LineChart) -> None:
        super().__init__(chart)
        self._chart = chart

    def made(self) -> QMenu:
        """Make the menu as it is now."""
        menu = QMenu(self._chart)
        menu.addAction("Copy data as CSV").triggered.connect(self.copy_data)
        menu.addAction("Save picture…").triggered.connect(self.ask_and_save)
        menu.addSeparator()
        outliers = menu.addAction("Ignore outliers")
        outliers.setCheckable(True)
        outliers.setChecked(self._chart.ignores_outliers)
        outliers.toggled.connect(self._chart.set_ignore_outliers)
        if self._chart.is_zoomed:
            menu.addAction("Reset zoom").triggered.connect(self._chart.reset_zoom)
        return menu

    def open_at(self, where: QPoint) -> None:
        """Open the menu at a place on the screen."""
        menu = self.made()
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(where)

    def copy_data(self) -> None:
        """Put the shown curves on the clipboard."""
        curves = self._chart.curve_data()
        QGuiApplication.clipboard().setText(as_csv(curves))
        count = sum(len(x) for _, x, _, _ in curves)
        self._chart.told.emit(f"{count:,} points are on the clipboard as CSV.", "info")

    def ask_and_save(self) -> None:
        """Ask where the picture shall lie, and write it there."""
        start = f"{self._chart.title.lower().replace(' ', '-')}.png"
        chosen, _ = QFileDialog.getSaveFileName(self._chart, "Save picture", start, "PNG picture (*.png)")
        if chosen:
            self.save_picture(Path(chosen))

    def save_picture(self, path: Path) -> None:
        """Write the chart as a PNG picture."""
        target = path if path.suffix else path.with_suffix(".png")
        self._chart.redraw()
        if picture_of(self._chart).save(str(target)):
            self._chart.told.emit(f"The picture is saved as {target.name}.", "info")
        else:
            self._chart.told.emit(f"The picture cannot be written to {target}. Choose another folder.", "bad")
