"""The predictor: one engine process that keeps models in memory and answers JSON lines; it ends with the window."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from PySide6.QtCore import QObject, QProcess, QTimer, Signal

from desktop.bridge.processes import end_child, engine_child, engine_died, engine_missing
from engine.errors import UserError
from engine.protocol.home import Home
from engine.runner.predicting_place import CPU, GPU_TROUBLES

Answer = dict[str, object]

_OF_MODELS = frozenset({"load", "predict", "explain", "video_frame"})
"""What leaves a model in the memory of the predictor's device."""
_OF_VIDEOS = ("video_open", "video_frame", "video_close")
_END_MS = 1_000


@dataclass(frozen=True, slots=True)
class _Waiting:
    verb: str
    line: bytes
    then: Callable[[Answer], object] | None
    failed: Callable[[UserError], object] | None


class Predictor(QObject):
    """Starts its process with the first question, and anew after it died."""

    died = Signal(object)
    """A UserError; questions under way have got it too."""
    moved = Signal()
    """It has lost its models and videos, to leave a GPU. What was asked is asked anew, but for videos."""
    gpu_failed = Signal(str, str)
    """A GPU that gave up on a model, and why: half a sentence. The CPU answers."""
    gpu_unusable = Signal(str, str)
    """A GPU that it was told to use and cannot, and why. It is on the CPU."""

    def __init__(self, home: Home) -> None:
        super().__init__()
        self._home = home
        self._process: QProcess | None = None
        self._waiting: dict[int, _Waiting] = {}
        self._next = 0
        self._answers = b""
        self._said: list[str] = []
        self._place: tuple[str, int | None] = (CPU, None)
        self._holds_models = False
        """Whether the process has been asked for a model on this device."""
        self._is_sending = False
        self._has_come = False
        """Answers, while a question was sent."""

    @property
    def is_running(self) -> bool:
        return self._process is not None

    def warm_up(self) -> None:
        """Start the process without a question, so that the first one is quick."""
        self.ask("ping", {})

    def ask(
        self,
        verb: str,
        payload: Mapping[str, object],
        then: Callable[[Answer], object] | None = None,
        failed: Callable[[UserError], object] | None = None,
    ) -> int:
        """Send a question. Gives its number, by which `forget` drops the answer.

        Args:
            verb: ping, load, predict or validate.
            payload: see `engine.inference.service`.
            then: gets the answer.
            failed: gets the error, the process's death included.
        """
        process = self._running()
        self._next += 1
        self._holds_models = self._holds_models or verb in _OF_MODELS
        line = json.dumps({"id": self._next, "verb": verb, **payload}, ensure_ascii=False).encode() + b"\n"
        self._waiting[self._next] = _Waiting(verb, line, then, failed)
        process.write(line)
        self._send(process)
        return self._next

    def use_place(self, device: str, threads: int | None) -> None:
        """Compute on another device (`cpu`, `cuda:0`), or with another number of threads, from now on.

        A GPU is left at once: only the end of its process gives back all of its memory.
        """
        before, self._place = self._place, (device, threads)
        if before == self._place:
            return
        if before[0] not in (CPU, device) and self._holds_models:
            self._start_anew()
            return
        self._holds_models = self._holds_models and before[0] == device
        if self._process is not None:
            self._tell_place()

    def forget(self, number: int) -> None:
        """Drop the answer to a question."""
        self._waiting.pop(number, None)

    def close(self) -> None:
        process, self._process = self._process, None
        self._waiting.clear()
        if process is not None:
            process.closeWriteChannel()
            if not process.waitForFinished(300):
                end_child(process)

    def _send(self, process: QProcess) -> None:
        """Hand over what was written now: Qt would do so after what is painted next, many milliseconds later."""
        if process.state() != QProcess.ProcessState.Running:
            return  # its start hands it over
        self._is_sending = True
        process.waitForBytesWritten(0)
        self._is_sending = False
        if self._has_come:  # nobody is answered while he asks
            self._has_come = False
            QTimer.singleShot(0, self, self._hear)

    def _tell_place(self) -> None:
        device, threads = self._place

        def then(answer: Answer) -> None:
            problem = str(answer.get("problem") or "")
            if problem and self._place[0] == device:
                self._place = (CPU, self._place[1])  # it took that by itself
                self.gpu_unusable.emit(device, problem)

        self.ask("place", {"device": device, "threads": threads}, then)

    def _start_anew(self) -> None:
        """End the process, and ask another one what was not answered; nothing is started where nobody waits."""
        process, self._process = self._process, None
        waiting, self._waiting = self._waiting, {}
        self._holds_models = False
        if process is not None:
            for signal, slot in self._slots(process):
                signal.disconnect(slot)
            process.finished.connect(process.deleteLater)
            if waiting:
                process.kill()
            else:  # it ends by itself, and removes its folders
                process.closeWriteChannel()
                QTimer.singleShot(_END_MS, process, process.kill)
        self.moved.emit()
        kept = {number: one for number, one in waiting.items() if one.verb not in ("place", *_OF_VIDEOS)}
        if kept:
            process = self._running()
            self._waiting = {**kept, **self._waiting}
            for question in kept.values():
                self._holds_models = self._holds_models or question.verb in _OF_MODELS
                process.write(question.line)

    def _slots(self, process: QProcess) -> tuple[tuple[Any, Callable[..., None]], ...]:
        return (
            (process.readyReadStandardOutput, self._hear),
            (process.readyReadStandardError, self._hear_words),
            (process.finished, self._ended),
            (process.errorOccurred, self._start_failed),
        )

    def _running(self) -> QProcess:
        if self._process is None:
            process = engine_child(self._home, "serve", parent=self)
            for signal, slot in self._slots(process):
                signal.connect(slot)
            self._process = process
            self._answers = b""
            self._said = []
            self._holds_models = False
            process.start()
            if self._place != (CPU, None):
                self._tell_place()
        return self._process

    def _hear(self) -> None:
        if self._process is None:
            return
        if self._is_sending:
            self._has_come = True
            return
        self._answers += bytes(self._process.readAllStandardOutput().data())
        *lines, self._answers = self._answers.split(b"\n")
        for line in lines:
            self._take(line)

    def _take(self, line: bytes) -> None:
        try:
            found: object = json.loads(line)
        except ValueError:
            return
        if not isinstance(found, dict):
            return
        answer = cast("Answer", found)
        number = answer.get("id")
        waiting = self._waiting.pop(number, None) if isinstance(number, int) else None
        if waiting is None:
            return
        error = answer.get("error")
        code = cast("Answer", error).get("code") if isinstance(error, dict) else None
        if isinstance(number, int) and code in GPU_TROUBLES and self._place[0] != CPU:
            self._waiting[number] = waiting  # the CPU shall answer it
            device, threads = self._place
            self.use_place(CPU, threads)
            self.gpu_failed.emit(device, GPU_TROUBLES[str(code)])
            return
        if answer.get("ok") is True:
            if waiting.then is not None:
                waiting.then(answer)
        elif waiting.failed is not None:
            told = cast("dict[str, str]", error) if isinstance(error, dict) else {}
            waiting.failed(
                UserError(
                    told.get("code", "bug"),
                    told.get("message", "The predictor failed."),
                    told.get("hint", ""),
                )
            )

    def _hear_words(self) -> None:
        if self._process is not None:
            text = bytes(self._process.readAllStandardError().data()).decode(errors="replace")
            self._said = [*self._said, *text.splitlines()][-50:]

    def _start_failed(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart and self._process is not None:
            self._lose(engine_missing(self._process.program()))

    def _ended(self, code: int, _status: QProcess.ExitStatus) -> None:
        if self._process is not None:
            self._hear()
            self._hear_words()
            self._lose(engine_died(code, self._said))

    def _lose(self, error: UserError) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.deleteLater()
        waiting, self._waiting = self._waiting, {}
        for question in waiting.values():
            if question.failed is not None:
                question.failed(error)
        self.died.emit(error)
