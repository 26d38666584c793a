"""One of the models of the Predict page: which is chosen, its queue of files, and what it said."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal

from desktop.context import Context
from desktop.models.predictions_answers import ModelAnswers
from desktop.models.predictions_board import PredictionBoard
from desktop.models.predictions_queue import PredictionQueue
from desktop.models.run_words import run_title
from desktop.pages.predict_checkpoint import CheckpointChooser
from engine.protocol.results import PredictionRecord


class AskedModel(QObject):
    """Has all files of the board answered by what its chooser says, whenever that changes.

    Args:
        context: of the page.
        board: where answers go.
        answers: which of the board's models it is.
        chooser: of the model.
        parent: as in Qt.
    """

    answered = Signal(list)
    """Places on the board."""

    def __init__(
        self,
        context: Context,
        board: PredictionBoard,
        answers: ModelAnswers,
        chooser: CheckpointChooser,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._board = board
        self.answers = answers
        self.chooser = chooser
        self.queue = PredictionQueue(context.predictor, context.background, self)
        self.queue.answered.connect(self._take)

    @property
    def title(self) -> str:
        """`run / best`, or empty."""
        run, model = self.chooser.run, self.chooser.model
        return f"{run_title(run.row)}  /  {model.title}" if run is not None and model is not None else ""

    def ask_anew(self) -> None:
        """Ask the chosen model about all files; what another one said is dropped."""
        model = self.chooser.model
        self.queue.use(None)  # also the same folder again: it was written anew
        files = self._board.forget_answers(self.answers)
        if model is not None:
            self.queue.use(model.path)
            self.queue.add(files)

    def rest(self) -> None:
        """Ask no model any more, and drop what one said."""
        self.queue.use(None)
        self._board.forget_answers(self.answers)

    def go_on(self) -> None:
        """Ask about the files that were left out."""
        self.queue.add(self._board.unanswered(self.answers))

    def _take(self, records: Sequence[PredictionRecord]) -> None:
        self.answers.classes = self.queue.classes or self.answers.classes
        self.answered.emit(self._board.answer(records, self.answers))
