"""Says on the Validate page that a result's images are not where they were, and lets the user say where they are."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog

from desktop.context import Context
from desktop.models.result import Result
from desktop.models.result_browser import ResultBrowser
from desktop.widgets.message_banner import Banner
from engine.errors import UserError


class Whereabouts(QObject):
    """Keeps the banner over the images true for the result that is open."""

    def __init__(self, context: Context, browser: ResultBrowser, banner: Banner) -> None:
        super().__init__(browser)
        self._context = context
        self._browser = browser
        self._banner = banner
        browser.opened.connect(self.show_result)
        browser.withdrawn.connect(self._tell_withdrawn)

    def show_result(self, result: Result) -> None:
        """Say where the images are looked for, if they are not there."""
        is_gone = result.images > 0 and not result.is_root_there
        has_no_masks = result.images > 0 and result.summary.dropped == "masks"
        self._banner.setVisible(is_gone or has_no_masks)
        self._banner.clear_actions()
        if is_gone:
            self._say_gone(result)
        elif has_no_masks:
            self._banner.say(
                "info",
                "The masks that the model gave are no longer kept",
                "They took more room than the run may use. All else of this validation is here.",
            )

    def _tell_withdrawn(self) -> None:
        self._context.toast(
            "The test run that you looked at was deleted",
            "info",
            "The newest result is shown. It can be brought back from the trash on the Jobs page.",
        )

    def _say_gone(self, result: Result) -> None:
        name = result.summary.dataset
        where = f"Their folder {result.root} is not there. " if result.root is not None else ""
        is_known = self._context.datasets.get(name) is not None
        what = (
            "Connect its drive, or say where the folder is now."
            if is_known
            else "The dataset is not in the library any more: connect its drive, or import it again."
        )
        self._banner.say(
            "warn", f"The images of “{name}” cannot be shown", f"{where}The numbers stay true. {what}"
        )
        if is_known:
            self._banner.add_action("Find the folder…", partial(self._ask, name))
        else:
            self._banner.add_action("Import it…", partial(self._context.go, "data"))
        self._banner.add_action("Look again", self._browser.reopen)

    def _ask(self, name: str) -> None:
        folder = QFileDialog.getExistingDirectory(
            self._banner.window(), f"Where are the images of {name} now?"
        )
        if folder:
            self.relocate(name, Path(folder))

    def relocate(self, name: str, folder: Path) -> None:
        """Have the images of a dataset looked for in another folder, and show them."""
        self._context.datasets.relocate(name, folder, partial(self._answer, name))

    def _answer(self, name: str, error: UserError | None) -> None:
        if error is not None:
            self._banner.say("bad", error.message, error.hint)
            return
        self._context.toast(f"{name} is found again", "ok")
        self._browser.reopen()


def tell_deleted(context: Context, *, has_others: bool) -> None:
    """Say that the run that was looked at is gone."""
    then = "The newest of the others is shown. " if has_others else ""
    context.toast(
        "The run that you looked at was deleted",
        "info",
        f"{then}It can be brought back from the trash on the Jobs page.",
    )
