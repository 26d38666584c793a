"""The predictor: one engine process that keeps models in memory and answers JSON lines; it ends with the window."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

from PySide6.QtCore import QObject, QProcess, Signal

from desktop.bridge.processes import end_child, engine_child, engine_died, engine_missing
from engine.errors import UserError
from engine.protocol.home import Home

Answer = dict[str, object]


@dataclass(frozen=True, slots=True)
class _Waiting:
    then: Callable[[Answer], object] | None
    failed: Callable[[UserError], object] | None


class Predictor(QObject):
    """Starts its process with the first question, and anew after it died."""

    died = Signal(object)
    """A UserError; questions under way have got it too."""

    def __init__(self, home: Home) -> None:
        super().__init__()
        self._home = home
        self._process: QProcess | None = None
        self._waiting: dict[int, _Waiting] = {}
        self._next = 0
        self._answers = b""
        self._said: list[str] = []

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
        self._waiting[self._next] = _Waiting(then, failed)
        line = json.dumps({"id": self._next, "verb": verb, **payload}, ensure_ascii=False)
        process.write(line.encode() + b"\n")
        return self._next

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

    def _running(self) -> QProcess:
        if self._process is None:
            process = engine_child(self._home, "serve", parent=self)
            process.readyReadStandardOutput.connect(self._hear)
            process.readyReadStandardError.connect(self._hear_words)
            process.finished.connect(self._ended)
            process.errorOccurred.connect(self._start_failed)
            self._process = process
            self._answers = b""
            self._said = []
            process.start()
        return self._process

    def _hear(self) -> None:
        if self._process is None:
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
