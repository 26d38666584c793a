"""Fills the Versions section: reads the history of the chosen dataset, and compares, in the background."""

from __future__ import annotations

from typing import cast

from PySide6.QtCore import QObject

from desktop.bridge.actions import as_user_error
from desktop.context import Context
from desktop.models.dataset_versions import change_lines, read_difference, read_history, version_lines
from desktop.pages.data_body import VERSIONS, DatasetBody
from engine.datasets.dataset_folder import Step
from engine.datasets.lineage import Difference


class DatasetPast(QObject):
    """Reads only while the section is on the screen.

    Args:
        context: of the page.
        body: whose section it fills; owns this object.
    """

    def __init__(self, context: Context, body: DatasetBody) -> None:
        super().__init__(body)
        self._context = context
        self._body = body
        self._name = ""
        self._steps: tuple[Step, ...] = ()
        self._is_shown = False
        body.section_changed.connect(self._take_section)
        body.versions.difference_wanted.connect(self._compare)
        body.versions.run_wanted.connect(self._lead_to_run)
        body.versions.image_wanted.connect(self._lead_to_image)
        context.runs.changed.connect(self._show)

    def take(self, name: str) -> None:
        """Be about another dataset, or another version of the same."""
        if name != self._name:
            self._steps = ()
            self._body.versions.show_versions(())
        self._name = name
        if self._is_shown:
            self._read()

    def _take_section(self, section: str) -> None:
        self._is_shown = section == VERSIONS
        if self._is_shown:
            self._read()

    def _read(self) -> None:
        name = self._name

        def take(steps: object) -> None:
            if name == self._name:
                self._steps = cast("tuple[Step, ...]", steps)
                self._show()

        def fail(error: Exception) -> None:
            told = as_user_error(error)
            self._context.toast(told.message, "bad", told.hint)

        self._context.background.run(
            read_history, self._context.home, name, then=take, failed=fail, owner=self
        )

    def _show(self) -> None:
        if self._is_shown and self._steps:
            self._body.versions.show_versions(
                version_lines(self._steps, self._name, self._context.runs.rows())
            )

    def _compare(self, old: str, new: str) -> None:
        versions, name = self._body.versions, self._name

        def take(found: Difference) -> None:
            if name == self._name:
                versions.show_difference((old, new), found.sentences(), change_lines(found))

        def fail(error: Exception) -> None:
            versions.say((old, new), str(as_user_error(error)))

        self._context.background.run(
            read_difference, self._context.home, name, old, new, then=take, failed=fail, owner=self
        )

    def _lead_to_run(self, run: str) -> None:
        self._context.go("train", run=run)

    def _lead_to_image(self, path: str) -> None:
        if not self._body.show_path(path):
            self._context.toast("The present version does not hold this image", "info", path)
