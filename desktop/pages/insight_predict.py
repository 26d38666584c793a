"""Heat maps on the Predict page: of the current picture, by the first of the two models."""

from __future__ import annotations

from PySide6.QtCore import QObject

from desktop.context import Context
from desktop.models.heat_maps import HeatMaps, HeatSubject
from desktop.models.predictions_board import PredictionBoard
from desktop.pages.insight_heat import HeatToggle
from desktop.pages.predict_model import AskedModel
from desktop.pages.predict_work import PredictWork
from desktop.tasks.task import find_view

_PART = "A part of a picture has no heat map of its own: look at the whole one."


class HeatOnPredict(QObject):
    """Puts the toggle above the large picture and tells it what is looked at."""

    def __init__(
        self, context: Context, board: PredictionBoard, work: PredictWork, model: AskedModel
    ) -> None:
        super().__init__(work)
        self._board = board
        self._work = work
        self._model = model
        pictures = work.answer.pictures
        self.toggle = HeatToggle((pictures.picture,), HeatMaps(context.predictor, context.background, self))
        pictures.add_tool(self.toggle)
        self.toggle.told.connect(context.toast)
        work.strip.grid.looked_at.connect(self._look)
        model.answered.connect(self._look)
        model.chooser.changed.connect(self._change_model)
        self._look()

    def _change_model(self) -> None:
        self.toggle.forget()
        self._look()

    def _look(self, _place: object = None) -> None:
        place, board = self._work.current, self._board
        entry = board.entry(place) if 0 <= place < len(board) else None
        run, file = self._model.chooser.run, self._model.chooser.model
        view = find_view(run.row.task) if run is not None else None
        if entry is None or file is None or view is None or entry.error:
            self.toggle.show_subject(None)
            return
        self.toggle.offer_classes(self._model.answers.classes)
        if view.no_heat_map or entry.region is not None:
            self.toggle.show_subject(None, view.no_heat_map or _PART)
        else:
            self.toggle.show_subject(HeatSubject(file.path, entry.path))
