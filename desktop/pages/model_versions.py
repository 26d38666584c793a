"""Makes runs model versions: opens the sheet over a page, and has a child process ask MLflow's registry."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from desktop.bridge.processes import EngineJob
from desktop.context import Context
from desktop.models.model_version import Registrable, made_sentence, register_arguments, registrable
from desktop.pages.model_version_sheet import ModelVersionSheet
from engine.errors import UserError
from engine.protocol.run_folder import RunFolder


class ModelVersions(QObject):
    """One sheet at a time. The registering goes on when its sheet is closed; its end is told in the window's corner."""

    def __init__(self, page: QWidget, context: Context) -> None:
        super().__init__(page)
        self._page = page
        self._context = context
        self.sheet: ModelVersionSheet | None = None

    def ask(self, run: str, checkpoint: str = "") -> None:
        """Let the user name the version; `checkpoint` is chosen already where it is there."""
        self._context.background.run(
            registrable,
            self._context.home,
            run,
            then=partial(self._open_sheet, checkpoint),
            failed=self._complain,
            owner=self,
        )

    def _open_sheet(self, checkpoint: str, offered: Registrable) -> None:
        sheet = ModelVersionSheet(self._page, offered, checkpoint)
        sheet.wanted.connect(partial(self._register, offered.run))
        sheet.settings_wanted.connect(self._open_settings)
        sheet.finished.connect(self._close_sheet)
        self.sheet = sheet
        sheet.open()

    def _register(self, run: str, told: Mapping[str, str]) -> None:
        sheet = self.sheet
        if sheet is not None:
            sheet.show_working()
        job = EngineJob(self._context.home, register_arguments(run, told), parent=self)
        job.finished.connect(partial(self._registered, run, sheet))
        job.failed.connect(partial(self._failed, sheet))
        job.ended.connect(job.deleteLater)
        job.start()

    def _registered(self, run: str, sheet: ModelVersionSheet | None, document: object) -> None:
        if sheet is not None and sheet is self.sheet:
            sheet.accept()
        folder = RunFolder(self._context.home.runs / run)
        show = partial(self._context.mlflow.open_run, folder)
        self._context.toast(made_sentence(document), "ok", action=("Open in MLflow", show))

    def _failed(self, sheet: ModelVersionSheet | None, error: UserError) -> None:
        if sheet is not None and sheet is self.sheet:
            sheet.show_trouble(error)
        else:
            self._context.complain(error)

    def _open_settings(self) -> None:
        if self.sheet is not None:
            self.sheet.reject()
        self._context.go("settings", section="tracking")

    def _close_sheet(self) -> None:
        if self.sheet is not None:
            self.sheet.deleteLater()
            self.sheet = None

    def _complain(self, error: Exception) -> None:
        told = error if isinstance(error, UserError) else UserError("bug", f"{type(error).__name__}: {error}")
        self._context.complain(told)
