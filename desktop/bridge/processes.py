"""How the window starts engine processes: those that outlive it, and children that answer in JSON."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, QTimer, Signal

from engine.errors import UserError
from engine.protocol.home import HOME_VARIABLE, Home
from engine.protocol.interpreter import child_environment, engine_command, engine_interpreter
from engine.protocol.operating_system import Launch

_LOG = logging.getLogger(__name__)
_END_MS = 3_000


def start_detached(launch: Launch) -> None:
    """Start a process that outlives the window and is nobody's child.

    Raises:
        OSError: it could not be started.
    """
    launch.log.parent.mkdir(parents=True, exist_ok=True)
    process = QProcess()
    program, *arguments = (str(part) for part in launch.argv)
    process.setProgram(program)
    process.setArguments(arguments)
    process.setWorkingDirectory(str(launch.cwd))
    process.setProcessEnvironment(_environment(dict(launch.env)))
    process.setStandardInputFile(QProcess.nullDevice())
    process.setStandardOutputFile(str(launch.log), QProcess.OpenModeFlag.Append)
    process.setStandardErrorFile(str(launch.log), QProcess.OpenModeFlag.Append)
    # The stubs promise a pair with the process's number; the call gives its truth alone.
    started = cast("bool | tuple[bool, int]", process.startDetached())
    if not (started[0] if isinstance(started, tuple) else started):
        raise OSError(f"{program} cannot be started: {process.errorString()}")


def engine_child(home: Home, *arguments: str, parent: QObject | None = None) -> QProcess:
    """Make, without starting it, a child process of the engine; it ends with the window."""
    process = QProcess(parent)
    program, *rest = engine_command(*arguments, interpreter=engine_interpreter(home))
    process.setProgram(program)
    process.setArguments(rest)
    process.setProcessEnvironment(_environment(child_environment({HOME_VARIABLE: str(home.path)})))
    process.setWorkingDirectory(str(home.path if home.path.is_dir() else Path.home()))
    return process


def end_child(process: QProcess) -> None:
    """End a child: politely, then hard."""
    if process.state() == QProcess.ProcessState.NotRunning:
        return
    process.terminate()
    if not process.waitForFinished(_END_MS):
        process.kill()
        process.waitForFinished(_END_MS)


class EngineJob(QObject):
    """One verb of the command line run as a child with `--json`: its progress, its document, or its error.

    Args:
        home: the user's folder.
        arguments: of the verb, without `--json`.
        accepted_codes: exit codes whose document is an answer, also when it holds an error.
    """

    progress = Signal(int, int, str)
    """Done, total (0 when unknown), phase."""
    finished = Signal(object)
    """The document."""
    failed = Signal(object)
    """A UserError."""
    said = Signal(str)
    """A line on stderr that is not progress."""
    ended = Signal()
    """After either, or after a cancel."""

    def __init__(
        self,
        home: Home,
        arguments: Sequence[str],
        accepted_codes: Sequence[int] = (0,),
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._accepted = tuple(accepted_codes)
        self._errors = b""
        self._said: list[str] = []
        self._input: bytes | None = None
        self._is_cancelled = False
        self._is_asked_to_end = False
        self.is_running = False
        self._process = engine_child(home, *arguments, "--json", parent=self)
        self._process.readyReadStandardError.connect(self._hear)
        self._process.finished.connect(self._finish)
        self._process.errorOccurred.connect(self._start_failed)

    def give_input(self, data: bytes) -> None:
        """Let it read this, then the end of its standard input; before it is started. A secret goes this way."""
        self._input = data

    def share(self, names: Sequence[str]) -> None:
        """Let it see these variables of our environment too, where they are set; before it is started."""
        environment = self._process.processEnvironment()
        for name in names:
            if name in os.environ:
                environment.insert(name, os.environ[name])
        self._process.setProcessEnvironment(environment)

    def start(self) -> EngineJob:
        self.is_running = True
        self._process.start()
        if self._input is not None and self._process.state() != QProcess.ProcessState.NotRunning:
            self._process.write(self._input)
            self._process.closeWriteChannel()
        self._input = None
        return self

    def cancel(self) -> None:
        """End it; neither `finished` nor `failed` follows."""
        self._is_cancelled = True
        end_child(self._process)
        self._close()

    def abandon(self) -> None:
        """As `cancel`, without waiting for the end; this object deletes itself after it."""
        self._is_cancelled = True
        self._close()
        if self._process.state() == QProcess.ProcessState.NotRunning:
            self.deleteLater()
            return
        self._process.finished.connect(self.deleteLater)
        QTimer.singleShot(_END_MS, self._process, self._process.kill)
        self._process.terminate()

    def leave(self) -> None:
        """End it without a word, so that what it has begun elsewhere goes on there; no signal but `ended` follows."""
        self._is_cancelled = True
        self._process.kill()
        self._process.waitForFinished(_END_MS)
        self._close()

    def ask_to_end(self, patience_ms: int) -> None:
        """Tell it to leave off, which may take it a while: what it has to undo. `ended` follows when it has.

        Args:
            patience_ms: then it is killed.
        """
        if self._process.state() == QProcess.ProcessState.NotRunning:
            return
        self._is_asked_to_end = True
        QTimer.singleShot(patience_ms, self._process, self._process.kill)
        self._process.terminate()

    def _hear(self) -> None:
        self._errors += bytes(self._process.readAllStandardError().data())
        *lines, self._errors = self._errors.split(b"\n")
        for line in lines:
            told = _progress_of(line)
            if told is not None:
                self.progress.emit(*told)
            elif line.strip():
                self._said.append(line.decode(errors="replace"))
                del self._said[:-50]
                self.said.emit(self._said[-1])

    def _finish(self, code: int, _status: QProcess.ExitStatus) -> None:
        if self._is_cancelled or not self.is_running:
            return
        self._hear()
        output = bytes(self._process.readAllStandardOutput().data())
        try:
            document: object = json.loads(output)
        except ValueError:
            document = None
        error = cast("dict[str, object]", document).get("error") if isinstance(document, dict) else None
        if code in self._accepted and document is not None:
            self._close()
            self.finished.emit(document)
        elif self._is_asked_to_end:
            self._close()
        elif isinstance(error, dict):
            self._fail(_error_of(cast("dict[str, object]", error)))
        else:
            self._fail(engine_died(code, self._said))

    def _start_failed(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart and not self._is_cancelled:
            self._fail(engine_missing(self._process.program()))

    def _fail(self, error: UserError) -> None:
        self._close()
        self.failed.emit(error)

    def _close(self) -> None:
        if self.is_running:
            self.is_running = False
            self.ended.emit()


def _error_of(told: dict[str, object]) -> UserError:
    details = told.get("details")
    known = cast("dict[str, object]", details) if isinstance(details, dict) else {}
    return UserError(
        str(told["code"]),
        str(told["message"]),
        str(told.get("hint", "")),
        {name: str(value) for name, value in known.items()},
    )


def engine_missing(program: str) -> UserError:
    """The interpreter of the settings is not there."""
    return UserError(
        "engine_missing",
        f"The Python of the engine, {program}, cannot be started.",
        "Choose another one under Settings, Engine.",
    )


def engine_died(code: int, said: Sequence[str]) -> UserError:
    """An engine process ended without an answer; its last words say why."""
    last = next((line for line in reversed(said) if line.strip()), "")
    if "No module named" in last:
        return UserError(
            "engine_incomplete",
            f"The Python of the engine lacks a package ({last.rsplit(':', 1)[-1].strip()}).",
            "Choose a Python that has Lensmith's engine installed under Settings, Engine.",
        )
    _LOG.error("An engine process ended with %s: %s", code, " | ".join(said))
    return UserError(
        "engine_died",
        f"The engine process ended with code {code} without an answer. {last}".strip(),
        "Try again; if it happens again, save a diagnostics file under Settings and report it.",
    )


def _progress_of(line: bytes) -> tuple[int, int, str] | None:
    if not line.startswith(b'{"progress"'):
        return None
    try:
        told = json.loads(line)["progress"]
        return int(told["done"]), int(told["total"]), str(told["phase"])
    except (ValueError, KeyError, TypeError):
        return None


def _environment(values: dict[str, str]) -> QProcessEnvironment:
    environment = QProcessEnvironment()
    for name, value in values.items():
        environment.insert(name, value)
    return environment
