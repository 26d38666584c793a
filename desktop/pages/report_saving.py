"""Saving a report of a run from any page: where to, the writing in the background, and the way to open it."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog, QWidget

from desktop.context import Context
from engine.errors import UserError
from engine.reports.report import report_name, write_report


class ReportSaving(QObject):
    """Asks for a place and writes the report there; tells in the window's corner when it is done."""

    def __init__(self, page: QWidget, context: Context) -> None:
        super().__init__(page)
        self._page = page
        self._context = context

    def ask(self, run: str) -> None:
        """Let the user choose where the report of a run goes; the dialog asks before it writes over a file."""
        if not run:
            return
        start = str(Path.home() / report_name(run))
        chosen, _kind = QFileDialog.getSaveFileName(
            self._page.window(), "Save the report", start, "Web page (*.html)"
        )
        if chosen:
            self.save(run, Path(chosen))

    def save(self, run: str, path: Path) -> None:
        """Write the report of a run."""
        self._context.background.run(
            write_report,
            self._context.home,
            run,
            path,
            then=self._tell,
            failed=self._fail,
            owner=self,
        )

    def open_file(self, path: Path) -> bool:
        """Show a report in the browser; says whether the system could be asked."""
        return QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))

    def _tell(self, path: Path) -> None:
        text = f"{path.name} needs nothing else: send it as it is, or print it from the browser."
        self._context.toast("The report is saved", "ok", text, ("Open", partial(self.open_file, path)))

    def _fail(self, error: Exception) -> None:
        if isinstance(error, UserError):
            self._context.complain(error)
        else:
            self._context.toast("The report cannot be written", "bad", f"{type(error).__name__}: {error}")
