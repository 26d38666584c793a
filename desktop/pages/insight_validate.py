"""Heat maps on the Validate page: of the open image, by the checkpoint that was measured, if it is still there."""

from __future__ import annotations

from PySide6.QtCore import QObject

from desktop.context import Context
from desktop.models.heat_maps import HeatMaps, HeatSubject
from desktop.models.result import Result
from desktop.models.result_browser import ResultBrowser
from desktop.models.result_weights import Weights, weights_of
from desktop.pages.insight_heat import HeatToggle
from desktop.pages.validate_detail import DetailView
from desktop.tasks.task import TaskView

_LOOKING = "Looking for the checkpoint that was measured."
_ABSENT = "The image is not on this machine."


class HeatOnValidate(QObject):
    """Puts the toggle above the open image and tells it what is looked at.

    Args:
        context: of the page.
        browser: knows the run.
        detail: the view of one image.
    """

    def __init__(self, context: Context, browser: ResultBrowser, detail: DetailView) -> None:
        super().__init__(detail)
        self._context = context
        self._browser = browser
        self._detail = detail
        self._result: Result | None = None
        self._weights = Weights(None, _LOOKING)
        self._reason = ""
        self.toggle = HeatToggle(detail.views, HeatMaps(context.predictor, context.background, self))
        detail.add_tool(self.toggle)
        self.toggle.told.connect(context.toast)
        detail.shown.connect(self._look)

    def show_result(self, result: Result, view: TaskView) -> None:
        """Explain by the weights of this result from now on."""
        self._result = result
        self._reason = view.no_heat_map
        self._weights = Weights(None, _LOOKING)
        self.toggle.forget()
        self.toggle.offer_classes(result.classes)
        self._look()

        def then(found: Weights) -> None:
            if self._result is result:
                self._weights = found
                self._look()

        def failed(error: Exception) -> None:
            then(Weights(None, str(error)))

        self._context.background.run(
            weights_of,
            self._context.home,
            self._browser.run,
            result.summary,
            then=then,
            failed=failed,
            owner=self,
        )

    def _look(self, _image: int = -1) -> None:
        result, image = self._result, self._detail.image
        if result is None or not 0 <= image < result.images:
            self.toggle.show_subject(None)
            return
        path = None if result.root is None else result.root / result.paths[image]
        checkpoint = self._weights.checkpoint
        reason = self._reason or self._weights.reason or ("" if path is not None else _ABSENT)
        if reason or checkpoint is None or path is None:
            self.toggle.show_subject(None, reason)
        else:
            self.toggle.show_subject(HeatSubject(checkpoint, path))
