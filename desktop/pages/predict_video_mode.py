"""How the Predict page comes to play a video or a camera, and goes back to its pictures."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import cast

from PySide6.QtCore import QObject, QPoint, Signal
from PySide6.QtWidgets import QMenu, QStackedWidget

from desktop.context import Context
from desktop.pages.predict_intake import Intake
from desktop.pages.predict_tools import PredictTools
from desktop.pages.predict_video import VideoPanel
from desktop.tasks.task import find_view
from desktop.widgets.buttons import on_click
from engine.errors import UserError

Answer = dict[str, object]


class VideoMode(QObject):
    """Owns the panel, which lies over the page's pictures while something plays.

    Args:
        context: of the page.
        states: where the panel is shown.
        intake: gives video files.
        tools: with the model and the button of the camera.
    """

    closed = Signal()
    """The pictures are shown again."""
    failed = Signal(object)
    """A UserError."""

    def __init__(self, context: Context, states: QStackedWidget, intake: Intake, tools: PredictTools) -> None:
        super().__init__(states)
        self._context = context
        self._states = states
        self._tools = tools
        self.panel = VideoPanel(context)
        states.addWidget(self.panel)
        intake.video_came.connect(self.open_file)
        tools.chooser.changed.connect(self._change_model)
        self.panel.closed.connect(self.close)
        self.panel.failed.connect(self._fail)
        on_click(tools.camera, self.ask_for_camera)

    @property
    def is_on(self) -> bool:
        return self._states.currentWidget() is self.panel

    def open_file(self, path: Path) -> None:
        """Play a video file with the chosen model."""
        model = self._model()
        if model is not None:
            self._come()
            self.panel.open_file(path, model)

    def ask_for_camera(self) -> None:
        """Look which cameras there are, and let the user choose where there are several."""
        self._context.predictor.ask("cameras", {}, self._take_cameras, self.failed.emit)

    def close(self) -> None:
        """Let go of what plays, and show the pictures again."""
        if self.is_on:
            self.panel.close_source()
            self._tools.show_video(False)
            self._states.setCurrentIndex(0)
            self.closed.emit()

    def _take_cameras(self, answer: Answer) -> None:
        found = [
            (int(cast("int", entry["index"])), str(entry["name"]))
            for entry in cast("list[Answer]", answer.get("cameras") or [])
        ]
        if not found:
            self.failed.emit(
                UserError(
                    "camera_missing", "There is no camera on this machine.", "Connect one, and try again."
                )
            )
        elif len(found) == 1:
            self._open_camera(*found[0])
        else:
            menu = QMenu(self._tools)
            for index, name in found:
                menu.addAction(name).triggered.connect(partial(self._open_camera, index, name))
            menu.aboutToHide.connect(menu.deleteLater)
            button = self._tools.camera
            menu.popup(button.mapToGlobal(QPoint(0, button.height())))

    def _open_camera(self, index: int, name: str, _on: bool = False) -> None:
        model = self._model()
        if model is not None:
            self._come()
            self.panel.open_camera(index, name, model)

    def _come(self) -> None:
        run = self._tools.chooser.run
        view = find_view(run.row.task) if run is not None else None
        if run is not None and view is not None:
            self.panel.show_task(view, run.row.task)
        self._tools.show_video(True)
        self._states.setCurrentWidget(self.panel)
        self.panel.setFocus()

    def _change_model(self) -> None:
        model = self._tools.chooser.model
        if self.is_on and model is not None:
            self._come()
            self.panel.player.use(model.path)

    def _model(self) -> Path | None:
        model = self._tools.chooser.model
        if model is None:
            self.failed.emit(
                UserError("model_missing", "There is no trained model to look at it.", "Train one first.")
            )
        return model.path if model is not None else None

    def _fail(self, error: UserError) -> None:
        self.close()
        self.failed.emit(error)
