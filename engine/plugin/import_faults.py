"""From an exception that a plugin's code raised to a problem with the plugin's own file and line."""

from __future__ import annotations

import importlib.util
import sys
import traceback
from pathlib import Path

from engine.errors import PluginError
from engine.plugin.discovery import PluginSource
from engine.plugin.schema_file import SchemaFileError
from engine.protocol.catalog import PluginProblem

_MOST_TRACEBACK_CHARS = 6000


def import_problems(source: PluginSource, error: BaseException) -> list[PluginProblem]:
    """Say what went wrong while a plugin was imported."""
    if isinstance(error, SchemaFileError):
        return error.problems
    if isinstance(error, PluginError):
        return [
            PluginProblem(
                code=error.code, message=error.message, file=str(source.model_path), hint=error.hint
            )
        ]
    if isinstance(error, SyntaxError):
        return [_syntax_problem(source, error)]
    if isinstance(error, ModuleNotFoundError) and absent_package(error) is not None:
        package = absent_package(error)
        return [
            raised_problem(
                source,
                error,
                code="plugin_import_failed",
                doing=f"Importing {source.file} failed, because the package {package!r} is not installed",
                hint=f"Install it with `pip install {package}`, and name it in requirements.txt.",
            )
        ]
    return [
        raised_problem(
            source,
            error,
            code="plugin_import_failed",
            doing=f"Importing {source.file} failed",
            hint="Correct the line; what it needs at run time belongs into a method.",
        )
    ]


def raised_problem(
    source: PluginSource, error: BaseException, code: str, doing: str, hint: str
) -> PluginProblem:
    """Tell of an exception at the last line of the plugin that it went through.

    Args:
        source: the plugin.
        error: what was raised.
        code: stable name of the fault.
        doing: the beginning of the sentence, such as `get_metadata failed`.
        hint: what to do next.
    """
    file, line = place_of(source, error)
    text = str(error).strip()
    said = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return PluginProblem(
        code=code,
        message=f"{doing}: {said}" + ("" if said.endswith((".", "!", "?")) else "."),
        file=file,
        line=line,
        hint=hint,
        traceback=traceback_of(source, error),
    )


def place_of(source: PluginSource, error: BaseException) -> tuple[str, int | None]:
    """Give file and line of the last frame inside the plugin; its main file and None when there is none.

    Where an error has none, because the engine raised it in answer to another, that other one is asked.
    """
    told: BaseException | None = error
    while told is not None:
        own = [
            frame
            for frame in traceback.extract_tb(told.__traceback__)
            if Path(frame.filename).is_relative_to(source.path)
        ]
        if own:
            return own[-1].filename, own[-1].lineno
        told = told.__cause__ or told.__context__
    return str(source.model_path), None


def traceback_of(source: PluginSource, error: BaseException) -> str:
    """Format the traceback from the plugin's first frame on: what the author can act on."""
    told = traceback.TracebackException.from_exception(error)
    own = [
        number for number, frame in enumerate(told.stack) if Path(frame.filename).is_relative_to(source.path)
    ]
    if own:
        del told.stack[: own[0]]
    return "".join(told.format())[-_MOST_TRACEBACK_CHARS:]


def absent_package(error: BaseException) -> str | None:
    """Name the package that is not installed, when that is why an import failed."""
    name = error.name if isinstance(error, ModuleNotFoundError) else None
    package = name.split(".")[0] if name else ""
    return (
        package if package and not package.startswith("lensmith_plugins") and not is_there(package) else None
    )


def is_there(package: str) -> bool:
    """Say whether a top-level package can be found, without importing it."""
    if package in sys.modules:
        return True
    try:
        return importlib.util.find_spec(package) is not None
    except (ImportError, ValueError):
        return False


def _syntax_problem(source: PluginSource, error: SyntaxError) -> PluginProblem:
    file = error.filename or str(source.model_path)
    return PluginProblem(
        code="plugin_syntax_error",
        message=f"{Path(file).name} is not valid Python: {error.msg}.",
        file=file,
        line=error.lineno,
        hint=f"Correct the line: {error.text.strip()}" if error.text and error.text.strip() else "",
        traceback="".join(traceback.format_exception_only(error)),
    )
